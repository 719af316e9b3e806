/** All bugs, which are planted one at a time. */
import { DAEMON_MUTATIONS } from "./daemon_mutations.ts";
import { HEALTH_MUTATIONS } from "./health_mutations.ts";
import type { Mutation } from "./mutation.ts";
import { VPP_MUTATIONS } from "./vpp_mutations.ts";

export const MUTATIONS: readonly Mutation[] = [
  ...DAEMON_MUTATIONS,
  ...VPP_MUTATIONS,
  ...HEALTH_MUTATIONS,
];
