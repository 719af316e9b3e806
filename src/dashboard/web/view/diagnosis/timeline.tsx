/** The history that maglevd keeps, newest first: of everything, or of one backend or frontend. */
import {
  createEffect,
  createMemo,
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
import { MAX_RECORDS, whatOf } from "../../model/timeline.ts";
import type { TimelineTarget } from "../../model/url_state.ts";
import { isForGood } from "../../stream/api.ts";
import { BROWSER } from "../../stream/browser.ts";
import { HistoryLoader, type HistoryView } from "../../history_loader.ts";
import { usePage } from "../context.ts";
import { Name } from "../parts/name.tsx";

/** Events of policies, and of probers without a verdict, that begin something unusual. */
const ALARMS = /-(held|withdrawn|isolated|isolated-expired|blind|withheld|failed)$/;

export function Timeline(props: { readonly target: TimelineTarget }): JSX.Element {
  const page = usePage();
  let dialog!: HTMLDialogElement;
  let close!: HTMLButtonElement;
  let list!: HTMLDivElement;
  const opener = document.activeElement;
  const target = () => props.target;
  const [view, setView] = createSignal<HistoryView>();
  const shown = () => view()?.shown;
  const busy = () => view()?.busy ?? true;
  /** Something else closed it: another address. */
  let gone = false;
  const loader = new HistoryLoader({
    load: (target, before) => page.api.timeline(target, before),
    isForGood,
    show: setView,
    steadyMs: BROWSER.steadyMs,
  });
  // The newest line of this load balancer: what maglevd keeps is sent as an event too.
  const newestLine = () => page.lines().findLast(({ lb }) => lb === target().lb)?.id;
  /** Another maglevd may be able to answer. */
  const version = () => {
    page.track(target().lb, "status");
    return page.lb(target().lb)?.status.version;
  };
  createEffect(on([target, createMemo(version)], () => {
    void loader.open(target(), untrack(newestLine));
  }));
  createEffect(on([newestLine, page.tickMs], ([newest]) => {
    if (document.visibilityState === "visible") loader.tick(newest);
  }, { defer: true }));
  /** The button goes when there is nothing more to load. */
  const press = async (button: HTMLButtonElement, load: () => Promise<void>) => {
    await load();
    if (!gone && !button.isConnected) list.focus();
  };
  onMount(() => {
    dialog.showModal();
    close.focus();
  });
  onCleanup(() => {
    loader.close();
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
      <Show when={view()?.error}>
        {(error) => <p class="is-down" role="alert">{visible(error())}</p>}
      </Show>
      <Show when={shown()?.warning}>
        {(warning) => <p class="is-degraded">{visible(warning())}</p>}
      </Show>
      <Show when={shown()?.isCutInFront}>
        <p role="status">
          {MAX_RECORDS} records are shown; newer ones are left out.{" "}
          <button
            type="button"
            onClick={(event) => void press(event.currentTarget, () => loader.newest())}
          >
            Newest
          </button>
        </p>
      </Show>
      <div ref={list} class="timeline" role="region" aria-label="Records" tabIndex={0}>
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
          {/* A button that is disabled loses the focus. */}
          <button
            type="button"
            aria-disabled={busy()}
            onClick={(event) => void press(event.currentTarget, () => loader.older())}
          >
            Older
          </button>
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
