import { deepEqual, equal, ok } from "node:assert/strict";
import { candidates, complete } from "./complete.ts";
import type { Args, SlotKind } from "./node.ts";

function words(line: string): readonly string[] {
  return line.split(" ").filter((word) => word !== "");
}

function knowing(...names: readonly string[]) {
  return () => Promise.resolve(names);
}

async function offered(line: string, partial: string, ...names: readonly string[]) {
  return (await complete(words(line), partial, knowing(...names))).map(({ text }) => text);
}

Deno.test("complete() offers words and live names with the typed beginning, sorted, each once, with help", async () => {
  deepEqual(await complete(words("sh ba"), "n", knowing("nginx1", "web", "nginx0", "nginx1")), [
    { text: "nginx0", help: "One backend, with its transitions" },
    { text: "nginx1", help: "One backend, with its transitions" },
  ]);
  deepEqual(await offered("", "s"), ["set", "show", "sync"]);
  deepEqual(await offered("sync vpp lb state", "r", "re", "web", "reason"), ["re", "reason"]);
  deepEqual(await offered("show vpp lb state", ""), []);
  deepEqual(await offered("show nonsense", ""), []);
});

Deno.test("complete() offers closed sets of values, but not open ones", async () => {
  deepEqual(await offered("completion", ""), ["bash", "fish", "zsh"]);
  deepEqual(await offered("watch events log level", "e"), ["error"]);
  for (
    const line of ["set f a p b b c w 5 for", "watch e num", "set b a p for", "set b a p reason"]
  ) {
    deepEqual(await offered(line, "", "name"), [], line);
  }
});

Deno.test("complete() offers words and names next to an open value", async () => {
  deepEqual(await offered("set f a p b b c w", "", "name"), ["file"]);
  deepEqual(await offered("watch events backend", "", "web1", "web2"), [
    "frontend",
    "log",
    "num",
    "web1",
    "web2",
  ]);
  deepEqual(await offered("watch events backend web1", "", "web1"), ["frontend", "log", "num"]);
  deepEqual(await offered("help set", "b", "name"), ["backend"]);
});

Deno.test("complete() does not offer options that were given, or that another excludes", async () => {
  deepEqual(await offered("set lameduck on", ""), ["for", "reason", "until"]);
  deepEqual(await offered("set b a pause for 1h", ""), [
    "fleet",
    "force",
    "from",
    "in",
    "lb",
    "reason",
    "site",
  ]);
  const all = "set b a pause in 1h reason x until 2027-01-31T18:00:00Z site ams force";
  deepEqual(await offered(all, ""), []);
  deepEqual(await offered("watch events", ""), ["backend", "frontend", "log", "num"]);
  deepEqual(await offered("watch events log num 1", ""), ["backend", "frontend", "level"]);
});

Deno.test("complete() offers names according to the words typed so far", async () => {
  const asked: (readonly [SlotKind, Args])[] = [];
  const names = (slot: SlotKind, args: Args) => {
    asked.push([slot, args]);
    return Promise.resolve(["blue"]);
  };
  await complete(words("set f web p"), "b", names);
  await complete(words("set f web p blue b"), "", names);
  await complete(words("show healthchecks"), "", names);
  deepEqual(asked, [
    ["pool", { frontend: "web" }],
    ["pool-backend", { frontend: "web", pool: "blue" }],
    ["healthcheck", {}],
  ]);
});

Deno.test("complete() does not request names where only words or other values fit", async () => {
  let asked = 0;
  const names = () => {
    asked++;
    return Promise.resolve(["x"]);
  };
  for (const line of ["", "show", "completion", "set b a", "nonsense", "set f a p b b c w"]) {
    await complete(words(line), "", names);
  }
  equal(asked, 0);
});

Deno.test("complete() offers no names from a server that is away, or whose answer is invalid", async () => {
  const away = () => Promise.reject(new Error("no server"));
  const broken = () => {
    throw new Error("broken");
  };
  const nonsense = () => Promise.resolve([1, null, { name: "x" }] as unknown as string[]);
  const nothing = () => Promise.resolve(undefined as unknown as string[]);
  for (const names of [away, broken, nonsense, nothing]) {
    deepEqual(await complete(["show", "backends"], "", names), []);
    deepEqual((await complete(words("sync vpp lb state"), "", names)).length, 1);
  }
});

Deno.test("complete() leaves out invalid names, and bounds their number", async () => {
  const bad = ["a b", "a\nb", "a\x1b[2J", "", "a".repeat(129), "a\u202eb"];
  deepEqual(await offered("show backends", "", ...bad, "a"), ["a"]);
  const many = Array.from({ length: 30_000 }, (_, i) => `b${i}`);
  equal((await offered("show backends", "", ...many)).length, 20_000);
  const names = ["__proto__", "constructor", "toString"];
  deepEqual(await offered("show backends", "", ...names), [...names].sort());
});

Deno.test("candidates() returns the values that may stand there, for the source of names", () => {
  deepEqual(candidates(words("set backend"), "x"), {
    words: [],
    slots: [{ slot: "backend", name: "backend", help: "Name of the backend", args: {} }],
  });
  const { slots } = candidates(words("set b a pause for"), "");
  deepEqual(slots.map(({ slot, name, args }) => ({ slot, name, args })), [
    { slot: "duration", name: "for", args: { backend: "a" } },
  ]);
  ok(candidates(["show"], "v").words.every(({ text }) => text.startsWith("v")));
});
