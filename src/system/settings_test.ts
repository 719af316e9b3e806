import assert from "node:assert/strict";
import { type FlagTable, readSettings, usage } from "./settings.ts";

const TABLE = {
  config: {
    kind: "string",
    default: "/etc/x.yaml",
    env: "X_CONFIG",
    placeholder: "PATH",
    help: "f",
  },
  "log-level": {
    kind: "string",
    default: "info",
    env: "X_LOG_LEVEL",
    choices: ["debug", "info"],
    help: "l",
  },
  workers: { kind: "integer", default: 1, env: "X_WORKERS", min: 1, max: 64, help: "w" },
  reflection: { kind: "boolean", default: true, env: "X_REFLECTION", help: "r" },
  check: { kind: "boolean", default: false, help: "c" },
  server: {
    kind: "string",
    default: "",
    env: "X_SERVER",
    olderEnv: ["X_HOST", "OLD_HOST"],
    help: "s",
  },
  age: { kind: "duration", default: 86_400_000, env: "X_AGE", min: 1000, help: "a" },
} as const satisfies FlagTable;

function read(args: string[], env: Record<string, string> = {}) {
  return readSettings(TABLE, { args, env: (name) => env[name] });
}

const GOOD: [string, string[], Record<string, string>, Record<string, unknown>][] = [
  ["nothing given: the defaults", [], {}, {
    config: "/etc/x.yaml",
    "log-level": "info",
    workers: 1,
    reflection: true,
    check: false,
    server: "",
    age: 86_400_000,
  }],
  ["a duration", ["--age", "1h30m"], { X_AGE: "5s" }, { age: 5_400_000 }],
  ["one dash, value behind", ["-config", "a"], {}, { config: "a" }],
  ["two dashes, value behind", ["--config", "a"], {}, { config: "a" }],
  ["one dash, equals sign", ["-config=a=b"], {}, { config: "a=b" }],
  ["two dashes, equals sign", ["--log-level=debug"], {}, { "log-level": "debug" }],
  ["the last of two wins", ["--config", "a", "--config=b"], {}, { config: "b" }],
  ["flag beats environment", ["--workers", "3"], { X_WORKERS: "5" }, { workers: 3 }],
  ["environment beats default", [], { X_WORKERS: "5", X_REFLECTION: "0" }, {
    workers: 5,
    reflection: false,
  }],
  ["an older name counts while the newer ones are not set", [], { OLD_HOST: "a" }, { server: "a" }],
  ["the newest name that is set wins", [], { OLD_HOST: "a", X_HOST: "b" }, { server: "b" }],
  ["an empty newer name counts", [], { OLD_HOST: "a", X_SERVER: "" }, { server: "" }],
  ["an empty variable counts", [], { X_CONFIG: "" }, { config: "" }],
  ["an empty flag counts", ["--config", ""], { X_CONFIG: "z" }, { config: "" }],
  ["a switch alone, and one switched off", ["-check", "--reflection=false"], {}, {
    check: true,
    reflection: false,
  }],
];

Deno.test("readSettings() takes flag before environment before default", async (t) => {
  for (const [name, args, env, expected] of GOOD) {
    await t.step(name, () => {
      const result = read(args, env);
      assert.equal(result.kind, "ok");
      if (result.kind !== "ok") return;
      const settings: Record<string, unknown> = result.settings;
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(settings[key], value);
    });
  }
});

const BAD: [string, string[], Record<string, string>, RegExp][] = [
  [
    "an unknown flag names the nearest",
    ["--confg", "a"],
    {},
    /^unknown flag --confg; did you mean --config\?$/,
  ],
  ["an unknown flag like nothing", ["--zzzzzz"], {}, /^unknown flag --zzzzzz; see --help$/],
  ["a name of Object's prototype is unknown too", ["--toString"], {}, /^unknown flag --toString/],
  ["a missing value", ["--config"], {}, /^flag --config needs a value: a path$/],
  ["a flag where a value should be", ["--config", "--check"], {}, /^flag --config needs a value/],
  [
    "a choice that is none",
    ["--log-level=loud"],
    {},
    /^flag --log-level: cannot use "loud": need one of debug, info$/,
  ],
  ["a number out of range", ["--workers=0"], {}, /need a whole number from 1 to 64$/],
  ["a number that is none", ["--workers=2x"], {}, /cannot use "2x"/],
  [
    "a bad variable names the variable",
    [],
    { X_WORKERS: "many" },
    /^environment variable X_WORKERS: cannot use "many"/,
  ],
  ["an empty number in the environment", [], { X_WORKERS: "" }, /X_WORKERS: cannot use ""/],
  ["a positional argument", ["start"], {}, /^unexpected argument "start"/],
  [
    "a duration that is too short",
    ["--age=999ms"],
    {},
    /^flag --age: cannot use "999ms": need a duration such as 90s or 720h, at least 1s$/,
  ],
  ["a duration without a unit", [], { X_AGE: "30" }, /X_AGE: cannot use "30": need a duration/],
  ["a bad switch", ["--check=maybe"], {}, /need true or false$/],
];

