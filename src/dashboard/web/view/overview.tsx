/**
 * All load balancers side by side: each VIP once, differences marked. The style makes grids of the
 * table's lines. Some browsers then drop its roles, so that they are written out.
 */
import { createMemo, createSignal, For, Index, type JSX, mapArray, Show } from "solid-js";
import { matchFrontend } from "../model/filter.ts";
import { visible } from "../model/format.ts";
import { HEALTH_WORDS } from "../model/health.ts";
import type { Lb } from "../model/lb.ts";
import { addressRows, type Side } from "../model/overview.ts";
import { usePage } from "./context.ts";
import { FleetTiles } from "./fleet_tiles.tsx";
import { StoreTiles } from "./store_tiles.tsx";
import { later } from "./parts/later.tsx";
import { Mark } from "./parts/mark.tsx";
import { Name } from "./parts/name.tsx";
import { trackVip, type Vip } from "./vips.ts";

const LazyFleetWhy = later(async () => (await import("./diagnosis/mod.ts")).FleetWhy);

export function Overview(props: { readonly vips: readonly Vip[] }): JSX.Element {
  const page = usePage();
  const lbs = () => page.lbs();
  const passes = ({ lb, frontend, summary }: Side) =>
    frontend !== undefined && summary !== undefined &&
    matchFrontend(frontend, {
        filter: page.navigation.filter(),
        summary,
        backend: (name) => page.lb(lb)?.backends.get(name),
      }) !== false;
  const judged = createMemo(mapArray(() => props.vips, (vip) => ({
    vip,
    isShown: createMemo(() =>
      (!page.navigation.differing() || vip.differs()) && (vip.row()?.sides.some(passes) ?? false)
    ),
  })));
  const vips = createMemo(() => judged().filter(({ isShown }) => isShown()).map(({ vip }) => vip));
  return (
    <>
      <FleetTiles />
      <StoreTiles />
      <Show
        when={vips().length > 0}
        fallback={
          <div class="empty">
            <p>
              {page.navigation.differing()
                ? "The load balancers agree on every VIP that can be compared."
                : page.navigation.showsAll()
                ? "No load balancer has answered yet."
                : "Nothing matches the filter."}
            </p>
            <Show when={!page.navigation.showsAll()}>
              <button type="button" onClick={() => page.navigation.clearFilter()}>Show all</button>
            </Show>
          </div>
        }
      >
        <table class="overview" role="table" style={{ "--lbs": lbs().length }}>
          <caption class="for-readers">Each VIP on each load balancer</caption>
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader" scope="col">frontend</th>
              <th role="columnheader" scope="col" class="c-vip">VIP</th>
              <For each={lbs()}>{(lb) => <LbHeading lb={lb} />}</For>
              <th role="columnheader" scope="col">differences</th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            <For each={vips()}>{(vip) => <VipRow vip={vip} />}</For>
          </tbody>
        </table>
      </Show>
    </>
  );
}

function LbHeading(props: { readonly lb: Lb }): JSX.Element {
  const page = usePage();
  const connected = () => {
    page.track(props.lb.name, "status");
    return props.lb.status.connected;
  };
  return (
    <th role="columnheader" scope="col">
      <button
        type="button"
        class="opener"
        onClick={() => page.navigation.go({ lb: props.lb.name })}
      >
        <Name text={props.lb.name} />
      </button>
      <Show when={!connected()}>
        <span class="is-down after">away</span>
      </Show>
    </th>
  );
}

