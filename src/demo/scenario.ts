/** The parts of the demo: addresses, and the configuration of maglevd. */

/** Addresses of the demo servers; any 127.0.0.0/8 address is there on Linux. */
export const DEMO_ADDRESSES = ["127.0.0.11", "127.0.0.12", "127.0.0.13"] as const;

/** The VIP, from the documentation range (RFC 5737): programmed into VPP, without clients. */
export const DEMO_VIP = { address: "192.0.2.80", port: 80 } as const;

/** The configuration file of the demo, with the servers listening on `port`. */
export function demoConfig(port: number): string {
  return `# Configuration of the demo: three web servers of one VIP.
maglev:
  vpp:
    lb:
      ipv4-src-address: 192.0.2.1
      ipv6-src-address: 2001:db8::1
      startup-min-delay: 0s # nothing to protect here: program at once
      startup-max-delay: 0s
  healthchecks:
    web:
      type: http
      port: ${port}
      interval: 1s
      fast-interval: 250ms
      down-interval: 500ms
      timeout: 500ms
      rise: 2
      fall: 3
      params:
        path: /healthz
  backends:
${
    DEMO_ADDRESSES.map((address, index) =>
      `    web${index + 1}: { address: ${address}, healthcheck: web }`
    ).join("\n")
  }
  frontends:
    web:
      description: Demo web site
      address: ${DEMO_VIP.address}
      protocol: tcp
      port: ${DEMO_VIP.port}
      pools:
        - name: main
          backends:
${DEMO_ADDRESSES.map((_, index) => `            web${index + 1}: {}`).join("\n")}
`;
}

/** A server as VPP has it: absent when VPP does not have it. */
export interface SeenServer {
  readonly name: string;
  readonly weight: number | undefined;
  readonly buckets: number;
}
