/**
 * The deno program of a release: its machine, and the versions that are compiled into it. They are
 * read from its bytes, because a program for another machine cannot be started here.
 */

/** The version that the project is tested with; README and Makefile name it too. */
export const DENO_VERSION = "2.9.6";
/** V8's version in it, as `deno --version` prints it. debian/licences/v8 is its licence. */
export const V8_VERSION = "15.0.245.2";

/** Machine of a release, as Debian names it. */
export type Architecture = "amd64" | "arm64";

/** ELF's e_machine of each. */
const MACHINES: Readonly<Record<Architecture, number>> = { amd64: 62, arm64: 183 };

/** The machine that the program at `path` was made for; throws for another one. */
export async function architectureOf(path: string): Promise<Architecture> {
  using file = await Deno.open(path);
  const head = new Uint8Array(20);
  await file.read(head);
  const machine = new DataView(head.buffer).getUint16(18, true);
  for (const [name, known] of Object.entries(MACHINES)) {
    if (known === machine && head[0] === 0x7f) return name as Architecture;
  }
  throw new Error(`cannot package ${path}: neither a program for amd64 nor for arm64`);
}

/** Throws unless `path` is a deno program of the pinned versions. */
export async function requirePinned(path: string): Promise<void> {
  const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
  const deno = /Deno\/(\d+\.\d+\.\d+)\+[0-9a-f]{7}/.exec(text)?.[1];
  const v8 = /(\d+\.\d+\.\d+\.\d+)-rusty/.exec(text)?.[1];
  if (deno === undefined || v8 === undefined) {
    throw new Error(`cannot package ${path}: not a deno program; expected Deno ${DENO_VERSION}`);
  }
  if (deno === DENO_VERSION && v8 === V8_VERSION) return;
  throw new Error(
    `cannot package ${path}: Deno ${deno} with V8 ${v8}; expected ${DENO_VERSION} with V8 ` +
      `${V8_VERSION}; start by \`npx -y deno@${DENO_VERSION} task …\`, or name one with --deno`,
  );
}
