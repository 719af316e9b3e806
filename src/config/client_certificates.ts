/**
 * Client certificates that a configuration names. As with authorities (ca_files.ts), they are read
 * together with it, so that a bad one is an error of the configuration.
 */
import type { IssueList } from "./issue.ts";
import type { ConfigDraft } from "./schema/schema.ts";
import type { Slot } from "./schema/types.ts";

/** PEM of a certificate with its chain, and of its key. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Paths of two files, or twice that of one with both. */
export type PairPaths = KeyPair;

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

/** Reads the pairs of `draft`, each once, by pairName(). Problems are added to `issues`. */
export function readClientCertificates(
  draft: ConfigDraft,
  { issues, read }: { readonly issues: IssueList; readonly read: PairReader },
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
    if (readout.kind === "ok") pairs.set(name, readout.pair);
    else issues.add("bad-client-cert", slots["client-cert"], readout.problem);
  }
  return pairs;
}
