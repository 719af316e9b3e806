/** VIPs in log records. PURE. */
import type { LogFields } from "../../../../src/base/ports.ts";

/** vipKeyText() of a VIP in a log record. */
export function keyOfFields({ vip, protocol, port }: LogFields): string {
  return `${vip} ${{ tcp: 6, udp: 17, any: 255 }[String(protocol)]} ${port}`;
}
