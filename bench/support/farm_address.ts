/** Address of the `index`th server of the farm: 127.1.0.1 … 127.1.0.250, 127.1.1.1, … */
export function farmAddress(index: number): string {
  return `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}

/** The same in a network namespace, for servers behind tunnels: 10.1.0.1 … */
export function tunnelAddress(index: number): string {
  return farmAddress(index).replace("127.", "10.");
}

/** The VIP of all of them. */
export const ENCAP_VIP = "198.18.79.80";

/** Its port. */
export const ENCAP_PORT = 8080;

/** Source of the tunnels to them, which no host has. */
export const ENCAP_SOURCE = "203.0.113.9";
