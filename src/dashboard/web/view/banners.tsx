/** What must not be overlooked: the page is not live, the server was upgraded, notes of the LBs. */
import { Index, type JSX, Show } from "solid-js";
import { formatAge, visible } from "../model/format.ts";
import type { Note } from "../model/notes.ts";
import { usePage } from "./context.ts";
import { Mark } from "./parts/mark.tsx";

/** States that look like a note. */
const KINDS = { critical: "down", warning: "degraded", info: "well" } as const;

export function Banners(props: { readonly notes: readonly Note[] }): JSX.Element {
  const page = usePage();
  return (
    <>
      <NotLive />
      <Show when={page.outdated()}>
        <div class="banner" role="status">
          The dashboard's server was upgraded.{" "}
          <button type="button" onClick={() => location.reload()}>Reload the page</button>
        </div>
      </Show>
      <Notes notes={props.notes} />
    </>
  );
}

function NotLive(): JSX.Element {
  const page = usePage();
  const stale = () => {
    const liveness = page.liveness();
    return liveness.kind === "stale" ? liveness : undefined;
  };
  const seconds = (ms: number) => Math.max(0, Math.ceil(ms / 1000));
  const age = () => {
    const heardMs = stale()?.heardMs ?? 0;
    return heardMs === 0 ? "" : `What is shown is ${formatAge(page.tickMs() - heardMs)} old. `;
  };
  return (
    <Show when={stale()}>
      {(found) => (
        <div class="banner is-down">
          <Mark of="down" />
          <span role="alert">Not live: {visible(found().reason)}.</span>
          <span aria-hidden="true">
            {age()}
            {found().retryAtMs === undefined
              ? "Connecting …"
              : `Next attempt in ${seconds(found().retryAtMs! - page.tickMs())} s.`}
          </span>
          <button type="button" onClick={() => page.retry()}>Retry now</button>
        </div>
      )}
    </Show>
  );
}

function Notes(props: { readonly notes: readonly Note[] }): JSX.Element {
  const page = usePage();
  const timeOf = ({ sinceMs, retryAtMs }: Note) => {
    const since = sinceMs === undefined ? "" : `, for ${formatAge(page.nowMs() - sinceMs)}`;
    const waits = retryAtMs !== undefined && retryAtMs > page.nowMs();
    return waits ? `${since}; next attempt in ${formatAge(retryAtMs - page.nowMs())}` : since;
  };
  return (
    <Show when={props.notes.length > 0}>
      <section class="notes" aria-label="Notes">
        <ul>
          <Index each={props.notes}>
            {(note) => (
              <li class={`is-${KINDS[note().severity]}`}>
                <Mark of={KINDS[note().severity]} />
                <b>{visible(note().lb)}</b> {visible(note().text)}
                <span class="faint">{timeOf(note())}</span>
              </li>
            )}
          </Index>
        </ul>
      </section>
    </Show>
  );
}
