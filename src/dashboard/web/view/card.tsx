/** A frontend: one line with its state, which opens to its pools. A closed body is not rendered. */
import { createMemo, createSignal, For, Index, type JSX, Show } from "solid-js";
import { type Frontend, frontendVipKey, type Pool } from "../../protocol.ts";
import type { Match } from "../model/filter.ts";
import { addressPort, formatPackets, visible } from "../model/format.ts";
import { differenceWords, HEALTH_WORDS, heldWord, type Summary } from "../model/health.ts";
import type { Lb } from "../model/lb.ts";
import { WhyNot } from "./actions/actions.tsx";
import { BackendRow } from "./backend_row.tsx";
import { usePage } from "./context.ts";
import { flashOn } from "./parts/flash.tsx";
import { later } from "./parts/later.tsx";
import { Mark } from "./parts/mark.tsx";
import { Name } from "./parts/name.tsx";

const LazyChart = later(
  async () => (await import("./chart.tsx")).TrafficChart,
  { fallback: () => <div class="chart" /> },
);
const LazyWhy = later(async () => (await import("./diagnosis/mod.ts")).FrontendWhy);
const LazyFleetWhy = later(async () => (await import("./diagnosis/mod.ts")).FleetWhy);

/** Backends of a kind that a closed card names. */
const MAX_NAMED = 2;

export function Card(props: {
  readonly lb: Lb;
  readonly name: string;
  readonly match: Match;
  readonly open: boolean;
}): JSX.Element {
  const page = usePage();
  const parts = createMemo((): { readonly frontend: Frontend; readonly summary: Summary } => {
    page.track(props.lb.name, `f:${props.name}`);
    return {
      frontend: props.lb.frontends.get(props.name)!,
      summary: props.lb.summaries.get(props.name)!,
    };
  });
  const [why, setWhy] = createSignal(false);
  const frontend = () => parts().frontend;
  const vipKey = () => frontendVipKey(frontend());
  const summary = () => parts().summary;
  const toggle = () => {
    // Read once: a card that the address names stays open until the address has changed.
    const open = !props.open;
    page.navigation.choose(props.lb.name, props.name, open);
    page.navigation.go({ lb: props.lb.name, ...(open ? { frontend: props.name } : {}) });
  };
  const id = () => `${props.lb.name}/${props.name}`;
  let state!: HTMLSpanElement;
  const stateText = () => visible(stateWords(frontend(), summary()));
  return (
    <li class="card" classList={{ open: props.open, [`is-${summary().health}`]: true }}>
      <div class="head" onClick={(event) => clickOutsideButton(event) && toggle()}>
        <Mark of={summary().health} />
        <h2>
          <button
            type="button"
            class="opener"
            data-row={id()}
            aria-expanded={props.open}
            onClick={toggle}
          >
            <Name text={props.name} />
          </button>
        </h2>
        <span class="vip">
          {visible(addressPort(frontend().address, frontend().port))}{" "}
          <span class="faint">{visible(frontend().protocol)}</span>{" "}
          <span class={frontend().announced === "withdrawn" ? "is-degraded" : "faint"}>
            {frontend().announced}
          </span>
        </span>
        <span
          class="health"
          ref={(element) => {
            state = element;
            flashOn(() => state, stateText);
          }}
        >
          {stateText()}
        </span>
        <ServerWords summary={summary()} />
        <Traffic lb={props.lb} frontend={frontend()} />
      </div>
      <Show when={props.open}>
        <div class="body">
          <Show when={frontend().description}>
            <p class="faint">{visible(frontend().description!)}</p>
          </Show>
          <For each={summary().differences}>
            {(difference) => (
              <p class="is-disagrees">
                VPP disagrees: {visible(differenceWords(difference))}
              </p>
            )}
          </For>
          <Show when={page.fleet()?.differences.some(({ vip }) => vip === vipKey())}>
            <LazyFleetWhy vip={vipKey()} />
          </Show>
          <div class="acts">
            <button
              type="button"
              class="quiet"
              aria-expanded={why()}
              onClick={() => setWhy(!why())}
            >
              Why
            </button>
            <button
              type="button"
              class="quiet"
              onClick={() =>
                page.navigation.setTimeline({ lb: props.lb.name, frontend: props.name })}
            >
              History
            </button>
            <Show when={page.admin && summary().differences.length > 0}>
              <button
                type="button"
                disabled={!page.canAct(props.lb)}
                onClick={() =>
                  page.setWish({ kind: "sync", lb: props.lb.name, frontend: props.name })}
              >
                Sync …
              </button>
              <WhyNot lb={props.lb} />
            </Show>
          </div>
          <Show when={why()}>
            <LazyWhy lb={props.lb} frontend={frontend()} />
          </Show>
          <LazyChart lb={props.lb} vip={vipKey()} name={props.name} />
          <Index each={frontend().pools}>
            {(pool, index) => (
              <PoolTable
                lb={props.lb}
                frontend={frontend()}
                pool={pool()}
                match={props.match}
                first={index === 0}
              />
            )}
          </Index>
        </div>
      </Show>
    </li>
  );
}

