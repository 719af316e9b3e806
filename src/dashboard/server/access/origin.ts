/**
 * PURE. The rule against requests that another site lets a browser send with the operator's login.
 * Browsers name the site that a request comes from. A program such as curl does not, and has no login
 * that another site could use.
 */

/** What browsers send along, and the host as the browser has it. */
export interface OriginFacts {
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  readonly host: string | undefined;
}

/**
 * True when the request comes from the dashboard's own page, or not from a browser. Chromium sends no
 * `Sec-Fetch-Site` over plain http, so `Origin` is compared with the host then. Its scheme is not:
 * TLS may end at a proxy.
 */
export function isSameOrigin({ secFetchSite, origin, host }: OriginFacts): boolean {
  if (secFetchSite !== undefined) return secFetchSite === "same-origin";
  if (origin === undefined) return true;
  const match = /^(https?):\/\/([^/@]+)$/.exec(origin.toLowerCase());
  if (match === null || host === undefined) return false;
  const [, scheme, site] = match;
  const port = scheme === "https" ? "443" : "80";
  return withPort(site!, port) === withPort(host.toLowerCase(), port);
}

function withPort(host: string, port: string): string {
  return /:\d+$/.test(host) ? host : `${host}:${port}`;
}
