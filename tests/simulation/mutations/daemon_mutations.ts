/** Bugs of intents, plans, files, events and explanations. */
import type { Mutation } from "./mutation.ts";

export const DAEMON_MUTATIONS: readonly Mutation[] = [
  {
    name: "an intent is acknowledged before the disk has it",
    file: "src/intent/disk_store.ts",
    from: "return this.#inTime(this.#writes.run(undefined));",
    to: 'void this.#writes.run(undefined); return Promise.resolve({ kind: "stored" });',
  },
  {
    name: "a failed write of intents counts as done",
    file: "src/intent/disk_store.ts",
    from: "return this.#failed(MaglevError.from(error).message);",
    to: "void error;",
  },
  {
    name: "the folder is not synced after the rename",
    file: "src/system/state_file.ts",
    from: "      throw error;\n    }\n    await io.sync();",
    to: "      throw error;\n    }",
  },
  {
    name: "intents are written without a temporary file",
    file: "src/system/state_file.ts",
    from: "const temporary = `${name}.new`;",
    to: "const temporary = name;",
  },
  {
    name: "the end of an intent is not noticed",
    file: "src/intent/expiry.ts",
    from: "if (ended.length > 0) onEnded(ended);",
    to: "if (ended.length > 9) onEnded(ended);",
  },
  {
    name: "the timer of intents is not cancelled",
    file: "src/intent/expiry.ts",
    from: "  #arm(): void {\n    this.#timer?.cancel();",
    to: "  #arm(): void {",
  },
  {
    name: "a scheduled intent does not begin",
    file: "src/intent/expiry.ts",
    from: "if (due.length > 0) onDue(due);",
    to: "",
  },
  {
    name: "a scheduled intent begins without its action",
    file: "src/checker/operations/beginnings.ts",
    from: "return this.#parts.act(backend, { event: { kind }, atMs, transitions }) ?? replaced;",
    to: "return replaced;",
  },
  {
    name: "a disable ends early",
    file: "src/intent/expiry.ts",
    from: "if (length !== undefined) return length.changeMs - this.#options.clock.monotonicMs();",
    to:
      'if (length !== undefined) return length.changeMs - this.#options.clock.monotonicMs() - (intent.kind === "disable" ? 4000 : 0);',
  },
  {
    name: "what is to come is not stored",
    file: "src/intent/expiry.ts",
    from: "store.save(() => this.#intentSet.local()",
    to: "store.save(() => this.#intentSet.list()",
  },
  {
    name: "lameduck is not noticed",
    file: "src/daemon/wire.ts",
    from: "isLameduck: () => checker.current.intents.lameduck !== undefined,",
    to: "isLameduck: () => false,",
  },
  {
    name: "weights of operators are not restored",
    file: "src/intent/restore.ts",
    from: "    kept.push(intent);\n    if (intent.scheduled === true) continue;",
    to: '    if (intent.kind === "weight") continue;\n    kept.push(intent);',
  },
  {
    name: "the time of a stop counts while intents are read",
    file: "src/intent/disk_store.ts",
    from: "    partMs: READ_PART_MS,\n",
    to: "",
  },
  {
    name: "subscribers miss events of frontends",
    file: "src/grpc/handlers/watch.ts",
    from: 'event.kind === "lameduck") return;',
    to: 'event.kind === "lameduck" || event.kind === "frontend") return;',
  },
  {
    name: "a subscriber that leaves stays subscribed",
    file: "src/grpc/handlers/watch.ts",
    from: "      unsubscribe();\n      stopSums();",
    to: "      stopSums();",
  },
  {
    name: "the history is not stored whole",
    file: "src/history/history.ts",
    from: "await this.#segments.append(fresh);",
    to: "await this.#segments.append(fresh.slice(1));",
  },
  {
    name: "a plan leaves out what a reload removes",
    file: "src/forecast/vips.ts",
    from: 'asRemoved: kinds["as-del"],',
    to: "asRemoved: 0,",
  },
  {
    name: "a drain ends immediately",
    file: "src/intent/rules.ts",
    from: 'return { kind: "drain", backend, then, ...asked, untilMs, forMs, ...forced };',
    to: 'return { kind: "drain", backend, then, ...asked, untilMs: asked.sinceMs, forMs: 1 };',
  },
  {
    name: "a drain at its end brings the backend back",
    file: "src/intent/rules.ts",
    from: "if (!byFile) added.push(next);",
    to: "if (byFile) added.push(next);",
  },
  {
    name: "a drain whose end was missed is dropped",
    file: "src/intent/restore.ts",
    from: 'return intent.kind === "drain" ? afterDrainOf(intent) : undefined;',
    to: "return undefined;",
  },
  {
    name: "a prefix is announced without its hysteresis",
    file: "src/announce/border.ts",
    from: "const announced = before?.announced === true || nowMs >= dueMs;",
    to: "const announced = true;",
  },
  {
    name: "one frontend above its border is enough for a shared prefix",
    file: "src/announce/border.ts",
    from: "known.above &&= above;",
    to: "known.above ||= above;",
  },
  {
    name: "a failed write of announced prefixes is not repeated",
    file: "src/system/replaced_file.ts",
    from: "await pause(RETRY_MS, { clock, signal });",
    to: "return;",
  },
  {
    name: "the file found is replaced before all is known",
    file: "src/announce/announcer.ts",
    from: "if (nowMs < byMs) return byMs;",
    to: "",
  },
  {
    name: "a withdrawal waits for the next change in VPP",
    file: "src/daemon/announce/source.ts",
    from:
      'if (kind === "program" || kind === "reload" || kind === "frontend" || kind === "lameduck") {',
    to: 'if (kind === "reload") {',
  },
  {
    name: "an away VPP withdraws nothing",
    file: "src/announce/announcer.ts",
    from: 'settings.onVppAway === "withdraw" && isAway',
    to: "nowMs < 0",
  },
  {
    name: "a stop withdraws nothing",
    file: "src/announce/announcer.ts",
    from: 'if (onStop === "withdraw") file.set',
    to: 'if (onStop !== "withdraw") file.set',
  },
  {
    name: "intents begin and end late",
    file: "src/intent/expiry.ts",
    from: "nextMs = Math.min(nextMs, waits ? WAITING_MS : changeMs);",
    to: "nextMs = Math.min(nextMs, waits ? WAITING_MS : changeMs + 4000);",
  },
  {
    name: "lameduck does not survive a restart",
    file: "src/intent/restore.ts",
    from: "    kept.push(intent);\n    if (intent.scheduled === true) continue;",
    to:
      '    if (intent.kind !== "lameduck") kept.push(intent);\n    if (intent.scheduled === true) continue;',
  },
  {
    name: "lameduck does not end",
    file: "src/daemon/wire.ts",
    from: "isLameduck: () => checker.current.intents.lameduck !== undefined,",
    to:
      "isLameduck: () => (options as { duck?: boolean }).duck ||= checker.current.intents.lameduck !== undefined,",
  },
  {
    name: "a plan has the weights of the VIP that the frontend leaves",
    file: "src/forecast/desired_frontends.ts",
    from: "let sent = vipsBefore === undefined",
    to: "let sent = vipsBefore !== null",
  },
  {
    name: "a plan leaves out the buckets that move",
    file: "src/vpp/lb/table_shift.ts",
    from: "{ ...none, moved: this.#moves(before, after, length) }",
    to: "none",
  },
  {
    name: "a plan of an action leaves the backend as it is",
    file: "src/forecast/forecast.ts",
    from: "if (passed.ok) after.set(name, passed.backend);",
    to: "",
  },
  {
    name: "an explanation ends with the weight that VPP should have",
    file: "src/explain/vpp_links.ts",
    from: "difference}${ofServer}`,\n      weight,",
    to: "difference}${ofServer}`,\n      weight: effectiveWeight,",
  },
  {
    name: "an explanation does not name max-down",
    file: "src/explain/place_links.ts",
    from: "  maxDownLink,\n  poolLink,",
    to: "  poolLink,",
  },
  {
    name: "an explanation names a difference although VPP is right",
    file: "src/explain/vpp_links.ts",
    from: "const equal = effectiveWeight === (weight ?? 0) &&",
    to: "const equal = effectiveWeight === (weight ?? 0) && effectiveWeight > 0 &&",
  },
  {
    name: "a stop does not end",
    file: "src/daemon/wire.ts",
    from: "        announcer.stop(),\n        engine.close(),",
    to: "        announcer.stop(),\n        new Promise(() => {}),\n        engine.close(),",
  },
];
