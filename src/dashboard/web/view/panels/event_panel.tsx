/** The log of events. It follows only at the bottom, and otherwise counts what is new. */
import { createEffect, createMemo, createSignal, For, type JSX, on, Show } from "solid-js";
import type { LogLevelName } from "../../../protocol.ts";
import { filterLines, type Kind, KINDS, LEVELS, type LogLine } from "../../model/event_log.ts";
import { bothInstants, localTime, visible } from "../../model/format.ts";
import { usePage } from "../context.ts";

/** So close to the bottom counts as there, in pixels. */
const NEAR = 8;

export function EventPanel(props: { readonly lb: string | undefined }): JSX.Element {
  const page = usePage();
  const [levels, setLevels] = createSignal<ReadonlySet<LogLevelName>>(new Set(LEVELS));
  const [kinds, setKinds] = createSignal<ReadonlySet<Kind>>(new Set(KINDS));
  const [search, setSearch] = createSignal("");
  const [paused, setPaused] = createSignal<readonly LogLine[]>();
  const [unseen, setUnseen] = createSignal(0);
  let log!: HTMLDivElement;
  let atBottom = true;
  let lastId = -1;
  const lines = createMemo(() =>
    filterLines(paused() ?? page.lines(), {
      levels: levels(),
      kinds: kinds(),
      search: search(),
      lb: props.lb,
    })
  );
  const toBottom = () => {
    log.scrollTop = log.scrollHeight;
    atBottom = true;
    setUnseen(0);
  };
  createEffect(on(lines, (now) => {
    const added = now.filter(({ id }) => id > lastId).length;
    lastId = Math.max(lastId, now.at(-1)?.id ?? -1);
    if (atBottom) toBottom();
    else setUnseen((count) => count + added);
  }));
  const toggled = <T,>(set: ReadonlySet<T>, value: T): ReadonlySet<T> => {
    const after = new Set(set);
    if (!after.delete(value)) after.add(value);
    return after;
  };
  return (
    <section class="panel events" aria-labelledby="events-title">
      <div class="panel-head">
        <h2 id="events-title">Events</h2>
        <input
          type="search"
          placeholder="Filter"
          aria-label="Filter events by text"
          value={search()}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <Show when={props.lb}>
          {(lb) => (
            <button
              type="button"
              class="quiet"
              onClick={() => page.navigation.setTimeline({ lb: lb() })}
            >
              History
            </button>
          )}
        </Show>
        <button
          type="button"
          class="quiet"
          aria-pressed={paused() !== undefined}
          onClick={() => setPaused(paused() === undefined ? page.lines() : undefined)}
        >
          {paused() === undefined ? "Pause" : "Paused: go on"}
        </button>
      </div>
      <div class="toggles" role="group" aria-label="Levels and kinds">
        <For each={LEVELS}>
          {(level) => (
            <button
              type="button"
              class="toggle"
              aria-pressed={levels().has(level)}
              onClick={() => setLevels(toggled(levels(), level))}
            >
              {level}
            </button>
          )}
        </For>
        <span class="gap" aria-hidden="true" />
        <For each={KINDS}>
          {(kind) => (
            <button
              type="button"
              class="toggle"
              aria-pressed={kinds().has(kind)}
              onClick={() => setKinds(toggled(kinds(), kind))}
            >
              {kind}
            </button>
          )}
        </For>
      </div>
      <div
        class="log"
        ref={log}
        role="region"
        aria-label="Event lines"
        tabIndex={0}
        onScroll={() => {
          atBottom = log.scrollHeight - log.scrollTop - log.clientHeight <= NEAR;
          if (atBottom) setUnseen(0);
        }}
      >
        <ol>
          <For
            each={lines()}
            fallback={
              <li class="faint">
                {page.lines().length === 0
                  ? "No events since the page was opened."
                  : "No event passes this filter."}
              </li>
            }
          >
            {(line) => (
              <li classList={{ [`level-${line.level}`]: true }}>
                <time class="faint number" title={bothInstants(line.tMs)}>
                  {localTime(line.tMs)}
                </time>
                <Show when={props.lb === undefined}>
                  <b>{visible(line.lb)}</b>
                </Show>
                <Show when={line.level === "warn" || line.level === "error"}>
                  <span class={line.level === "error" ? "is-down" : "is-degraded"}>
                    {line.level}
                  </span>
                </Show>
                <span class="faint">{visible(line.msg)}</span> <bdi>{visible(line.text)}</bdi>
              </li>
            )}
          </For>
        </ol>
      </div>
      <Show when={unseen() > 0}>
        <button type="button" class="unseen" onClick={toBottom}>{unseen()} new ↓</button>
      </Show>
    </section>
  );
}
