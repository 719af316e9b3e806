/**
 * Cost of `show backends` with 10,000 backends in maglevc: reads the message, builds the view, the
 * table and the JSON form, and compares the answers of two servers.
 *
 * deno bench -A src/cli/commands/show/show_bench.ts
 */
import { wall } from "../../../../tests/support/fakes/instants.ts";
import {
  type messages,
  type RequestOf,
  type ResponseOf,
  type UnaryMethod,
} from "../../../grpc/client/client.ts";
import { ListBackendsResponse } from "../../../grpc/gen/maglev.ts";
import { decode, encode } from "../../../grpc/messages/codec.ts";
import { jsonText, renderView } from "../../render/mod.ts";
import { mergeViews } from "../../compare/merge.ts";
import { COMMANDS } from "../mod.ts";

const NOW_MS = wall(Date.UTC(2026, 2, 1, 9, 30));
const COUNT = 10_000;

const message: ListBackendsResponse = largeAnswer();
const bytes = encode(ListBackendsResponse, message);
const answer = await ask();
const json = await answer.json();
const text = renderView(answer.view, { width: Infinity, color: false });

Deno.bench(`decode ListBackendsResponse, ${COUNT} backends, ${bytes.length} bytes`, () => {
  decode(ListBackendsResponse, bytes);
});

Deno.bench("answer of show backends: view and JSON values", async () => {
  await ask();
});

Deno.bench(`renderView(), no terminal, ${text.length} characters`, () => {
  renderView(answer.view, { width: Infinity, color: false });
});

Deno.bench("renderView(), 200 columns, colour", () => {
  renderView(answer.view, { width: 200, color: true });
});

Deno.bench("renderView(), 80 columns, colour, notes below, cells folded", () => {
  renderView(answer.view, { width: 80, color: true });
});

Deno.bench("jsonText()", () => {
  jsonText(json);
});

Deno.bench("mergeViews() of two servers that agree", () => {
  mergeViews(
    ["a", "b"].map((server) => ({ server, view: answer.view })),
    { show: true },
  );
});

function ask() {
  function call<M extends UnaryMethod>(_: M, _request?: Partial<RequestOf<M>>) {
    return Promise.resolve(message as ResponseOf<M>);
  }
  return COMMANDS["show backends"]({ client: { call }, nowMs: NOW_MS }, {});
}

function largeAnswer(): ListBackendsResponse {
  const backends: messages.BackendInfo[] = Array.from({ length: COUNT }, (_, at) => ({
    name: `backend-${at}.site-${at % 7}.example.net`,
    address: at % 2 === 0
      ? `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
      : `2001:db8:${(at % 50).toString(16)}::${at.toString(16)}`,
    state: at % 10 === 0 ? "down" : "up",
    enabled: true,
    healthcheck: `https-${at % 20}`,
    transitions: [],
    sinceUnixNs: BigInt(NOW_MS - at * 7919) * 1_000_000n,
    counter: at % 10 === 0 ? 0 : 4,
    rise: 2,
    fall: 3,
    lastResult: {
      ok: at % 10 !== 0,
      layer: "L7",
      code: at % 10 === 0 ? "L7STS" : "L7OK",
      detail: at % 10 === 0 ? "status 503, expected 200-299" : "status 200",
      durationNs: BigInt(1_000_000 + at * 331),
    },
    certificateExpiryUnixNs: undefined,
    intent: undefined,
    warning: "",
    carried: false,
    blind: "",
    agent: "",
    certificateName: "",
    drain: undefined,
    scheduled: [],
    dampingPenalty: 0,
  }));
  return { backendNames: backends.map(({ name }) => name), backends };
}
