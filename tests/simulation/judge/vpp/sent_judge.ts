/**
 * Judges what the daemon sends to VPP, after each turn, by what was wanted in the course of the turn.
 */
import type { Daemon } from "../../../../src/daemon/wire.ts";
import { vipKeyText } from "../../../../src/vpp/lb/model.ts";
import { requestText, type SentRequest } from "../../world/requests.ts";
import type { JudgedRun } from "../judged_run.ts";
import { type CheckerState, wantedOf } from "../wanted.ts";
import { FlushJudge } from "./flush_judge.ts";
import { judgeRequests } from "./request_judge.ts";
import { keyOfFields } from "./vip_fields.ts";
import { crampedBy } from "./withheld_judge.ts";

/** A VIP is taken down and put up again within this; more under a slow VPP, which is a disturbance. */
const RECREATED_MS = 5000;
/** Routes are counted in a smaller stats segment than this. */
const MOST_CRAMPED_BYTES = 2 << 20;

export class SentJudge {
  readonly #run: JudgedRun;
  readonly #flushes = new FlushJudge();
  /** Requests of the present turn, in order. */
  #requests: SentRequest[] = [];
  /** The states in the course of the turn: requests are decided before they are sent. */
  readonly #inTurn = new Set<CheckerState>();
  /** By VIP: when the daemon began to recreate it. */
  readonly #recreatedMs = new Map<string, number>();
  /** By VIP: when it had no weight and requests for it were sent. */
  readonly #openingMs = new Map<string, number>();
  /** By VIP and server: when it had no weight and was given some. */
  readonly #raisedMs = new Map<string, number>();

  constructor(run: JudgedRun) {
    this.#run = run;
  }

  sent(requests: readonly SentRequest[]): void {
    this.#requests.push(...requests);
  }

  /** A state of the checker in this turn. */
  decided(state: CheckerState): void {
    this.#inTurn.add(state);
  }

  /** The daemon begins to recreate this VIP. */
  recreating(vip: string): void {
    this.#recreatedMs.set(vip, this.#run.nowMs);
  }

  /** VIPs that are being taken down and put up again. */
  get recreated(): ReadonlySet<string> {
    return recent(this.#recreatedMs, this.#run.nowMs);
  }

  /** After a turn; the requests that were sent in it. */
  stepped(): readonly SentRequest[] {
    const requests = this.#requests;
    if (requests.length > 0) {
      this.#requests = [];
      for (const request of requests) {
        this.#run.trace.add(this.#run.nowMs, `sent ${requestText(request)}`);
      }
      const { daemon } = this.#run.world;
      if (daemon !== undefined) this.#judge(requests, daemon);
    }
    this.#inTurn.clear();
    return requests;
  }

  /** At each tick: flushes come in time. */
  tick(): void {
    const run = this.#run;
    this.#forgetFlushes();
    const { daemon } = run.world;
    const owed = daemon && this.#flushes.owed(run.nowMs, run.wanted(daemon));
    if (owed !== undefined) run.fail("flows of a server that is out are flushed", owed);
    const overdue = this.#flushes.overdue(run.nowMs);
    if (overdue !== undefined) run.fail("a new VIP is flushed", `VIP ${overdue} was not`);
  }

  /** A flush is not made again after a connection was lost. */
  #forgetFlushes(): void {
    const run = this.#run;
    const isUnknown = run.isExcused("wrong") || run.stopping !== undefined ||
      run.world.vpp.natAddresses().size > 0;
    if (isUnknown) this.#flushes.forget();
  }

  #judge(requests: readonly SentRequest[], daemon: Daemon): void {
    const run = this.#run;
    const { nowMs, world: { vpp } } = run;
    const before = vpp.view();
    const wanted = run.wanted(daemon);
    this.#flushes.sent(requests, { nowMs, before, wanted });
    this.#forgetFlushes();
    this.#judgeAdded(requests, daemon);
    for (const request of requests) {
      if (request.kind === "conf" || request.kind === "vip-flush") continue;
      if (request.kind === "vip-del") this.#judgeRemoved(request.vip, daemon);
      const weights = [...before.get(request.vip)?.values() ?? []];
      if (weights.every((weight) => weight === 0)) this.#openingMs.set(request.vip, nowMs);
      if (!("weight" in request) || request.weight === 0) continue;
      const { vip, server } = request;
      if ((before.get(vip)?.get(server) ?? 0) === 0) this.#raisedMs.set(`${vip} ${server}`, nowMs);
    }
    const context = {
      state: daemon.checker.current,
      before,
      weights: vpp.release === "main",
      isTrusted: !run.isExcused("doubtful"),
      isEdited: run.isExcused("edited"),
      recreated: this.recreated,
      isCramped: vpp.statsBytes <= MOST_CRAMPED_BYTES,
      withheld: new Set(
        daemon.vpp!.reconciler.withheld().map(({ fields }) => keyOfFields(fields)),
      ),
      opening: recent(this.#openingMs, nowMs),
      raised: recent(this.#raisedMs, nowMs),
    };
    const wrong = judgeRequests(requests, { ...context, wanted });
    const wasRight = wrong !== undefined &&
      [...this.#inTurn].some((state) =>
        judgeRequests(requests, { ...context, state, wanted: wantedOf(state) }) === undefined
      );
    if (wrong !== undefined && !wasRight) run.fail(wrong.invariant, wrong.message);
  }

  /** VPP must not run out of its stats segment by us. */
  #judgeAdded(requests: readonly SentRequest[], { vpp }: Daemon): void {
    const run = this.#run;
    const { statsBytes } = run.world.vpp;
    const { state } = vpp!.connection;
    // The daemon has the size of the segment only while it is open.
    const isKnown = state.kind === "connected" && state.stats !== undefined;
    if (statsBytes > MOST_CRAMPED_BYTES || !isKnown || run.isExcused("edited")) return;
    const room = { routed: run.world.vpp.routed(), vips: run.world.vpp.vips().size, statsBytes };
    const wrong = crampedBy(requests, room);
    if (wrong !== undefined) run.fail("the stats segment has room", wrong);
  }

  #judgeRemoved(key: string, { vpp }: Daemon): void {
    const known = vpp!.reconciler.counted()?.vips() ?? [];
    const encap = known.find((vip) => vipKeyText(vip) === key)?.encap;
    if (encap !== "nat4" && encap !== "nat6") return;
    this.#run.fail("VIPs of other programs stay", `VIP ${key} is ${encap}, and is removed`);
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Those of the last moments; the others are removed. */
function recent(instants: Map<string, number>, nowMs: number): ReadonlySet<string> {
  if (instants.size === 0) return NONE;
  for (const [key, atMs] of instants) if (nowMs - atMs > RECREATED_MS) instants.delete(key);
  return new Set(instants.keys());
}
