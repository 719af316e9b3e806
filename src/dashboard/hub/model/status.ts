/** PURE. The status of a maglevd, from GetVersion, GetStatus and CheckConfig. */
import type { messages } from "../../../grpc/client/client.ts";
import type { MaglevdStatus } from "../../protocol.ts";
import { clip, head, MAX_NAME, MAX_SENTENCES, MAX_TEXT } from "./bounds.ts";
import { intentOf, milliseconds } from "./convert.ts";

const WARMUPS: readonly NonNullable<MaglevdStatus["warmup"]>[] = [
  "off",
  "waiting",
  "releasing",
  "done",
];

/** Fields that GetVersion has. */
export function versionPart(info: messages.VersionInfo): Partial<MaglevdStatus> {
  const { role } = info;
  return {
    version: clip(info.version, MAX_NAME),
    commit: clip(info.commit, MAX_NAME),
    started_ms: milliseconds(info.startedUnixNs),
    ...(role === "viewer" || role === "operator" ? { role } : {}),
  };
}

type StatusPart = Pick<
  MaglevdStatus,
  | "ready"
  | "reason"
  | "warmup"
  | "warmup_until_ms"
  | "blind"
  | "config_file"
  | "config_loaded_ms"
  | "config_hash"
  | "withheld"
  | "lameduck"
  | "announce_problem"
>;

/** Fields that GetStatus has; all of them, so that one that is absent now goes. */
export function statusPart(info: messages.StatusInfo): StatusPart {
  const { ready, reason, warmupUntilUnixNs, probers, withheld, lameduck, announceProblem } = info;
  const warmup = WARMUPS.find((phase) => phase === info.warmup);
  const blind = probers.filter((prober) => prober.blind);
  return {
    ready,
    ...(reason === "" ? {} : { reason: clip(reason, MAX_TEXT) }),
    ...(warmup === undefined ? {} : { warmup }),
    ...(warmupUntilUnixNs === undefined
      ? {}
      : { warmup_until_ms: milliseconds(warmupUntilUnixNs) }),
    ...(blind.length === 0 ? {} : {
      blind: head(blind, MAX_SENTENCES).items.map(({ netns, reason, isolated }) => ({
        netns: clip(netns, MAX_NAME),
        reason: clip(reason, MAX_TEXT),
        ...(isolated ? { isolated: true as const } : {}),
      })),
    }),
    config_file: clip(info.configFile, MAX_TEXT),
    config_loaded_ms: milliseconds(info.configLoadedUnixNs),
    config_hash: clip(info.configHash, MAX_NAME),
    ...(withheld.length === 0 ? {} : {
      withheld: head(withheld, MAX_SENTENCES).items.map((text) => clip(text, MAX_TEXT)),
    }),
    ...(lameduck === undefined ? {} : { lameduck: intentOf(lameduck) }),
    ...(announceProblem === "" ? {} : { announce_problem: clip(announceProblem, MAX_TEXT) }),
  };
}

/** The status with the fields of GetStatus replaced by `part`. */
export function withStatus(status: MaglevdStatus, part: StatusPart): MaglevdStatus {
  const {
    ready: _ready,
    reason: _reason,
    warmup: _warmup,
    warmup_until_ms: _until,
    blind: _blind,
    withheld: _withheld,
    lameduck: _lameduck,
    announce_problem: _announceProblem,
    ...rest
  } = status;
  return { ...rest, ...part };
}

/** How the file on disk compares; undefined: not known. `hash`: of the configuration in force. */
export function configOnDisk(
  { ok, hash }: messages.CheckConfigResponse,
  hashInForce: string | undefined,
): MaglevdStatus["config_on_disk"] | undefined {
  if (!ok) return "invalid";
  if (hash === "" || hashInForce === undefined) return undefined;
  return hash === hashInForce ? "same" : "differs";
}
