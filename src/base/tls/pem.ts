/**
 * PURE. The parts of a PEM text (RFC 7468). A file may hold a key, its certificate, the chain and
 * parameters together, in any order and with comments between them, as HAProxy and others have it.
 */

/** One part, with its marks. */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, `EC PRIVATE KEY`, … */
  readonly label: string;
  readonly text: string;
}

/** All whole parts, in the order of the text; one that is cut off by the next is left out. */
export function pemBlocks(text: string): readonly PemBlock[] {
  const begins = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g)];
  return begins.flatMap(({ 1: label, index }, i) => {
    const mark = `-----END ${label}-----`;
    const part = text.slice(index, begins[i + 1]?.index);
    const end = part.indexOf(mark);
    return end < 0 ? [] : [{ label: label!, text: part.slice(0, end + mark.length) }];
  });
}

/** The certificates among `blocks`. */
export function certificateBlocks(blocks: readonly PemBlock[]): readonly PemBlock[] {
  return blocks.filter(({ label }) => label === "CERTIFICATE");
}

/** The private keys among `blocks`, of every form there is. */
export function keyBlocks(blocks: readonly PemBlock[]): readonly PemBlock[] {
  return blocks.filter(({ label }) => label.endsWith("PRIVATE KEY"));
}

/** True for a key that only its passphrase opens: PKCS 8, or the old form with its headers. */
export function isEncrypted({ label, text }: PemBlock): boolean {
  return label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type: *4, *ENCRYPTED/m.test(text);
}
