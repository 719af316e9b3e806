/**
 * PURE. The messages of grpc.health.v1.Health/Check (grpc/health/v1/health.proto) with the frame that
 * gRPC puts around each: a flag for compression, and four bytes of length.
 */

/** Values of HealthCheckResponse.ServingStatus, by number. */
const SERVING_STATUS = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;

/** A status that the server may answer with. */
export type ServingStatus = (typeof SERVING_STATUS)[number];

const FRAME_BYTES = 5;

/** A HealthCheckRequest for `service`; empty: the server as a whole. */
export function checkRequest(service: string): Uint8Array {
  const name = new TextEncoder().encode(service);
  const field = name.length === 0 ? [] : [0x0a, ...varint(name.length), ...name];
  const bytes = new Uint8Array(FRAME_BYTES + field.length);
  new DataView(bytes.buffer).setUint32(1, field.length);
  bytes.set(field, FRAME_BYTES);
  return bytes;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}

/** The status in a body that holds one HealthCheckResponse; undefined when it holds anything else. */
export function servingStatus(body: Uint8Array): ServingStatus | undefined {
  if (body.length < FRAME_BYTES || body[0] !== 0) return undefined;
  const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
  if (body.length !== FRAME_BYTES + length) return undefined;
  const reader = new FieldReader(body.subarray(FRAME_BYTES));
  // A field at its default is not sent.
  let status = 0;
  while (!reader.isAtEnd) {
    const field = reader.next();
    if (field === undefined) return undefined;
    if (field.number === 1 && field.varint !== undefined) status = field.varint;
  }
  return SERVING_STATUS[status];
}

interface MessageField {
  readonly number: number;
  /** Its value, if it has that type. */
  readonly varint: number | undefined;
}

/** Fields of a message (protobuf), of any type, one after the other. */
class FieldReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Undefined: malformed. */
  next(): MessageField | undefined {
    const tag = this.#varint();
    if (tag === undefined || tag < 8) return undefined;
    const number = Math.floor(tag / 8);
    const type = tag % 8;
    if (type === 0) {
      const varint = this.#varint();
      return varint === undefined ? undefined : { number, varint };
    }
    const length = type === 1 ? 8 : type === 5 ? 4 : type === 2 ? this.#varint() : undefined;
    if (length === undefined || this.#at + length > this.#bytes.length) return undefined;
    this.#at += length;
    return { number, varint: undefined };
  }

  /** At most 64 bits; exact up to 53 of them. */
  #varint(): number | undefined {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return undefined;
      value += (byte % 128) * 128 ** i;
      if (byte < 128) return value;
    }
    return undefined;
  }
}
