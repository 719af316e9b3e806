/** PURE. Parts of the tree of commands: options that several commands share, and its nodes. */
import type { CommandName, OptionNode, SlotNode, TreeNode, WordNode } from "./node.ts";

/** Why a change is made. */
export const REASON: OptionNode = {
  word: "reason",
  help: "Reason, for the log and for colleagues",
  value: { slot: "text" },
};

/** Options of an intent, which lasts. */
export const LASTING: readonly OptionNode[] = [
  REASON,
  {
    word: "for",
    help: "How long, for example 30m or 3d4h; then it ends",
    value: { slot: "duration" },
    excludes: ["until"],
  },
  {
    word: "until",
    help: "When it ends, for example 2027-01-31T18:00:00Z",
    value: { slot: "time" },
    excludes: ["for"],
  },
];

/** The beginning of an intent. */
export const BEGINNING: readonly OptionNode[] = [
  {
    word: "in",
    help: "Begin after this time, for example 2h",
    value: { slot: "duration" },
    excludes: ["from"],
  },
  {
    word: "from",
    help: "Begin then, for example 2027-01-31T16:00:00Z",
    value: { slot: "time" },
    excludes: ["in"],
  },
];

/** For a drain that takes the last server. */
export const FORCE: OptionNode = {
  word: "force",
  help: "Also when it is the last server with a weight",
};

/** The load balancers of an action; without it the server alone. */
export const SCOPE: readonly OptionNode[] = [
  { word: "fleet", help: "Of all load balancers of the fleet", excludes: ["site", "lb"] },
  {
    word: "site",
    help: "Of all load balancers of this site",
    value: { slot: "site" },
    excludes: ["fleet", "lb"],
  },
  {
    word: "lb",
    help: "Of this load balancer of the fleet",
    value: { slot: "lb" },
    excludes: ["fleet", "site"],
  },
];

/** Options of a drain. */
export const DRAIN: readonly OptionNode[] = [
  REASON,
  ...BEGINNING,
  {
    word: "for",
    help: "How long at most; left out: five times VPP's flow timeout",
    value: { slot: "duration" },
    excludes: ["until"],
  },
  {
    word: "until",
    help: "With fleet, site or lb: when it ends",
    value: { slot: "time" },
    excludes: ["for"],
  },
  { word: "then", help: "What follows; left out: disable", value: { slot: "then" } },
  FORCE,
  ...SCOPE,
  { word: "wait", help: "Wait for its end, with progress" },
  {
    word: "ignore",
    help: "Do not wait for these load balancers: a,b",
    value: { slot: "text" },
    after: "wait",
  },
];

interface Rest {
  readonly run?: CommandName;
  readonly next?: readonly TreeNode[];
  readonly options?: readonly OptionNode[];
  readonly also?: readonly string[];
  readonly more?: readonly string[];
}

/** A fixed word. */
export function word(text: string, help: string, rest: Rest): WordNode {
  return { kind: "word", word: text, help, ...rest };
}

/** A value. */
export function slot(name: string, help: string, rest: Rest & Pick<SlotNode, "slot">): SlotNode {
  return { kind: "slot", name, help, ...rest };
}

/** `fleet`, after `show`. */
export const FLEET = word("fleet", "All servers of --server, compared", {
  run: "show fleet",
  more: [
    "Load balancers with equal letters have equal tables: they send each flow to the",
    "same server. Exit status: 0 all agree; 4 they differ; 1 one was not compared.",
  ],
  next: [
    word("differences", "Each difference: cause, since when, buckets", {
      run: "show fleet differences",
      more: [
        "config: the files differ. intent: an operator changed some of them only.",
        "health: they see servers differently. vpp: VPP does not have what it should.",
        "Buckets are those of the VIP's table that send new flows to another server.",
      ],
    }),
    word("votes", "Servers that are not up on all of them", { run: "show fleet votes" }),
    word("reshuffle", "Flows that break when one of them leaves", {
      run: "show fleet reshuffle",
      more: [
        "Routers spread the flows of one that leaves over the others, which send each to",
        "the server of their own tables of now. BREAK: flows aged between OVER and UNDER.",
        "Exit status: 0; 1 one was not asked.",
      ],
    }),
    word("intents", "The store, shared intents, load balancers", {
      run: "show fleet intents",
      more: ["Of one server with --fleet-store. A guard holds what would empty a frontend."],
    }),
  ],
});

/** `rollout`, after `fleet`. */
const ROLLOUT = word("rollout", "Put a file in force, wave by wave", {
  next: [
    word("next", "Open the next wave", {
      run: "fleet rollout next",
      options: [
        REASON,
        { word: "force", help: "Also when a load balancer is away or not well" },
      ],
    }),
    word("stop", "Open no further wave", {
      run: "fleet rollout stop",
      options: [REASON],
      more: ["Load balancers that have the file in force keep it."],
    }),
    word("revert", "Put the former file back where it was replaced", {
      run: "fleet rollout revert",
      options: [REASON],
      more: [
        "Each one puts the file in force that it had before, from its state directory.",
        "The file on disk stays: replace it too, before the next restart or reload.",
      ],
    }),
    slot("hash", "SHA-256 of the file (sha256sum)", {
      slot: "hash",
      next: [
        word("waves", "The order of load balancers", {
          next: [
            slot("waves", "Begin with the first one: lb1/site=ams/rest", {
              slot: "waves",
              run: "fleet rollout",
              options: [
                REASON,
                {
                  word: "bake",
                  help: "Open the next wave after so long without a problem",
                  value: { slot: "duration" },
                },
                {
                  word: "moves",
                  help: "Percent of a VIP's new flows that may move; left out: 30",
                  value: { slot: "weight" },
                },
                {
                  word: "removes",
                  help: "Most VIPs that may be removed; left out: none",
                  value: { slot: "count" },
                },
              ],
              more: [
                "The file comes by other means. In its wave each load balancer reloads when its",
                "file has this hash, and its own plan is within what may move and be removed;",
                "otherwise the rollout stops, and nothing is undone (see show fleet).",
              ],
            }),
          ],
        }),
      ],
    }),
  ],
});

/** `fleet`: the store of shared intents. */
export const FLEET_STORE = word("fleet", "The store that load balancers share", {
  next: [
    ROLLOUT,
    word("adopt", "Make an intent of this server the fleet's", {
      next: [
        slot("id", "Its id, as show intents has it", {
          slot: "id",
          run: "fleet adopt",
          options: [REASON, ...SCOPE],
        }),
      ],
    }),
    word("restore", "Write this server's intents into the store", {
      run: "fleet restore",
      options: [REASON],
      more: ["For a store that was wiped, or restored from an older backup."],
    }),
    word("forget", "Take the store's intents as they are", {
      run: "fleet forget",
      options: [REASON],
      more: ["What this server has in force, and the store does not, ends."],
    }),
  ],
});

/** `lameduck`, after `set`. */
export const LAMEDUCK = word("lameduck", "Withdraw all prefixes of this load balancer", {
  next: [
    word("on", "Withdraw them and keep them out", {
      run: "set lameduck on",
      options: LASTING,
      more: [
        "Needs maglev.announce. VPP is left as it is, so present flows go on.",
      ],
    }),
    word("off", "Announce those that can serve again", {
      run: "set lameduck off",
      options: [REASON],
    }),
  ],
});
