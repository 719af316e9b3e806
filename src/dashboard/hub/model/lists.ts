/** PURE. Reads lists of a maglevd's objects: bounded, each name once, with a note of what was left out. */
import type { messages } from "../../../grpc/client/client.ts";
import type { Backend, Frontend, HealthCheck } from "../../protocol.ts";
import {
  head,
  MAX_BACKENDS,
  MAX_FRONTENDS,
  MAX_HEALTHCHECKS,
  MAX_NAME,
  MAX_POOL_ENTRIES,
} from "./bounds.ts";
import { backendOf, frontendOf, healthCheckOf } from "./convert.ts";

export interface Read<T> {
  /** In the order of the list. */
  readonly items: ReadonlyMap<string, T>;
  /** What was left out, as a sentence; empty: nothing. */
  readonly note: string;
}

/** `flapsOf`: changes between up and down in the last hour. */
export function readBackends(
  infos: readonly messages.BackendInfo[],
  flapsOf: (name: string) => number,
): Read<Backend> {
  return readAll(infos, {
    noun: "backends",
    max: MAX_BACKENDS,
    read: (info) => backendOf(info, flapsOf(info.name)),
  });
}

export function readFrontends(infos: readonly messages.FrontendInfo[]): Read<Frontend> {
  let entries = 0;
  return readAll(infos, {
    noun: "frontends",
    max: MAX_FRONTENDS,
    read: (info) => {
      for (const pool of info.pools) entries += pool.backends.length;
      return entries > MAX_POOL_ENTRIES ? undefined : frontendOf(info);
    },
  });
}

export function readHealthChecks(
  infos: readonly messages.HealthCheckInfo[],
): Read<HealthCheck> {
  return readAll(infos, { noun: "healthchecks", max: MAX_HEALTHCHECKS, read: healthCheckOf });
}

function readAll<M extends { readonly name: string }, T>(
  infos: readonly M[],
  { noun, max, read }: {
    readonly noun: string;
    readonly max: number;
    /** Undefined: there is no room for it. */
    readonly read: (info: M) => T | undefined;
  },
): Read<T> {
  const { items: listed, leftOut } = head(infos, max);
  const items = new Map<string, T>();
  let dropped = leftOut;
  for (const info of listed) {
    const isUsable = info.name !== "" && info.name.length <= MAX_NAME && !items.has(info.name);
    const item = isUsable ? read(info) : undefined;
    if (item === undefined) dropped++;
    else items.set(info.name, item);
  }
  return {
    items,
    note: dropped === 0
      ? ""
      : `${dropped} of its ${infos.length} ${noun} are left out: too many, or with an unusable name`,
  };
}
