/**
 * A store of a fleet in memory, with the rules of etcd: one order, compare-and-set, leases. Each
 * load balancer has a connection of its own, which a test cuts, and whose answers it loses.
 */
import type {
  FleetStore,
  StoreChange,
  StoredValue,
  StoreListener,
  StoreWrite,
  WriteOutcome,
} from "../../../src/fleet/book/store.ts";

interface Held extends StoredValue {
  readonly owner: FakeFleetStore | undefined;
}

/** The server. */
export class FakeFleetServer {
  revision = 1;
  readonly values = new Map<string, Held>();
  readonly stores: FakeFleetStore[] = [];
  readonly #undelivered: StoreChange[] = [];
  #delivering = false;

  /** A connection, not cut. */
  connect(): FakeFleetStore {
    const store = new FakeFleetStore(this);
    this.stores.push(store);
    return store;
  }

  /** Writes a key as another program would. */
  put(key: string, text: string | undefined): void {
    this.commit(key, text, undefined);
  }

  commit(key: string, text: string | undefined, owner: FakeFleetStore | undefined): number {
    const revision = ++this.revision;
    if (text === undefined) this.values.delete(key);
    else this.values.set(key, { key, text, revision, owner });
    this.#undelivered.push({ key, text, revision });
    if (!this.#delivering) this.#deliver();
    return revision;
  }

  /** In order, also when a listener writes during its call. */
  #deliver(): void {
    this.#delivering = true;
    for (;;) {
      const change = this.#undelivered.shift();
      if (change === undefined) break;
      for (const store of this.stores) store.changed(change);
    }
    this.#delivering = false;
  }

  /** Loses everything, and begins again; all connections notice. */
  wipe(revision = 1): void {
    this.values.clear();
    this.revision = revision;
    this.reconnect();
  }

  /** Puts a former content back. */
  replace(values: ReadonlyMap<string, Held>, revision: number): void {
    this.values.clear();
    for (const [key, value] of values) this.values.set(key, value);
    this.revision = revision;
    this.reconnect();
  }

  reconnect(): void {
    for (const store of this.stores) {
      if (store.isCut) continue;
      store.cut();
      store.mend();
    }
  }

  /** Ends the lease of a load balancer. */
  expire(store: FakeFleetStore): void {
    for (const { key, owner } of [...this.values.values()]) {
      if (owner === store) this.commit(key, undefined, undefined);
    }
  }
}

/** One load balancer's connection. */
export class FakeFleetStore implements FleetStore {
  readonly #server: FakeFleetServer;
  #listener: StoreListener | undefined;
  isCut = false;
  /** Of the next write: the answer is lost; `undone`: the write too; `late`: it is done by land(). */
  nextWrite: "answered" | "unanswered" | "undone" | "late" | "refused" = "answered";
  #late: StoreWrite | undefined;
  /** Revision of the last snapshot. */
  #from = 0;
  writes = 0;

  constructor(server: FakeFleetServer) {
    this.#server = server;
  }

  start(listener: StoreListener): void {
    this.#listener = listener;
    if (!this.isCut) this.#snapshot();
  }

  cut(): void {
    this.isCut = true;
    this.#listener?.onAway("cut");
  }

  mend(): void {
    this.isCut = false;
    this.#snapshot();
  }

  changed(change: StoreChange): void {
    // A snapshot taken meanwhile has it.
    if (change.revision <= this.#from) return;
    if (!this.isCut) this.#listener?.onChanges([change], change.revision);
  }

  /** Does the write that came late. */
  land(): void {
    const write = this.#late!;
    this.#late = undefined;
    this.#do(write);
  }

  // deno-lint-ignore require-await
  async write(write: StoreWrite): Promise<WriteOutcome> {
    this.writes++;
    if (this.isCut) return { kind: "away", reason: "cut" };
    const { nextWrite } = this;
    this.nextWrite = "answered";
    if (nextWrite === "refused") return { kind: "refused", reason: "database space exceeded" };
    if (nextWrite === "late") this.#late = write;
    if (nextWrite === "late" || nextWrite === "undone") {
      return { kind: "unknown", reason: "no answer within 2000 ms" };
    }
    const outcome = this.#do(write);
    return nextWrite === "unanswered"
      ? { kind: "unknown", reason: "no answer within 2000 ms" }
      : outcome;
  }

  stop(): Promise<void> {
    if (!this.isCut) this.#server.expire(this);
    this.#listener = undefined;
    return Promise.resolve();
  }

  #do({ key, text, ifRevision, ifValue, leased }: StoreWrite): WriteOutcome {
    const { values } = this.#server;
    const present = values.get(key);
    const holds = ifValue === undefined || values.get(ifValue.key)?.text === ifValue.text;
    if ((present?.revision ?? 0) !== ifRevision || !holds) {
      return {
        kind: "conflict",
        present: present && { key, text: present.text, revision: present.revision },
      };
    }
    const owner = leased === true ? this : undefined;
    return { kind: "done", revision: this.#server.commit(key, text, owner) };
  }

  #snapshot(): void {
    const values = [...this.#server.values.values()].map(({ key, text, revision }) => ({
      key,
      text,
      revision,
    }));
    this.#from = this.#server.revision;
    this.#listener?.onSnapshot({ revision: this.#server.revision, values });
  }
}
