/** Why a server has its weight in VPP, or takes no traffic: the answer, and the chain behind it. */
import { type JSX, Show } from "solid-js";
import type { Backend, Frontend, LbServer, Pool, PoolBackend } from "../../../protocol.ts";
import { markOf } from "../../model/explain.ts";
import { visible } from "../../model/format.ts";
import type { Lb } from "../../model/lb.ts";
import { usePage } from "../context.ts";
import { Mark } from "../parts/mark.tsx";
import { Chain } from "./chain.tsx";
import { DrainProgress } from "./drain_progress.tsx";
import { Old } from "../parts/old.tsx";
import { keptUp } from "../parts/kept_up.ts";

export function BackendWhy(props: {
  readonly lb: Lb;
  readonly frontend: Frontend;
  readonly pool: Pool;
  readonly entry: PoolBackend;
  readonly backend: Backend;
  readonly server: LbServer | undefined;
}): JSX.Element {
  const page = usePage();
  const key = () => {
    page.track(props.lb.name, "status");
    const { lb, frontend, entry, backend, server } = props;
    const { name, state, since_ms, intent, blind, carried } = backend;
    return JSON.stringify([
      [lb.name, lb.status.connected, frontend.active_pool, frontend.state, entry],
      [name, state, since_ms, intent, blind, carried, server?.weight, server?.in_use],
    ]);
  };
  const { value, missing, old } = keptUp(page, {
    key,
    load: () => page.api.explainBackend(props.lb.name, props.backend.name),
  });
  const drain = () => {
    const { intent } = props.backend;
    return intent?.kind === "drain" ? intent : undefined;
  };
  const found = () => {
    const explanation = value();
    const place = explanation?.places.find(({ frontend, pool }) =>
      frontend === props.frontend.name && pool === props.pool.name
    );
    return explanation === undefined || place === undefined ? undefined : {
      mark: markOf(place),
      text: place.answer,
      links: [...explanation.links, ...place.links],
    };
  };
  return (
    <section class="why" aria-label={`Why ${visible(props.backend.name)}`}>
      <Show when={drain()}>
        {(intent) => <DrainProgress lb={props.lb} backend={props.backend} intent={intent()} />}
      </Show>
      <Show
        when={found()}
        fallback={
          <p class="faint">
            Why: {value() === undefined ? visible(missing()) : "maglevd no longer has it here"}
          </p>
        }
      >
        {(answer) => (
          <>
            <Old text={old()} />
            <p class={`verdict is-${answer().mark}`}>
              <Mark of={answer().mark} /> <b>{visible(props.backend.name)}</b>{" "}
              {visible(answer().text)}
            </p>
            <Chain lb={props.lb} links={answer().links} />
          </>
        )}
      </Show>
    </section>
  );
}
