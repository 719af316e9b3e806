import { deepEqual, equal, match, ok } from "node:assert/strict";
import { certificates } from "../../tests/support/servers/certificates.ts";
import { exitStatus, formatIssue, loadConfig, type LoadResult, readCa } from "./load.ts";

async function withFile(bytes: Uint8Array | string, use: (path: string) => Promise<void>) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

function only(result: LoadResult): string {
  ok(result.kind === "parse-error");
  equal(exitStatus(result), 1);
  equal(result.issues.length, 1);
  return formatIssue(result.issues[0]!);
}

Deno.test("loadConfig() reads a file, even with a byte order mark", async () => {
  await withFile(
    "\uFEFFmaglev:\r\n  backends:\r\n    ñ: { address: 10.0.0.1 }\r\n",
    async (path) => {
      const result = await loadConfig(path);
      ok(result.kind === "ok");
      deepEqual([...result.config.backends.keys()], ["ñ"]);
      equal(result.warnings[0]?.file, path);
    },
  );
});

Deno.test("loadConfig() names the path and the reason when a file cannot be read", async () => {
  equal(
    only(await loadConfig("/nonexistent/maglev.yaml")),
    "/nonexistent/maglev.yaml: parse error: cannot read the file: no such file",
  );
  const folder = await Deno.makeTempDir();
  try {
    equal(
      only(await loadConfig(folder)),
      `${folder}: parse error: cannot read the file: it is a directory, expected a file`,
    );
  } finally {
    await Deno.remove(folder);
  }
});

Deno.test("loadConfig() reports a missing read permission", async () => {
  await withFile("maglev: {}", async (path) => {
    await Deno.chmod(path, 0);
    // Root may read everything.
    if (Deno.uid() === 0) return;
    equal(
      only(await loadConfig(path)),
      `${path}: parse error: cannot read the file: permission denied; the daemon's user must be allowed to read it`,
    );
  });
});

Deno.test("readCa() blames the unit for a folder that it hides, not the file's mode alone", () => {
  const denied = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  const open = Deno.openSync;
  try {
    Deno.openSync = () => {
      throw denied;
    };
    const problem = (path: string) => {
      const read = readCa(path);
      return read.kind === "error" ? read.problem : "";
    };
    match(problem("/home/a/ca.pem"), /to read it; the package's unit hides \/home .*move/);
    match(problem("/srv/ca.pem"), /must be allowed to read it$/);
  } finally {
    Deno.openSync = open;
  }
});

Deno.test({
  name: "loadConfig() names the missing permission of the program itself",
  permissions: { read: false },
  fn: async () => {
    equal(
      only(await loadConfig("/etc/maglev.yaml")),
      "/etc/maglev.yaml: parse error: cannot read the file: the program was started without that " +
        "permission; add MAGLEV_READ_PATHS=/etc/maglev.yaml to its environment (colons between " +
        "several), which needs a restart",
    );
  },
});

Deno.test("loadConfig() refuses invalid UTF-8, with the line", async () => {
  await withFile(Uint8Array.of(0x61, 0x0a, 0x62, 0x0a, 0xc3, 0x28, 0x0a), async (path) => {
    equal(
      only(await loadConfig(path)),
      `${path}:3:1: parse error: this line is not UTF-8; expected UTF-8`,
    );
  });
  await withFile(Uint8Array.of(0xff, 0xfe, 0x61, 0x00), async (path) => {
    equal(only(await loadConfig(path)), `${path}: parse error: the file is UTF-16; expected UTF-8`);
  });
});

Deno.test("loadConfig() bounds the bytes that it reads of an endless file", async () => {
  equal(
    only(await loadConfig("/dev/zero")),
    "/dev/zero: parse error: the file has more than 16777216 bytes; at most 16777216 are read",
  );
});

Deno.test("loadConfig() warns about a last line without a newline", async () => {
  const text = "maglev:\n  backends:\n    a: { address: 10.0.0.1 }";
  const rules = async (content: string) => {
    let found: string[] = [];
    await withFile(content, async (path) => {
      const result = await loadConfig(path);
      ok(result.kind === "ok");
      found = result.warnings.map(({ rule, line }) => `${rule} ${line}`);
    });
    return found;
  };
  deepEqual(await rules(text), ["unused-backend 3", "no-final-newline 3"]);
  deepEqual(await rules(`${text}\n`), ["unused-backend 3"]);
});

Deno.test("loadConfig() warns of a client certificate that has expired, or is not valid yet", async () => {
  const { folder } = await certificates();
  const warnings = async (kind: string) => {
    const files = `client-cert: ${folder}/${kind}.pem, client-key: ${folder}/${kind}.key`;
    const text = `maglev: { healthchecks: { a: { type: https, port: 443, params: { ${files} } } },
      backends: { b: { address: 192.0.2.1, healthcheck: a } },
      frontends: { c: { address: 192.0.2.9, pools: [{ name: d, backends: { b: {} } }] } } }\n`;
    let found: string[] = [];
    await withFile(text, async (path) => {
      const result = await loadConfig(path);
      ok(result.kind === "ok");
      found = result.warnings.map(formatIssue);
    });
    return found.join("").replaceAll(folder, "");
  };
  equal(await warnings("good"), "");
  match(
    await warnings("expired"),
    /:1:79: warning: maglev\.healthchecks\.a\.params\.client-cert: a certificate in \/expired\.pem expired on 2021-01-01; without/,
  );
  match(await warnings("notYetValid"), / is not valid before 2045-01-01; /);
});
