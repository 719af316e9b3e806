/** Why a VIP is not the same on all load balancers: each cause with what every one of them has. */
import { createMemo, For, Index, type JSX, Show } from "solid-js";
import { serverOf, tablesOf } from "../../model/fleet/tiles.ts";
import { bothInstants, formatAge, utcInstant, visible } from "../../model/format.ts";
import { usePage } from "../context.ts";
import { Name } from "../parts/name.tsx";

export function FleetWhy(props: { readonly vip: string }): JSX.Element {
  const page = usePage();
  const difference = createMemo(() =>
    page.fleet()?.differences.find(({ vip }) => vip === props.vip)
  );
  return (
    <Show when={difference()}>
      {(found) => (
        <section class="why" aria-label="Differences between the load balancers">
          <p class="is-differ">Tables: {visible(tablesOf(found()))}</p>
          <table class="inner sides">
            <thead>
              <tr>
                <th scope="col">cause</th>
                <th scope="col">what</th>
                <th scope="col">load balancers</th>
                <th scope="col">for</th>
              </tr>
            </thead>
            <tbody>
              <Index each={found().roots}>
                {(root) => (
                  <tr>
                    <th scope="row">{root().cause}</th>
                    <td>{visible(serverOf(root()))}</td>
                    <td>
                      <ul class="lines">
                        <For each={root().views}>
                          {({ lbs, text }) => (
                            <li>
                              <For each={lbs}>
                                {(name, place) => (
                                  <>
                                    {place() > 0 ? ", " : ""}
                                    <Name text={name} />
                                  </>
                                )}
                              </For>: {visible(text)}
                            </li>
                          )}
                        </For>
                      </ul>
                    </td>
                    <td>
                      <Show when={root().since_ms} fallback="–">
                        {(sinceMs) => (
                          <time dateTime={utcInstant(sinceMs())} title={bothInstants(sinceMs())}>
                            {formatAge(page.nowMs() - sinceMs())}
                          </time>
                        )}
                      </Show>
                    </td>
                  </tr>
                )}
              </Index>
            </tbody>
          </table>
          <Show when={found().more_roots > 0}>
            <p class="faint">and {found().more_roots} more</p>
          </Show>
        </section>
      )}
    </Show>
  );
}
