/** Encodes and decodes messages, with the code that ts-proto generates (src/grpc/gen/). PURE. */
import type { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { CUT_OFF, DecodeError, StrictReader } from "./strict_reader.ts";

/** A generated type of message. */
export interface MessageType<T> {
  /** With its package: `maglev.BackendInfo`. */
  readonly $type: string;
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array, length?: number): T;
}

/** The bytes of a message. */
export function encode<T>(type: MessageType<T>, message: T): Uint8Array<ArrayBuffer> {
  return type.encode(message).finish();
}

/** The message of these bytes, with at most `maxMessages` in it. @throws {DecodeError} */
export function decode<T>(type: MessageType<T>, bytes: Uint8Array, maxMessages?: number): T {
  const reader = new StrictReader(bytes, maxMessages);
  try {
    const message = type.decode(reader);
    reader.finish();
    return message;
  } catch (error) {
    if (error instanceof DecodeError || !(error instanceof Error)) throw error;
    // From the library. RangeError: a position beyond the end.
    throw new DecodeError(error instanceof RangeError ? CUT_OFF : error.message);
  }
}

const NOTHING = new Uint8Array();

/** A message with these fields; all others have their defaults. */
export function create<T>(type: MessageType<T>, fields: Partial<T> = {}): T {
  return { ...type.decode(NOTHING), ...fields };
}
