/** The shim's calls on network namespaces, as namespace.ts wants them. */
import type { ShimResult } from "../../../ffi/open.ts";
import { errnoName } from "../../base/errno.ts";
import type { NamespaceAnswer, NamespaceCalls } from "./namespace.ts";

/** Calls through the shim that `open` finds and keeps; each fails with its message without one. */
export function namespaceCalls(open: () => ShimResult): NamespaceCalls {
  const identity = new BigUint64Array(2);
  const size = identity.byteLength;
  const answer = (result: number): NamespaceAnswer =>
    result < 0
      ? { ok: false, error: errnoName(result) }
      : { ok: true, identity: `${identity[0]}:${identity[1]}` };
  return {
    enter: (path) =>
      withShim(open, ({ maglev_netns_enter }) => {
        const name = new TextEncoder().encode(`${path}\0`);
        return answer(maglev_netns_enter(name, name.length, identity, size));
      }),
    identity: (path) =>
      withShim(open, ({ maglev_netns_identity }) => {
        const name = new TextEncoder().encode(`${path}\0`);
        return answer(maglev_netns_identity(name, name.length, identity, size));
      }),
  };
}

type Calls = Extract<ShimResult, { kind: "ok" }>["shim"]["calls"];

/** Asked for at each call, so that a shim that comes late is found. */
function withShim(
  open: () => ShimResult,
  fn: (calls: Calls) => NamespaceAnswer,
): NamespaceAnswer {
  const result = open();
  if (result.kind === "error") return { ok: false, error: result.message };
  return fn(result.shim.calls);
}
