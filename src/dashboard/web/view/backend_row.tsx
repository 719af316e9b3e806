/** A backend in a pool: one line, which opens to everything that is known about it. */
import { createEffect, createMemo, createSignal, type JSX, on, Show } from "solid-js";
import {
  type Backend,
  type Frontend,
  frontendVipKey,
  type Intent,
  type LbServer,
  type Pool,
  type PoolBackend,
  type ProbeResult,
} from "../../protocol.ts";
import { formatCount, formatLatency, formatShare, visible } from "../model/format.ts";
import { differenceWords, heldWord, risingWords } from "../model/health.ts";
import { intentWords } from "../model/intent.ts";
import type { Lb } from "../model/lb.ts";
import { usePage } from "./context.ts";
import { Age } from "./parts/age.tsx";
import { Counter, counterWords } from "./parts/counter.tsx";
import { Flash } from "./parts/flash.tsx";
import { later } from "./parts/later.tsx";
import { Mark } from "./parts/mark.tsx";
import { Name } from "./parts/name.tsx";
import { Strip } from "./parts/strip.tsx";

const LazyDetails = later(async () => (await import("./diagnosis/mod.ts")).BackendDetails);

/** Number of columns of a row. */
const COLUMNS = 12;

interface RowProps {
  readonly lb: Lb;
  readonly frontend: Frontend;
  readonly pool: Pool;
  readonly entry: PoolBackend;
}

const BEAT = [{ opacity: 1, transform: "scale(1.5)" }, { opacity: 0.25, transform: "scale(1)" }];

export function BackendRow(props: RowProps): JSX.Element {
  const page = usePage();
  const backend = createMemo((): Backend | undefined => {
    page.track(props.lb.name, `b:${props.entry.name}`);
    page.track(props.lb.name, "lists");
    return props.lb.backends.get(props.entry.name);
  });
  const server = createMemo(() => {
    page.track(props.lb.name, `f:${props.frontend.name}`);
    return serverOf(props.lb, props.frontend, backend()?.address);
  });
  const isPlace = () => {
    const { lb, frontend, backend } = page.navigation.place();
    return lb === props.lb.name && frontend === props.frontend.name &&
      backend === props.entry.name;
  };
  const [open, setOpen] = createSignal(isPlace());
  createEffect(on(isPlace, (here) => here && setOpen(true), { defer: true }));
  const toggle = () => {
    setOpen(!open());
    page.navigation.go({
      lb: props.lb.name,
      frontend: props.frontend.name,
      ...(open() ? { backend: props.entry.name } : {}),
    });
  };
  const id = () => `${props.lb.name}/${props.frontend.name}/${props.pool.name}/${props.entry.name}`;
  /** Otherwise readers would name the line by all that is in it. */
  const details = () => `Details of ${visible(props.entry.name)}`;
  return (
    <Show
      when={backend()}
      fallback={
        <tr>
          <td />
          <td>
            <Name text={props.entry.name} />
          </td>
          <td colSpan={COLUMNS - 2} class="faint">not reported by maglevd</td>
        </tr>
      }
    >
      {(found) => (
        <>
          <tr class="row" classList={{ open: open(), [`is-${found().state}`]: true }}>
            <td class="c-beat">
              <Beat lb={props.lb} name={props.entry.name} />
            </td>
            <th scope="row" class="c-name">
              <button
                type="button"
                class="opener"
                data-row={id()}
                data-name={props.entry.name}
                aria-expanded={open()}
                onClick={toggle}
              >
                <Name text={props.entry.name} />
              </button>
            </th>
            <td class="c-address" title={visible(found().address)}>{visible(found().address)}</td>
            <td class="c-state">
              <StateWord backend={found()} held={props.entry.held} />
            </td>
            <td class="c-counter" title={counterWords(found())}>
              <Show when={found().healthcheck !== ""} fallback={<span class="faint">static</span>}>
                <Counter backend={found()} />
              </Show>
            </td>
            <td class="c-weight number">
              <Weight entry={props.entry} />
            </td>
            <td class="c-effective number">
              <Effective {...props} backend={found()} server={server().server} />
            </td>
            <td class="c-buckets">
              <Buckets {...server()} />
            </td>
            <Show
              when={isHeld(found()) && found().intent}
              fallback={
                <>
                  <td class="c-result">
                    <Result backend={found()} />
                  </td>
                  <td class="c-strip">
                    <Strip lb={props.lb} backend={found()} />
                  </td>
                </>
              }
            >
              {(intent) => <IntentCell lb={props.lb} intent={intent()} />}
            </Show>
            <td class="c-flaps number" classList={{ faint: found().flaps === 0 }}>
              {found().flaps}
            </td>
            <td class="c-age number">
              <Age lb={props.lb} atMs={found().since_ms} />
            </td>
          </tr>
          <Show when={open()}>
            <tr class="details" aria-label={details()}>
              <td colSpan={COLUMNS} aria-label={details()}>
                <LazyDetails
                  lb={props.lb}
                  frontend={props.frontend}
                  pool={props.pool}
                  entry={props.entry}
                  backend={found()}
                  server={server().server}
                />
              </td>
            </tr>
          </Show>
        </>
      )}
    </Show>
  );
}

