/** PURE. Exit statuses of the programs: the table of docs/running.md, and a section of each man page. */

/** Name of a program that is installed. */
export type ProgramName = "maglevd" | "maglevd-frontend" | "maglevc" | "maglevt";

export interface ExitCode {
  readonly status: number;
  readonly when: string;
}

export const EXIT_CODES: Readonly<Record<ProgramName, readonly ExitCode[]>> = {
  "maglevd": [
    { status: 0, when: "stopped by SIGTERM or SIGINT; with --check: the file is valid" },
    {
      status: 1,
      when: "cannot start, the file cannot be parsed, an internal error, or a second SIGTERM or " +
        "SIGINT during the stop",
    },
    {
      status: 2,
      when: "the command line is invalid, or the file can be parsed and is inconsistent",
    },
  ],
  "maglevd-frontend": [
    { status: 0, when: "stopped by SIGTERM or SIGINT" },
    { status: 1, when: "cannot start, or a second SIGTERM or SIGINT during the stop" },
    { status: 2, when: "the command line is invalid" },
  ],
  "maglevc": [
    { status: 0, when: "done" },
    {
      status: 1,
      when: "a server refused, or is not reachable; config check, plan or reload found " +
        "errors; a sync failed in part; the output cannot be written",
    },
    {
      status: 2,
      when: "the command is invalid: an unknown word or flag, an invalid value, an incomplete line",
    },
    {
      status: 4,
      when:
        "show fleet: the load balancers differ; drain with fleet, site or lb and wait: not all of " +
        "them are drained",
    },
    { status: 129, when: "SIGHUP" },
    { status: 130, when: "Ctrl-C, except in watch events" },
    { status: 141, when: "the reader of the output closed it early, as with | head -1" },
    { status: 143, when: "SIGTERM" },
  ],
  "maglevt": [
    { status: 0, when: "ended, and no rule was broken" },
    { status: 1, when: "the configuration cannot be read, or holds nothing to probe" },
    { status: 2, when: "the command line is invalid" },
    { status: 3, when: "a rule was broken: --max-outage, --max-p99 or --min-ok" },
    { status: 129, when: "SIGHUP while the screen is shown" },
    { status: 143, when: "SIGTERM while the screen is shown" },
  ],
};
