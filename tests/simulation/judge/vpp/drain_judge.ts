/** Judges the ends of drains. */
import { keyOf } from "../wanted.ts";
import type { World } from "../../world/world.ts";

/** What is wrong when a drain ends before its time: flows of the server are left. */
export function undrained(backend: string, { daemon, vpp, time }: World): string | undefined {
  const { config } = daemon!.checker.current;
  const { text } = config.backends.get(backend)!.address;
  const view = vpp.view();
  for (const frontend of config.frontends.values()) {
    const isUser = frontend.pools.some((pool) =>
      pool.backends.some(({ name }) => name === backend)
    );
    if (!isUser) continue;
    const vip = keyOf(frontend);
    if ((view.get(vip)?.get(text) ?? 0) > 0) return `${backend} in VIP ${vip}: it has weight`;
    const quietMs = time.nowMs - (vpp.lastPacketMs(vip, text) ?? -Infinity);
    if (quietMs >= config.vppLb!.flowTimeoutMs) continue;
    return `${backend} in VIP ${vip}: it had a packet ${quietMs} ms ago`;
  }
  return undefined;
}
