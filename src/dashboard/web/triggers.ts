/**
 * Ties a model that is changed in place to Solid: what reads a part tracks its name, what changes it
 * fires the name. Only parts that something on the screen reads cost memory.
 */
import { createSignal, getListener, onCleanup } from "solid-js";

interface Cell {
  readonly track: () => void;
  readonly fire: () => void;
  readers: number;
}

export class Triggers {
  readonly #cells = new Map<string, Cell>();

  /** Reads `part`: the running computation runs again when it is fired. */
  track(part: string): void {
    if (getListener() === null) return;
    let cell = this.#cells.get(part);
    if (cell === undefined) {
      const [track, set] = createSignal(undefined, { equals: false });
      cell = { track, fire: () => set(undefined), readers: 0 };
      this.#cells.set(part, cell);
    }
    const found = cell;
    found.readers++;
    onCleanup(() => {
      found.readers--;
      // A computation that runs again reads the part again immediately: keep its cell until then.
      queueMicrotask(() => {
        if (found.readers === 0 && this.#cells.get(part) === found) this.#cells.delete(part);
      });
    });
    found.track();
  }

  fire(part: string): void {
    this.#cells.get(part)?.fire();
  }
}
