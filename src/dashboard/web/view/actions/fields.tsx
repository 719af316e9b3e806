/** Fields that only some actions have. */
import { createSignal, type JSX, Show } from "solid-js";
import type { Wish } from "../../model/plan_words.ts";

/** What follows a drain, and whether a frontend may lose its last server by it. */
export function DrainFields(
  props: {
    readonly wish: Wish;
    readonly set: (wish: Wish) => void;
    /** It is one of a fleet: new flows come back at its end. */
    readonly shared: boolean;
  },
): JSX.Element {
  const drain = () => props.wish.kind === "drain" ? props.wish : undefined;
  return (
    <Show when={drain()}>
      {(wish) => (
        <>
          <Show when={!props.shared}>
            <label>
              Then
              <select
                value={wish().then}
                onChange={(event) =>
                  props.set({
                    ...wish(),
                    then: event.currentTarget.value === "pause" ? "pause" : "disable",
                  })}
              >
                <option value="disable">disable: flows that are left are dropped</option>
                <option value="pause">pause: flows that are left stay</option>
              </select>
            </label>
          </Show>
          <label class="check">
            <input
              type="checkbox"
              checked={wish().force}
              onChange={(event) => props.set({ ...wish(), force: event.currentTarget.checked })}
            />{" "}
            {props.shared
              ? "Force: also where a load balancer would hold it"
              : "Force: also when a frontend loses its last server"}
          </label>
        </>
      )}
    </Show>
  );
}

/** Slider and number of a weight, and the way back to the file's. */
export function WeightFields(
  props: {
    readonly wish: Wish;
    readonly set: (wish: Wish) => void;
    /** Called with false while the number cannot be sent: the wish keeps an earlier one. */
    readonly valid: (isValid: boolean) => void;
  },
): JSX.Element {
  let field!: HTMLInputElement;
  const [invalid, setInvalid] = createSignal(false);
  const judge = (isValid: boolean) => {
    setInvalid(!isValid);
    props.valid(isValid);
  };
  const set = (weight: number | "file") => {
    if (props.wish.kind !== "weight") return;
    props.set({ ...props.wish, weight });
    // The same weight as before does not replace what was typed.
    field.value = String(number());
    judge(true);
  };
  const type = () => {
    if (field.validity.valid) set(field.valueAsNumber);
    else judge(false);
  };
  const weight = () => props.wish.kind === "weight" ? props.wish.weight : 0;
  const number = () => weight() === "file" ? 100 : weight();
  return (
    <Show when={props.wish.kind === "weight"}>
      <fieldset>
        <legend>Weight</legend>
        <input
          type="range"
          min={0}
          max={100}
          value={number()}
          aria-label="Weight, slider"
          onInput={(event) => set(event.currentTarget.valueAsNumber)}
        />
        <input
          ref={field}
          type="number"
          required
          min={0}
          max={100}
          value={number()}
          aria-label="Weight"
          aria-invalid={invalid()}
          onInput={type}
        />
        <button type="button" aria-pressed={weight() === "file"} onClick={() => set("file")}>
          The file's
        </button>
        <Show when={invalid()}>
          <p class="is-degraded" role="alert">A whole number from 0 to 100.</p>
        </Show>
      </fieldset>
    </Show>
  );
}
