/** The links of a chain, with the weight after each; those that decide stand out. */
import { Index, type JSX, Show } from "solid-js";
import type { ExplainLink } from "../../../protocol.ts";
import { visible } from "../../model/format.ts";
import type { Lb } from "../../model/lb.ts";
import { Age } from "../parts/age.tsx";

export function Chain(props: {
  readonly lb: Lb;
  readonly links: readonly ExplainLink[];
}): JSX.Element {
  return (
    <ol class="chain">
      <Index each={props.links}>
        {(link) => (
          <li classList={{ decides: link().decides }}>
            <span class="faint">{visible(link().kind)}</span>
            <span class="number">
              <Show when={link().weight !== undefined}>
                <span class="for-readers">weight</span>
                {link().decides ? "→ " : ""}
                {link().weight}
              </Show>
            </span>
            <span>
              <Show when={link().decides}>
                <span aria-hidden="true">▸</span>
                <span class="for-readers">decides:</span>
                {" "}
              </Show>
              <bdi>{visible(link().text)}</bdi>
              <Show when={link().by}>
                {(by) => (
                  <>
                    ; operator: <bdi>{visible(by())}</bdi>
                  </>
                )}
              </Show>
              <Show when={link().since_ms}>
                {(since) => (
                  <span class="faint">
                    {" "}
                    {link().since_at_least ? "for at least " : "for "}
                    <Age lb={props.lb} atMs={since()} />
                  </span>
                )}
              </Show>
            </span>
          </li>
        )}
      </Index>
    </ol>
  );
}
