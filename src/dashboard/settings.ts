/** PURE. Checks maglevd-frontend's settings that are more than a value of their kind. */
import { addressKind, parseIp } from "../base/address.ts";
import { type NamedServer, parseServers } from "../base/lb_names.ts";
import { type ListenAddress, parseListenAddress } from "../base/listen_address.ts";
import { clientTls, lonePart } from "../system/shared_flags.ts";
import type { FrontendSettings } from "./flags.ts";
import { type AllowedHosts, parseAllowedHosts } from "./server/access/allowed_hosts.ts";
import { parseTrustedProxies, type TrustedProxies } from "./server/access/client.ts";

/** Settings that fit together. */
export interface CheckedSettings {
  readonly settings: FrontendSettings;
  readonly servers: readonly NamedServer[];
  readonly listen: ListenAddress;
  readonly proxies: TrustedProxies;
  readonly hosts: AllowedHosts;
  /** TLS to the maglevds. */
  readonly tls: boolean;
}

/** Longest name of a login, in UTF-16 units. */
const MAX_USER_LENGTH = 256;

/** The settings; a text: what is wrong. `given` are those that were set. */
export function checkSettings(
  settings: FrontendSettings,
  given: ReadonlySet<keyof FrontendSettings>,
): CheckedSettings | string {
  if (settings.server === "") {
    return "flag --server: need the address of a maglevd's gRPC, such as localhost:9090";
  }
  const servers = parseServers(settings.server);
  if (typeof servers === "string") return `flag --server: ${servers}`;
  const listen = parseListenAddress(settings.listen);
  if (typeof listen === "string") {
    return `flag --listen: cannot use ${JSON.stringify(settings.listen)}: ${listen}`;
  }
  const proxies = parseTrustedProxies(settings["trusted-proxies"]);
  if (typeof proxies === "string") return `flag --trusted-proxies: ${proxies}`;
  const hosts = parseAllowedHosts(
    settings["allowed-hosts"],
    listen.kind === "tcp" ? listen.host : "",
  );
  if (typeof hosts === "string") return `flag --allowed-hosts: ${hosts}`;
  const tls = clientTls(settings, given);
  if (typeof tls === "string") return tls;
  const pair = { cert: settings["listen-tls-cert"], key: settings["listen-tls-key"] };
  const bad = lonePart("listen-tls", pair) ?? badUser(settings.user);
  if (bad !== undefined) return bad;
  if (listen.kind === "unix" && pair.cert !== "") {
    return "flag --listen-tls-cert: a unix socket has no TLS; the proxy on it has";
  }
  return { settings, servers, listen, proxies, hosts, tls };
}

/** RFC 7617: the colon ends the user's name, and control characters are not allowed. */
function badUser(user: string): string | undefined {
  if (user.length > MAX_USER_LENGTH) {
    return `flag --user: need a name of at most ${MAX_USER_LENGTH} characters`;
  }
  return /[:\p{Cc}\p{Cs}]/u.test(user)
    ? "flag --user: need a name without colons and control characters"
    : undefined;
}

/** The warning at the start when a login would cross the network for all to read. */
export function openLoginWarning(
  { settings, listen }: CheckedSettings,
): string | undefined {
  if (settings["admin-requires-tls"] || settings["listen-tls-cert"] !== "") return undefined;
  if (listen.kind === "unix" || isLoopback(listen.host)) return undefined;
  return "the login of /admin/ is not encrypted on its way: set --listen-tls-cert and " +
    "--listen-tls-key, or listen on 127.0.0.1 or unix:/path next to a proxy with TLS";
}

function isLoopback(host: string): boolean {
  const address = parseIp(host);
  return host === "localhost" || (address !== undefined && addressKind(address) === "loopback");
}
