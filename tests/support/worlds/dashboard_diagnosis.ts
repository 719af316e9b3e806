/** Explanations and a history for tests of the dashboard's page, made from its state as maglevd would. */
import {
  type BackendExplanation,
  type ExplainedPlace,
  type ExplainLink,
  type Frontend,
  type FrontendExplanation,
  frontendVipKey,
  type MaglevdState,
  type Pool,
  type PoolBackend,
  TIMELINE_PAGE,
  type TimelinePage,
  type TimelineRecord,
} from "../../../src/dashboard/protocol.ts";
import { answerOf } from "../../../src/explain/answer.ts";
import type { Link } from "../../../src/explain/chain.ts";

/** The chain of a backend; undefined: it does not exist. */
export function explainBackendOf(
  lb: MaglevdState,
  name: string,
): BackendExplanation | undefined {
  const backend = lb.backends.find((backend) => backend.name === name);
  if (backend === undefined) return undefined;
  const { last_result: result, intent, state, since_ms } = backend;
  const text = result === undefined ? "" : `${result.code} ${result.detail ?? ""}`.trim();
  const links = [
    link("probe", `${result?.ok ? "passed" : "failed"}: ${text}`),
    link("counter", `${backend.counter} of 4, up from 2 on (rise 2, fall 3)`),
    link("state", state, { since_ms }),
    intent === undefined
      ? link("intent", "no operator has paused or disabled it")
      : link("intent", `${intent.kind}d by an operator: ${intent.reason ?? ""}`, {
        decides: true,
        ...(intent.by === undefined ? {} : { by: intent.by }),
      }),
  ];
  const places = lb.frontends.flatMap((frontend) =>
    frontend.pools.flatMap((pool) =>
      pool.backends.filter((entry) => entry.name === name).map((entry) =>
        placeOf(lb, { frontend, pool, entry, health: links })
      )
    )
  );
  return { name, state, links, places };
}

export function explainFrontendOf(
  lb: MaglevdState,
  name: string,
): FrontendExplanation | undefined {
  const frontend = lb.frontends.find((frontend) => frontend.name === name);
  if (frontend === undefined) return undefined;
  return {
    name,
    state: frontend.state,
    links: [
      link("state", frontend.state, { decides: frontend.state !== "up" }),
      link("pool", `pool "${frontend.active_pool}" is active`),
    ],
    servers: frontend.pools.flatMap((pool) =>
      pool.backends.map((entry) => {
        const place = placeOf(lb, { frontend, pool, entry, health: [] });
        return { ...place, links: place.links.filter(({ decides }) => decides) };
      })
    ),
  };
}

function placeOf(lb: MaglevdState, { frontend, pool, entry, health }: {
  readonly frontend: Frontend;
  readonly pool: Pool;
  readonly entry: PoolBackend;
  readonly health: readonly ExplainLink[];
}): ExplainedPlace {
  const backend = lb.backends.find(({ name }) => name === entry.name)!;
  const { state, address } = backend;
  const server = lb.lb?.vips
    .find(({ prefix, protocol, port }) =>
      `${prefix} ${protocol} ${port}` === frontendVipKey(frontend)
    )?.servers.find((server) => server.address === address);
  const isUp = state === "up";
  const isActive = pool.name === frontend.active_pool;
  const equal = server?.weight === entry.effective_weight;
  const difference = equal
    ? ""
    : `VPP has ${server?.weight}, should have ${entry.effective_weight}: on its way`;
  const links = [
    link("weight", "the file's weight", { weight: entry.weight }),
    link("state", isUp ? "up" : `${state}: no new flows`, {
      weight: isUp ? entry.weight : 0,
      decides: !isUp,
    }),
    link("pool", `pool "${pool.name}" is ${isActive ? "active" : "on standby"}`, {
      weight: entry.effective_weight,
      decides: isUp && !isActive,
    }),
    ...(server === undefined
      ? []
      : [link("vpp", `${server.buckets} of 1024 buckets`, { weight: server.weight })]),
    link("difference", equal ? "none: VPP has what it should have" : difference, {
      decides: !equal,
    }),
  ];
  return {
    frontend: frontend.name,
    pool: pool.name,
    backend: entry.name,
    address,
    state,
    weight: entry.weight,
    effective_weight: entry.effective_weight,
    ...(server === undefined ? {} : { vpp_weight: server.weight, buckets: server.buckets }),
    difference,
    links,
    answer: answerOf(health as readonly Link[], {
      links: links as readonly Link[],
      server: server && { weight: server.weight, buckets: server.buckets, flows: undefined },
      difference,
    }),
  };
}

function link(kind: string, text: string, more: Partial<ExplainLink> = {}): ExplainLink {
  return { kind, text, decides: false, ...more };
}

/** The page that a query selects. `records`: oldest first. */
export function timelineOf(
  records: readonly TimelineRecord[],
  query: URLSearchParams,
): TimelinePage {
  const before = Number(query.get("before") ?? Infinity);
  const [backend, frontend] = [query.get("backend"), query.get("frontend")];
  const selected = records.filter((record) =>
    record.id < before && (backend === null || record.backend === backend) &&
    (frontend === null || record.frontend === frontend)
  );
  const page = selected.slice(-TIMELINE_PAGE);
  return {
    records: page.toReversed(),
    ...(selected.length > page.length ? { next_before: page[0]!.id } : {}),
  };
}
