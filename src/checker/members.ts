/** PURE. The backends that the frontends of a configuration use. */
import { isEqual } from "../base/equal.ts";
import type { Config, FrontendConfig } from "../config/model.ts";

/** True when a pool has one of the named backends. */
export function usesAny({ pools }: FrontendConfig, names: ReadonlySet<string>): boolean {
  return names.size > 0 &&
    pools.some(({ backends }) => backends.some(({ name }) => names.has(name)));
}

/** True when both have the same frontends in the same order, with the same backends in their pools. */
export function haveSameMembers({ frontends }: Config, next: Config): boolean {
  if (frontends.size !== next.frontends.size) return false;
  const others = next.frontends.values();
  for (const before of frontends.values()) {
    const after = others.next().value!;
    if (before === after) continue;
    if (before.name !== after.name || !isEqual(membersOf(before), membersOf(after))) return false;
  }
  return true;
}

function membersOf({ pools }: FrontendConfig): readonly string[] {
  return pools.flatMap(({ backends }) => backends.map(({ name }) => name));
}

/** By backend: the frontends that use it, each once, in the file's order. */
export function usersOf({ frontends }: Config): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const [frontend, { pools }] of frontends) {
    for (const { backends } of pools) {
      for (const { name } of backends) {
        const list = users.get(name);
        if (list === undefined) users.set(name, [frontend]);
        else if (list.at(-1) !== frontend) list.push(frontend);
      }
    }
  }
  return users;
}
