/** VPP and maglevd of one load balancer, as a short list. */
import { type JSX, Show } from "solid-js";
import { formatAge, formatLatency, formatRate, localInstant, visible } from "../../model/format.ts";
import type { Lb } from "../../model/lb.ts";
import { WhyNot } from "../actions/actions.tsx";
import { usePage } from "../context.ts";
import { Age } from "../parts/age.tsx";
import { Mark } from "../parts/mark.tsx";

/** Clocks that differ by less are the same for people. */
const SKEW_MS = 1000;
const STATE_WORDS = {
  off: "not used: no VPP is configured",
  connecting: "not connected",
  connected: "connected",
  unknown: "unknown",
} as const;

export function VppPanel(props: { readonly lb: Lb }): JSX.Element {
  const page = usePage();
  const vpp = () => {
    page.track(props.lb.name, "vpp");
    return props.lb.vpp;
  };
  const status = () => {
    page.track(props.lb.name, "status");
    return props.lb.status;
  };
  const calls = () => {
    page.track(props.lb.name, "api");
    return props.lb.callsPerS;
  };
  const readMs = () => {
    page.track(props.lb.name, "vpp");
    return props.lb.lbReadMs;
  };
  const mark = () =>
    ({ connecting: "down", off: "unknown", unknown: "unknown", connected: "well" })[
      vpp().state
    ];
  const differing = () => {
    page.track(props.lb.name, "counts");
    page.track(props.lb.name, "lists");
    let count = 0;
    for (const { differences } of props.lb.summaries.values()) if (differences.length > 0) count++;
    return count;
  };
  return (
    <section class="panel" aria-labelledby="vpp-title">
      <h2 id="vpp-title">VPP</h2>
      <dl class="facts">
        <dt>connection</dt>
        <dd class={`is-${mark()}`}>
          <Mark of={mark()} /> {STATE_WORDS[vpp().state]}
          <Show when={vpp().since_ms}>
            {(since) => (
              <>
                {" "}for <Age lb={props.lb} atMs={since()} />
              </>
            )}
          </Show>
          {vpp().error === undefined ? "" : `: ${visible(vpp().error!)}`}
        </dd>
        <Show when={vpp().state === "connected"}>
          <dt>version</dt>
          <dd>{visible(vpp().version ?? "unknown")}</dd>
          <dt>process</dt>
          <dd>
            {vpp().pid ?? "unknown"}
            <Show when={vpp().boottime_ms}>
              {(boot) => (
                <>
                  , up for <Age lb={props.lb} atMs={boot()} />
                </>
              )}
            </Show>
          </dd>
          <dt>API calls</dt>
          <dd class="number">{formatRate(calls())}/s</dd>
          <dt>VIPs</dt>
          <dd classList={{ "is-disagrees": differing() > 0 }}>
            {differing() > 0 ? `${differing()} not as wanted` : "as wanted"}
            <Show when={readMs()}>
              {(read) => <span class="faint">, read {formatAge(page.nowMs() - read())} ago</span>}
            </Show>
          </dd>
        </Show>
      </dl>
      <Show when={page.admin}>
        <div class="acts">
          <button
            type="button"
            disabled={!page.canAct(props.lb) || vpp().state !== "connected"}
            onClick={() => page.setWish({ kind: "sync", lb: props.lb.name })}
          >
            Sync …
          </button>
          <WhyNot lb={props.lb} />
        </div>
      </Show>
      <h2>maglevd</h2>
      <dl class="facts">
        <dt>address</dt>
        <dd>{visible(status().address)}</dd>
        <dt>version</dt>
        <dd>
          {visible(status().version ?? "unknown")}
          <Show when={status().started_ms}>
            {(started) => (
              <>
                , up for <Age lb={props.lb} atMs={started()} />
              </>
            )}
          </Show>
        </dd>
        <dt>ready</dt>
        <dd classList={{ "is-degraded": status().ready === false }}>
          {status().ready === false
            ? `no: ${visible(status().reason ?? "unknown")}`
            : status().ready
            ? "yes"
            : "unknown"}
        </dd>
        <dt>configuration</dt>
        <dd>
          {visible(status().config_hash?.slice(0, 8) ?? "unknown")}
          <Show when={status().config_loaded_ms}>
            {(loaded) => (
              <span title={localInstant(loaded())}>
                , in force for <Age lb={props.lb} atMs={loaded()} />
              </span>
            )}
          </Show>
        </dd>
        <Show when={Math.abs(status().clock_skew_ms ?? 0) >= SKEW_MS}>
          <dt>clock</dt>
          <dd class="is-degraded">
            {formatLatency(Math.abs(status().clock_skew_ms!))}{" "}
            {status().clock_skew_ms! > 0 ? "ahead of" : "behind"} the dashboard's
          </dd>
        </Show>
      </dl>
    </section>
  );
}
