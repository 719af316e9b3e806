/**
 * The HTTP part of a probe, over any byte stream. HTTP/1.1 is written by hand, at a third of the
 * cost of `fetch`. Reads only what the verdict needs: the headers, and with a regular expression at
 * most 64 KiB of body. Closing with unread bytes makes the kernel send a reset, which stops a
 * server that would send without end.
 *
 * A body without an announced length may never end (a stream of events) although its first line
 * matches. So such a body is matched every LOOK_MS until it ends, and a match is a pass. Matching
 * after every read would reset honest servers whose last chunk is still on its way.
 */
import { BUILD } from "../../base/version.ts";
import type { HttpParams } from "../../config/model.ts";
import { type BodyRules, bodyRulesOf, passesEarly } from "./body_rules.ts";
import { h2Exchange } from "../h2/exchange.ts";
import { H2Response } from "../h2/response.ts";
import type { Talk } from "../conversation.ts";
import { type ByteStream, writeAll } from "../net/byte_stream.ts";
import { http2Request, plainAnswer } from "./http2.ts";
import {
  type Answer,
  type HeaderRule,
  headerRuleOf,
  judgeAnswer,
  statusAccepted,
} from "./match.ts";
import { defaultHost, httpRequest, type HttpRequestOptions } from "./request.ts";
import { type HttpProgress, HttpResponse } from "./response.ts";
import { ANSWER_TIMED_OUT } from "../outcome.ts";
import type { ProbeSpec } from "../prober.ts";

const READ_BYTES = 16 * 1024;

/** Interval at which a body without an announced length is matched. */
const LOOK_MS = 50;

/**
 * Idle read buffers, at most one per probe that was in flight at the same time; buffers beyond
 * SPARE_BUFFERS are left to the garbage collector.
 */
const spareBuffers: Uint8Array<ArrayBuffer>[] = [];
const SPARE_BUFFERS = 64;

/** The prepared parts of an HTTP exchange, shared by all probes of a target. */
export interface Exchange {
  readonly params: HttpParams;
  readonly options: HttpRequestOptions;
  /** Bytes before the request. */
  readonly preface: Uint8Array;
  readonly request: Uint8Array;
  /** Undefined: the body does not matter. */
  readonly rules: BodyRules | undefined;
  /** Undefined: headers do not matter. */
  readonly header: HeaderRule | undefined;
  /** Names of the headers that are kept of an answer, in lower case. */
  readonly keep: readonly string[];
}

/**
 * Prepares the exchange with a target. `defaultPort` is the scheme's own: 80 or 443. The request
 * begins with `preface`.
 */
export function exchangeOf(
  { address, healthcheck }: ProbeSpec,
  { params, defaultPort, preface = new Uint8Array(0) }: {
    readonly params: HttpParams;
    readonly defaultPort: number;
    readonly preface?: Uint8Array;
  },
): Exchange {
  const options = {
    address,
    port: healthcheck.port,
    defaultPort,
    userAgent: `maglevd/${BUILD.version}`,
  };
  const header = headerRuleOf(params);
  return {
    params,
    options,
    preface,
    request: requestBytes({ params, options, preface }),
    rules: bodyRulesOf(params),
    header,
    keep: [
      ...(header === undefined ? [] : [header.name]),
      ...(params.redirects === undefined ? [] : ["location"]),
    ],
  };
}

/** The exchange with the request of `params`, to which the server redirected. */
export function redirected(exchange: Exchange, params: HttpParams): Exchange {
  return { ...exchange, params, request: requestBytes({ ...exchange, params }) };
}

/** Scheme, host and port of the requests, as in `https://www.example.com`. */
export function originOf({ params, options }: Exchange): string {
  const scheme = options.defaultPort === 443 ? "https" : "http";
  return `${scheme}://${params.host === "" ? defaultHost(options) : params.host}`;
}

function requestBytes(
  { params, options, preface }: Pick<Exchange, "params" | "options" | "preface">,
): Uint8Array {
  const request = params.http2 ? http2Request(params, options) : httpRequest(params, options);
  if (preface.length === 0) return request;
  const bytes = new Uint8Array(preface.length + request.length);
  bytes.set(preface);
  bytes.set(request, preface.length);
  return bytes;
}

/**
 * The talk of an HTTP probe; one object serves all probes of a target. `onAnswer` receives each
 * answer that was read to its end.
 */
export function exchanging(prepared: Exchange, onAnswer?: (answer: Answer) => void): Talk {
  return {
    async run(stream) {
      const answer = await answerOf(stream, prepared);
      onAnswer?.(answer);
      return judgeAnswer(answer, prepared);
    },
    timedOut: () => ANSWER_TIMED_OUT,
  };
}

/** Sends one request and reads its answer as far as it matters. */
async function answerOf(stream: ByteStream, prepared: Exchange): Promise<Answer> {
  const { params, rules, request, keep } = prepared;
  const wantsBody = (status: number) =>
    rules !== undefined && statusAccepted(status, params.responseCodes);
  if (params.http2) {
    const response = new H2Response({ wantsBody });
    await h2Exchange(stream, { request, response });
    return plainAnswer(response);
  }
  const response = new HttpResponse({
    head: params.method === "HEAD",
    wantsBody,
    ...(keep.length === 0 ? {} : { keep }),
  });
  await writeAll(stream, request);
  await readAnswer(stream, response, rules);
  return response;
}

/**
 * Sends one request and reads its answer as far as `response` requires. Rejects with the stream's
 * error; a broken answer is not an error.
 */
export async function converse(
  stream: ByteStream,
  { request, response }: { readonly request: Uint8Array; readonly response: HttpResponse },
): Promise<void> {
  await writeAll(stream, request);
  await readAnswer(stream, response, undefined);
}

/** Reads until the answer can be judged. */
async function readAnswer(
  stream: ByteStream,
  response: HttpResponse,
  rules: BodyRules | undefined,
): Promise<void> {
  const buffer = spareBuffers.pop() ?? new Uint8Array(READ_BYTES);
  const looks = rules?.early === true ? new Looks(rules) : undefined;
  let idle = true;
  try {
    let progress: HttpProgress = "more";
    while (progress === "more") {
      const reading = stream.read(buffer);
      if (looks !== undefined && response.isOpenEnded) {
        idle = false;
        if (await looks.matchBefore(reading, response)) break;
        idle = true;
      }
      const count = await reading;
      progress = count === null ? response.end() : response.feed(buffer.subarray(0, count));
    }
  } finally {
    looks?.stop();
    // A pending read may still write into its buffer.
    if (idle && spareBuffers.length < SPARE_BUFFERS) spareBuffers.push(buffer);
  }
}

/** Matches a body without an announced length while it is read. */
class Looks {
  readonly #rules: BodyRules;
  #due: Promise<"due"> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(rules: BodyRules) {
    this.#rules = rules;
  }

  /** True when the body received so far matches before `reading` ends. */
  async matchBefore(reading: Promise<number | null>, { body }: HttpResponse): Promise<boolean> {
    this.#due ??= new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve("due"), LOOK_MS);
    });
    if (await Promise.race([reading, this.#due]) !== "due") return false;
    this.#due = undefined;
    return passesEarly(body, this.#rules);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
