/**
 * PURE. The tree of commands. Parsing, `?`, TAB, the help texts, the command list of the manual and
 * the shells' completions are derived from it (parse.ts, complete.ts, help.ts,
 * completion_scripts.ts), so a command that is added here works everywhere.
 */
import type { OptionNode, TreeNode, WordNode } from "./node.ts";
import {
  BEGINNING,
  DRAIN,
  FLEET,
  FLEET_STORE,
  FORCE,
  LAMEDUCK,
  LASTING,
  REASON,
  SCOPE,
  slot,
  word,
} from "./tree_parts.ts";

function showNamed(name: "frontend" | "backend" | "healthcheck"): WordNode {
  const { all, one } = {
    frontend: {
      all: "All frontends, with their state",
      one: "One frontend, with pools and backends",
    },
    backend: { all: "All backends, with their state", one: "One backend, with its transitions" },
    healthcheck: { all: "All health checks", one: "One health check, with all its settings" },
  }[name];
  return word(`${name}s`, all, {
    also: [name],
    run: `show ${name}s`,
    next: [slot(name, one, { slot: name, run: `show ${name}` })],
  });
}

const SHOW_LB: readonly WordNode[] = [
  word("state", "VIPs and servers in VPP; flows: an upper bound", {
    run: "show vpp lb state",
    more: [
      "Flows are an upper bound: the sticky entries that point to the server.",
      "The entry of an ended flow counts until its place is used again.",
      "Packets and bytes are counted by address, over all VIPs, since it has a route.",
    ],
  }),
  word("counters", "Packets of each VIP", { run: "show vpp lb counters" }),
  word("servers", "Packets and bytes that VPP sent to each server", {
    run: "show vpp lb servers",
    more: ["A server counts over all its VIPs, since its address has a route in VPP."],
  }),
];

/** Options of `show history`, after each of its forms. */
const SELECTED: readonly OptionNode[] = [
  {
    word: "since",
    help: "Only from then on, for example 2027-01-31T18:00:00Z",
    value: { slot: "time" },
  },
  {
    word: "num",
    help: "Only this many, the newest; without since 100 are shown",
    value: { slot: "count" },
  },
];

const HISTORY = word("history", "Transitions, actions and other kept events", {
  run: "show history",
  options: SELECTED,
  more: [
    "The server keeps the last 10,000 events, with --state-dir also over restarts.",
    "A name that is no longer configured is accepted.",
  ],
  next: [
    word("backend", "Those of one backend", {
      next: [
        slot("backend", "Name of the backend", {
          slot: "backend",
          run: "show history",
          options: SELECTED,
        }),
      ],
    }),
    word("frontend", "Those of one frontend", {
      next: [
        slot("frontend", "Name of the frontend", {
          slot: "frontend",
          run: "show history",
          options: SELECTED,
        }),
      ],
    }),
  ],
});

const SHOW = word("show", "Look at something", {
  next: [
    word("version", "Versions of maglevc and of the server", { run: "show version" }),
    showNamed("frontend"),
    showNamed("backend"),
    showNamed("healthcheck"),
    word("intents", "Operators' intents, in force and to come", {
      run: "show intents",
      more: ["An intent to come replaces an older one for the same target when it begins."],
    }),
    word("status", "Readiness of the server, with reasons", {
      run: "show status",
    }),
    FLEET,
    HISTORY,
    word("vpp", "VPP, as the server sees it", {
      next: [
        word("info", "VPP's version, process, and since when", { run: "show vpp info" }),
        word("lb", "VPP's load balancer", { next: SHOW_LB }),
      ],
    }),
  ],
});

const SYNC = word("sync", "Bring VPP in line with the configuration and the health", {
  next: [
    word("vpp", "VPP", {
      next: [
        word("lb", "Its load balancer", {
          next: [
            word("state", "Compare and correct now, all VIPs", {
              run: "sync vpp lb state",
              options: [REASON],
              next: [
                slot("frontend", "Only the VIP of this frontend", {
                  slot: "frontend",
                  run: "sync vpp lb state",
                  options: [REASON],
                }),
              ],
            }),
          ],
        }),
      ],
    }),
  ],
});