function VipRow(props: { readonly vip: Vip }): JSX.Element {
  const [open, setOpen] = createSignal(false);
  const row = () => props.vip.row();
  const servers = () => `Servers of ${visible(row()?.name ?? "")}`;
  return (
    <Show when={row()}>
      {(found) => (
        <>
          <tr role="row" class="row" classList={{ open: open() }}>
            <th role="rowheader" scope="row">
              <button
                type="button"
                class="opener"
                data-row={props.vip.key}
                aria-expanded={open()}
                onClick={() => setOpen(!open())}
              >
                <Name text={found().name} />
              </button>
            </th>
            <td role="cell" class="c-vip" title={visible(found().address)}>
              {visible(found().address)} <span class="faint">{visible(found().protocol)}</span>
            </td>
            <Index each={found().sides}>
              {(side) => (
                <td role="cell" data-lb={side().lb}>
                  <SideState side={side()} />
                </td>
              )}
            </Index>
            <td
              role="cell"
              class="c-differences"
              classList={{ "is-differ": found().differences.length > 0 }}
            >
              <Show
                when={found().differences.length > 0}
                fallback={<span class="faint">none</span>}
              >
                <Mark of="differ" /> {found().differences.join(", ")}
              </Show>
            </td>
          </tr>
          <Show when={open()}>
            <tr role="row" class="details" aria-label={servers()}>
              <td role="cell" colSpan={found().sides.length + 3} aria-label={servers()}>
                <section
                  class="scroll"
                  aria-label={servers()}
                  tabIndex={0}
                >
                  <LazyFleetWhy vip={props.vip.key} />
                  <Servers vip={props.vip.key} />
                </section>
              </td>
            </tr>
          </Show>
        </>
      )}
    </Show>
  );
}

function SideState(props: { readonly side: Side }): JSX.Element {
  const page = usePage();
  return (
    <Show
      when={props.side.frontend !== undefined && props.side.summary}
      fallback={<span class="faint">–</span>}
    >
      {(summary) => (
        <button
          type="button"
          class={`opener side is-${summary().health}`}
          classList={{ old: !props.side.comparable }}
          title={visible(`Open ${props.side.frontend!.name} on ${props.side.lb}`)}
          onClick={() =>
            page.navigation.follow({ lb: props.side.lb, frontend: props.side.frontend!.name })}
        >
          <Mark of={summary().health} />
          {HEALTH_WORDS[summary().health]}{" "}
          <span class="faint number">
            {summary().up}/{summary().total}
            {props.side.comparable ? "" : " old"}
          </span>
        </button>
      )}
    </Show>
  );
}

/** The servers of a VIP by address, each load balancer's figures beside the other's. */
function Servers(props: { readonly vip: string }): JSX.Element {
  const page = usePage();
  const rows = createMemo(() => {
    for (const lb of page.lbs()) {
      trackVip(page, lb, props.vip);
      page.track(lb.name, "status");
    }
    return addressRows(page.lbs(), props.vip);
  });
  return (
    <table class="inner">
      <thead>
        <tr>
          <th scope="col">server</th>
          <th scope="col">differences</th>
          <For each={page.lbNames()}>{(name) => <th scope="col">{visible(name)}</th>}</For>
        </tr>
      </thead>
      <tbody>
        <Index each={rows()}>
          {(row) => (
            <tr>
              <th scope="row">
                {visible(row().address)} <span class="faint">{visible(row().cells[0]!.name)}</span>
              </th>
              <td classList={{ "is-differ": row().differs.length > 0 }}>
                {row().differs.join(", ") || <span class="faint">none</span>}
              </td>
              <For each={page.lbNames()}>
                {(name) => {
                  const cell = () => row().cells.find(({ lb }) => lb === name);
                  return (
                    <td>
                      <Show when={cell()} fallback={<span class="faint">–</span>}>
                        {(found) => (
                          <span class={`state is-${found().state}`}>
                            <Mark of={found().state} />
                            {found().state}{" "}
                            <span class="faint number">
                              <Show when={found().name !== row().cells[0]!.name}>
                                <Name text={found().name} />,{" "}
                              </Show>
                              weight {found().effectiveWeight} of {found().weight}
                              {found().buckets === undefined ? "" : `, ${found().buckets} buckets`}
                            </span>
                          </span>
                        )}
                      </Show>
                    </td>
                  );
                }}
              </For>
            </tr>
          )}
        </Index>
      </tbody>
    </table>
  );
}
