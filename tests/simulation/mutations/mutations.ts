/** Bugs that are planted one at a time, to show that the simulation finds them. */

/** A bug: in `file`, the text `from`, which occurs once, becomes `to`. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const MUTATIONS: readonly Mutation[] = [
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
    name: "kept intents are not restored",
    file: "src/checker/checker.ts",
    from: "restoreIntents({ intents: kept,",
    to: "restoreIntents({ intents: kept.slice(1),",
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
    name: "a lost flush",
    file: "src/vpp/lb/plan.ts",
    from: "return wanted.flush && (!present.flushed || present.weight > 0);",
    to: "return wanted.flush && present.flushed;",
  },
  {
    name: "a flush of flows that should stay",
    file: "src/vpp/lb/plan.ts",
    from: "return wanted.flush && (!present.flushed || present.weight > 0);",
    to: "return wanted.weight === 0 && present.weight > 0;",
  },
  {
    name: "cuts before raises",
    file: "src/vpp/lb/plan.ts",
    from: "[...raises, ...additions, ...cuts, ...flushes, ...deletions]",
    to: "[...cuts, ...flushes, ...deletions, ...raises, ...additions]",
  },
  {
    name: "an acknowledgement is forgotten",
    file: "src/vpp/sync/group_sender.ts",
    from: "known.acknowledged(operation, plan.desired);",
    to: 'if (operation.kind !== "as-weight") known.acknowledged(operation, plan.desired);',
  },
  {
    name: "operations that waited keep their old weights",
    file: "src/vpp/sync/apply.ts",
    from: "waited ? plans.filter((plan) => !hooks.isCurrent(plan)) : [];",
    to: "waited ? plans.slice(plans.length) : [];",
  },
  {
    name: "a stale reading replaces newer writes",
    file: "src/vpp/sync/session.ts",
    from: "if (touched.has(vipKeyText(vip))) return false;",
    to: "",
  },
  {
    name: "changes during a request are dropped",
    file: "src/vpp/sync/session.ts",
    from: "this.#locks.defer(group.prefix, frontend, trigger);",
    to: "",
  },
  {
    name: "a reservation is not released",
    file: "src/vpp/sync/session.ts",
    from: "        await turn;\n        this.#locks.release(group.prefix);",
    to: "        await turn;",
  },
  {
    name: "no full run at connect",
    file: "src/vpp/sync/reconcile.ts",
    from: 'this.#runAll("connect");',
    to: "",
  },
  {
    name: "the regular full run is not repeated",
    file: "src/vpp/sync/reconcile.ts",
    from: '      this.#runAll("interval");\n      this.#armInterval();',
    to: '      this.#runAll("interval");',
  },
  {
    name: "a failed reading is not retried",
    file: "src/vpp/sync/session.ts",
    from: "    this.#retries.schedule(() => {",
    to: '    if (request.trigger !== "retry") return;\n    this.#retries.schedule(() => {',
  },
  {
    name: "VIPs of removed frontends stay",
    file: "src/vpp/sync/session.ts",
    from: 'const remove = request.scope === "all" && mayRemove();',
    to: "const remove = mayRemove() && false;",
  },
  {
    name: "a VIP is removed during warm-up",
    file: "src/vpp/sync/reconcile.ts",
    from: "mayRemove: () => this.#warmup.over,",
    to: "mayRemove: () => true,",
  },
  {
    name: "a lost connection is not made again",
    file: "src/vpp/api/connection.ts",
    from: '    logger.warn("vpp-disconnect", { err: reason });\n    this.#retryLater();',
    to: '    logger.warn("vpp-disconnect", { err: reason });',
  },
  {
    name: "a missing answer does not end the connection",
    file: "src/vpp/api/client.ts",
    from: "    this.#end(text);\n",
    to: "",
  },
  {
    name: "the retry timer outlives the stop",
    file: "src/vpp/sync/reconcile.ts",
    from: "    this.#intervalTimer?.cancel();\n    const session",
    to: "    const session",
  },
  {
    name: "one failure takes a server down",
    file: "src/health/counter.ts",
    from: "if (next < policy.rise) return ok ? next : 0;",
    to: "if (!ok) return 0;\n  if (next < policy.rise) return next;",
  },
  {
    name: "a failure while the process was stopped counts",
    file: "src/probe/engine/scheduler.ts",
    from: "late && first && past;",
    to: "false && late && first && past;",
  },
  {
    name: "results of void probes count",
    file: "src/probe/engine/scheduler.ts",
    from: "if (verdict.inconclusive || late) {",
    to: "if (late) {",
  },
  {
    name: "a pass in standby gives weight",
    file: "src/health/weight.ts",
    from: "weight: options.active ? clampWeight(options.configured) : 0, flush: false",
    to: "weight: clampWeight(options.configured), flush: false",
  },
  {
    name: "a resumed backend is not probed",
    file: "src/checker/checker.ts",
    from: "else if (result.transition !== undefined) this.#begin([name], step.transitions);",
    to: "",
  },
  {
    name: "probing goes on with the old check after a reload",
    file: "src/checker/checker.ts",
    from: "this.#targets.apply(plan.actions, { config, backends: plan.backends });",
    to: "",
  },
  {
    name: "a crashed worker is not restored",
    file: "src/probe/engine/worker_pool.ts",
    from: "onRestart: () => this.#restore(worker),",
    to: "onRestart: () => this.#resend(worker),",
  },
  {
    name: "a new VIP is not flushed",
    file: "src/vpp/lb/plan.ts",
    from: '  if (servers.some(hasWeight)) operations.push(vipFlush(vip, "first-weight"));',
    to: "",
  },
  {
    name: "a changed sticky flag is not noticed",
    file: "src/vpp/lb/plan.ts",
    from: "if (desired.srcIpSticky !== actual.srcIpSticky) {",
    to: "if (desired.port < 0) {",
  },
  {
    name: "changed settings are not sent",
    file: "src/vpp/sync/lb_conf.ts",
    from: "const there = this.#sent ?? this.#known;",
    to: "const there = this.#sent ?? this.#known;\n    if (there !== undefined) return;",
  },
  {
    name: "weights of operators are not restored",
    file: "src/intent/rules.ts",
    from: '    kept.push(intent);\n    if (intent.kind === "weight") continue;',
    to: '    if (intent.kind === "weight") continue;\n    kept.push(intent);',
  },
  {
    name: "the flush of a VIP does not wait for the VIP",
    file: "src/vpp/sync/apply.ts",
    from: 'if (operation.kind === "vip-flush") stages.push([]);',
    to: "",
  },
  {
    name: "a frontend event is lost",
    file: "src/checker/change_batch.ts",
    from: "for (const { name, from, to } of batch.changes) {\n    events.push",
    to: "for (const { name, from, to } of batch.changes.slice(1)) {\n    events.push",
  },
  {
    name: "a changed check takes servers out",
    file: "src/health/machine.ts",
    from: 'if (!entered.ok || backend.state !== "up") return entered;',
    to: 'if (entered.ok || backend.state !== "up") return entered;',
  },
  {
    name: "the weight of a blind server is cut",
    file: "src/vpp/lb/keep.ts",
    from: "keep === true ? present.get(address.text) ?? 0 : weight;",
    to: "keep === true && present.size > 99 ? 0 : weight;",
  },
  {
    name: "a late round without a deadline uses up the next one's hold",
    file: "src/probe/engine/scheduler.ts",
    from: "late && first && past;",
    to: "late && first;",
  },
  {
    name: "the time of a stop counts while intents are read",
    file: "src/intent/disk_store.ts",
    from: "    stoppedMs: STOPPED_MS,\n",
    to: "",
  },
  {
    name: "subscribers miss events of frontends",
    file: "src/grpc/handlers/watch.ts",
    from: 'event.kind !== "reload" && wants(event)',
    to: 'event.kind !== "reload" && event.kind !== "frontend" && wants(event)',
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
    name: "the flush of a whole VIP is lost",
    file: "src/vpp/lb/plan.ts",
    from: 'return [...plain, vipFlush(actual, "all-servers")];',
    to: "return plain;",
  },
  {
    name: "IPv6 servers get IPv4's encapsulation",
    file: "src/vpp/lb/desired.ts",
    from: 'encap: family === 4 ? "gre4" : "gre6",',
    to: 'encap: "gre4",',
  },
];
