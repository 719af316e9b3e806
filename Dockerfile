# An image of all programs; maglevd is the default one:
#
#   deno task deb && docker build -t vpp-maglev .
#   docker run --network host --cap-add NET_RAW -v /etc/vpp-maglev:/etc/vpp-maglev:ro \
#     -v /run/vpp:/run/vpp vpp-maglev
#   docker run --rm --network host vpp-maglev maglevc show backends
#
# It runs without root. ICMP probes need NET_RAW, or the host's sysctl net.ipv4.ping_group_range.
# Probes in network namespaces need SYS_ADMIN and -v /run/netns:/run/netns. Podman gives these
# capabilities to a user without root; Docker gives them to root alone: --user root. Every flag has
# an environment variable, but those of maglevt. VPP's sockets must be writable for user 990:
# --group-add of VPP's group.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS packages
COPY build/*.deb /packages/
RUN for package in /packages/*_"$(dpkg --print-architecture)".deb; do \
      dpkg-deb --extract "$package" /tree || exit 1; \
    done

FROM ${BASE}
COPY --from=packages /tree/usr /usr
COPY --from=packages /tree/etc/vpp-maglev /etc/vpp-maglev
RUN groupadd --system --gid 990 maglevd && \
    useradd --system --uid 990 --gid maglevd --no-create-home --home-dir /var/lib/vpp-maglev maglevd && \
    mkdir -p /run/vpp-maglev /var/cache/vpp-maglev /var/lib/vpp-maglev && \
    chown maglevd:maglevd /run/vpp-maglev /var/cache/vpp-maglev /var/lib/vpp-maglev
ENV DENO_DIR=/var/cache/vpp-maglev \
    MAGLEV_STATE_DIR=/var/lib/vpp-maglev
# By number: Kubernetes' runAsNonRoot refuses names.
USER 990:990
EXPOSE 8080 9090 9091
# Asks the program that runs. maglevd's readiness: unhealthy while VPP is away, which a restart does
# not cure; HEALTHCHECK_PATH=/healthz makes it liveness.
HEALTHCHECK --interval=10s --timeout=3s --start-period=40s CMD ["/usr/lib/vpp-maglev/healthcheck"]
ENTRYPOINT ["/usr/lib/vpp-maglev/launcher.sh"]
CMD []
