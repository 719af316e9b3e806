/**
 * Files of certificate authorities that a configuration names. They are read together with it, so
 * that a bad one is an error of the configuration like any other, is found by `--check`, and never
 * meets a running daemon; and so that a reload sees a changed one.
 */
import { oneLine } from "../base/text.ts";
import type { IssueList } from "./issue.ts";
import type { ConfigDraft } from "./schema/schema.ts";

/** Maximum of bytes of such a file: enough for a thousand authorities. */
export const MAX_CA_BYTES = 2 ** 20;

/** The certificates of a file as PEM, or the problem with the file in a sentence. */
export type CaReadout =
  | { readonly kind: "ok"; readonly pem: string }
  | { readonly kind: "error"; readonly problem: string };

/** Reads the file at `path`; never throws. */
export type CaReader = (path: string) => CaReadout;

/** Reads all `ca-file`s of `draft`, each once; path → PEM. Problems are added to `issues`. */
export function readCaFiles(
  draft: ConfigDraft,
  { issues, read }: { readonly issues: IssueList; readonly read: CaReader },
): ReadonlyMap<string, string> {
  const readouts = new Map<string, CaReadout>();
  for (const { draft: healthcheck } of draft.keys.healthchecks.value?.values() ?? []) {
    const params = healthcheck?.keys.params.value;
    if (params === undefined || !("ca-file" in params.draft.keys)) continue;
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

/** The TLS library's problem with a certificate (PEM), in its words; undefined: accepted. */
export type CaJudge = (pem: string) => string | undefined;

/** A certificate in a file. */
interface Block {
  readonly pem: string;
  /** 1-based line of its BEGIN. */
  readonly line: number;
}

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

/**
 * The certificates in the text of a PEM file, without its other content (for example a private
 * key). `judge`, the library that the probes use, must accept all of them: later it would skip an
 * authority that it cannot read, with a line on standard error for each handshake.
 */
export function certificatesIn(text: string, judge: CaJudge): CaReadout {
  const blocks: Block[] = [];
  let at = text.indexOf(BEGIN);
  while (at >= 0) {
    const line = text.slice(0, at).split("\n").length;
    const end = text.indexOf(END, at);
    const next = text.indexOf(BEGIN, at + 1);
    if (end < 0 || (next >= 0 && next < end)) {
      const problem = `the certificate that begins in line ${line} has no end; expected ` +
        `\`${END}\` after it; check whether the file is complete`;
      return { kind: "error", problem };
    }
    blocks.push({ pem: text.slice(at, end + END.length), line });
    at = next;
  }
  if (blocks.length === 0) {
    return { kind: "error", problem: "no certificate in it; expected PEM (BEGIN CERTIFICATE)" };
  }
  for (const [index, { pem, line }] of blocks.entries()) {
    const reason = judge(pem);
    if (reason === undefined) continue;
    const which = blocks.length === 1 ? "the certificate" : `certificate ${index + 1} of ` +
      blocks.length;
    const problem = `${which} (line ${line}) cannot be used: ${oneLine(reason)}; expected a ` +
      "well-formed X.509 certificate; get it from the authority again, or remove it from the file";
    return { kind: "error", problem };
  }
  return { kind: "ok", pem: blocks.map(({ pem }) => `${pem}\n`).join("") };
}
