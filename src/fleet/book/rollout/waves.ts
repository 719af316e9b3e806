/**
 * PURE. The waves of a rollout: which load balancers are allowed to put the configuration in force,
 * and in which order. They are written as `lb1,lb2/site=ams/rest`.
 */
import type { Place } from "../keys.ts";

/** Load balancers of a wave: one by its name, those of a site, or those of no other wave. */
type Term =
  | { readonly kind: "lb" | "site"; readonly name: string }
  | { readonly kind: "rest" };

/** One wave. */
export type Wave = readonly Term[];

/** Most waves, and most terms of one. */
const MAX_WAVES = 50;
const MAX_TERMS = 100;
const NAME = /^[^\s/,]{1,128}$/;

/** The waves of a text, or what is wrong with it. */
export function parseWaves(text: string): readonly Wave[] | string {
  const parts = text.split("/");
  if (parts.length > MAX_WAVES) return `need at most ${MAX_WAVES} waves`;
  const waves: Wave[] = [];
  const seen = new Set<string>();
  for (const part of parts) {
    const texts = part.split(",").map((each) => each.trim());
    if (texts.length > MAX_TERMS) return `need at most ${MAX_TERMS} names in a wave`;
    const wave: Term[] = [];
    for (const each of texts) {
      const term = termOf(each);
      if (term === undefined) {
        return `need names of load balancers, site=NAME or rest, with commas in a wave and slashes ` +
          `between waves, not ${JSON.stringify(each)}`;
      }
      const key = termText(term);
      if (seen.has(key)) return `${key} is in two places`;
      seen.add(key);
      wave.push(term);
    }
    waves.push(wave);
  }
  return waves;
}

/** The text of waves. */
export function wavesText(waves: readonly Wave[]): string {
  return waves.map((wave) => wave.map(termText).join(",")).join("/");
}

/** The wave of a load balancer, from 0; undefined: it is in none. A name is stronger than a site. */
export function waveOf({ lb, site }: Place, waves: readonly Wave[]): number | undefined {
  const first = (matches: (term: Term) => boolean) => {
    const at = waves.findIndex((wave) => wave.some(matches));
    return at < 0 ? undefined : at;
  };
  return first((term) => term.kind === "lb" && term.name === lb) ??
    first((term) => term.kind === "site" && term.name === site && site !== "") ??
    first((term) => term.kind === "rest");
}

/** Names in waves that none of these load balancers has. */
export function unknownIn(
  waves: readonly Wave[],
  places: readonly Place[],
): readonly string[] {
  const terms = waves.flat();
  return terms.flatMap((term) => {
    if (term.kind === "rest") return [];
    const isKnown = places.some(({ lb, site }) => term.name === (term.kind === "lb" ? lb : site));
    return isKnown ? [] : [term.kind === "lb" ? term.name : termText(term)];
  });
}

function termOf(text: string): Term | undefined {
  if (text === "rest") return { kind: "rest" };
  const [, kind = "lb", name = ""] = /^(?:(lb|site)=)?(.*)$/s.exec(text) ?? [];
  if (!NAME.test(name) || name.includes("=")) return undefined;
  return { kind: kind === "site" ? "site" : "lb", name };
}

function termText(term: Term): string {
  if (term.kind === "rest") return "rest";
  const isPlain = term.kind === "lb" && term.name !== "rest";
  return isPlain ? term.name : `${term.kind}=${term.name}`;
}
