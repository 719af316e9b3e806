/** The shim's calls on network namespaces, with the interface of namespace.ts. */
import type { ShimResult } from "../../../ffi/open.ts";
import { errnoName } from "../../base/errno.ts";
import type { NamespaceAnswer, NamespaceCalls } from "./namespace.ts";

/** Calls through the shim that `open` returns; without a shim each fails with its message. */
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

/** Opens the shim for each call, so that a shim that was built later is found. */
function withShim(
  open: () => ShimResult,
  fn: (calls: Calls) => NamespaceAnswer,
): NamespaceAnswer {
  const result = open();
  if (result.kind === "error") return { ok: false, error: result.message };
  return fn(result.shim.calls);
}
