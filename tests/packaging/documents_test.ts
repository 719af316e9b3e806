/**
 * Files of other programs that the documents show: nginx and Caddy before the dashboard
 * (docs/dashboard.md), and units of systemd for BIRD (docs/policies.md); man pages. Goal: they work as they
 * stand. Method: the programs themselves, with only addresses and paths replaced.
 */
import assert from "node:assert/strict";
import { blocksOf } from "../support/judges/documents.ts";
import { freePort } from "../support/servers/free_port.ts";
import { BUILT, packagingTest, PROGRAMS_EXTRACTED, ROOT, run, withPlace } from "./support.ts";

async function blockOf(document: string, language: string): Promise<string> {
  const blocks = blocksOf(await Deno.readTextFile(`${ROOT}/${document}`))
    .filter((block) => block.language === language);
  assert.equal(blocks.length, 1, `${document} has one block of ${language}`);
  return blocks[0]!.text;
}

/** A program that runs until it is disposed of. */
function start(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [program, ...args] = words;
  const child = new Deno.Command(program!, {
    args,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  return {
    errors,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      await child.status;
      await errors;
    },
  };
}

/** The document's text with each pair's first part, which it has exactly once, replaced. */
function replaced(text: string, pairs: readonly (readonly [string, string])[]): string {
  for (const [from, to] of pairs) {
    assert.equal(text.split(from).length, 2, `once in the document: ${from}`);
    text = text.replace(from, () => to);
  }
  return text;
}

interface Place {
  readonly folder: string;
  readonly port: number;
  /** Where the dashboard listens, as the proxy's file names it. */
  readonly dashboard: string;
}

/** What nginx and Caddy are started with. */
const PROXIES: Readonly<Record<string, (place: Place) => Promise<readonly string[]>>> = {
  async nginx({ folder, port, dashboard }) {
    const location = replaced(await blockOf("docs/dashboard.md", "nginx"), [
      ["http://127.0.0.1:8080", `http://${dashboard}`],
    ]);
    const logs = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};\n`).join("");
    await Deno.writeTextFile(
      `${folder}/nginx.conf`,
      `user root;\npid ${folder}/nginx.pid;\nevents {}\nhttp {\naccess_log off;\n${logs}` +
        `server {\nlisten 127.0.0.1:${port};\n${location}}\n}\n`,
    );
    const own = ["-g", "daemon off;", "-e", "stderr", "-p", folder];
    return [PROGRAMS_EXTRACTED.nginx!, ...own, "-c", `${folder}/nginx.conf`];
  },
  async caddy({ folder, port, dashboard }) {
    const site = replaced(await blockOf("docs/dashboard.md", "caddy"), [
      ["lb.example.net", `http://127.0.0.1:${port}`],
      ["127.0.0.1:8080", dashboard.replace(/^unix:(.*):$/, "unix/$1")],
    ]);
    await Deno.writeTextFile(`${folder}/Caddyfile`, `{\n  admin off\n}\n${site}`);
    const path = `${folder}/Caddyfile`;
    return [PROGRAMS_EXTRACTED.caddy!, "run", "--config", path, "--adapter", "caddyfile"];
  },
};

/** The first bytes of a page, once there is one. */
async function firstBytes(url: string, deadlineMs = 10_000): Promise<string> {
  const endMs = performance.now() + deadlineMs;
  while (true) {
    const stop = new AbortController();
    try {
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(2000)]);
      const response = await fetch(url, { signal });
      const first = await response.body!.getReader().read();
      const text = new TextDecoder().decode(first.value);
      if (response.status === 200) return text;
      throw new Error(`${response.status} ${text}`);
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      stop.abort();
    }
  }
}

for (const [name, settings] of Object.entries(PROXIES)) {
  packagingTest(
    `${name} before the dashboard, as docs/dashboard.md shows it`,
    [name],
    () =>
      withPlace(async (folder) => {
        const socket = `${folder}/dashboard.sock`;
        const tcp = `127.0.0.1:${freePort()}`;
        for (
          const { listen, dashboard, trusted } of [
            { listen: tcp, dashboard: tcp, trusted: "127.0.0.1" },
            { listen: `unix:${socket}`, dashboard: `unix:${socket}:`, trusted: "unix" },
          ]
        ) {
          const launcher = ["sh", `${BUILT}/work-first/library/launcher.sh`];
          await using frontend = start(
            [
              ...[...launcher, "maglevd-frontend", "--server", "127.0.0.1:1", "--listen", listen],
              ...["--trusted-proxies", trusted],
            ],
            { XDG_CACHE_HOME: folder },
          );
          const port = freePort();
          await using proxy = start(await settings({ folder, port, dashboard }), { HOME: folder });
          const base = `http://127.0.0.1:${port}/maglev`;
          try {
            const page = await firstBytes(`${base}/view/`);
            assert.match(page, /^<!doctype html>/i);
            const [, asset] = /src="\.?\/?([^"]+\.js)"/.exec(page)!;
            await firstBytes(`${base}/view/${asset}`);
            // Comes at once: the proxy does not gather it.
            assert.match(await firstBytes(`${base}/view/api/events`), /^(?:event|data|id|retry|:)/);
          } catch (error) {
            await frontend[Symbol.asyncDispose]();
            await proxy[Symbol.asyncDispose]();
            throw new Error(`${await frontend.errors}\n${await proxy.errors}`, { cause: error });
          }
        }
      }),
  );
}

packagingTest("mandoc has no warning about the man pages", ["mandoc"], async () => {
  const folder = `${ROOT}/docs/man`;
  const pages = [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`);
  assert.equal(pages.length, 4);
  const { code, stdout } = await run(["mandoc", "-T", "lint", "-W", "warning", ...pages]);
  assert.deepEqual([code, stdout], [0, ""]);
});

packagingTest(
  "the unit of docs/user-guide.md is well-formed, and has the commands before it",
  ["systemd-analyze"],
  () =>
    withPlace(async (folder) => {
      const guide = await Deno.readTextFile(`${ROOT}/docs/user-guide.md`);
      const unit = /lb-tunnel\.service > \/dev\/null <<'END'\n([^]*?)^END$/m.exec(guide)![1]!;
      const commands = [...guide.matchAll(/^sudo (ip (?:tunnel|link|address) .*|sysctl .*)$/gm)];
      const starts = [...unit.matchAll(/^ExecStart=\/sbin\/(.*)$/gm)];
      assert.deepEqual(starts.map(([, text]) => text), commands.map(([, text]) => text));
      const path = `${folder}/lb-tunnel.service`;
      await Deno.writeTextFile(path, unit);
      const { code, stderr } = await run(["systemd-analyze", "verify", "--man=no", path]);
      assert.deepEqual([code, stderr], [0, ""]);
    }),
);

packagingTest(
  "the units of docs/policies.md are well-formed",
  ["systemd-analyze"],
  () =>
    withPlace(async (folder) => {
      const text = await blockOf("docs/policies.md", "ini");
      const units = text.split(/^# \/etc\/systemd\/system\/(\S+)\n/m).slice(1);
      assert.equal(units.length, 2);
      const paths: string[] = [];
      for (let i = 0; i < units.length; i += 2) {
        paths.push(`${folder}/${units[i]}`);
        await Deno.writeTextFile(paths.at(-1)!, units[i + 1]!);
      }
      const { code, stderr } = await run(["systemd-analyze", "verify", "--man=no", ...paths]);
      assert.deepEqual([code, stderr], [0, ""]);
    }),
);