const EXPLAIN = word("explain", "Why a server has the weight that it has in VPP", {
  next: [
    word("backend", "A backend, in each pool that has it", {
      next: [
        slot("backend", "From its probes to its weight in VPP", {
          slot: "backend",
          run: "explain backend",
          more: [
            "Each link shows the weight after it. The last one shows the weight in VPP.",
            "If that is not the effective weight, it gives the reason, and what corrects it.",
          ],
        }),
      ],
    }),
    word("frontend", "A frontend, with all servers of its pools", {
      next: [
        slot("frontend", "Why each of its servers has its weight", {
          slot: "frontend",
          run: "explain frontend",
        }),
      ],
    }),
  ],
});

/** `set` makes a change, `plan` shows its effect. */
const ACTION_HELP = {
  set: {
    pause: "Stop probing it; no new flows, present ones stay",
    resume: "End a pause; passing checks bring it back",
    enable: "End a disable; passing checks bring it back",
    disable: "Take it out of service; its flows are dropped",
  },
  plan: {
    pause: "Effect of a pause on VPP's traffic",
    resume: "Effect of ending a pause",
    enable: "Effect of ending a disable",
    disable: "Effect of taking it out of service",
  },
} as const;

function backendActions(verb: "set" | "plan"): readonly WordNode[] {
  const action = (name: "pause" | "resume" | "enable" | "disable", ends: boolean) =>
    word(name, ACTION_HELP[verb][name], {
      run: `${verb} backend ${name}`,
      options: verb === "plan"
        ? [...ends ? [REASON] : LASTING, ...SCOPE]
        : ends
        ? [REASON, ...SCOPE]
        : [...LASTING, ...BEGINNING, ...SCOPE, FORCE],
    });
  return [
    action("pause", false),
    action("resume", true),
    action("enable", true),
    action("disable", false),
    ...(verb === "plan"
      ? [
        word("drain", "Effect of a drain while it lasts", {
          run: "plan backend drain",
          options: [REASON, ...SCOPE, FORCE],
        }),
      ]
      : [
        word("clear", "Forgive that it flapped; it may come up", {
          run: "set backend clear",
          options: [REASON],
          more: ["With damping, a server that flaps is held down for a while. This ends it."],
        }),
        word("drain", "Stop new flows; disable or pause it later", {
          run: "set backend drain",
          options: DRAIN,
          more: [
            "Its weight is 0 wherever it is used. Present flows stay until the drain ends.",
            "An enable, resume, pause or disable ends it.",
            "With fleet, site or lb: needs an end (for, until); new flows come back then.",
          ],
        }),
      ]),
  ];
}

const ENDS = [
  "A weight replaces the file's weight until its own end (for, until), until it is",
  "set back (weight file), or until a reload. A reload ends it only when the file",
  "has another weight there (see config reload).",
];

function changes(verb: "set" | "plan"): readonly TreeNode[] {
  const help = verb === "set"
    ? "Give it this weight; 0 takes no new flows"
    : "Effect of this weight; 0 takes no new flows";
  const file = verb === "set" ? "Give it the file's weight back" : "Effect of the file's weight";
  const weights = [
    word("file", file, {
      run: `${verb} weight file`,
      options: [REASON, ...SCOPE],
    }),
    slot("weight", help, {
      slot: "weight",
      run: `${verb} weight`,
      options: verb === "set"
        ? [...LASTING, ...BEGINNING, ...SCOPE, FORCE]
        : [...LASTING, ...SCOPE],
      more: ENDS,
    }),
  ];
  const backend = slot("backend", "A backend of that pool", {
    slot: "pool-backend",
    next: [word("weight", "Its weight in that pool", { next: weights })],
  });
  const pool = slot("pool", "A pool of that frontend", {
    slot: "pool",
    next: [word("backend", "A backend of the pool", { next: [backend] })],
  });
  return [
    word("backend", "A backend, wherever it is used", {
      next: [
        slot("backend", "Name of the backend", { slot: "backend", next: backendActions(verb) }),
      ],
    }),
    word("frontend", "A backend's weight in a pool of a frontend", {
      next: [
        slot("frontend", "Name of the frontend", {
          slot: "frontend",
          next: [word("pool", "A pool of the frontend", { next: [pool] })],
        }),
      ],
    }),
  ];
}

