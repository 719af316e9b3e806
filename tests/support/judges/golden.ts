/**
 * Golden files: reviewed output of tests. `MAGLEV_GOLDEN=write` writes them; review the difference
 * before committing.
 */
import assert from "node:assert/strict";

const WRITE = Deno.env.get("MAGLEV_GOLDEN") === "write";

/** A part of a golden file: a title line, then the text. */
export interface Section {
  readonly title: string;
  readonly text: string;
}

/** The folder of golden files, checked or written. */
export class GoldenFolder {
  readonly #folder: URL;
  readonly #used = new Set<string>();

  /** `path`: from tests/fixtures/, with a slash at the end. */
  constructor(path: string) {
    this.#folder = new URL(`../../fixtures/${path}`, import.meta.url);
  }

  /** Holds sections against the file of this name. An escape character stands there as `␛`. */
  async check(name: string, sections: readonly Section[]): Promise<void> {
    this.#used.add(name);
    const text = sections.map(({ title, text }) => `== ${title}\n${text.replaceAll("\x1b", "␛")}`)
      .join("\n");
    const file = new URL(name, this.#folder);
    if (WRITE) {
      await Deno.mkdir(this.#folder, { recursive: true });
      await Deno.writeTextFile(file, text);
      return;
    }
    const wanted = await Deno.readTextFile(file).catch(() => "");
    assert.equal(text, wanted, `${name} is another one now; MAGLEV_GOLDEN=write takes it over`);
  }

  /** Names of files that no check() used; writing removes them. */
  async unused(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (!this.#used.has(name)) names.push(name);
    }
    if (!WRITE) return names.sort();
    for (const name of names) await Deno.remove(new URL(name, this.#folder));
    return [];
  }
}