/** The server of an address in VPP, and the buckets of the whole VIP. */
function serverOf(
  lb: Lb,
  frontend: Frontend,
  address: string | undefined,
): { readonly server: LbServer | undefined; readonly buckets: number } {
  const vip = lb.vips.get(frontendVipKey(frontend));
  return {
    server: vip?.servers.find((server) => server.address === address),
    buckets: vip?.servers.reduce((sum, server) => sum + server.buckets, 0) ?? 0,
  };
}

function Beat(props: { readonly lb: Lb; readonly name: string }): JSX.Element {
  const page = usePage();
  let dot!: HTMLSpanElement;
  // A row stays with its backend: only probes may run this again.
  const { lb, name } = props;
  createEffect(on(() => page.track(lb.name, `beat:${name}`), () => {
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
      dot.animate(BEAT, { duration: 350, easing: "ease-out" });
    }
  }, { defer: true }));
  return <span ref={dot} class="beat" aria-hidden="true" />;
}

function StateWord(
  props: { readonly backend: Backend; readonly held: true | undefined },
): JSX.Element {
  const word = () => {
    const { state, blind, carried, intent, damped_until_ms } = props.backend;
    if (intent?.kind === "drain") return `${state}, draining`;
    if (blind !== undefined) return `${state}, not probed`;
    const damped = state === "down" && damped_until_ms !== undefined;
    return carried ? `${state}, not checked yet` : heldWord(state, { held: props.held, damped });
  };
  return (
    <span class={`state is-${props.backend.state}`}>
      <Mark of={props.backend.state} />
      <Flash value={word()} />
    </span>
  );
}

function Weight(props: { readonly entry: PoolBackend }): JSX.Element {
  return (
    <>
      <Flash value={props.entry.weight} />
      <Show when={props.entry.intent}>
        {(intent) => (
          <span class="is-held" title={intent().reason ?? "set by an operator"}>
            {`, file ${intent().file_weight ?? "?"}`}
          </span>
        )}
      </Show>
    </>
  );
}

/** The weight that VPP is given; a wanted one that is not in force, and VPP's own, stand out. */
function Effective(
  props: RowProps & { readonly backend: Backend; readonly server: LbServer | undefined },
): JSX.Element {
  const effective = () => props.entry.effective_weight;
  const inForce = () =>
    effective() === props.entry.weight || props.pool.name !== props.frontend.active_pool ||
    props.backend.state !== "up" || props.entry.rising === true;
  const page = usePage();
  const difference = () => {
    page.track(props.lb.name, `f:${props.frontend.name}`);
    return props.lb.summaries.get(props.frontend.name)?.differences
      .find(({ address }) => address === props.backend.address);
  };
  return (
    <>
      <span classList={{ faint: effective() === 0, "is-degraded": !inForce() }}>
        <Flash value={effective()} />
      </span>
      <Show when={props.entry.rising}>
        <span class="after" title={risingWords(props.entry)}>slow start</span>
      </Show>
      <Show when={!inForce()}>
        <span class="is-degraded after">not in force</span>
      </Show>
      <Show when={difference()}>
        {(found) => (
          <span class="is-disagrees after" title={differenceWords(found())}>
            VPP: {found().actual.replace(/^weight /, "")}
          </span>
        )}
      </Show>
    </>
  );
}

function Buckets(
  props: { readonly server: LbServer | undefined; readonly buckets: number },
): JSX.Element {
  const share = () =>
    props.server === undefined || props.buckets === 0 ? 0 : props.server.buckets / props.buckets;
  return (
    <Show when={props.server} fallback={<span class="faint">–</span>}>
      {(server) => (
        <span class="buckets" title={`${formatShare(share())} of the VIP's buckets`}>
          <span class="bar" aria-hidden="true" style={{ "--share": `${100 * share()}%` }} />
          <span class="number" classList={{ faint: server().buckets === 0 }}>
            {formatCount(server().buckets)}
          </span>
        </span>
      )}
    </Show>
  );
}

/** In place of results, which end when probing does: who holds the backend, until when, and why. */
function IntentCell(props: { readonly lb: Lb; readonly intent: Intent }): JSX.Element {
  const page = usePage();
  const words = () => intentWords(props.intent, page.lbNowMs(props.lb));
  return (
    <td class="c-result" colSpan={2} title={words()}>
      <span class="is-held">{words()}</span>
    </td>
  );
}

/** An operator holds it: nothing probes it, and what is known of it is old. */
function isHeld({ state }: Backend): boolean {
  return state === "paused" || state === "disabled";
}

function Result(props: { readonly backend: Backend }): JSX.Element {
  const isOld = () => isHeld(props.backend);
  return (
    <Show when={props.backend.last_result} fallback={<span class="faint">–</span>}>
      {(result) => (
        <span classList={{ "is-down": !result().ok && !isOld(), faint: isOld() }}>
          {visible(result().code)}
          <span class="faint">{resultRest(result())}</span>
        </span>
      )}
    </Show>
  );
}

/** A status before the time, and a sentence after it, because the end is cut off first. */
function resultRest({ detail = "", duration_ms }: ProbeResult): string {
  const took = duration_ms === undefined ? "" : ` ${formatLatency(duration_ms)}`;
  const words = detail === "" ? "" : ` ${visible(detail)}`;
  return /^\d+$/.test(detail) ? words + took : took + words;
}
