/** Runs the requests of an HTTP probe: one, or more when redirects are followed. */
import type { Talk } from "../conversation.ts";
import { failed, type Verdict } from "../outcome.ts";
import type { Cancellation, Probe } from "../prober.ts";
import { type Exchange, exchanging, originOf, redirected } from "./exchange.ts";
import type { Answer } from "./match.ts";
import { MAX_REDIRECTS, redirectOf } from "./redirect.ts";

/** Talks over a new connection to the target. */
export type Over = (talk: Talk, cancellation: Cancellation) => Promise<Verdict>;

/** The probe that makes this exchange. Each request has a connection of its own. */
export function exchangeProbe(first: Exchange, over: Over): Probe {
  if (first.params.redirects === undefined) {
    const talk = exchanging(first);
    return (cancellation) => over(talk, cancellation);
  }
  const origin = originOf(first);
  const { port } = first.options;
  return async (cancellation) => {
    let exchange = first;
    for (let followed = 0;; followed++) {
      const answers: Answer[] = [];
      const talk = exchanging(exchange, (answer) => void answers.push(answer));
      const verdict = await over(talk, cancellation);
      const [answer] = answers;
      if (answer === undefined || cancellation.cancelled) return verdict;
      const redirect = redirectOf(answer, { params: exchange.params, origin, port });
      if (redirect === undefined) return verdict;
      if (redirect.kind === "stay") {
        return { ...verdict, detail: `${verdict.detail}; not followed: ${redirect.reason}` };
      }
      if (followed === MAX_REDIRECTS) {
        return { ...verdict, ...failed("L7STS", `more than ${MAX_REDIRECTS} redirects`) };
      }
      exchange = redirected(exchange, redirect.params);
    }
  };
}
