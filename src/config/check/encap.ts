/** Rules of the check through VPP's tunnel: it needs a healthcheck with a packet, and a source. */
import { quote } from "../../base/text.ts";
import type { IssueList } from "../issue.ts";
import type { ConfigDraft, FrontendDraft, PoolDraft } from "../schema/schema.ts";

export function checkEncap(draft: ConfigDraft, issues: IssueList): void {
  for (const { draft: frontend } of draft.keys.frontends.value?.values() ?? []) {
    for (const pool of frontend?.keys.pools.value ?? []) {
      if (pool === undefined) continue;
      const { encap, "encap-source": source } = pool.keys;
      if (encap.value === "off" && source.given) {
        issues.add("no-effect", source, "has no effect without `encap: on` or `encap: warn`");
      }
      if (encap.value === undefined || encap.value === "off") continue;
      checkSource(pool, draft, issues);
      checkTypes(pool, { frontend: frontend!, draft, issues });
    }
  }
}

type Keyed<T> = ReadonlyMap<string, { readonly draft: T | undefined }> | undefined;

function draftOf<T>(drafts: Keyed<T>, name: string): T | undefined {
  return drafts?.get(name)?.draft;
}

function checkSource({ keys }: PoolDraft, draft: ConfigDraft, issues: IssueList): void {
  const source = keys["encap-source"];
  const lb = draft.keys.vpp.value?.keys.lb;
  if (!source.given) {
    if (lb === undefined || lb.given) return;
    issues.add(
      "encap-check",
      keys.encap,
      "needs the source address of the tunnel; add `encap-source`, or the section maglev.vpp.lb",
    );
    return;
  }
  for (const name of keys.backends.value?.keys() ?? []) {
    const address = draftOf(draft.keys.backends.value, name)?.keys.address.value;
    if (address === undefined || source.value === undefined) continue;
    if (address.family === source.value.family) continue;
    issues.add(
      "encap-check",
      source,
      `is IPv${source.value.family}, but the server ${quote(name)} is IPv${address.family} ` +
        `(${address.text}): a tunnel has one family`,
    );
    return;
  }
}

/** One issue a pool: its servers mostly have one healthcheck. */
function checkTypes(
  { keys }: PoolDraft,
  { frontend, draft, issues }: {
    readonly frontend: FrontendDraft;
    readonly draft: ConfigDraft;
    readonly issues: IssueList;
  },
): void {
  const { healthchecks, backends } = draft.keys;
  const { protocol, port } = frontend.keys;
  if (protocol.given !== (protocol.value !== undefined)) return;
  if (port.given !== (port.value !== undefined)) return;
  const isTcp = protocol.value === "tcp" && port.value !== 0;
  for (const name of keys.backends.value?.keys() ?? []) {
    const backend = draftOf(backends.value, name);
    const slot = backend?.keys.healthcheck;
    if (slot === undefined) continue;
    const check = slot.value;
    const type = check === undefined
      ? undefined
      : draftOf(healthchecks.value, check)?.keys.type.value;
    const problem = !slot.given
      ? `needs a healthcheck of type icmp or tcp, but the server ${quote(name)} is static`
      : type === undefined || type === "icmp" || (type === "tcp" && isTcp)
      ? undefined
      : type === "tcp"
      ? `sends a SYN to the VIP's port, because the healthcheck of ${
        quote(name)
      } is of type tcp, ` +
        "and this frontend is not one of a TCP port; use a healthcheck of type icmp"
      : `has a packet for healthchecks of type icmp and tcp alone, and that of ${quote(name)} is ` +
        `of type ${type}; use one of these types`;
    if (problem === undefined) continue;
    issues.add("encap-check", keys.encap, problem);
    return;
  }
}
