/**
 * Certificates of a test's own, good and bad, made by the `openssl` program in a temporary folder
 * once per process.
 */
import { openssl as runOpenssl } from "./openssl.ts";

/** PEM of a certificate (with what has to be sent along) and of its key. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Kinds of certificates; all but `wrongName` are for good.test and 127.0.0.1. */
export type CertificateKind =
  | "good"
  /** Like good, valid for longer: what a server has after a renewal. */
  | "renewed"
  | "expired"
  | "notYetValid"
  | "wrongName"
  | "selfSigned"
  /** Of an authority of the same name with another key. */
  | "foreign"
  /** The same, in X.509 version 1. */
  | "foreignVersion1";

export interface Certificates {
  /** PEM of the authority. */
  readonly ca: string;
  /** PEM of an authority that has signed nothing here. */
  readonly otherCa: string;
  /** Folder with the files ca.pem, other_ca.pem, KIND.pem and KIND.key; absolute. */
  readonly folder: string;
  of(kind: CertificateKind): KeyPair;
  /** A new one, like good, which expires at this time (whole seconds). */
  expiringAt(date: Date): Promise<KeyPair>;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const NAMES = "DNS:good.test,DNS:www.good.test,IP:127.0.0.1,IP:::1";

const CONFIG = `[ca]
default_ca = test
[test]
dir = .
database = index.txt
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
`;

let made: Promise<Certificates> | undefined;

/** Makes them at the first call; the folder goes with the process. */
export function certificates(): Promise<Certificates> {
  made ??= make();
  return made;
}

async function make(): Promise<Certificates> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-certificates-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const openssl = (...args: string[]) => runOpenssl(folder, args);
  const authority = (file: string) =>
    openssl(
      ...["req", "-x509", ...KEY, "-keyout", `${file}.key`, "-out", `${file}.pem`, "-days", "30"],
      ...["-subj", "/CN=Test Authority", "-addext", "basicConstraints=critical,CA:TRUE"],
    );
  await Deno.writeTextFile(`${folder}/ca.cnf`, CONFIG);
  await Deno.writeTextFile(`${folder}/index.txt`, "");
  await authority("ca");
  await authority("other_ca");
  const request = async (kind: string, names: string) => {
    await openssl(
      ...["req", ...KEY, "-keyout", `${kind}.key`, "-out", `${kind}.csr`, "-subj", "/CN=good.test"],
    );
    const extensions = `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`;
    await Deno.writeTextFile(`${folder}/${kind}.ext`, extensions);
  };
  const issue = async (kind: string, validity: string[], names = NAMES) => {
    await request(kind, names);
    await openssl(
      ...["ca", "-batch", "-notext", "-config", "ca.cnf", "-extfile", `${kind}.ext`],
      ...["-in", `${kind}.csr`, "-out", `${kind}.pem`, ...validity],
    );
  };
  await issue("good", ["-startdate", "20200101000000Z", "-enddate", "20470101000000Z"]);
  await issue("renewed", ["-startdate", "20200101000000Z", "-enddate", "20480101000000Z"]);
  await issue("expired", ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"]);
  await issue("notYetValid", ["-startdate", "20450101000000Z", "-enddate", "20460101000000Z"]);
  await issue("wrongName", ["-days", "20"], "DNS:other.test,DNS:b.other.test");
  await openssl(
    ...["req", "-x509", ...KEY, "-keyout", "selfSigned.key", "-out", "selfSigned.pem"],
    ...["-days", "20", "-subj", "/CN=good.test", "-addext", `subjectAltName=${NAMES}`],
  );
  const sign = ["-CA", "other_ca.pem", "-CAkey", "other_ca.key", "-CAcreateserial", "-days", "20"];
  for (const kind of ["foreign", "foreignVersion1"]) {
    await request(kind, NAMES);
    const extensions = kind === "foreign" ? ["-extfile", `${kind}.ext`] : [];
    await openssl(
      "x509",
      "-req",
      "-in",
      `${kind}.csr`,
      "-out",
      `${kind}.pem`,
      ...sign,
      ...extensions,
    );
  }
  const read = (file: string) => Deno.readTextFileSync(`${folder}/${file}`);
  return {
    ca: read("ca.pem"),
    otherCa: read("other_ca.pem"),
    folder,
    of: (kind) => ({ cert: read(`${kind}.pem`), key: read(`${kind}.key`) }),
    async expiringAt(date) {
      const end = date.toISOString().replace(/[-:T]|\.\d+/g, "");
      await issue(`until${end}`, ["-startdate", "20200101000000Z", "-enddate", end]);
      return { cert: read(`until${end}.pem`), key: read(`until${end}.key`) };
    },
  };
}
