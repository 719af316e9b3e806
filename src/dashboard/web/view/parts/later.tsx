/** A component whose code is loaded when it is first shown. */
import { type Component, createSignal, type JSX, onMount, Show } from "solid-js";
import type { Page } from "../../page.ts";
import { usePage } from "../context.ts";

export interface LaterOptions<P> {
  /** Stands in its place until the code is there. */
  readonly fallback?: () => JSX.Element;
  /** It is a dialog; closes it. */
  readonly close?: (props: P, page: Page) => void;
}

/** Where the code cannot be had, because the server was upgraded or is away, a message stands. */
export function later<P extends object>(
  load: () => Promise<Component<P>>,
  { fallback, close }: LaterOptions<P> = {},
): Component<P> {
  const [loaded, setLoaded] = createSignal<Component<P>>();
  return (props) => {
    const page = usePage();
    const [failed, setFailed] = createSignal(false);
    onMount(async () => {
      if (loaded() !== undefined) return;
      try {
        const found = await load();
        setLoaded(() => found);
      } catch {
        setFailed(true);
      }
    });
    const message = () =>
      close === undefined ? <Failed /> : <FailedDialog close={() => close(props, page)} />;
    return (
      <Show when={loaded()} fallback={failed() ? message() : fallback?.()} keyed>
        {(Loaded) => <Loaded {...props} />}
      </Show>
    );
  };
}

function Failed(): JSX.Element {
  return (
    <p role="alert">
      This part of the page cannot be loaded.{" "}
      <button type="button" onClick={() => location.reload()}>Reload the page</button>
    </p>
  );
}

/** In the place of a dialog that was asked for. */
function FailedDialog(props: { readonly close: () => void }): JSX.Element {
  let dialog!: HTMLDialogElement;
  onMount(() => dialog.showModal());
  return (
    <dialog ref={dialog} aria-label="Not loaded" onClose={() => props.close()}>
      <Failed />
      <div class="buttons">
        <button type="button" onClick={() => dialog.close()}>Close</button>
      </div>
    </dialog>
  );
}
