/** Decides who may enter `/admin/`. */
import type { Clock, Logger } from "../../../base/ports.ts";
import type { HttpAnswer } from "../../../http/ports.ts";
import { failure } from "../answers.ts";
import type { Client } from "./client.ts";
import { FailedLogins } from "./failed_logins.ts";
import type { Login } from "./login.ts";
import type { DashboardMetrics } from "../metrics.ts";

export interface AdmissionOptions {
  readonly login: Login;
  readonly adminRequiresTls: boolean;
  readonly metrics: DashboardMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type Admitted =
  | { readonly kind: "ok"; readonly user: string }
  | { readonly kind: "refused"; readonly answer: HttpAnswer };

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #failed = new FailedLogins();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Judges a request by the value of `Authorization`. */
  admit(authorization: string | undefined, client: Client): Admitted {
    const { login, adminRequiresTls, metrics } = this.#options;
    if (adminRequiresTls && !client.encrypted) {
      return refused(403, "permission-denied", "the login is accepted by https only");
    }
    if (authorization === undefined) return askForLogin(client);
    // A right one is refused too: an attacker must not learn which one it was.
    const blockedMs = this.#failed.blockedMs(client.group, this.#options.clock.monotonicMs());
    if (blockedMs > 0) {
      metrics.loginBlocked();
      return tooMany(blockedMs);
    }
    const result = login.check(authorization);
    if (typeof result === "object") return { kind: "ok", user: result.user };
    this.#count(client);
    return askForLogin(client);
  }

  #count({ group, address }: Client): void {
    const { metrics, clock, logger } = this.#options;
    const nowMs = clock.monotonicMs();
    metrics.loginFailed();
    this.#failed.add(group, nowMs);
    const blockedMs = this.#failed.blockedMs(group, nowMs);
    logger.warn("dashboard-login-failed", {
      peer: address,
      "blocked-ms": blockedMs === 0 ? undefined : Math.ceil(blockedMs),
    });
  }
}

function askForLogin({ secret }: Client): Admitted {
  const realm = secret ? "vpp-maglev" : "vpp-maglev (not encrypted)";
  return refused(401, "unauthenticated", "user and password are needed", {
    "WWW-Authenticate": `Basic realm="${realm}", charset="UTF-8"`,
  });
}

function tooMany(blockedMs: number): Admitted {
  const seconds = Math.ceil(blockedMs / 1000);
  return refused(429, "resource-exhausted", `too many wrong logins; try again in ${seconds} s`, {
    "Retry-After": String(seconds),
  });
}

function refused(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Admitted {
  return { kind: "refused", answer: failure(status, { code, message }, headers) };
}
