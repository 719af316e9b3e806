/** Certificates that clients show, of the authority of certificates.ts or of another. */
import { certificates } from "./certificates.ts";

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate of `subject` (`/CN=alice/OU=viewer`), signed by `authority`. */
export async function clientCertificate(
  subject: string,
  authority: "ca" | "other_ca" = "ca",
): Promise<CertificateFiles> {
  const { folder } = await certificates();
  const name = `client_${authority}_${subject.replaceAll(/\W+/g, "_")}`;
  const openssl = async (...args: string[]) => {
    const { success, stderr } = await new Deno.Command("openssl", { args, cwd: folder }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  };
  await openssl(
    ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject],
  );
  await Deno.writeTextFile(`${folder}/${name}.ext`, "extendedKeyUsage=clientAuth\n");
  await openssl(
    ...["x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, "-days", "20"],
    ...["-CA", `${authority}.pem`, "-CAkey", `${authority}.key`, "-CAcreateserial"],
    ...["-extfile", `${name}.ext`],
  );
  return { cert: `${folder}/${name}.pem`, key: `${folder}/${name}.key` };
}
