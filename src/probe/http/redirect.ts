/**
 * PURE. Redirects of an HTTP check with `redirects: follow-same-host` (RFC 9110, 15.4). A probe
 * judges one server, so a redirect is followed only to the server's own scheme, host and port.
 */
import type { HttpParams } from "../../config/model.ts";
import { REDIRECTS } from "../../config/schema/status_codes.ts";
import { type Answer, statusAccepted } from "./match.ts";

/** Most redirects that one probe follows. */
export const MAX_REDIRECTS = 5;

/** A longer Location is not followed, because the request would repeat it. */
const MAX_LOCATION = 2048;

/** The next request, or the reason why the redirect is not followed, for people. */
export type Redirect =
  | { readonly kind: "follow"; readonly params: HttpParams }
  | { readonly kind: "stay"; readonly reason: string };

/**
 * The redirect of an answer to a request with `params` to `origin`, as in `http://[2001:db8::1]:8080`.
 * `port`: the one that is probed. Undefined: the answer is final, because it is not a redirect or its
 * status passes.
 */
export function redirectOf(
  answer: Pick<Answer, "problem" | "status" | "header">,
  { params, origin, port }: {
    readonly params: HttpParams;
    readonly origin: string;
    readonly port: number;
  },
): Redirect | undefined {
  const { status } = answer;
  if (answer.problem !== "" || statusAccepted(status, params.responseCodes)) return undefined;
  if (!REDIRECTS.includes(status)) return undefined;
  const location = answer.header("location") ?? "";
  if (location === "") return stay("it has no Location");
  if (location.length > MAX_LOCATION) return stay("its Location is too long");
  const base = URL.parse(origin + params.path);
  const target = base === null ? null : URL.parse(location, base);
  if (base === null || target === null) return stay("its Location is not a URL");
  if (leadsAway(target, { base, port }) || target.username !== "" || target.password !== "") {
    return stay("it leads to another scheme, host or port");
  }
  const path = target.pathname + target.search;
  // A POST becomes a GET, as in browsers, unless the status forbids it.
  const becomesGet = params.method === "POST" && status < 304;
  return {
    kind: "follow",
    params: becomesGet ? { ...params, path, method: "GET", body: "" } : { ...params, path },
  };
}

/** Of a host without a port, such as a configured name, nginx adds the port on which it listens. */
function leadsAway(
  target: URL,
  { base, port }: { readonly base: URL; readonly port: number },
): boolean {
  if (target.protocol !== base.protocol || target.hostname !== base.hostname) return true;
  const defaultPort = target.protocol === "https:" ? 443 : 80;
  return target.port !== base.port && Number(target.port || defaultPort) !== port;
}

function stay(reason: string): Redirect {
  return { kind: "stay", reason };
}
