/**
 * A hash of 64 bits of a text, by which load balancers compare what they have. PURE.
 *
 * It finds differences between texts of honest programs; it is not meant to resist forgery. Two
 * lanes of 32 bits with different factors and rotations take each character, and are mixed at the
 * end. `Math.imul` is exact on 32 bits, while BigInt would be ten times slower.
 */

/** First odd factor near 2^32 divided by the golden ratio, and three other odd factors. */
const FACTORS = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;

/** 0 to 2^64 - 1. */
export function hash64(text: string): bigint {
  const { length } = text;
  let a = length ^ FACTORS[2];
  let b = Math.imul(length, FACTORS[3]) ^ FACTORS[0];
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, FACTORS[0]);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ code, FACTORS[1]);
    b = (b << 17) | (b >>> 15);
  }
  const high = mixed(a ^ Math.imul(b, FACTORS[3]));
  const low = mixed(b ^ Math.imul(high, FACTORS[2]));
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Lets each bit of `value` change half of the bits of the result. */
function mixed(value: number): number {
  let bits = value ^ (value >>> 16);
  bits = Math.imul(bits, FACTORS[1]);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, FACTORS[2]);
  return bits ^ (bits >>> 16);
}
