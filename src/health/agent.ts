/**
 * PURE. The words of a server's agent, as HAProxy's agent-check has them, and what follows from them.
 * An agent only lowers: its server takes part at most as far as its check, the configuration and
 * operators allow.
 */
import type { AgentState, CountedState } from "./state.ts";

/** The state before the first word. */
export const AGENT_READY: AgentState = { down: false, admin: "ready", percent: 100 };

const WORDS = ["up", "ready", "drain", "maint", "down", "fail", "failed", "stopped"] as const;
type AgentWord = typeof WORDS[number];

/** Stands for words that are not of the protocol. */
export const UNKNOWN_WORD = "?";

/**
 * The words of an agent's line in a uniform spelling, in order: `drain 50%`. Text after `#` is for
 * people. Unknown words become one `?` at the end; empty: the line has no word.
 */
export function agentWords(line: string): string {
  const said = line.split("#", 1)[0]!.toLowerCase().split(/[\s,]+/).filter((word) => word !== "");
  const known = said.map(wordOf).filter((word) => word !== undefined);
  return [...known, ...known.length < said.length ? [UNKNOWN_WORD] : []].join(" ");
}

function wordOf(word: string): string | undefined {
  if (isWord(word)) return word;
  const percent = /^(\d{1,9})%$/.exec(word)?.[1];
  return percent === undefined ? undefined : `${Math.min(100, Number(percent))}%`;
}

function isWord(word: string): word is AgentWord {
  return (WORDS as readonly string[]).includes(word);
}

/** The state after words of agentWords(). */
export function afterWords(state: AgentState, words: string): AgentState {
  return words.split(" ").reduce(afterWord, state);
}

function afterWord(state: AgentState, word: string): AgentState {
  if (word.endsWith("%")) return { ...state, percent: Number(word.slice(0, -1)) };
  if (!isWord(word)) return state;
  switch (word) {
    case "up":
      return { ...state, down: false };
    case "down":
    // HAProxy's code has `fail`; its manual had `failed` for years.
    case "fail":
    case "failed":
    case "stopped":
      return { ...state, down: true };
    case "ready":
    case "drain":
    case "maint":
      return { ...state, admin: word };
  }
}

export function sameAgent(a: AgentState | undefined, b: AgentState | undefined): boolean {
  return a?.down === b?.down && a?.admin === b?.admin && a?.percent === b?.percent;
}

/** States in which a server may have weight; a damped one where nothing else has. */
const MAY_SERVE: readonly CountedState[] = ["up", "blind", "damped"];

/** The state that counts for a backend whose agent said this. */
export function loweredState(counted: CountedState, agent: AgentState | undefined): CountedState {
  if (agent === undefined || !MAY_SERVE.includes(counted)) return counted;
  if (agent.down) return "down";
  return agent.admin === "maint" ? "paused" : counted;
}

/** `weight` as far as the agent allows; at least 1 for a share above 0. */
export function loweredWeight(weight: number, agent: AgentState | undefined): number {
  if (agent === undefined) return weight;
  return agent.admin === "ready" ? Math.ceil(weight * agent.percent / 100) : 0;
}

/** `down, drain, 50 %`; empty while it takes nothing away. */
export function agentText({ down, admin, percent }: AgentState): string {
  return [
    ...down ? ["down"] : [],
    ...admin === "ready" ? [] : [admin],
    ...percent === 100 ? [] : [`${percent} %`],
  ].join(", ");
}
