/**
 * The interface of the generated message codecs. A codec converts one whole message of VPP's binary
 * API, without frame header, to values and back. The id of a message differs between connections,
 * so it is part of the header and not of the codec.
 */
import type { IpAddress } from "../../base/address.ts";

/**
 * The three fields that VPP itself interprets, wherever they are in the message. For example,
 * control_ping_reply has its client_index after retval.
 */
export interface MessageHeader {
  /** `_vl_msg_id`: differs between VPPs, see table.ts. */
  readonly id: number;
  /** 0 when the message has no such field. */
  readonly clientIndex: number;
  /** 0 when the message has no such field. */
  readonly context: number;
}

/** `vl_api_prefix_t`. */
export interface AddressWithPrefix {
  readonly address: IpAddress;
  /** Prefix length in bits. The codec only checks that it fits a byte; VPP checks the rest. */
  readonly len: number;
}

/** Byte offset of a reply's retval, after `u16 _vl_msg_id` and `u32 context`. */
export const RETVAL_OFFSET = 6;

/** Encoder and decoder of one message. */
export interface MessageCodec<Body> {
  /** `lb_add_del_as_v2`. */
  readonly name: string;
  /** Eight hexadecimal digits: VPP's checksum of the definition. */
  readonly crc: string;
  /** `name_crc`, the key of VPP's message table. */
  readonly key: string;
  /** True when the message has a client_index. */
  readonly hasClientIndex: boolean;
  /** True for a reply whose context is followed by `i32 retval`, at byte RETVAL_OFFSET. */
  readonly hasRetval: boolean;
  /** The bytes of a message; MaglevError `invalid-argument` when a value does not fit its field. */
  encode(header: MessageHeader, body: Body): Uint8Array;
  /** The values of `message`; MaglevError `internal` on a wrong length or an impossible value. */
  decode(message: Uint8Array): DecodedMessage<Body>;
}

/** One decoded message. */
export interface DecodedMessage<Body> {
  readonly header: MessageHeader;
  readonly body: Body;
}
