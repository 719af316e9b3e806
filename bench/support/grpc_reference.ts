/**
 * The reference for maglevd's gRPC server (grpc_reference.cjs): the same library on Node, where
 * that is installed.
 */
import { type Child, startProgram } from "./child.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

export interface GrpcReference {
  readonly child: Child;
  readonly address: string;
  /** Version of Node. */
  readonly version: string;
  stop(): Promise<void>;
}

/**
 * Starts it; undefined without Node. `answer`: bytes of GetBackend's response.
 */
export async function startGrpcReference(answer: Uint8Array): Promise<GrpcReference | undefined> {
  const version = await nodeVersion();
  if (version === undefined) return undefined;
  const folder = await modulesForNode();
  const hex = Array.from(answer, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const child = startProgram("the reference on Node", {
    argv: ["node", `${ROOT}bench/support/grpc_reference.cjs`, `${ROOT}proto/maglev.proto`, hex],
    env: { NODE_PATH: `${folder}/node_modules` },
  });
  const { port } = await child.next(({ event }) => event === "listening");
  return {
    child,
    address: `127.0.0.1:${port}`,
    version,
    async stop() {
      await child.end();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function nodeVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A new folder with the modules of deno.json for Node, out of Deno's own store. */
async function modulesForNode(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-node-" });
  // The lock file counts the members of the workspace too.
  const member = "src/dashboard/web";
  await Deno.mkdir(`${folder}/${member}`, { recursive: true });
  for (const name of ["deno.json", "deno.lock", `${member}/deno.json`]) {
    await Deno.copyFile(`${ROOT}${name}`, `${folder}/${name}`);
  }
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--frozen", "--cached-only", "-q", "--node-modules-dir=auto"],
    cwd: folder,
  }).output();
  if (success) return folder;
  await Deno.remove(folder, { recursive: true });
  throw new Error(`cannot lay out modules for Node: ${new TextDecoder().decode(stderr)}`);
}
