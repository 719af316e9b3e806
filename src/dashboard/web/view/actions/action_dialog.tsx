/**
 * The confirmation of an action. The server plans it first, so that the dialog states the
 * consequences; the focus is on the safe button, and the other one has the verb.
 */
import { createEffect, createSignal, For, type JSX, on, onCleanup, onMount, Show } from "solid-js";
import type { ActionBody, PlanAnswer } from "../../../protocol.ts";
import { visible } from "../../model/format.ts";
import type { Lb } from "../../model/lb.ts";
import {
  canEnd,
  consequencesOf,
  DRAIN_LENGTHS,
  DURATIONS,
  meaningOf,
  syncSentences,
  verbOf,
  type Wish,
} from "../../model/plan_words.ts";
import { BROWSER } from "../../stream/browser.ts";
import { usePage } from "../context.ts";

/** Typing is over when nothing came for this long. */
const TYPING_MS = 250;

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
  const [reason, setReason] = createSignal("");
  const [forMs, setForMs] = createSignal(0);
  const [plan, setPlan] = createSignal<PlanAnswer>();
  const [error, setError] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  const [done, setDone] = createSignal<string>();
  const lb = () => page.lb(wish().lb);
  const draining = () => {
    const target = wish();
    return "backend" in target && lb()?.backends.get(target.backend)?.intent?.kind === "drain";
  };
  /** Of a sync: what it is about, as it is when the dialog opens. */
  const syncTarget = () => {
    const target = wish();
    const found = lb();
    return target.kind === "sync" && found !== undefined
      ? { lb: found, frontend: target.frontend }
      : undefined;
  };
  const body = (): ActionBody => ({
    ...(reason().trim() === "" ? {} : { reason: reason().trim() }),
    ...(forMs() > 0 && canEnd(wish()) ? { for_ms: forMs() } : {}),
  });
  const ready = () => {
    const found = lb();
    return found !== undefined && page.canAct(found) && !busy() &&
      (wish().kind === "sync" || plan() !== undefined);
  };

  let attempt = 0;
  let abort: AbortController | undefined;
  createEffect(on([wish, reason, forMs], () => {
    const target = wish();
    if (target.kind === "sync") return;
    const mine = ++attempt;
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    setError("");
    const ask = () => {
      if (mine !== attempt) return;
      page.api.plan(target, body(), signal).then((answer) => {
        if (mine === attempt) setPlan(answer);
      }, (failure) => {
        if (mine !== attempt || signal.aborted) return;
        setPlan(undefined);
        setError(messageOf(failure));
      });
    };
    if (mine === 1) ask();
    else {
      setPlan(undefined);
      BROWSER.after(TYPING_MS, ask);
    }
  }));
  onMount(() => {
    dialog.showModal();
    safe.focus();
  });
  onCleanup(() => {
    attempt = -1;
    abort?.abort();
    // While it is open nothing else can have the focus.
    dialog.close();
    const back = opener?.isConnected ? opener : line;
    if (back instanceof HTMLElement) back.focus();
  });

  // An answer may come when another dialog is open.
  const close = () => page.wish() === first && page.setWish(undefined);
  const act = async () => {
    setBusy(true);
    setError("");
    try {
      const before = targetsOf(wish(), lb());
      const answer = await page.api.act(wish(), body());
      const base = { maglevd: wish().lb, t_ms: page.eventTimeMs() };
      // What the stream brought meanwhile is newer than the answer.
      const now = targetsOf(wish(), lb());
      const { backend, frontend } = answer;
      page.applyAnswer(wish().lb, [
        ...backend !== undefined && now.backend === before.backend
          ? [{ ...base, type: "backend" as const, backend }]
          : [],
        ...frontend !== undefined && now.frontend === before.frontend
          ? [{ ...base, type: "frontend" as const, frontend }]
          : [],
      ]);
      const report = answer.sync;
      if (report !== undefined) {
        setDone(
          `Synced in ${Math.round(report.duration_ms)} ms: VIPs +${report.vips_added} ` +
            `−${report.vips_removed}, servers +${report.servers_added} ` +
            `−${report.servers_removed}, ${report.weights_updated} weights, ` +
            `${report.failed} failed.`,
        );
      } else if (answer.warning) setDone(`Done: ${answer.warning}.`);
      else close();
    } catch (failure) {
      setError(messageOf(failure));
    } finally {
      setBusy(false);
      // The button that had it may be gone.
      safe.focus();
    }
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      aria-describedby="dialog-meaning"
      onClose={close}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready()) void act();
        }}
      >
        <h2 id="dialog-title">
          {visible(verbOf(wish()))} <span class="faint">on {visible(wish().lb)}</span>
        </h2>
        <p id="dialog-meaning">{meaningOf(wish(), draining())}</p>
        <WeightFields wish={wish()} set={setWish} />
        <DrainFields wish={wish()} set={setWish} />
        <Show when={syncTarget()}>
          {(target) => (
            <ul class="consequences">
              <For each={syncSentences(target().lb, target().frontend)}>
                {(text) => <li>{visible(text)}</li>}
              </For>
            </ul>
          )}
        </Show>
        <Show when={wish().kind !== "sync"}>
          <section class="consequences" aria-live="polite" aria-label="Consequences">
            <Show
              when={plan()}
              fallback={<p class="faint">{error() === "" ? "Working out what happens …" : ""}</p>}
            >
              {(answer) => (
                <>
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
              <For each={wish().kind === "drain" ? DRAIN_LENGTHS : DURATIONS}>
                {([label, ms]) => <option value={ms}>{label}</option>}
              </For>
            </select>
          </label>
        </Show>
        <Show when={commandOf(plan())}>
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
        <Show when={error()}>
          <p class="is-down" role="alert">Not done: {visible(error())}</p>
        </Show>
        <Show when={done()}>
          {(text) => <p role="status">{visible(text())}</p>}
        </Show>
        <div class="buttons">
          <button ref={safe} type="button" onClick={close}>
            {done() === undefined ? "Cancel" : "Close"}
          </button>
          <Show when={done() === undefined}>
            <button type="submit" class="do" disabled={!ready()}>{visible(verbOf(wish()))}</button>
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

/** What follows a drain, and whether a frontend may lose its last server by it. */
function DrainFields(
  props: { readonly wish: Wish; readonly set: (wish: Wish) => void },
): JSX.Element {
  const drain = () => props.wish.kind === "drain" ? props.wish : undefined;
  return (
    <Show when={drain()}>
      {(wish) => (
        <>
          <label>
            Then
            <select
              value={wish().then}
              onChange={(event) =>
                props.set({
                  ...wish(),
                  then: event.currentTarget.value === "pause" ? "pause" : "disable",
                })}
            >
              <option value="disable">disable: flows that are left are dropped</option>
              <option value="pause">pause: flows that are left stay</option>
            </select>
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={wish().force}
              onChange={(event) => props.set({ ...wish(), force: event.currentTarget.checked })}
            />{" "}
            Force: also when a frontend loses its last server
          </label>
        </>
      )}
    </Show>
  );
}

/** Slider and number of a weight, and the way back to the file's. */
function WeightFields(
  props: { readonly wish: Wish; readonly set: (wish: Wish) => void },
): JSX.Element {
  const set = (weight: number | "file") => {
    if (props.wish.kind !== "weight") return;
    if (weight === "file" || (Number.isInteger(weight) && weight >= 0 && weight <= 100)) {
      props.set({ ...props.wish, weight });
    }
  };
  const weight = () => props.wish.kind === "weight" ? props.wish.weight : 0;
  const number = () => weight() === "file" ? 100 : weight();
  return (
    <Show when={props.wish.kind === "weight"}>
      <fieldset>
        <legend>Weight</legend>
        <input
          type="range"
          min={0}
          max={100}
          value={number()}
          aria-label="Weight, slider"
          onInput={(event) => set(event.currentTarget.valueAsNumber)}
        />
        <input
          type="number"
          min={0}
          max={100}
          value={number()}
          aria-label="Weight"
          onInput={(event) => set(event.currentTarget.valueAsNumber)}
        />
        <button type="button" aria-pressed={weight() === "file"} onClick={() => set("file")}>
          The file's
        </button>
      </fieldset>
    </Show>
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