/** True for clicks on the line itself; its button handles its own, and text may be selected. */
function clickOutsideButton(event: MouseEvent): boolean {
  return !(event.target instanceof Element && event.target.closest("button")) &&
    (getSelection()?.isCollapsed ?? true);
}

function stateWords(frontend: Frontend, summary: Summary): string {
  const pool = frontend.active_pool;
  if (frontend.held === true) return heldWord(frontend.state, { held: true });
  if (summary.health === "well") return pool === "" ? "up" : `up · ${pool}`;
  if (summary.health === "fallback" && pool !== "fallback") {
    return `${HEALTH_WORDS.fallback} · ${pool}`;
  }
  return HEALTH_WORDS[summary.health];
}

/**
 * Servers and traffic of a closed card. There may be a thousand of them: each is a
 * few texts without components of their own.
 */
function ServerWords(props: { readonly summary: Summary }): JSX.Element {
  const failing = () => groupWords(props.summary.failing);
  return (
    <span class="servers">
      <span class="number faint">{`${props.summary.up} of ${props.summary.total} up`}</span>{" "}
      <span class={`is-${props.summary.failing[0]?.state ?? "up"}`}>{failing()}</span>{" "}
      <span class="is-held">{groupWords(props.summary.held)}</span>
    </span>
  );
}

/**
 * `down: web0, web1 and 6 more; unknown: web9`. The word comes first, because the end may be cut
 * off. Names are isolated, so that one from right to left does not turn the others around.
 */
function groupWords(backends: readonly { readonly name: string; readonly word: string }[]): string {
  const groups = new Map<string, string[]>();
  for (const { name, word } of backends) {
    const names = groups.get(word);
    if (names === undefined) groups.set(word, [name]);
    else names.push(name);
  }
  return [...groups].map(([word, names]) => {
    const named = names.slice(0, MAX_NAMED).map((name) => `\u2068${visible(name)}\u2069`);
    const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
    return `${word}: ${named.join(", ")}${more}`;
  }).join("; ");
}

/** Packets per second now. */
function Traffic(props: { readonly lb: Lb; readonly frontend: Frontend }): JSX.Element {
  const page = usePage();
  const words = createMemo(() => {
    const key = frontendVipKey(props.frontend);
    page.track(props.lb.name, `r:${key}`);
    const rates = props.lb.rates.get(key);
    const next = rates?.next.at(-1);
    if (next === null || next === undefined) return { dropped: "", rate: "–" };
    const dropped = rates!.dropped.at(-1) ?? 0;
    return {
      dropped: dropped > 0 ? `${formatPackets(dropped)} dropped` : "",
      rate: formatPackets(next + (rates!.first.at(-1) ?? 0)),
    };
  });
  return (
    <span class="traffic number">
      <span class="is-down">{words().dropped}</span>
      <span class="after">{words().rate}</span>
    </span>
  );
}

function PoolTable(props: {
  readonly lb: Lb;
  readonly frontend: Frontend;
  readonly pool: Pool;
  readonly match: Match;
  readonly first: boolean;
}): JSX.Element {
  const rows = () =>
    props.match === "all" || props.match === false
      ? props.pool.backends
      : props.pool.backends.filter(({ name }) => (props.match as ReadonlySet<string>).has(name));
  const names = createMemo(() => rows().map(({ name }) => name), [], {
    equals: (a, b) => a.join("\0") === b.join("\0"),
  });
  const role = () => {
    if (props.pool.name === props.frontend.active_pool) return "serves";
    return props.first ? "does not serve" : "stands by";
  };
  return (
    <Show when={rows().length > 0}>
      <table>
        <caption>
          pool <Name text={props.pool.name} />, <span class="faint">{role()}</span>
        </caption>
        <thead classList={{ thin: !props.first }}>
          <tr>
            <th scope="col" class="c-beat">
              <span class="for-readers">Heartbeat</span>
            </th>
            <th scope="col" class="c-name">backend</th>
            <th scope="col" class="c-address">address</th>
            <th scope="col" class="c-state">state</th>
            <th scope="col" class="c-counter">counter</th>
            <th scope="col" class="c-weight">weight</th>
            <th scope="col" class="c-effective">effective</th>
            <th scope="col" class="c-buckets">buckets</th>
            <th scope="col" class="c-result">last result</th>
            <th scope="col" class="c-strip">ten minutes</th>
            <th scope="col" class="c-flaps" title="transitions of the last hour">flaps/h</th>
            <th scope="col" class="c-age">for</th>
          </tr>
        </thead>
        <tbody>
          <For each={names()}>
            {(name) => (
              <Show when={props.pool.backends.find((entry) => entry.name === name)}>
                {(entry) => (
                  <BackendRow
                    lb={props.lb}
                    frontend={props.frontend}
                    pool={props.pool}
                    entry={entry()}
                  />
                )}
              </Show>
            )}
          </For>
        </tbody>
      </table>
    </Show>
  );
}
