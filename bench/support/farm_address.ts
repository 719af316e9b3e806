/** Address of the `index`th server of the farm: 127.1.0.1 … 127.1.0.250, 127.1.1.1, … */
export function farmAddress(index: number): string {
  return `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}
