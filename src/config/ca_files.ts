/**
 * Files of certificate authorities that a configuration names. They are read together with it, so
 * that a bad one is an error of the configuration like any other, is found by `--check`, and never
 * meets a running daemon; and so that a reload sees a changed one.
 */
import { X509Certificate } from "node:crypto";
import { type IssueList, oneLine } from "./issue.ts";
import type { ConfigDraft } from "./schema.ts";

/** Most bytes of such a file: room for a thousand authorities. */
export const MAX_CA_BYTES = 2 ** 20;

/** What came of reading one: its certificates as PEM, or a sentence on what is wrong with it. */
export type CaReadout =
  | { readonly kind: "ok"; readonly pem: string }
  | { readonly kind: "error"; readonly problem: string };

/** Reads the file at `path`; never throws. */
export type CaReader = (path: string) => CaReadout;

/** Reads all `ca-file`s of `draft`, each once; path → PEM. What is wrong is added to `issues`. */
export function readCaFiles(
  draft: ConfigDraft,
  { issues, read }: { readonly issues: IssueList; readonly read: CaReader },
): ReadonlyMap<string, string> {
  const readouts = new Map<string, CaReadout>();
  for (const { draft: healthcheck } of draft.keys.healthchecks.value?.values() ?? []) {
    const params = healthcheck?.keys.params.value;
    if (params?.variant !== "tcp" && params?.variant !== "https") continue;
    const slot = params.draft.keys["ca-file"];
    if (slot.value === undefined || slot.value === "") continue;
    const readout = readouts.get(slot.value) ?? read(slot.value);
    readouts.set(slot.value, readout);
    if (readout.kind === "error") {
      issues.add("bad-ca-file", slot, `${slot.value}: ${readout.problem}`);
    }
  }
  const pems = new Map<string, string>();
  for (const [path, readout] of readouts) {
    if (readout.kind === "ok") pems.set(path, readout.pem);
  }
  return pems;
}

/** The certificates in the text of a PEM file, and nothing else of it (a private key, say). */
export function certificatesIn(text: string): CaReadout {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    return { kind: "error", problem: "no certificate in it; expected PEM (BEGIN CERTIFICATE)" };
  }
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (error) {
      const reason = oneLine(error instanceof Error ? error.message : String(error));
      return {
        kind: "error",
        problem: `certificate ${index + 1} of ${blocks.length} cannot be read: ${reason}`,
      };
    }
  }
  return { kind: "ok", pem: blocks.join("\n") + "\n" };
}
