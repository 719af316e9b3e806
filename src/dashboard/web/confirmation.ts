/**
 * The course of a confirmation: what is planned while it is open, what happens when it is confirmed,
 * and what is known afterwards. The dialog shows it.
 */
import type { PlanAnswer } from "../protocol.ts";
import { isSamePlan } from "./model/plan_words.ts";

/** Typing is over when nothing came for this long. */
const TYPING_MS = 250;
/** A plan that changed cannot be confirmed by a press that was meant for the one before. */
const READING_MS = 1000;

/** What the dialog shows. */
export interface ConfirmationView {
  /** Undefined: it is being made, or cannot be made. */
  readonly plan: PlanAnswer | undefined;
  /** The plan was another one when the operator began to read. */
  readonly changed: boolean;
  /** Why there is no plan; empty: it is being made. */
  readonly planError: string;
  /** It was confirmed, and its end is waited for. */
  readonly busy: boolean;
  /** Confirming makes sense now. */
  readonly ready: boolean;
  /** Why what was confirmed is not done, or not known to be. */
  readonly trouble: string;
}

/** `R`: what is confirmed, `A`: the answer of the action. */
export interface ConfirmationPorts<R, A> {
  /** Undefined: this action has no plan. */
  readonly plan: ((request: R, signal: AbortSignal) => Promise<PlanAnswer>) | undefined;
  readonly act: (request: R, signal: AbortSignal) => Promise<A>;
  /** A failed action may have been done. */
  readonly mayBeDone: (error: unknown) => boolean;
  /** What is known of the target may be wrong: it is not known whether the action was done. */
  readonly unsure: () => void;
  readonly show: (view: ConfirmationView) => void;
  /** Calls `then` once, after `ms`. */
  readonly after: (ms: number, then: () => void) => void;
}

export class Confirmation<R, A> {
  readonly #ports: ConfirmationPorts<R, A>;
  #view: Omit<ConfirmationView, "ready"> = {
    ...{ plan: undefined, changed: false, planError: "", busy: false, trouble: "" },
  };
  #request: R;
  /** Number of the newest plan that was asked for; answers to others come too late. */
  #attempt = 0;
  #planning: AbortController | undefined;
  #doing: { readonly abort: AbortController; readonly acts: boolean } | undefined;
  /** Number of the newest change that is to be read before it can be confirmed; 0: read. */
  #unread = 0;
  #changes = 0;
  /** What was confirmed is done: what it rested on does not matter from now on. */
  #done = false;
  #closed = false;

  constructor(request: R, ports: ConfirmationPorts<R, A>) {
    this.#request = request;
    this.#ports = ports;
    void this.#makePlan();
  }

  /** Something else is to be confirmed. */
  want(request: R): void {
    this.#request = request;
    this.#dropPlan();
    const mine = this.#attempt;
    this.#ports.after(TYPING_MS, () => {
      if (mine === this.#attempt && !this.#closed) void this.#makePlan();
    });
  }

  /** What the plan rests on may have changed. The one that is shown stays until then. */
  renew(): void {
    if (this.#planning !== undefined || this.#doing !== undefined || this.#done) return;
    void this.#makePlan();
  }

  /** Does what was read. Undefined: it is not done, or not known to be; the view has the reason. */
  async confirm(): Promise<A | undefined> {
    const { plan: read } = this.#view;
    if (!this.#ready()) return undefined;
    const request = this.#request;
    const abort = new AbortController();
    this.#doing = { abort, acts: false };
    this.#endPlanning();
    this.#set({ busy: true, trouble: "" });
    try {
      if (read !== undefined && this.#ports.plan !== undefined) {
        const now = await this.#ports.plan(request, abort.signal);
        if (this.#closed) return undefined;
        if (!isSamePlan(read, now)) {
          this.#take(now);
          return undefined;
        }
      }
      this.#doing = { abort, acts: true };
      const answer = await this.#ports.act(request, abort.signal);
      this.#done = true;
      return answer;
    } catch (failure) {
      if (!this.#closed) this.#failed(failure, abort.signal.aborted);
      return undefined;
    } finally {
      this.#doing = undefined;
      this.#set({ busy: false });
      if (this.#view.plan === undefined) this.renew();
    }
  }

  /** Ends the wait for an answer. False: nothing is waited for. */
  cancel(): boolean {
    this.#doing?.abort.abort();
    return this.#doing !== undefined;
  }

  /** Nothing is shown from now on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#doing?.acts) this.#ports.unsure();
    this.cancel();
    this.#endPlanning();
  }

  #failed(failure: unknown, cancelled: boolean): void {
    const reason = failure instanceof Error ? failure.message : String(failure);
    if (this.#doing?.acts && (cancelled || this.#ports.mayBeDone(failure))) {
      const why = cancelled ? "Cancelled without an answer" : `No answer (${reason})`;
      this.#set({ trouble: `${why}: it may have been done; look at its state.` });
      this.#ports.unsure();
      // What is left to do is another plan.
      this.#dropPlan();
    } else {
      this.#set({ trouble: cancelled ? "Cancelled: nothing was done." : `Not done: ${reason}` });
    }
  }

  async #makePlan(): Promise<void> {
    const { plan } = this.#ports;
    if (plan === undefined) return this.#set({});
    this.#endPlanning();
    const mine = ++this.#attempt;
    const planning = this.#planning = new AbortController();
    try {
      const found = await plan(this.#request, planning.signal);
      if (mine === this.#attempt) this.#take(found);
    } catch (failure) {
      if (mine !== this.#attempt) return;
      const planError = failure instanceof Error ? failure.message : String(failure);
      this.#set({ plan: undefined, planError });
    } finally {
      if (this.#planning === planning) this.#planning = undefined;
    }
  }

  #take(plan: PlanAnswer): void {
    const { plan: shown } = this.#view;
    if (shown !== undefined && !isSamePlan(shown, plan)) {
      const mine = this.#unread = ++this.#changes;
      this.#ports.after(READING_MS, () => {
        if (this.#unread !== mine) return;
        this.#unread = 0;
        this.#set({});
      });
      this.#set({ plan, planError: "", changed: true });
    } else this.#set({ plan, planError: "" });
  }

  #dropPlan(): void {
    this.#endPlanning();
    this.#unread = 0;
    this.#set({ plan: undefined, changed: false, planError: "" });
  }

  #endPlanning(): void {
    this.#attempt++;
    this.#planning?.abort();
    this.#planning = undefined;
  }

  #ready(): boolean {
    const { plan, busy } = this.#view;
    return !busy && !this.#closed && !this.#done && this.#unread === 0 &&
      (plan !== undefined || this.#ports.plan === undefined);
  }

  #set(change: Partial<ConfirmationView>): void {
    this.#view = { ...this.#view, ...change };
    if (!this.#closed) this.#ports.show({ ...this.#view, ready: this.#ready() });
  }
}
