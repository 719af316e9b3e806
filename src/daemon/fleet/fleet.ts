/**
 * Connects the daemon with the store of a fleet. The store's code is loaded on demand, so without
 * `--fleet-store` nothing of it is imported, opened or slower.
 */
import { MaglevError } from "../../base/errors.ts";
import { parseListenAddress } from "../../base/listen_address.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import type { Reloader } from "../reload.ts";
import { certificatesOf, keyPairOf } from "../../base/tls/key_pair.ts";
import { BUILD } from "../../base/version.ts";
import type { Checker } from "../../checker/checker.ts";
import type { KeptBook } from "../../fleet/book/file.ts";
import { appliesTo, type Place } from "../../fleet/book/keys.ts";
import type { BookDisk } from "../../fleet/member/book_disk.ts";
import type { FleetMember } from "../../fleet/member/member.ts";
import type { FleetRequests } from "../../fleet/member/requests/requests.ts";
import type { ClientTls } from "../../grpc/client/channel.ts";
import type { Intent } from "../../intent/intent.ts";
import { fileProblem, readRegularText } from "../../system/read_file.ts";
import type { MaglevdSettings } from "../flags.ts";
import type { Daemon } from "../wire.ts";

/** The settings that are about the fleet. */
export type FleetSettings = Pick<
  MaglevdSettings,
  | "fleet-store"
  | "fleet"
  | "fleet-lb"
  | "fleet-site"
  | "fleet-tls-ca"
  | "fleet-tls-cert"
  | "fleet-tls-key"
  | "state-dir"
  | "config"
>;

/** Largest certificate or key file, in bytes. */
const MAX_BYTES = 1024 * 1024;
const SCHEME = "etcd:";

/** The error in the settings, as a message about a flag; undefined: they are valid. */
export function badFleetSettings(settings: FleetSettings): string | undefined {
  const store = settings["fleet-store"];
  const cert = settings["fleet-tls-cert"];
  if (store === "") return undefined;
  if (!store.startsWith(SCHEME)) {
    return `flag --fleet-store: need etcd:HOST:PORT,…, have ${JSON.stringify(store)}`;
  }
  for (const server of serversOf(store)) {
    const parsed = parseListenAddress(server);
    const isServer = typeof parsed !== "string" && parsed.kind === "tcp" && parsed.host !== "" &&
      parsed.port !== 0;
    if (!isServer) {
      return `flag --fleet-store: need host:port of each server, have ${JSON.stringify(server)}`;
    }
  }
  for (const flag of ["fleet", "fleet-lb"] as const) {
    if (!/^[^\s/]{1,128}$/.test(settings[flag])) {
      return `flag --${flag}: need a name of at most 128 characters without blanks and slashes`;
    }
  }
  if (!/^[^\s/]{0,128}$/.test(settings["fleet-site"])) {
    return "flag --fleet-site: need a name of at most 128 characters without blanks and slashes";
  }
  if ((cert === "") !== (settings["fleet-tls-key"] === "")) {
    return "flags --fleet-tls-cert and --fleet-tls-key: need both or neither";
  }
  if (cert !== "" && settings["fleet-tls-ca"] === "") {
    return "flag --fleet-tls-cert: needs --fleet-tls-ca too";
  }
  return undefined;
}

/** The book of the previous process, and where that of this one is stored. */
export interface OpenedBook {
  readonly disk: BookDisk;
  readonly kept: KeptBook | undefined;
}

