/**
 * PURE. The names by which browsers may call the dashboard over plain http, against DNS rebinding. A
 * foreign site can point a name of its own at the dashboard's address. For the browser both are one
 * site then, and a script of it reads what needs no login. The server sees it by `Host`.
 *
 * An attacker on the Internet needs a name in the public DNS. So addresses are accepted, names
 * without a dot, and those below the top-level domains that are reserved for private networks. All
 * other names need the flag. With https there is nothing to judge: the browser has compared the name
 * with the certificate.
 *
 * @see https://www.iana.org/assignments/special-use-domain-names RFC 6761, RFC 6762, RFC 8375
 */
import { parseIp } from "../../../base/address.ts";
import type { Client } from "./client.ts";

/** Suffixes that the public DNS does not have; `internal` is ICANN's of 2024. */
const PRIVATE_SUFFIXES = ["localhost", "local", "internal", "home.arpa"];

/** `[v6]`, or a name or IPv4 address; then perhaps a port. */
const HOST = /^(\[[0-9a-f:.]+\]|[^:]*)(?::\d*)?$/;
const NAME =
  /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** Longest name of the DNS, in characters. */
const MAX_NAME = 253;

/** Names next to those that are always accepted. */
export class AllowedHosts {
  readonly #names: ReadonlySet<string>;
  /** Without the leading dot. */
  readonly #suffixes: readonly string[];
  readonly #all: boolean;

  constructor({ names, suffixes, all }: {
    readonly names: readonly string[];
    readonly suffixes: readonly string[];
    readonly all: boolean;
  }) {
    this.#names = new Set(names);
    this.#suffixes = [...PRIVATE_SUFFIXES, ...suffixes];
    this.#all = all;
  }

  /** True when the client may be answered. A request without `Host` does not come from a browser. */
  admit({ host, encrypted }: Pick<Client, "host" | "encrypted">): boolean {
    if (this.#all || encrypted || host === undefined) return true;
    const text = HOST.exec(host.toLowerCase())?.[1];
    if (text === undefined) return false;
    if (text.startsWith("[")) return parseIp(text.slice(1, -1)) !== undefined;
    const name = text.replace(/\.$/, "");
    return !name.includes(".") || parseIp(name) !== undefined || this.#names.has(name) ||
      this.#suffixes.some((suffix) => name.endsWith(`.${suffix}`));
  }
}

/**
 * `NAME,…`: a name, `.example.net` for all names below it, or `*` for any; a text: what is wrong.
 * `listenHost`: the host of --listen, which is accepted too.
 */
export function parseAllowedHosts(text: string, listenHost: string): AllowedHosts | string {
  const names = [listenHost.toLowerCase()];
  const suffixes: string[] = [];
  let all = false;
  for (const part of text.split(",").map((word) => word.trim()).filter((word) => word !== "")) {
    const name = part.toLowerCase().replace(/^\./, "");
    if (part === "*") all = true;
    else if (!NAME.test(name) || name.length > MAX_NAME) {
      return `cannot use ${JSON.stringify(part)}: need a name without a port, .example.net for ` +
        "the names below it, or *";
    } else (part.startsWith(".") ? suffixes : names).push(name);
  }
  return new AllowedHosts({ names, suffixes, all });
}
