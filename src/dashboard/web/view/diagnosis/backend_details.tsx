/** Everything known about a backend, under its row: why it is as it is, and what can be done. */
import { For, Index, type JSX, Show } from "solid-js";
import type {
  Backend,
  BackendDetails as Details,
  Frontend,
  HealthCheck,
  Intent,
  LbServer,
  Pool,
  PoolBackend,
} from "../../../protocol.ts";
import {
  bothInstants,
  formatAge,
  formatCount,
  formatLatency,
  localInstant,
  localTime,
  plural,
  utcInstant,
  visible,
} from "../../model/format.ts";
import { risingWords } from "../../model/health.ts";
import { intentWords } from "../../model/intent.ts";
import type { Lb } from "../../model/lb.ts";
import { Actions } from "../actions/actions.tsx";
import { usePage } from "../context.ts";
import { Age } from "../parts/age.tsx";
import { CopyJson } from "../parts/copy_json.tsx";
import { counterWords } from "../parts/counter.tsx";
import { keptUp } from "../parts/kept_up.ts";
import { Mark } from "../parts/mark.tsx";
import { Old } from "../parts/old.tsx";
import { outageTexts } from "../parts/strip.tsx";
import { BackendWhy } from "./backend_why.tsx";

/** Last results are loaded again after this time. */
const RESULTS_MS = 15_000;
/** Transitions that are shown. */
const MAX_TRANSITIONS = 10;

export function BackendDetails(props: {
  readonly lb: Lb;
  readonly frontend: Frontend;
  readonly pool: Pool;
  readonly entry: PoolBackend;
  readonly backend: Backend;
  readonly server: LbServer | undefined;
}): JSX.Element {
  const page = usePage();
  const { value: loaded, missing, old } = keptUp(page, {
    // A transition makes what was loaded old.
    key: () => JSON.stringify([props.lb.name, props.backend.state, props.backend.since_ms]),
    load: () => page.api.backend(props.lb.name, props.backend.name),
    againMs: RESULTS_MS,
  });
  const none = () => loaded() === undefined ? missing() : "none yet";
  const strip = () => {
    page.track(props.lb.name, "strips");
    page.track(props.lb.name, `strip:${props.backend.name}`);
    return props.lb.strips.get(props.backend.name) ?? "";
  };
  return (
    <div class="detail-grid">
      <BackendWhy {...props} />
      <dl class="facts">
        <dt>address</dt>
        <dd>{visible(props.backend.address)}</dd>
        <dt>state</dt>
        <dd>
          {props.backend.state} for <Age lb={props.lb} atMs={props.backend.since_ms} />, since{" "}
          <span class="number">{localInstant(props.backend.since_ms)}</span>{" "}
          <span class="faint number">{utcInstant(props.backend.since_ms)}</span>
        </dd>
        <Show when={props.backend.blind}>
          <dt>not probed</dt>
          <dd class="is-down">{visible(props.backend.blind!)}</dd>
        </Show>
        <Show when={props.backend.carried}>
          <dt>carried</dt>
          <dd>up only until the first verdict of its changed check</dd>
        </Show>
        <dt>counter</dt>
        <dd>{counterWords(props.backend)}</dd>
        <Show when={props.backend.last_result}>
          {(result) => (
            <>
              <dt>last result</dt>
              <dd classList={{ "is-down": !result().ok }}>
                {result().ok ? "passed" : "failed"}: {visible(result().code)}
                {result().duration_ms === undefined
                  ? ""
                  : ` in ${formatLatency(result().duration_ms!)}`}
                {result().detail ? `, ${visible(result().detail!)}` : ""}
              </dd>
            </>
          )}
        </Show>
        <Show when={props.lb.healthchecks.get(props.backend.healthcheck)}>
          {(check) => (
            <>
              <dt>check</dt>
              <dd>{visible(checkWords(check()))}</dd>
            </>
          )}
        </Show>
        <Show when={props.backend.certificate_expiry_ms}>
          {(expiry) => (
            <>
              <dt>certificate</dt>
              <dd title={bothInstants(expiry())}>
                {visible(props.backend.certificate_name ?? "")} {expiry() > page.lbNowMs(props.lb)
                  ? `for ${formatAge(expiry() - page.lbNowMs(props.lb))} more`
                  : "has expired"}
              </dd>
            </>
          )}
        </Show>
        <Show when={props.backend.damped_until_ms}>
          {(until) => (
            <>
              <dt>damped</dt>
              <dd class="is-down" title={bothInstants(until())}>
                it went down often: it stays down even when its checks pass, for at most{" "}
                {formatAge(Math.max(0, until() - page.lbNowMs(props.lb)))} more
              </dd>
            </>
          )}
        </Show>
        <Show when={props.backend.intent}>
          {(intent) => <IntentFacts lb={props.lb} intent={intent()} />}
        </Show>
        <For each={props.backend.scheduled ?? []}>
          {(intent) => (
            <>
              <dt>to come</dt>
              <dd class="is-held" title={bothInstants(intent.from_ms ?? intent.since_ms)}>
                {intent.kind}, {intentWords(intent, page.lbNowMs(props.lb))}{" "}
                <Show when={page.admin && intent.id}>
                  {(id) => (
                    <button
                      type="button"
                      class="quiet"
                      disabled={!page.canAct(props.lb)}
                      onClick={() =>
                        page.setWish({
                          ...{ kind: "cancel", lb: props.lb.name, backend: props.backend.name },
                          ...{ id: id(), of: intent },
                        })}
                    >
                      Take back …
                    </button>
                  )}
                </Show>
              </dd>
            </>
          )}
        </For>
        <Show when={props.entry.intent}>
          {(intent) => <IntentFacts lb={props.lb} intent={intent()} />}
        </Show>
        <Show when={props.entry.held}>
          <dt>held</dt>
          <dd class="is-down">down, and keeps its weight because of max-down</dd>
        </Show>
        <Show when={props.entry.encap}>
          {(encap) => (
            <>
              <dt>encap</dt>
              <dd class={encap().failing && !encap().warn ? "is-down" : "is-held"}>
                {encap().failing ? "fails: " : "not probed: "}
                {visible(encap().text)}
              </dd>
            </>
          )}
        </Show>
        <dt>weight</dt>
        <dd>
          {props.entry.weight} wanted, {props.entry.effective_weight} given to VPP
          {props.entry.rising ? `; ${risingWords(props.entry)}` : ""}
          {props.pool.name === props.frontend.active_pool
            ? ""
            : `; pool ${visible(props.pool.name)} does not serve`}
        </dd>
        <dt>in VPP</dt>
        <dd>
          <Show when={props.server} fallback="not there">
            {(server) => (
              <>
                {server().in_use
                  ? `weight ${server().weight}`
                  : "removed, kept for its last flows"}, {formatCount(server().buckets)} buckets
                {server().flows === undefined
                  ? ""
                  : server().flows === 0
                  ? ", no sticky flows"
                  : `, up to ${plural(server().flows!, "sticky flow")}`}
              </>
            )}
          </Show>
        </dd>
      </dl>
      <section>
        <h3>Last results</h3>
        <Old text={old()} />
        <ol class="lines">
          <Index each={resultRuns(loaded())} fallback={<li class="faint">{visible(none())}</li>}>
            {(run) => (
              <li>
                <span class="faint">{localTime(run().atMs)}</span>{" "}
                <span classList={{ "is-down": !run().ok }}>{visible(run().code)}</span>
                <span class="faint">{run().count > 1 ? ` × ${run().count}` : ""}</span>
              </li>
            )}
          </Index>
        </ol>
        <Show when={outageTexts(props.lb, strip()).length > 0}>
          <h3>Ten minutes</h3>
          <ol class="lines">
            <For each={outageTexts(props.lb, strip())}>{(text) => <li>{text}</li>}</For>
          </ol>
        </Show>
      </section>
      <section>
        <h3>Transitions</h3>
        <ol class="lines">
          <Index
            each={loaded()?.transitions.slice(-MAX_TRANSITIONS).reverse() ?? []}
            fallback={<li class="faint">{visible(none())}</li>}
          >
            {(transition) => (
              <li>
                <span class="faint" title={bothInstants(transition().at_ms)}>
                  {localInstant(transition().at_ms)}
                </span>{" "}
                {transition().from} → <Mark of={transition().to} />{" "}
                <span class={`is-${transition().to}`}>{transition().to}</span>
                <span class="faint">
                  {transition().result === undefined
                    ? ""
                    : ` ${
                      visible(`${transition().result!.code} ${transition().result!.detail ?? ""}`)
                    }`}
                </span>
              </li>
            )}
          </Index>
        </ol>
      </section>
      <div class="acts">
        <Actions lb={props.lb} frontend={props.frontend} pool={props.pool} entry={props.entry} />
        <button
          type="button"
          class="quiet"
          onClick={() =>
            page.navigation.setTimeline({ lb: props.lb.name, backend: props.backend.name })}
        >
          History
        </button>
        <CopyJson
          of={() => ({
            maglevd: props.lb.name,
            frontend: props.frontend.name,
            pool: props.pool.name,
            entry: props.entry,
            vpp: props.server,
            ...loaded(),
            backend: props.backend,
          })}
        />
      </div>
    </div>
  );
}

