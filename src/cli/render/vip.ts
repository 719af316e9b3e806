/** The name of a VIP. */

/**
 * `192.0.2.1:80/tcp`, `[2001:db8::1]:443/udp`; an asterisk stands for all ports. A prefix of one
 * address is shown as the address.
 */
export function vipText(
  { prefix, protocol, port }: {
    readonly prefix: string;
    readonly protocol: string;
    readonly port: number;
  },
): string {
  const address = addressText(prefix);
  const host = address.includes(":") ? `[${address}]` : address;
  return `${host}:${port === 0 ? "*" : port}/${protocol}`;
}

/** A prefix without `/32` or `/128`. */
export function addressText(prefix: string): string {
  return prefix.replace(prefix.includes(":") ? /\/128$/ : /\/32$/, "");
}
