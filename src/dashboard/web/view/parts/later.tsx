/** A component whose code is loaded when it is first shown. */
import { type Component, createSignal, type JSX, onMount, Show } from "solid-js";

/** Until the code is there, and when it cannot be had, `fallback` stands in its place. */
export function later<P extends object>(
  load: () => Promise<Component<P>>,
  fallback?: () => JSX.Element,
): Component<P> {
  const [loaded, setLoaded] = createSignal<Component<P>>();
  return (props) => {
    onMount(async () => {
      if (loaded() !== undefined) return;
      const found = await load().catch(() => undefined);
      if (found !== undefined) setLoaded(() => found);
    });
    return (
      <Show when={loaded()} fallback={fallback?.()} keyed>
        {(Loaded) => <Loaded {...props} />}
      </Show>
    );
  };
}
