/** A minimal prober, limit.c: without states and reports. */
import { neededProgram } from "../shared_program.ts";
import { type Checker, spawn } from "./checker.ts";

export const LIMIT: Checker = {
  name: "limit",
  states: false,
  kinds: ["tcp", "http"],
  versionCommand: ["cc", "--version"],
  async start(task) {
    const { targets, port, kind, intervalMs, timeoutMs, cpu } = task;
    const values = ["-n", targets, "-p", port, "-k", kind, "-i", intervalMs, "-t", timeoutMs];
    return spawn([await neededProgram("limit"), ...values.map(String)], { cpu });
  },
};
