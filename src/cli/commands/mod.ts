/** All commands that send a request to a server. */
import type { Command } from "./command.ts";
import type { CommandName } from "../language/node.ts";
import { configCheck, configPlan, configReload } from "./config.ts";
import { explainBackend, explainFrontend } from "./explain.ts";
import { adoptIntent, fleetStore, showFleetIntents, startRollout, stepRollout } from "./fleet.ts";
import { planBackend, planWeight, planWeightFile } from "./plan.ts";
import {
  clearBackend,
  drainBackend,
  setBackend,
  setLameduck,
  setWeight,
  setWeightFile,
} from "./set.ts";
import { showBackend, showBackends } from "./show/backends.ts";
import { showVppLbCounters, showVppLbServers } from "./show/counters.ts";
import { showFrontend, showFrontends } from "./show/frontends.ts";
import { showHealthcheck, showHealthchecks } from "./show/healthchecks.ts";
import { showHistory } from "./show/history.ts";
import { cancelIntent, showIntents } from "./show/intents.ts";
import { showStatus } from "./show/status.ts";
import { showVersion } from "./show/version.ts";
import { showVppInfo, showVppLbState } from "./show/vpp.ts";
import { syncVpp } from "./sync.ts";

/** Commands that are not one request and its answer. */
export type OtherCommand =
  | "watch events"
  | "show fleet"
  | "show fleet differences"
  | "show fleet votes"
  | "show fleet reshuffle"
  | "completion"
  | "help"
  | "quit";

/** All the others, by name. */
export const COMMANDS: Readonly<Record<Exclude<CommandName, OtherCommand>, Command>> = {
  "show version": showVersion,
  "show frontends": showFrontends,
  "show frontend": showFrontend,
  "show backends": showBackends,
  "show backend": showBackend,
  "show healthchecks": showHealthchecks,
  "show healthcheck": showHealthcheck,
  "show status": showStatus,
  "show intents": showIntents,
  "cancel intent": cancelIntent,
  "show fleet intents": showFleetIntents,
  "fleet adopt": adoptIntent,
  "fleet restore": fleetStore("RestoreFleet"),
  "fleet forget": fleetStore("ForgetFleet"),
  "fleet rollout": startRollout,
  "fleet rollout next": stepRollout("next"),
  "fleet rollout stop": stepRollout("stop"),
  "fleet rollout revert": stepRollout("revert"),
  "show vpp info": showVppInfo,
  "show vpp lb state": showVppLbState,
  "show vpp lb counters": showVppLbCounters,
  "show vpp lb servers": showVppLbServers,
  "sync vpp lb state": syncVpp,
  "set backend pause": setBackend("pause"),
  "set backend resume": setBackend("resume"),
  "set backend enable": setBackend("enable"),
  "set backend disable": setBackend("disable"),
  "set backend clear": clearBackend,
  "set backend drain": drainBackend,
  "set lameduck on": setLameduck(true),
  "set lameduck off": setLameduck(false),
  "set weight": setWeight,
  "set weight file": setWeightFile,
  "plan backend pause": planBackend("pause"),
  "plan backend resume": planBackend("resume"),
  "plan backend enable": planBackend("enable"),
  "plan backend disable": planBackend("disable"),
  "plan backend drain": planBackend("drain"),
  "plan weight": planWeight,
  "plan weight file": planWeightFile,
  "explain backend": explainBackend,
  "explain frontend": explainFrontend,
  "show history": showHistory,
  "config check": configCheck,
  "config plan": configPlan,
  "config reload": configReload,
};
