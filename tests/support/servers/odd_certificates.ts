/**
 * Certificates that TLS libraries disagree about: too weak, too old, of an unusual kind, or in a
 * chain with something wrong further up. Made by the `openssl` program once per process.
 */
import { openssl } from "./openssl.ts";

/** Kinds of servers; all but the self-signed ones are issued by the one root. */
export type OddKind =
  /** Self-signed, RSA of 1024 bits. */
  | "rsa1024"
  /** Self-signed, with a critical extension that no library supports. */
  | "criticalExtension"
  /** Self-signed, of a curve that the library lacks. */
  | "oddCurve"
  /** Signed with SHA-1. */
  | "sha1"
  /** For clients only. */
  | "clientOnly"
  /** A certificate of an authority, which is not self-signed. */
  | "authority"
  /** Sent with its intermediate, which ends first. */
  | "shortChain"
  /** The same without the intermediate. */
  | "cutChain"
  /** Sent with an intermediate that has expired. */
  | "expiredChain"
  /** Sent with an intermediate whose key has 1024 bits. */
  | "weakChain";

export interface OddCertificates {
  /** Folder with KIND.pem, its chain included, and KIND.key. */
  readonly folder: string;
  /** PEM of the root. */
  readonly root: string;
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
const NAMES = "subjectAltName=DNS:good.test,IP:127.0.0.1";

let made: Promise<OddCertificates> | undefined;

/** Makes them at the first call; the folder goes with the process. */
export function oddCertificates(): Promise<OddCertificates> {
  made ??= make();
  return made;
}

async function make(): Promise<OddCertificates> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-odd-certificates-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const run = (...args: string[]) => openssl(folder, args);
  const selfSigned = (kind: string, args: readonly string[]) =>
    run(
      ...["req", "-x509", "-nodes", ...args, "-keyout", `${kind}.key`, "-out", `${kind}.pem`],
      ...["-days", "30", "-subj", "/CN=bmc", "-addext", NAMES],
    );
  await selfSigned("rsa1024", ["-newkey", "rsa:1024"]);
  await selfSigned("criticalExtension", [...EC, "-addext", "1.2.3.4=critical,ASN1:NULL"]);
  const secp256k1 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"];
  await selfSigned("oddCurve", secp256k1);
  await run(
    ...["req", "-x509", "-nodes", ...EC, "-keyout", "root.key", "-out", "root.pem", "-days", "30"],
    ...["-subj", "/CN=Odd Root", "-addext", "basicConstraints=critical,CA:TRUE"],
  );

  const issue = async (name: string, options: IssueOptions) => {
    const { subject = "good.test", issuer = "root", key = EC, ca = false } = options;
    const { digest = "-sha256", days = ["-days", "30"], extra = "" } = options;
    const kind = ca ? "basicConstraints=critical,CA:TRUE" : `basicConstraints=CA:FALSE\n${NAMES}`;
    await Deno.writeTextFile(`${folder}/${name}.ext`, `${kind}\n${extra}\n`);
    const request = ["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${subject}`];
    await run("req", "-nodes", ...key, ...request);
    await run(
      ...["x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, digest, ...days],
      ...["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-CAcreateserial"],
      ...["-extfile", `${name}.ext`],
    );
  };
  const append = async (name: string, ...others: string[]) => {
    for (const other of others) {
      const text = await Deno.readTextFile(`${folder}/${other}.pem`);
      await Deno.writeTextFile(`${folder}/${name}.pem`, text, { append: true });
    }
  };
  await issue("sha1", { digest: "-sha1" });
  await issue("clientOnly", { extra: "extendedKeyUsage=clientAuth" });
  await issue("authority", { ca: true, extra: NAMES });
  await issue("short", { subject: "Short Intermediate", ca: true, days: ["-days", "7"] });
  await issue("shortChain", { issuer: "short" });
  await issue("cutChain", { issuer: "short" });
  await append("shortChain", "short");
  await issue("expired", { subject: "Old Intermediate", ca: true, days: ["-days", "-1"] });
  await issue("expiredChain", { issuer: "expired" });
  await append("expiredChain", "expired");
  await issue("weak", { subject: "Weak Intermediate", ca: true, key: ["-newkey", "rsa:1024"] });
  await issue("weakChain", { issuer: "weak" });
  await append("weakChain", "weak", "root");
  return { folder, root: await Deno.readTextFile(`${folder}/root.pem`) };
}

interface IssueOptions {
  readonly subject?: string;
  readonly issuer?: string;
  readonly key?: readonly string[];
  readonly ca?: boolean;
  readonly digest?: string;
  readonly days?: readonly string[];
  readonly extra?: string;
}
