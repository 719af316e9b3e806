/**
 * The confirmation of an action. The server plans it first, so that the dialog states the
 * consequences; the focus is on the safe button, and the other one has the verb.
 */
import {
  createEffect,
  createSignal,
  For,
  type JSX,
  on,
  onCleanup,
  onMount,
  Show,
  untrack,
} from "solid-js";
import type { ActionAnswer, ActionBody, PlanAnswer } from "../../../protocol.ts";
import { Confirmation, type ConfirmationView } from "../../confirmation.ts";
import { scopeChoices } from "../../model/fleet/scopes.ts";
import { visible } from "../../model/format.ts";
import { intentWords } from "../../model/intent.ts";
import type { Lb } from "../../model/lb.ts";
import {
  canEnd,
  consequencesOf,
  DRAIN_LENGTHS,
  DURATIONS,
  isPlanned,
  meaningOf,
  type PlannedWish,
  syncSentences,
  verbOf,
  type Wish,
} from "../../model/plan_words.ts";
import { mayBeDone } from "../../stream/api.ts";
import { BROWSER } from "../../stream/browser.ts";
import { usePage } from "../context.ts";
import { DrainFields, WeightFields } from "./fields.tsx";

/** A drain of a fleet lasts for an hour unless another time is chosen. */
const SHARED_DRAIN_MS = 3_600_000;
/** Without a change that the page sees, a plan is made again after this time, also a failed one. */
const AGAIN_MS = 5000;

export function ActionDialog(): JSX.Element {
  const page = usePage();
  return (
    <Show when={page.wish()} keyed>
      {(wish) => <Dialog wish={wish} />}
    </Show>
  );
}

