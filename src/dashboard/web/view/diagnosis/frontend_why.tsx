/** Why a frontend is as it is, and why those of its servers take no traffic that do not. */
import { For, type JSX, Show } from "solid-js";
import type { ExplainedPlace, Frontend } from "../../../protocol.ts";
import { withoutTraffic } from "../../model/explain.ts";
import { plural, visible } from "../../model/format.ts";
import type { Lb } from "../../model/lb.ts";
import { usePage } from "../context.ts";
import { Name } from "../parts/name.tsx";
import { Chain } from "./chain.tsx";
import { Old } from "../parts/old.tsx";
import { keptUp } from "../parts/kept_up.ts";

/** Servers that are listed: a frontend may have thousands. */
const MAX_SERVERS = 50;

export function FrontendWhy(
  props: { readonly lb: Lb; readonly frontend: Frontend },
): JSX.Element {
  const page = usePage();
  const key = () => {
    page.track(props.lb.name, "status");
    page.track(props.lb.name, `f:${props.frontend.name}`);
    const { lb, frontend } = props;
    const { differences } = lb.summaries.get(frontend.name) ?? { differences: [] };
    return JSON.stringify([lb.name, lb.status.connected, frontend, differences]);
  };
  const { value, missing, old } = keptUp(page, {
    key,
    load: () => page.api.explainFrontend(props.lb.name, props.frontend.name),
  });
  const idle = () => withoutTraffic(value()?.servers ?? []);
  return (
    <section class="why" aria-label={`Why ${visible(props.frontend.name)}`}>
      <Show when={value()} fallback={<p class="faint">Why: {visible(missing())}</p>}>
        {(explanation) => (
          <>
            <Old text={old()} />
            <Chain lb={props.lb} links={explanation().links} />
            <p class="faint">
              {explanation().servers.length === 0
                ? "It has no servers."
                : idle().length === 0
                ? "All of its servers take new flows."
                : `${plural(idle().length, "server")} of ${explanation().servers.length} without ` +
                  "new flows, or not as they should be:"}
            </p>
            <ol class="lines">
              <For each={idle().slice(0, MAX_SERVERS)}>
                {(server) => (
                  <li>
                    <b>
                      <Name text={server.backend} />
                    </b>{" "}
                    <span class="faint">{visible(server.pool)}</span> {reasonOf(server)}
                  </li>
                )}
              </For>
            </ol>
            <Show when={idle().length > MAX_SERVERS}>
              <p class="faint">and {idle().length - MAX_SERVERS} more</p>
            </Show>
          </>
        )}
      </Show>
    </section>
  );
}

function reasonOf({ links, difference, effective_weight, vpp_weight }: ExplainedPlace): string {
  const reasons = links.filter(({ decides }) => decides).map(({ text, by }) =>
    by === undefined ? text : `${text}; operator: ${by}`
  );
  if (reasons.length > 0) return visible(reasons.join("; "));
  return difference === ""
    ? `weight ${vpp_weight ?? 0} in VPP, ${effective_weight} wanted`
    : visible(difference);
}