function IntentFacts(props: { readonly lb: Lb; readonly intent: Intent }): JSX.Element {
  const page = usePage();
  return (
    <>
      <dt>operator</dt>
      <dd class="is-held">
        {props.intent.kind} since {localInstant(props.intent.since_ms)},{" "}
        {intentWords(props.intent, page.lbNowMs(props.lb))}
      </dd>
    </>
  );
}

function checkWords(check: HealthCheck): string {
  const port = check.port === 0 ? "" : ` port ${check.port}`;
  const request = check.request === undefined ? "" : `, ${check.request}`;
  const code = check.response_code === undefined ? "" : ` expects ${check.response_code}`;
  const every = [check.interval_ms, check.fast_interval_ms, check.down_interval_ms]
    .map(formatLatency);
  return `${check.name}: ${check.type}${port}${request}${code}, every ${every[0]} ` +
    `(fast ${every[1]}, down ${every[2]}), timeout ${formatLatency(check.timeout_ms)}, ` +
    `rise ${check.rise}, fall ${check.fall}`;
}

/** Equal results next to each other as one line, newest first. */
function resultRuns(
  details: Details | undefined,
): {
  readonly atMs: number;
  readonly ok: boolean;
  readonly code: string;
  readonly count: number;
}[] {
  const runs: { atMs: number; ok: boolean; code: string; count: number }[] = [];
  for (const { at_ms: atMs, ok, code } of details?.history.results ?? []) {
    const last = runs.at(-1);
    if (last !== undefined && last.code === code && last.ok === ok) {
      last.count++;
      last.atMs = atMs;
    } else runs.push({ atMs, ok, code, count: 1 });
  }
  return runs.reverse();
}
