/** The login of `/admin/`: HTTP basic authentication (RFC 7617), compared in constant time. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** `absent` is not a failed login: browsers ask without credentials first. */
export type LoginResult = "absent" | "wrong" | { readonly user: string };

export class Login {
  readonly #key = randomBytes(32);
  readonly #user: string;
  readonly #userDigest: Uint8Array;
  readonly #passwordDigest: Uint8Array;

  constructor({ user, password }: Credentials) {
    this.#user = user;
    this.#userDigest = this.#digest(user);
    this.#passwordDigest = this.#digest(password);
  }

  /** Judges the value of `Authorization`. */
  check(authorization: string | undefined): LoginResult {
    if (authorization === undefined) return "absent";
    const { user, password } = parseBasic(authorization) ?? { user: "", password: "" };
    // Digests have one length, and both are compared whatever the first comparison found.
    const right = [
      timingSafeEqual(this.#digest(user), this.#userDigest),
      timingSafeEqual(this.#digest(password), this.#passwordDigest),
    ];
    return right.includes(false) ? "wrong" : { user: this.#user };
  }

  #digest(text: string): Uint8Array {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}

function parseBasic(authorization: string): Credentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.fromBase64(encoded));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