const CONFIG = word("config", "The server's configuration file", {
  next: [
    word("check", "Read the file and list its errors", { run: "config check" }),
    word("plan", "Effect of a reload on VPP's traffic", { run: "config plan" }),
    word("reload", "Read the file and apply it", {
      run: "config reload",
      options: [
        {
          word: "plan",
          help: "Only if it does what `config plan` showed with this hash",
          value: { slot: "hash" },
        },
        REASON,
      ],
      more: [
        "With a plan the reload is refused if anything would differ from what config plan",
        "showed: the file, the running configuration, VPP itself or what it is sent",
        "(operations due to health alone do not count)",
      ],
    }),
  ],
});

const WATCH = word("watch", "Follow events", {
  next: [
    word("events", "Show events, a line each; any key ends it", {
      run: "watch events",
      options: [
        { word: "num", help: "End after this many events", value: { slot: "count" } },
        { word: "log", help: "Log records of the server" },
        {
          word: "level",
          help: "Minimum log level",
          value: { slot: "level" },
          after: "log",
        },
        {
          word: "backend",
          help: "Transitions of backends, or of the one of this name",
          value: { slot: "backend", optional: "Only of this backend" },
        },
        {
          word: "frontend",
          help: "Transitions of frontends, or of the one of this name",
          value: { slot: "frontend", optional: "Only of this frontend" },
        },
      ],
      more: [
        "First comes the present state of everything watched. A transition is shown",
        "once, although the server logs it too. --output json shows every event as it",
        "arrives.",
      ],
    }),
  ],
});

const COMMANDS: readonly WordNode[] = [
  SHOW,
  EXPLAIN,
  word("set", "Change something until further notice", { next: [...changes("set"), LAMEDUCK] }),
  word("cancel", "End an intent before its time", {
    next: [
      word("intent", "An intent in force, or to come", {
        next: [
          slot("id", "Its id, as show intents has it", {
            slot: "id",
            run: "cancel intent",
            options: [REASON],
            more: [
              "One in force ends as by resume, enable or weight file; one to come never begins.",
            ],
          }),
        ],
      }),
    ],
  }),
  word("plan", "Show the effect of a change without making it", { next: changes("plan") }),
  FLEET_STORE,
  SYNC,
  CONFIG,
  WATCH,
  word("completion", "Print the completion for a shell", {
    next: [
      slot("shell", "Print the completion for this shell", { slot: "shell", run: "completion" }),
    ],
  }),
];

const LEAVE: readonly WordNode[] = [
  word("quit", "Leave the shell", { run: "quit" }),
  word("exit", "Leave the shell", { run: "quit" }),
];

/** The words of commands after `help`, without values: `help set backend`. */
function topics(nodes: readonly TreeNode[], above: readonly string[]): readonly WordNode[] {
  return nodes.flatMap((node) => {
    if (node.kind === "slot") return topics(node.next ?? [], above);
    const words = [...above, node.word];
    return [{
      kind: "word",
      word: node.word,
      help: node.help,
      ...(node.also === undefined ? {} : { also: node.also }),
      gives: ["topic", words.join(" ")],
      run: "help",
      next: topics(node.next ?? [], words),
    }];
  });
}

const HELP: WordNode = {
  kind: "word",
  word: "help",
  help: "List all commands, or those with this beginning",
  run: "help",
  nested: "<command>",
  next: topics([...COMMANDS, ...LEAVE], []),
};

export const TREE: readonly TreeNode[] = [...COMMANDS, HELP, ...LEAVE];
