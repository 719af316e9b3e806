/** The history that maglevd keeps, newest first: of everything, or of one backend or frontend. */
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
import type { TimelineRecord } from "../../../protocol.ts";
import { bothInstants, localInstant, utcInstant, visible } from "../../model/format.ts";
import { type Timeline as Loaded, whatOf, withNewest, withOlder } from "../../model/timeline.ts";
import type { TimelineTarget } from "../../model/url_state.ts";
import { BROWSER } from "../../stream/browser.ts";
import { usePage } from "../context.ts";
import { Name } from "../parts/name.tsx";

/** Events of policies, and of probers without a verdict, that begin something unusual. */
const ALARMS = /-(held|withdrawn|isolated|isolated-expired|blind|withheld)$/;

/** Newer records are looked for at most this often, when events came. */
const NEWER_MS = 2000;

export function Timeline(props: { readonly target: TimelineTarget }): JSX.Element {
  const page = usePage();
  let dialog!: HTMLDialogElement;
  let close!: HTMLButtonElement;
  const opener = document.activeElement;
  const target = () => props.target;
  const [shown, setShown] = createSignal<Loaded>();
  const [error, setError] = createSignal("");
  const [busy, setBusy] = createSignal(false);
  let attempt = 0;
  let loadedMs = 0;
  /** Something else closed it: another address. */
  let gone = false;
  const load = async (before: number | undefined) => {
    const mine = ++attempt;
    loadedMs = BROWSER.steadyMs();
    setBusy(true);
    try {
      const found = await page.api.timeline(target(), before);
      if (mine !== attempt) return;
      const old = shown();
      setShown(
        before === undefined || old === undefined ? withNewest(old, found) : withOlder(old, found),
      );
      setError("");
    } catch (failure) {
      if (mine === attempt) setError(failure instanceof Error ? failure.message : String(failure));
    } finally {
      if (mine === attempt) setBusy(false);
    }
  };
  createEffect(on(target, () => {
    setShown(undefined);
    void load(undefined);
  }));
  // The newest line of this load balancer: what maglevd keeps is sent as an event too.
  const newestLine = () => page.lines().findLast(({ lb }) => lb === target().lb)?.id;
  let seen = untrack(newestLine);
  createEffect(on([newestLine, page.tickMs], ([newest]) => {
    if (newest === seen || busy() || BROWSER.steadyMs() - loadedMs < NEWER_MS) return;
    seen = newest;
    void load(undefined);
  }));
  onMount(() => {
    dialog.showModal();
    close.focus();
  });
  onCleanup(() => {
    attempt = -1;
    gone = true;
    dialog.close();
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
  });
  const only = (names: Omit<TimelineTarget, "lb">) => {
    page.navigation.setTimeline({ lb: target().lb, ...names });
    close.focus();
  };
  const name = () => target().backend ?? target().frontend;
  return (
    <dialog
      ref={dialog}
      class="wide"
      aria-labelledby="timeline-title"
      onClose={() => !gone && page.navigation.setTimeline(undefined)}
    >
      <h2 id="timeline-title">
        History{name() === undefined ? "" : " of "}
        <Name text={name() ?? ""} /> <span class="faint">on {visible(target().lb)}</span>
      </h2>
      <Show when={error()}>
        <p class="is-down" role="alert">{visible(error())}</p>
      </Show>
      <Show when={shown()?.warning}>
        {(warning) => <p class="is-degraded">{visible(warning())}</p>}
      </Show>
      <div class="timeline" role="region" aria-label="Records" tabIndex={0}>
        <ol>
          <For
            each={shown()?.records ?? []}
            fallback={
              <li class="faint">
                {busy() ? "loading …" : shown() === undefined ? "" : "Nothing has been recorded."}
              </li>
            }
          >
            {(record) => <Record record={record} only={only} />}
          </For>
        </ol>
      </div>
      <div class="buttons">
        <Show when={name() !== undefined}>
          <button type="button" onClick={() => only({})}>Of everything</button>
        </Show>
        <span class="fill" />
        <Show
          when={shown()?.before}
          fallback={<span class="faint">{shown() === undefined ? "" : "no older records"}</span>}
        >
          {(before) => (
            <button type="button" disabled={busy()} onClick={() => void load(before())}>
              Older
            </button>
          )}
        </Show>
        <button ref={close} type="button" onClick={() => dialog.close()}>Close</button>
      </div>
    </dialog>
  );
}

function Record(props: {
  readonly record: TimelineRecord;
  readonly only: (names: Omit<TimelineTarget, "lb">) => void;
}): JSX.Element {
  // A record never changes.
  const { at_ms, event, backend, frontend, attributes } = props.record;
  return (
    <li>
      <time class="faint number" dateTime={utcInstant(at_ms)} title={bothInstants(at_ms)}>
        {localInstant(at_ms)}
      </time>{" "}
      <span class={ALARMS.test(event) ? "is-degraded" : "faint"}>{visible(event)}</span>{" "}
      <span>
        <Filter kind="backend" name={backend} onClick={(backend) => props.only({ backend })} />
        <Filter kind="frontend" name={frontend} onClick={(frontend) => props.only({ frontend })} />
      </span>
      <bdi>{visible(whatOf({ attributes }))}</bdi>
    </li>
  );
}

function Filter(props: {
  readonly kind: string;
  readonly name: string | undefined;
  readonly onClick: (name: string) => void;
}): JSX.Element {
  return (
    <Show when={props.name}>
      {(name) => (
        <>
          <button
            type="button"
            class="link"
            title={`only this ${props.kind}`}
            onClick={() => props.onClick(name())}
          >
            <Name text={name()} />
          </button>
          {" "}
        </>
      )}
    </Show>
  );
}
