/**
 * PURE. Explanations and records of the history as objects of the page, field by field and bounded
 * like those of convert.ts. Viewers do not see who an operator is.
 */
import type { messages } from "../../../grpc/client/client.ts";
import type { Audience } from "../../ports.ts";
import type {
  BackendExplanation,
  ExplainedPlace,
  ExplainLink,
  FrontendExplanation,
  TimelinePage,
  TimelineRecord,
} from "../../protocol.ts";
import { TIMELINE_PAGE } from "../../protocol.ts";
import { recordFor } from "./audience.ts";
import {
  clip,
  head,
  MAX_LINKS,
  MAX_NAME,
  MAX_PLACES,
  MAX_POOL_ENTRIES,
  MAX_TEXT,
} from "./bounds.ts";
import { attributesOf, backendState, frontendState, milliseconds, nameOf } from "./convert.ts";

/** Links hold a sentence with texts of several sources. */
const MAX_LINK_TEXT = 4 * MAX_TEXT;

export function backendExplanationOf(
  answer: messages.ExplainBackendResponse,
  audience: Audience,
): BackendExplanation {
  return {
    name: nameOf(answer.name),
    state: backendState(answer.state),
    links: linksOf(answer.links, audience),
    places: head(answer.places, MAX_PLACES).items.map((place) => placeOf(place, audience)),
  };
}

export function frontendExplanationOf(
  answer: messages.ExplainFrontendResponse,
  audience: Audience,
): FrontendExplanation {
  return {
    name: nameOf(answer.name),
    state: frontendState(answer.state),
    links: linksOf(answer.links, audience),
    servers: head(answer.servers, MAX_POOL_ENTRIES).items.map((place) => placeOf(place, audience)),
  };
}

function placeOf(place: messages.ServerExplanation, audience: Audience): ExplainedPlace {
  const { vppWeight, buckets } = place;
  return {
    frontend: nameOf(place.frontend),
    pool: nameOf(place.pool),
    backend: nameOf(place.backend),
    address: clip(place.address, MAX_NAME),
    state: backendState(place.state),
    links: linksOf(place.links, audience),
    weight: place.weight,
    effective_weight: place.effectiveWeight,
    ...(vppWeight === undefined ? {} : { vpp_weight: vppWeight }),
    ...(buckets === undefined ? {} : { buckets }),
    difference: clip(place.difference, MAX_LINK_TEXT),
    answer: clip(place.answer, MAX_LINK_TEXT),
  };
}

function linksOf(links: readonly messages.ExplainLink[], audience: Audience): ExplainLink[] {
  return head(links, MAX_LINKS).items.map((link) => linkOf(link, audience));
}

function linkOf(link: messages.ExplainLink, audience: Audience): ExplainLink {
  const { weight, sinceUnixNs, by } = link;
  return {
    kind: clip(link.kind, 32),
    text: clip(link.text, MAX_LINK_TEXT),
    ...(weight === undefined ? {} : { weight }),
    decides: link.decides,
    ...(sinceUnixNs === undefined ? {} : { since_ms: milliseconds(sinceUnixNs) }),
    ...(link.sinceAtLeast ? { since_at_least: true as const } : {}),
    ...(by === "" || audience === "viewer" ? {} : { by: clip(by, MAX_TEXT) }),
  };
}

/** A page, newest first. */
export function timelineOf(
  { records, nextBeforeId, warning }: messages.ListHistoryResponse,
  audience: Audience,
): TimelinePage {
  return {
    records: records.slice(-TIMELINE_PAGE).map((record) => recordFor(recordOf(record), audience))
      .reverse(),
    ...(nextBeforeId === 0n ? {} : { next_before: Number(nextBeforeId) }),
    // It names a folder.
    ...(warning === ""
      ? {}
      : { warning: audience === "viewer" ? NOT_KEPT : clip(warning, MAX_TEXT) }),
  };
}

const NOT_KEPT = "not on disk: it ends with maglevd";

function recordOf(record: messages.HistoryRecord): TimelineRecord {
  const { backend, frontend } = record;
  return {
    id: Number(record.id),
    at_ms: milliseconds(record.atUnixNs),
    event: clip(record.event, 64),
    ...(backend === "" ? {} : { backend: nameOf(backend) }),
    ...(frontend === "" ? {} : { frontend: nameOf(frontend) }),
    attributes: attributesOf(record),
  };
}