/** Reads the book; undefined without a store, or a state directory. */
export async function openBook(
  settings: FleetSettings,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<OpenedBook | undefined> {
  const folder = settings["state-dir"];
  if (settings["fleet-store"] === "") return undefined;
  if (folder === "") {
    logger.warn("config-warning", {
      message:
        "intents of the fleet do not survive the end of maglevd while their store is away: " +
        "no state directory is configured; --state-dir sets one",
    });
    return undefined;
  }
  const { BookDisk } = await import("../../fleet/member/book_disk.ts");
  const disk = new BookDisk({ folder, fleet: settings.fleet, clock, logger });
  return { disk, kept: await disk.load() };
}

/** The intents of a kept book that this load balancer obeyed, and whose time is not over. */
export function intentsOfBook(
  kept: KeptBook | undefined,
  settings: FleetSettings,
  clock: Clock,
): readonly Intent[] {
  return [...kept?.obeyed.values() ?? []].map(({ intent }) => intent).filter((intent) =>
    appliesTo(intent.scope, placeOf(settings)) && (intent.untilMs ?? Infinity) > clock.wallMs()
  );
}

/** A member of a fleet, and the requests of its operators. */
export interface DaemonFleet {
  readonly member: FleetMember;
  readonly requests: FleetRequests;
}

/** This load balancer as a member of its fleet, not started; undefined without a store. */
export async function createFleetMember(
  settings: FleetSettings,
  parts: {
    readonly checker: Checker;
    readonly vpp: Pick<Daemon, "vpp">["vpp"];
    readonly book: OpenedBook | undefined;
    readonly reloader: Reloader;
    readonly clock: Clock;
    readonly logger: Logger;
  },
): Promise<DaemonFleet | undefined> {
  const address = settings["fleet-store"];
  if (address === "") return undefined;
  const [
    { EtcdStore },
    { FleetMember },
    { FleetRequests },
    { prefixOf },
    { fleetTraffic },
    { RolloutFiles },
  ] = await Promise.all([
    import("../../fleet/etcd/etcd_store.ts"),
    import("../../fleet/member/member.ts"),
    import("../../fleet/member/requests/requests.ts"),
    import("../../fleet/book/keys.ts"),
    import("./traffic.ts"),
    import("./rollout_files.ts"),
  ]);
  const { checker, vpp, book, reloader, clock, logger } = parts;
  const folder = settings["state-dir"];
  const { fleet } = settings;
  const store = new EtcdStore({
    servers: serversOf(address),
    prefix: prefixOf(fleet),
    clock,
    readTls: settings["fleet-tls-ca"] === "" ? undefined : () => readTls(settings),
  });
  const member = new FleetMember({
    fleet,
    place: placeOf(settings),
    version: BUILD.version,
    store,
    checker,
    traffic: fleetTraffic({ checker, vpp, clock }),
    configHash: () => reloader.inForce.hash,
    rollout: new RolloutFiles({
      reloader,
      path: settings.config,
      folder: folder === "" ? undefined : folder,
      checker,
      vpp,
    }),
    disk: book?.disk,
    kept: book?.kept,
    newUuid: () => crypto.randomUUID(),
    clock,
    logger,
  });
  return { member, requests: new FleetRequests(member) };
}

function placeOf(settings: FleetSettings): Place {
  return { lb: settings["fleet-lb"], site: settings["fleet-site"] };
}

function serversOf(store: string): readonly string[] {
  return store.slice(SCHEME.length).split(",");
}

/** @throws {MaglevError} `failed-precondition`: names the flag and the file */
async function readTls(settings: FleetSettings): Promise<ClientTls> {
  const pem = async (flag: "fleet-tls-ca" | "fleet-tls-cert" | "fleet-tls-key") => {
    const path = settings[flag];
    const name = `--${flag} ${path}`;
    try {
      return { path: name, text: await readRegularText(path, { maxBytes: MAX_BYTES }) };
    } catch (error) {
      const message = `cannot use ${name}: ${fileProblem(error)}`;
      throw new MaglevError("failed-precondition", message);
    }
  };
  const ca = certificatesOf(await pem("fleet-tls-ca"));
  if (settings["fleet-tls-cert"] === "") return { ca };
  const { cert, key } = keyPairOf(await pem("fleet-tls-cert"), await pem("fleet-tls-key"));
  return { ca, cert, key };
}