function Dialog(props: { readonly wish: Wish }): JSX.Element {
  const page = usePage();
  let dialog!: HTMLDialogElement;
  let safe!: HTMLButtonElement;
  const opener = document.activeElement;
  // The action may take its button away; the line that it belongs to stays.
  const line = opener?.closest("tr.details")?.previousElementSibling?.querySelector("button");
  const first = props.wish;
  const [wish, setWish] = createSignal<Wish>(first);
  const lb = () => page.lb(wish().lb);
  const [reason, setReason] = createSignal("");
  const [forMs, setForMs] = createSignal(0);
  /** Of the intent in force: an action that ends it has its scope. */
  const present = () => {
    const target = untrack(wish);
    const intent = "backend" in target
      ? untrack(lb)?.backends.get(target.backend)?.intent
      : undefined;
    return intent?.scope ?? "";
  };
  const ends = first.kind === "resume" || first.kind === "enable";
  /** Empty: this load balancer by itself. */
  const [scope, setScope] = createSignal(ends ? present() : "");
  const scopes = () =>
    isPlanned(wish()) ? scopeChoices(page.fleet(), wish().lb, ends ? present() : "") : [];
  const chooseScope = (next: string) => {
    setScope(next);
    // A drain of a fleet needs an end.
    if (next !== "" && wish().kind === "drain" && forMs() === 0) setForMs(SHARED_DRAIN_MS);
  };
  const lengths = () =>
    wish().kind === "drain"
      ? DRAIN_LENGTHS.filter(([, ms]) => ms > 0 || scope() === "")
      : DURATIONS;
  const where = () => scopes().find((choice) => choice.scope === scope())?.label ?? wish().lb;
  const [view, setView] = createSignal<ConfirmationView>();
  /** False while a field holds what cannot be sent. */
  const [valid, setValid] = createSignal(true);
  /** What the action reported. Everything that led to it is then out of date. */
  const [done, setDone] = createSignal<string>();
  const draining = () => {
    const target = wish();
    if (!("backend" in target)) return false;
    page.track(target.lb, `b:${target.backend}`);
    return lb()?.backends.get(target.backend)?.intent?.kind === "drain";
  };
  /** Of a sync: what it is about. */
  const syncTarget = () => {
    const target = wish();
    const found = lb();
    page.track(target.lb, "vpp");
    return target.kind === "sync" && found !== undefined
      ? { lb: found, frontend: target.frontend }
      : undefined;
  };
  const body = (): ActionBody => ({
    ...(reason().trim() === "" ? {} : { reason: reason().trim() }),
    ...(forMs() > 0 && canEnd(wish()) ? { for_ms: forMs() } : {}),
    ...(scope() === "" ? {} : { scope: scope() }),
  });
  /** False: what was to be taken back has begun, or is gone. */
  const isThere = () => {
    const target = wish();
    if (target.kind !== "cancel") return true;
    page.track(target.lb, `b:${target.backend}`);
    const { scheduled = [] } = lb()?.backends.get(target.backend) ?? {};
    return scheduled.some(({ id }) => id === target.id);
  };
  /** What is taken back, in words. */
  const takenBack = () => {
    const target = wish();
    const found = lb();
    return target.kind === "cancel" && found !== undefined
      ? intentWords(target.of, page.lbNowMs(found))
      : "";
  };
  const canAct = () => {
    const found = lb();
    return found !== undefined && page.canAct(found) && isThere();
  };

  let plannedMs = 0;
  /** Something that the plan rests on has changed since it was made. */
  let isOld = false;
  const request = () => ({ wish: wish(), body: body() });
  const confirmation = new Confirmation<ReturnType<typeof request>, ActionAnswer>(request(), {
    plan: isPlanned(first)
      ? ({ wish, body }, signal) => {
        plannedMs = BROWSER.steadyMs();
        // Its kind never changes.
        return page.api.plan(wish as PlannedWish, body, signal);
      }
      : undefined,
    act: ({ wish, body }, signal) => page.api.act(wish, body, signal),
    mayBeDone,
    unsure: () => page.refresh(),
    show: setView,
    after: BROWSER.after,
  });
  createEffect(
    on([wish, reason, forMs, scope], () => confirmation.want(request()), { defer: true }),
  );
  createEffect(on(() => trackBasis(wish()), () => isOld = true, { defer: true }));
  createEffect(on(page.tickMs, () => {
    if (!isOld && BROWSER.steadyMs() - plannedMs < AGAIN_MS || !untrack(canAct)) return;
    isOld = false;
    confirmation.renew();
  }, { defer: true }));
  /** The running computation depends on what a plan of this is made of. */
  const trackBasis = (target: Wish) => {
    if (!("backend" in target)) return;
    for (const part of ["lists", "status", "vpp", `b:${target.backend}`]) {
      page.track(target.lb, part);
    }
    for (const frontend of lb()?.usedBy.get(target.backend) ?? []) {
      page.track(target.lb, `f:${frontend}`);
    }
  };
  onMount(() => {
    dialog.showModal();
    safe.focus();
  });
  onCleanup(() => {
    confirmation.close();
    // While it is open nothing else can have the focus.
    dialog.close();
    const back = opener?.isConnected ? opener : line;
    if (back instanceof HTMLElement) back.focus();
  });

  const tryAgain = () => {
    confirmation.renew();
    // The button goes when the plan comes.
    safe.focus();
  };
  // An answer may come when another dialog is open.
  const close = () => page.wish() === first && page.setWish(undefined);
  const act = async () => {
    const before = targetsOf(wish(), lb());
    const answer = await confirmation.confirm();
    if (answer !== undefined) show(answer, before);
    // The button that had it may be gone.
    safe.focus();
  };
  const show = (answer: ActionAnswer, before: ReturnType<typeof targetsOf>) => {
    const base = { maglevd: wish().lb, t_ms: page.eventTimeMs() };
    // What the stream brought meanwhile is newer than the answer.
    const now = targetsOf(wish(), lb());
    const { backend, frontend, sync } = answer;
    page.applyAnswer(wish().lb, [
      ...backend !== undefined && now.backend === before.backend
        ? [{ ...base, type: "backend" as const, backend }]
        : [],
      ...frontend !== undefined && now.frontend === before.frontend
        ? [{ ...base, type: "frontend" as const, frontend }]
        : [],
    ]);
    if (sync !== undefined) {
      setDone(
        `Synced in ${Math.round(sync.duration_ms)} ms: VIPs +${sync.vips_added} ` +
          `−${sync.vips_removed}, servers +${sync.servers_added} ` +
          `−${sync.servers_removed}, ${sync.weights_updated} weights, ` +
          `${sync.failed} failed.`,
      );
    } else if (answer.warning) setDone(`Done: ${answer.warning}.`);
    else close();
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      aria-describedby="dialog-meaning"
      onCancel={(event) => confirmation.cancel() && event.preventDefault()}
      onClose={close}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (canAct() && valid()) void act();
        }}
      >
        <h2 id="dialog-title">
          {visible(verbOf(wish()))}{" "}
          <span class="faint">on {visible(scope() === "" ? wish().lb : where())}</span>
        </h2>
        <Show when={done() === undefined}>
          <p id="dialog-meaning">{meaningOf(wish(), draining(), scope())}</p>
          <Show when={scopes().length > 0}>
            <label>
              On
              <select value={scope()} onChange={(event) => chooseScope(event.currentTarget.value)}>
                <For each={scopes()}>
                  {(choice) => <option value={choice.scope}>{visible(choice.label)}</option>}
                </For>
              </select>
            </label>
          </Show>
          <WeightFields wish={wish()} set={setWish} valid={setValid} />
          <DrainFields wish={wish()} set={setWish} shared={scope() !== ""} />
          <Show when={syncTarget()}>
            {(target) => (
              <ul class="consequences">
                <For each={syncSentences(target().lb, target().frontend)}>
                  {(text) => <li>{visible(text)}</li>}
                </For>
              </ul>
            )}
          </Show>
          <Show when={takenBack()}>
            {(text) => <p class="is-held">{text()}</p>}
          </Show>
          <Show when={!isThere()}>
            <p class="is-degraded" role="status">It has begun, or is no longer to come.</p>
          </Show>
          <Show when={isPlanned(wish())}>
            <section class="consequences" aria-live="polite" aria-label="Consequences">
              <Show
                when={view()?.plan}
                fallback={
                  <Show
                    when={view()?.planError}
                    fallback={<p class="faint">Working out what happens …</p>}
                  >
                    {(error) => (
                      <p class="is-down" role="alert">
                        What happens is not known: {visible(error())}{" "}
                        <button type="button" onClick={tryAgain}>Try again</button>
                      </p>
                    )}
                  </Show>
                }
              >
                {(answer) => (
                  <>
                    <Show when={view()?.changed}>
                      <p class="is-degraded" role="alert">
                        What happens has changed since this was opened: read it again.
                      </p>
                    </Show>
                    <ul>
                      <For each={consequencesOf(answer())}>
                        {(text) => <li>{visible(text)}</li>}
                      </For>
                    </ul>
                    <Show when={answer().warning}>
                      <p class="is-degraded">{visible(answer().warning!)}</p>
                    </Show>
                  </>
                )}
              </Show>
            </section>
          </Show>
          <Show when={wish().kind !== "sync"}>
            <label>
              Reason
              <input
                type="text"
                maxLength={200}
                autocomplete="off"
                value={reason()}
                onInput={(event) => setReason(event.currentTarget.value)}
              />
            </label>
          </Show>
          <Show when={canEnd(wish())}>
            <label>
              {wish().kind === "drain" ? "For" : "Until"}
              <select
                value={forMs()}
                onChange={(event) => setForMs(Number(event.currentTarget.value))}
              >
                <For each={lengths()}>
                  {([label, ms]) => <option value={ms}>{label}</option>}
                </For>
              </select>
            </label>
          </Show>
          <Show when={commandOf(view()?.plan)}>
            {(command) => (
              <label>
                The same in a terminal
                <input
                  class="command"
                  type="text"
                  readOnly
                  value={command()}
                  onFocus={(event) => event.currentTarget.select()}
                />
              </label>
            )}
          </Show>
        </Show>
        <Show when={view()?.busy}>
          <p class="faint" role="status">Waiting for the answer …</p>
        </Show>
        <Show when={view()?.trouble}>
          {(text) => <p class="is-down" role="alert">{visible(text())}</p>}
        </Show>
        <Show when={done()}>
          {(text) => <p role="status">{visible(text())}</p>}
        </Show>
        <div class="buttons">
          <button ref={safe} type="button" onClick={() => confirmation.cancel() || close()}>
            {done() === undefined ? "Cancel" : "Close"}
          </button>
          <Show when={done() === undefined}>
            <button type="submit" class="do" disabled={!view()?.ready || !canAct() || !valid()}>
              {visible(verbOf(wish()))}
            </button>
          </Show>
        </div>
      </form>
    </dialog>
  );
}

/** What an action changes, as the page has it. */
function targetsOf(wish: Wish, lb: Lb | undefined) {
  const backend = "backend" in wish ? wish.backend : "";
  const frontend = "frontend" in wish ? wish.frontend ?? "" : "";
  return { backend: lb?.backends.get(backend), frontend: lb?.frontends.get(frontend) };
}

/** A line with characters that are not seen is not offered for a terminal. */
function commandOf(plan: PlanAnswer | undefined): string | undefined {
  return plan !== undefined && visible(plan.command) === plan.command ? plan.command : undefined;
}
