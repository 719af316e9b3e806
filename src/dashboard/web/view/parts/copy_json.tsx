/**
 * Something as JSON, selected and copied. Over plain http there is no clipboard for scripts, so the
 * text is shown and selected: the keyboard's copy works everywhere.
 */
import { createSignal, type JSX, Show } from "solid-js";

export function CopyJson(props: { readonly of: () => unknown }): JSX.Element {
  const [text, setText] = createSignal<string>();
  const [copied, setCopied] = createSignal(false);
  const show = (area: HTMLTextAreaElement) => {
    queueMicrotask(() => {
      area.focus();
      area.select();
      // Deprecated, and the only way that works without TLS.
      setCopied(document.execCommand("copy"));
    });
  };
  return (
    <>
      <button
        type="button"
        class="quiet"
        aria-expanded={text() !== undefined}
        onClick={() =>
          setText(text() === undefined ? JSON.stringify(props.of(), null, 2) : undefined)}
      >
        {text() === undefined ? "Copy as JSON" : "Hide JSON"}
      </button>
      <Show when={text()}>
        {(json) => (
          <div class="json">
            <textarea ref={show} readOnly rows={8} value={json()} aria-label="JSON" />
            <span class="faint">{copied() ? "Copied" : "Selected: copy it with the keyboard"}</span>
          </div>
        )}
      </Show>
    </>
  );
}
