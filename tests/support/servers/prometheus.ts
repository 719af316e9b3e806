/** A Prometheus that scrapes each second, with the rule file, in a folder of its own. */
import { until } from "../judges/until.ts";
import { freePort } from "./free_port.ts";

/** A sample: labels, and the value. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alert that is pending or fires. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export class Prometheus {
  readonly #url: string;
  readonly #child: Deno.ChildProcess;

  private constructor(url: string, child: Deno.ChildProcess) {
    this.#url = url;
    this.#child = child;
  }

  /** Starts `program`, which scrapes `target` (`host:port`) as job maglevd by `rules`. */
  static async start(
    program: string,
    { folder, target, rules }: {
      readonly folder: string;
      readonly target: string;
      readonly rules: string;
    },
  ): Promise<Prometheus> {
    const port = freePort();
    const config = {
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [rules],
      scrape_configs: [{
        job_name: "maglevd",
        static_configs: [{ targets: [target], labels: { fleet: "edge" } }],
      }],
    };
    // YAML takes JSON.
    await Deno.writeTextFile(`${folder}/prometheus.yml`, JSON.stringify(config));
    const child = new Deno.Command(program, {
      args: [
        "--config.file=prometheus.yml",
        `--web.listen-address=127.0.0.1:${port}`,
        "--storage.tsdb.path=data",
        "--log.level=error",
      ],
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`, child);
    await until(() => prometheus.#isReady());
    return prometheus;
  }

  /** The samples of an expression now. */
  async ask(expression: string): Promise<readonly Sample[]> {
    const query = new URLSearchParams({ query: expression });
    const answer = await (await fetch(`${this.#url}/api/v1/query?${query}`)).json();
    if (answer.status !== "success") throw new Error(`${expression}: ${answer.error}`);
    return answer.data.result.map((
      { metric, value }: { metric: Sample["metric"]; value: [number, string] },
    ) => ({ metric, value: Number(value[1]) }));
  }

  /** The alerts that are pending or fire. */
  async alerts(): Promise<readonly ActiveAlert[]> {
    return (await (await fetch(`${this.#url}/api/v1/alerts`)).json()).data.alerts;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.#url}/-/ready`);
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }
}
