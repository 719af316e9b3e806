/** The keyboard, and what the shapes mean. */
import { For, type JSX, onMount } from "solid-js";
import { HEALTH_WORDS, HEALTHS } from "../model/health.ts";
import { Mark } from "./parts/mark.tsx";

const KEYS = [
  ["/", "search"],
  ["Escape", "clear the search, close a dialog"],
  ["j  k", "next, previous line"],
  ["n", "next line that is not well"],
  ["Enter", "open or close a line"],
  ["w", "only what is wrong"],
  ["0 … 9", "all load balancers, the first, the second …"],
  ["?", "this"],
] as const;

export function Help(props: { readonly onClose: () => void }): JSX.Element {
  let dialog!: HTMLDialogElement;
  let close!: HTMLButtonElement;
  onMount(() => {
    dialog.showModal();
    close.focus();
  });
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={props.onClose}>
      <h2 id="help-title">Keyboard</h2>
      <dl class="facts">
        <For each={KEYS}>
          {([key, meaning]) => (
            <>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </>
          )}
        </For>
      </dl>
      <h2>States</h2>
      <ul class="legend">
        <For each={[...HEALTHS, "held"]}>
          {(health) => (
            <li class={`is-${health}`}>
              <Mark of={health} />
              {HEALTH_WORDS[health as "well"] ?? "held by an operator"}
            </li>
          )}
        </For>
      </ul>
      <div class="buttons">
        <button ref={close} type="button" onClick={() => dialog.close()}>Close</button>
      </div>
    </dialog>
  );
}
