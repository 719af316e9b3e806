/**
 * The programs: what they are started with, and where packages put them. A further program is one
 * line here, its flags and its entry of src/system/launch/permissions.ts.
 */
import { MAGLEVC_FLAGS } from "../../src/cli/flags.ts";
import { MAGLEVD_FLAGS } from "../../src/daemon/flags.ts";
import { FRONTEND_FLAGS } from "../../src/dashboard/flags.ts";
import type { LauncherProgram } from "../../src/system/launch/launcher_table.ts";
import { FRONTEND, MAGLEVC, MAGLEVD, MAGLEVT } from "../../src/system/launch/permissions.ts";
import { MAGLEVT_FLAGS } from "../../src/tester/flags.ts";

/** Debian packages that hold programs. */
export type ProgramPackage = "vpp-maglevd" | "vpp-maglev";

/** A program of a release. */
export interface ReleasedProgram extends LauncherProgram {
  readonly package: ProgramPackage;
  /** Folder below /usr. */
  readonly folder: "sbin" | "bin";
  /** Section of its man page. */
  readonly section: 1 | 8;
  /** It runs without a terminal, so a hang-up must not end it. */
  readonly daemon: boolean;
}

const SERVER = { package: "vpp-maglevd", folder: "sbin", section: 8, daemon: true } as const;
const CLIENT = { package: "vpp-maglev", folder: "bin", section: 1, daemon: false } as const;

export const PROGRAMS: readonly ReleasedProgram[] = [
  { program: MAGLEVD, flags: MAGLEVD_FLAGS, ...SERVER },
  { program: MAGLEVC, flags: MAGLEVC_FLAGS, ...CLIENT },
  { program: FRONTEND, flags: FRONTEND_FLAGS, ...SERVER },
  { program: MAGLEVT, flags: MAGLEVT_FLAGS, ...CLIENT },
];
