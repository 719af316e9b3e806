/**
 * The reference for a scrape: metrics_reference.go, as many series in Prometheus' own library for
 * Go. It is built with Debian's packages golang-go and golang-github-prometheus-client-golang-dev.
 */
import { type Child, startProgram } from "./child.ts";

/** Where Debian's packages put the sources of libraries. */
const GO_PATH = "/usr/share/gocode";
const LIBRARY = `${GO_PATH}/src/github.com/prometheus/client_golang/prometheus`;

export interface MetricsReference {
  readonly child: Child;
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts it; a reason when it cannot be built here. */
export async function startMetricsReference(
  backends: number,
  probesPerSecond: number,
): Promise<MetricsReference | string> {
  const folder = await Deno.makeTempDir({ prefix: "maglev-bench-" });
  const remove = () => Deno.remove(folder, { recursive: true });
  const problem = await build(folder);
  if (problem !== undefined) {
    await remove();
    return problem;
  }
  const child = startProgram("the reference in Go", {
    argv: [`${folder}/reference`, String(backends), String(Math.round(probesPerSecond))],
  });
  const { port } = await child.next(({ event }) => event === "listening");
  return {
    child,
    url: `http://127.0.0.1:${port}/metrics`,
    async stop() {
      await child.end();
      await remove();
    },
  };
}

/** Builds it into `folder`; a reason when that fails. */
async function build(folder: string): Promise<string | undefined> {
  try {
    await Deno.stat(LIBRARY);
    const { success, stderr } = await new Deno.Command("go", {
      args: ["build", "-o", "reference", new URL("metrics_reference.go", import.meta.url).pathname],
      cwd: folder,
      env: { GO111MODULE: "off", GOPATH: GO_PATH, GOCACHE: `${folder}/cache` },
    }).output();
    return success ? undefined : `go build failed: ${new TextDecoder().decode(stderr)}`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "need Debian's packages golang-go and golang-github-prometheus-client-golang-dev";
  }
}
