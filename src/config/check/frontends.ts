/** Rules of single frontends: their port and protocol, their pools and the servers in them. */
import type { IpAddress } from "../../base/address.ts";
import { quote } from "../../base/text.ts";
import type { Member, Vip } from "./vips.ts";
import type { IssueList, Place } from "../issue.ts";
import type { BackendDraft, ConfigDraft, FrontendDraft, PoolDraft } from "../schema/schema.ts";
import type { NamedDraft, NamedDrafts, Slot } from "../schema/types.ts";

type Backends = ConfigDraft["keys"]["backends"]["value"];
type Members = NonNullable<PoolDraft["keys"]["backends"]["value"]>;

/** Frontends that have passed their own checks: input of the rules that compare several. */
export interface CheckedFrontends {
  /** Names of backends that pools refer to. */
  readonly used: ReadonlySet<string>;
  readonly vips: readonly Vip[];
}

/** Checks all frontends, each by itself. */
export function checkFrontends(draft: ConfigDraft, issues: IssueList): CheckedFrontends {
  const backends = draft.keys.backends.value;
  const context = { backends, names: [...backends?.keys() ?? []], issues, used: new Set<string>() };
  const vips: Vip[] = [];
  for (const named of draft.keys.frontends.value?.values() ?? []) {
    const frontend = named.draft;
    if (frontend === undefined) continue;
    const members = checkPools(frontend, context);
    const service = checkService(frontend, issues);
    const address = frontend.keys.address.value;
    if (address === undefined || service === undefined) continue;
    vips.push({ name: named.name, place: named, address, service, members });
  }
  return { used: context.used, vips };
}

interface Context {
  readonly backends: Backends;
  readonly names: readonly string[];
  readonly issues: IssueList;
  /** Filled while checking. */
  readonly used: Set<string>;
}

/** The service part of the VIP, undefined when it cannot be known. */
function checkService(frontend: FrontendDraft, issues: IssueList): string | undefined {
  const { protocol, port } = frontend.keys;
  if (port.value === 0) {
    if (protocol.given) {
      issues.add(
        "no-effect",
        protocol,
        "has no effect with `port: 0`, which takes all protocols and ports; leave it out",
      );
    }
    return "";
  }
  if (protocol.given && !port.given) {
    issues.add(
      "protocol-and-port",
      protocol,
      "there is a protocol but no port; give both, or neither for all protocols and ports",
    );
  } else if (port.given && !protocol.given) {
    issues.add(
      "protocol-and-port",
      port,
      "there is a port but no protocol; give both, or neither for all protocols and ports",
    );
  }
  if (!protocol.given && !port.given) return "";
  if (protocol.value === undefined || port.value === undefined) return undefined;
  return `${protocol.value}/${port.value}`;
}

/** Checks the pools of one frontend; gives its servers. */
function checkPools(frontend: FrontendDraft, context: Context): readonly Member[] {
  const pools = frontend.keys.pools;
  if (pools.given && pools.value?.length === 0) {
    context.issues.add("no-pools", pools, "a frontend needs at least one pool");
  }
  const lines = new Map<string, number>();
  const members: Member[] = [];
  for (const pool of pools.value ?? []) {
    if (pool === undefined) continue;
    checkPoolName(pool, lines, context.issues);
    checkMaxDown(pool, context.issues);
    for (const member of checkMembers(pool, context)) members.push(member);
  }
  checkAddresses(members, context.issues);
  return members;
}

function checkPoolName(pool: PoolDraft, lines: Map<string, number>, issues: IssueList): void {
  const name = pool.keys.name;
  if (name.value === undefined) return;
  const first = lines.get(name.value);
  if (first === undefined) {
    lines.set(name.value, name.mark.line);
    return;
  }
  issues.add(
    "duplicate-pool",
    name,
    `the pool ${quote(name.value)} is defined in line ${first} already; give this one another name`,
  );
}

/** With `100%` it is switched off on purpose. */
function checkMaxDown({ keys }: PoolDraft, issues: IssueList): void {
  const slot = keys["max-down"];
  if (slot.value === undefined) return;
  const servers = [...keys.backends.value?.values() ?? []]
    .filter((member) => member.draft?.keys.weight.value !== 0).length;
  if (servers === 0) return;
  const most = "count" in slot.value ? slot.value.count : slot.value.percent === 100 ? 0 : 1;
  if (most < servers) return;
  const what = servers === 1 ? "1 server" : `${servers} servers`;
  issues.add(
    "no-effect",
    slot,
    `has no effect in a pool that has ${what} with a weight; use a smaller number, or leave it out`,
  );
}

function checkMembers(pool: PoolDraft, context: Context): Member[] {
  const slot: Slot<Members> = pool.keys.backends;
  if (slot.value === undefined) return [];
  if (slot.value.size === 0 && slot.given) {
    context.issues.add("empty-pool", slot, "a pool needs at least one backend");
  }
  const members: Member[] = [];
  for (const place of slot.value.values()) {
    const { name } = place;
    context.used.add(name);
    const backend = context.backends?.get(name);
    if (backend === undefined) reportUnknown(name, place, context);
    const address = addressOf(backend);
    if (address !== undefined && address.zone !== "") {
      context.issues.add(
        "scoped-backend",
        place,
        `${quote(name)} has an address with a zone (${address.text}), to which VPP cannot send; ` +
          "use a global address, or leave the backend out of frontends",
      );
    }
    if (address !== undefined) members.push({ name, place, address });
  }
  if (slot.value.size > 0 && !anyWeight(slot.value)) {
    context.issues.add(
      "weightless-pool",
      slot,
      "all weights of this pool are 0: it takes no new flows even when it is the active one",
    );
  }
  return members;
}

/** True when a server may have a weight above 0. */
function anyWeight(members: Members): boolean {
  for (const { draft } of members.values()) if (draft?.keys.weight.value !== 0) return true;
  return false;
}

function addressOf(backend: NamedDraftOf<Backends> | undefined): IpAddress | undefined {
  const draft: BackendDraft | undefined = backend?.draft;
  return draft?.keys.address.value;
}

type NamedDraftOf<T> = NonNullable<T> extends NamedDrafts<infer K> ? NamedDraft<K> : never;

function reportUnknown(name: string, place: Place, context: Context): void {
  // Without a usable section every name in it would be called unknown.
  if (context.backends === undefined) return;
  context.issues.add("unknown-name", place, () => {
    const hint = context.issues.suggestion(name, context.names, "; define it in maglev.backends");
    return `there is no backend ${quote(name)}${hint}`;
  });
}

/** One family in a frontend; two names for one address are one server for VPP. */
function checkAddresses(members: readonly Member[], issues: IssueList): void {
  const names = new Map<string, string>();
  const reference = members[0];
  const reported = new Set<string>();
  for (const member of members) {
    if (reference !== undefined && member.address.family !== reference.address.family) {
      issues.add(
        "mixed-families",
        member.place,
        `${show(member)}, but ${show(reference)} in the same frontend; VPP has one ` +
          "encapsulation for each VIP, so all its backends must be of one family",
      );
    }
    const other = names.get(member.address.text);
    if (other === undefined) {
      names.set(member.address.text, member.name);
    } else if (other !== member.name && !reported.has(member.name)) {
      reported.add(member.name);
      issues.add(
        "shared-address",
        member.place,
        `has the address of ${quote(other)} in the same frontend (${member.address.text}): ` +
          "they are one server in VPP",
      );
    }
  }
}

function show(member: Member): string {
  return `${quote(member.name)} is IPv${member.address.family} (${member.address.text})`;
}
