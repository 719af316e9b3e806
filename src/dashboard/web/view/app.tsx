/** The whole page. */
import {
  createEffect,
  createMemo,
  createSignal,
  type JSX,
  Match,
  onMount,
  Show,
  Switch,
} from "solid-js";
import { titleOf } from "../model/announce.ts";
import { countsOf, wrongCount } from "../model/filter.ts";
import { visible } from "../model/format.ts";
import type { Lb } from "../model/lb.ts";
import { criticalNotesOf, notesOf } from "../model/notes.ts";
import { OVERVIEW } from "../model/url_state.ts";
import type { Page } from "../page.ts";
import { BROWSER } from "../stream/browser.ts";
import { Banners } from "./banners.tsx";
import { PageContext, usePage } from "./context.ts";
import { EventPanel } from "./panels/event_panel.tsx";
import { Frontends } from "./frontends.tsx";
import { Header } from "./header.tsx";
import { setIcon } from "./icon.ts";
import { listenToKeys } from "./keys.ts";
import { later } from "./parts/later.tsx";
import { Toolbar } from "./toolbar.tsx";
import { createVips } from "./vips.ts";
import { VppPanel } from "./panels/vpp_panel.tsx";

export function App(props: { readonly page: Page }): JSX.Element {
  // The page lives as long as the component.
  const { page } = props;
  const { navigation } = page;
  const [help, setHelp] = createSignal(false);
  const overview = () => navigation.scope() === OVERVIEW;
  const lb = createMemo(() => page.lb(navigation.scope()));
  /** Of the overview, while it is shown. */
  const vips = createMemo(() => overview() ? createVips(page) : undefined);
  const shown = (): readonly Lb[] => {
    const one = lb();
    return one === undefined ? page.lbs() : [one];
  };
  const notes = createMemo(() => {
    const nowMs = page.nowMs();
    return shown().flatMap((one) => {
      for (const part of ["status", "vpp", "lists"]) page.track(one.name, part);
      return notesOf(one, nowMs);
    });
  });
  const isAway = () => {
    const one = lb();
    if (one === undefined) return false;
    page.track(one.name, "status");
    return !one.status.connected;
  };
  tellOutside(page);
  listenToKeys(page, { help: () => setHelp(true) });
  return (
    <PageContext.Provider value={page}>
      <div
        class="page"
        classList={{
          stale: page.liveness().kind === "stale",
          away: isAway(),
          kiosk: navigation.kiosk,
          admin: page.admin,
        }}
      >
        <Show when={!navigation.kiosk} fallback={<h1 class="for-readers">vpp-maglev</h1>}>
          <Header onHelp={() => setHelp(true)} />
        </Show>
        <Banners notes={notes()} />
        <Toolbar
          lbs={shown()}
          vips={vips()?.()}
          noted={notes().some(({ severity }) => severity !== "info")}
        />
        <div class="columns">
          <main>
            <Switch
              fallback={
                <div class="empty">
                  <p>
                    {page.liveness().kind === "loading"
                      ? "Loading the state …"
                      : page.liveness().kind === "stale"
                      ? "Nothing has been loaded yet."
                      : "No maglevd is configured: start the dashboard with --server."}
                  </p>
                </div>
              }
            >
              <Match when={vips()}>{(found) => <LazyOverview vips={found()()} />}</Match>
              <Match when={lb()} keyed>{(found) => <Frontends lb={found} />}</Match>
            </Switch>
          </main>
          <Show when={!navigation.kiosk && page.lbNames().length > 0}>
            <aside aria-label="VPP and events">
              <Show when={lb()} keyed>{(found) => <VppPanel lb={found} />}</Show>
              <EventPanel lb={lb()?.name} />
            </aside>
          </Show>
        </div>
        <div class="for-readers" role="status" aria-live="polite">
          {visible(page.announcement())}
        </div>
        <LazyActionDialog />
        <Show when={page.lbNames().length > 0 && page.navigation.timeline()}>
          {(target) => <LazyTimeline target={target()} />}
        </Show>
        <Show when={help()}>
          <LazyHelp onClose={() => setHelp(false)} />
        </Show>
      </div>
    </PageContext.Provider>
  );
}

/** Of several load balancers. */
const LazyOverview = later(async () => (await import("./overview.tsx")).Overview);
const LazyHelp = later(async () => (await import("./help.tsx")).Help, {
  close: ({ onClose }) => onClose(),
});
const LazyTimeline = later(async () => (await import("./diagnosis/mod.ts")).Timeline, {
  close: (_, { navigation }) => navigation.setTimeline(undefined),
});
const LazyDialog = later(loadDialog, { close: (_, page) => page.setWish(undefined) });

async function loadDialog() {
  return (await import("./actions/action_dialog.tsx")).ActionDialog;
}

/** The confirmations, whose code only operators load. */
function LazyActionDialog(): JSX.Element {
  const page = usePage();
  onMount(() => {
    // Without an answer now it is loaded when it is needed.
    if (page.admin) loadDialog().catch(() => {});
  });
  return (
    <Show when={page.wish() !== undefined}>
      <LazyDialog />
    </Show>
  );
}

/** Title and icon of the browser's tab change at most this often: it costs the whole browser. */
const OUTSIDE_MS = 500;

/** Keeps title and icon of the browser's tab in step with all load balancers. */
function tellOutside(page: Page): void {
  const show = () => {
    let wrong = 0;
    let down = 0;
    for (const lb of page.lbs()) {
      const counts = countsOf(lb.summaries.values());
      const critical = criticalNotesOf(lb).length;
      wrong += wrongCount(counts) + critical;
      down += counts.down + counts.disagrees + critical;
    }
    const live = page.liveness().kind !== "stale";
    const title = titleOf({ wrong, live });
    if (document.title !== title) document.title = title;
    setIcon(!live || down > 0 ? "down" : wrong > 0 ? "degraded" : "well");
  };
  let waiting = false;
  createEffect(() => {
    page.liveness();
    for (const { name } of page.lbs()) {
      for (const part of ["counts", "status", "vpp", "lists"]) page.track(name, part);
    }
    if (waiting) return;
    waiting = true;
    BROWSER.after(OUTSIDE_MS, () => {
      waiting = false;
      show();
    });
  });
}
