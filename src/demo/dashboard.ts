/** The demo's dashboard: a real maglevd-frontend on a free port of 127.0.0.1, with a login. */
import { FrontendProcess, type LogLine } from "./daemon_process.ts";

/** The login of /admin/. It opens nothing but the demo, and only from this host. */
export const DEMO_LOGIN = { user: "demo", password: "demo" } as const;

/** How long the dashboard may take until it listens. */
const START_DEADLINE_MS = 10_000;

/** A dashboard that listens; or the reason why it does not, and the demo goes on without it. */
export type Dashboard =
  | {
    readonly kind: "ok";
    /** `http://127.0.0.1:PORT/` */
    readonly url: string;
    readonly process: FrontendProcess;
  }
  | { readonly kind: "absent"; readonly reason: string };

/** Starts it on the maglevd whose gRPC is at `server`, and waits until it listens. */
export async function startDashboard(
  { server, onLine }: { readonly server: string; readonly onLine: (line: LogLine) => void },
): Promise<Dashboard> {
  const listening = Promise.withResolvers<string>();
  let warning = "";
  const process = new FrontendProcess({
    server: `demo=${server}`,
    env: {
      MAGLEV_FRONTEND_USER: DEMO_LOGIN.user,
      MAGLEV_FRONTEND_PASSWORD: DEMO_LOGIN.password,
    },
    onLine(line) {
      if (line.msg === "dashboard-warning") warning = String(line.message);
      if (line.msg === "dashboard-listen") listening.resolve(String(line.address));
      onLine(line);
    },
  });
  const timer = setTimeout(() => listening.resolve(""), START_DEADLINE_MS);
  const address = await Promise.race([listening.promise, process.ended.then(() => "")]);
  clearTimeout(timer);
  if (address === "" || warning !== "") {
    const reason = warning || process.errors.trim() || "it did not start in time";
    await process.stop();
    return { kind: "absent", reason };
  }
  return { kind: "ok", url: `http://${address}/`, process };
}
