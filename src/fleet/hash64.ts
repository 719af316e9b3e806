/**
 * Hashes of 64 bits, by which load balancers compare what they have: of a text, and of a set of
 * texts. PURE.
 *
 * They find differences between honest programs, and are not meant to resist forgery. Two lanes of
 * 32 bits with different factors and rotations take each character, and are mixed at the end.
 * `Math.imul` is exact on 32 bits, while BigInt would be ten times slower. The hash of a set is the
 * sum of its members', so that no member need be sorted, joined or copied.
 */

/** The golden ratio's fraction times 2^32, and three other odd factors. */
const FACTORS = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;

/** High and low half of the last hash; a pair for each call would be garbage. */
const lanes = new Int32Array(2);

/** 0 to 2^64 - 1. */
export function hash64(text: string): bigint {
  hash(text, 0);
  return joined(lanes[0]!, lanes[1]!);
}

/** The hash of texts with numbers, in any order. A member that is there twice counts twice. */
export class SetHash {
  #high = 0;
  #low = 0;

  /** `number`: 32 bits. */
  add(text: string, number: number): void {
    hash(text, number);
    // A carry between the halves would add nothing.
    this.#high = (this.#high + lanes[0]!) | 0;
    this.#low = (this.#low + lanes[1]!) | 0;
  }

  /** The hash of the set under a head: all else that it belongs to. */
  under(head: string): bigint {
    hash(head, 0);
    const high = mixed(this.#high ^ lanes[0]!);
    const low = mixed(this.#low ^ lanes[1]! ^ Math.imul(high, FACTORS[2]));
    return joined(high, low);
  }
}

/** Leaves its result in `lanes`. */
function hash(text: string, number: number): void {
  const { length } = text;
  let a = length ^ FACTORS[2] ^ Math.imul(number, FACTORS[1]);
  let b = Math.imul(length, FACTORS[3]) ^ FACTORS[0] ^ Math.imul(number, FACTORS[2]);
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, FACTORS[0]);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ code, FACTORS[1]);
    b = (b << 17) | (b >>> 15);
  }
  const high = mixed(a ^ Math.imul(b, FACTORS[3]));
  lanes[0] = high;
  lanes[1] = mixed(b ^ Math.imul(high, FACTORS[2]));
}

function joined(high: number, low: number): bigint {
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