Deno.test("readSettings() explains invalid input", async (t) => {
  for (const [name, args, env, expected] of BAD) {
    await t.step(name, () => {
      const result = read(args, env);
      assert.equal(result.kind, "error");
      if (result.kind === "error") assert.match(result.message, expected);
    });
  }
});

Deno.test("readSettings() accepts words among the flags on request", async (t) => {
  const cases: [string, string[], string[]][] = [
    ["before, between and behind", ["show", "--config", "a", "x", "-check", "y"], [
      "show",
      "x",
      "y",
    ]],
    ["a switch takes no word", ["--check", "show"], ["show"]],
    ["behind -- all are words", ["a", "--", "--config", "-x", "--"], ["a", "--config", "-x", "--"]],
    ["a negative number is a word", ["weight", "-5", "-11", "-1.5", "7"], [
      "weight",
      "-5",
      "-11",
      "-1.5",
      "7",
    ]],
    ["an empty word is one", [""], [""]],
  ];
  for (const [name, args, expected] of cases) {
    await t.step(name, () => {
      const result = readSettings(TABLE, { args, env: () => undefined, positionals: true });
      assert.equal(result.kind, "ok");
      if (result.kind === "ok") assert.deepEqual(result.positionals, expected);
    });
  }
});

Deno.test("readSettings() returns the flags that were given", () => {
  const result = read(["--check=false"], { X_CONFIG: "" });
  assert.equal(result.kind, "ok");
  if (result.kind === "ok") assert.deepEqual([...result.given].sort(), ["check", "config"]);
});

Deno.test("a hidden flag is accepted, and neither listed nor suggested", () => {
  const table = { ...TABLE, secret: { kind: "boolean", default: false, help: "s", hidden: true } };
  const hidden = table as FlagTable;
  const result = readSettings(hidden, { args: ["--secret"], env: () => undefined });
  assert.equal(result.kind === "ok" && result.settings.secret, true);
  assert.doesNotMatch(usage(hidden, "x"), /secret/);
  const wrong = readSettings(hidden, { args: ["--secre"], env: () => undefined });
  assert.equal(wrong.kind === "error" && wrong.message, "unknown flag --secre; see --help");
});

Deno.test("usage() lists every flag with its variable and default", () => {
  const text = usage(TABLE, "maglevx: does x");
  assert.match(text, /^maglevx: does x\n/);
  for (const [name, spec] of Object.entries(TABLE)) {
    assert.ok(text.includes(`--${name}`), name);
    if ("env" in spec) assert.ok(text.includes(spec.env), name);
  }
  assert.match(text, /--config PATH +f \(env X_CONFIG, default \/etc\/x\.yaml\)/);
  assert.match(text, /--age VALUE +a \(env X_AGE, default 24h\)/);
});

Deno.test("readSettings() accepts -h and --h as help, like Go's flag package", () => {
  const table = { help: { kind: "boolean", default: false, help: "x" } } as const;
  for (const flag of ["-h", "--h", "-help", "--help"]) {
    const read = readSettings(table, { args: [flag], env: () => undefined });
    assert.ok(read.kind === "ok" && read.settings.help, flag);
  }
  const words = readSettings(table, {
    args: ["--", "-h"],
    env: () => undefined,
    positionals: true,
  });
  assert.ok(words.kind === "ok" && !words.settings.help);
});

Deno.test("readSettings() accepts a level in any case, from a flag and from the environment", () => {
  const table = {
    level: {
      kind: "string",
      default: "info",
      env: "LEVEL",
      choices: ["info", "debug"],
      anyCase: true,
      help: "x",
    },
    form: { kind: "string", default: "a", choices: ["a"], help: "x" },
  } as const;
  const level = (args: string[], env?: string) => {
    const read = readSettings(table, { args, env: () => env });
    return read.kind === "ok" ? read.settings.level : read.message;
  };
  assert.equal(level(["--level", "DEBUG"]), "debug");
  assert.equal(level(["--level=Info"]), "info");
  assert.equal(level([], "DEBUG"), "debug");
  assert.match(level(["--level", "LOUD"]), /need one of info, debug/);
  assert.match(level(["--form", "A"]), /flag --form/);
});
