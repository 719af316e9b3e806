/**
 * Client certificates that a configuration names. As with authorities (ca_files.ts), they are read
 * together with it, so that a bad one is an error of the configuration. One that has expired, or
 * expires soon, is a warning: without it, all servers that require it cannot be probed.
 */
import { EPOCH_MS, LATEST_MS, type WallMs } from "../base/instant.ts";
import type { IssueList } from "./issue.ts";
import type { ClientCertificate, Config } from "./model.ts";
import type { ConfigDraft } from "./schema/schema.ts";
import type { Slot } from "./schema/types.ts";

/** Time in which all certificates of a file are valid. */
export interface Validity {
  readonly validFromMs: WallMs;
  readonly validUntilMs: WallMs;
}

/** PEM of a certificate with its chain, and of its key. */
export interface KeyPair extends Validity {
  readonly cert: string;
  readonly key: string;
}

/** Stands for a pair whose files are not read. */
export const UNREAD_PAIR: KeyPair = {
  cert: "",
  key: "",
  validFromMs: EPOCH_MS,
  validUntilMs: LATEST_MS,
};

/** Paths of two files, or twice that of one with both. */
export type PairPaths = Pick<KeyPair, "cert" | "key">;

/** The pair in two files, or the problem with them in a sentence. */
export type PairReadout =
  | { readonly kind: "ok"; readonly pair: KeyPair }
  | { readonly kind: "error"; readonly problem: string };

/** Reads the files; never throws. */
export type PairReader = (paths: PairPaths) => PairReadout;

/** The keys of a check that name its pair. */
export interface PairSlots {
  readonly "client-cert": Slot<string>;
  readonly "client-key": Slot<string>;
}

/** Paths of a check's pair; undefined without one. */
export function pairPathsOf(
  { "client-cert": cert, "client-key": key }: PairSlots,
): PairPaths | undefined {
  if (cert.value === undefined || cert.value === "") return undefined;
  return { cert: cert.value, key: key.value ?? cert.value };
}

/** Name of a pair in the map of pairs. */
export function pairName({ cert, key }: PairPaths): string {
  return `${cert}\0${key}`;
}

/** A certificate that ends within this time is a warning. */
export const EXPIRES_SOON_MS = 14 * 86_400_000;

/** `expired on 2026-01-31`; undefined: it is valid, and for longer than EXPIRES_SOON_MS. */
export function validityProblem(
  { validFromMs, validUntilMs }: Validity,
  nowMs: WallMs,
): string | undefined {
  if (nowMs < validFromMs) return `is not valid before ${dayOf(validFromMs)}`;
  if (nowMs > validUntilMs) return `expired on ${dayOf(validUntilMs)}`;
  return validUntilMs - nowMs < EXPIRES_SOON_MS ? `expires on ${dayOf(validUntilMs)}` : undefined;
}

function dayOf(instant: WallMs): string {
  return new Date(instant).toISOString().slice(0, 10);
}

/** The client certificates of a configuration, each file once, by path. */
export function clientCertificatesOf(
  { healthchecks }: Pick<Config, "healthchecks">,
): readonly ClientCertificate[] {
  const byPath = new Map<string, ClientCertificate>();
  for (const { params } of healthchecks.values()) {
    const client = "client" in params ? params.client : undefined;
    if (client !== undefined) byPath.set(client.certPath, client);
  }
  return [...byPath.values()].sort((a, b) => a.certPath < b.certPath ? -1 : 1);
}

/**
 * Reads the pairs of `draft`, each once, by pairName(). Problems are added to `issues`; without
 * `nowMs` not those of validity.
 */
export function readClientCertificates(
  draft: ConfigDraft,
  { issues, read, nowMs }: {
    readonly issues: IssueList;
    readonly read: PairReader;
    readonly nowMs?: WallMs | undefined;
  },
): ReadonlyMap<string, KeyPair> {
  const readouts = new Map<string, PairReadout>();
  const pairs = new Map<string, KeyPair>();
  for (const { draft: healthcheck } of draft.keys.healthchecks.value?.values() ?? []) {
    const params = healthcheck?.keys.params.value;
    if (params === undefined || !("client-cert" in params.draft.keys)) continue;
    const slots = params.draft.keys;
    const paths = pairPathsOf(slots);
    if (paths === undefined) continue;
    const name = pairName(paths);
    const readout = readouts.get(name) ?? read(paths);
    readouts.set(name, readout);
    if (readout.kind === "error") {
      issues.add("bad-client-cert", slots["client-cert"], readout.problem);
      continue;
    }
    pairs.set(name, readout.pair);
    const problem = nowMs === undefined ? undefined : validityProblem(readout.pair, nowMs);
    if (problem === undefined) continue;
    issues.add(
      "expiring-client-cert",
      slots["client-cert"],
      `a certificate in ${paths.cert} ${problem}; without a valid one, probes of servers that ` +
        "require it are void; renew it and reload",
    );
  }
  return pairs;
}
