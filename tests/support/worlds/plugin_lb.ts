/**
 * LbApi in memory over the simulator's lb plugin: VPP as the reconciler sees it, without bytes.
 * Requests are executed in order; by themselves in later microtasks, or one by one when held.
 */
import assert from "node:assert/strict";
import { monotonic } from "../fakes/instants.ts";
import type { IpAddress } from "../../../src/base/address.ts";
import { MaglevError } from "../../../src/base/errors.ts";
import { address46, length46 } from "../../../src/sim/plugin/address46.ts";
import { LbPlugin } from "../../../src/sim/plugin/plugin.ts";
import type { Release } from "../../../src/sim/plugin/release.ts";
import { serverRecords, showVipsVerbose, vipRecords } from "../../../src/sim/plugin/show.ts";
import type { VipName } from "../../../src/sim/plugin/types.ts";
import type {
  ActualVip,
  DesiredVip,
  LbCapabilities,
  LbConf,
  Operation,
  VipKey,
} from "../../../src/vpp/lb/model.ts";
import { VPP_ENCAPS } from "../../../src/vpp/lb/model.ts";
import { actualVips } from "../../../src/vpp/lb/actual.ts";
import { parseVipsVerbose } from "../../../src/vpp/lb/vips_verbose.ts";
import type { LbApi, Retval } from "../../../src/vpp/ports.ts";
import type { ServerDetails, VipDetails } from "../../../src/vpp/lb/actual.ts";

const UNABLE = new MaglevError("unimplemented", "this VPP has no weights");

interface Request {
  readonly text: string;
  readonly execute: () => void;
  readonly reject: (error: MaglevError) => void;
}

export class PluginLb implements LbApi {
  readonly capabilities: LbCapabilities;
  readonly plugin: LbPlugin;
  /** All requests, in order: `as-add 192.0.2.1/32 6 80 10.0.0.1 100`. */
  readonly calls: string[] = [];
  /** Refuses a request with the retval this returns; undefined lets the plugin decide. */
  refuse: (text: string) => Retval | undefined = () => undefined;
  /** False output of `show lb vips verbose`. */
  verboseText: string | undefined;
  /** Output of `show interface address`; not counted among the calls. */
  interfacesText = "";
  #held = false;
  #lost: MaglevError | undefined;
  readonly #requests: Request[] = [];
  #draining = false;

  /**
   * A VPP that has what `plugin` has: another connection to one that goes on. One without
   * weights has no `lb_conf_get` either.
   */
  constructor(
    plugin = new LbPlugin(monotonic(0)),
    capabilities: LbCapabilities = { weights: true },
  ) {
    this.plugin = plugin;
    this.capabilities = capabilities;
  }

  /** Requests not executed yet. */
  get waiting(): number {
    return this.#requests.length;
  }

  /** True while nothing is executed. */
  get held(): boolean {
    return this.#held;
  }

  /** Calls but for the reading ones. */
  get writes(): readonly string[] {
    return this.calls.filter((call) => !/^(get-conf|dump-|cli|route)/.test(call));
  }

  /** Executes nothing until release(). */
  hold(): void {
    this.#held = true;
  }

  /** Executes what waits; all, or the next `count` and holds again. */
  release(count = Infinity): void {
    this.#held = count !== Infinity;
    for (let i = 0; i < count && this.#requests.length > 0; i++) this.#requests.shift()!.execute();
  }

  /** The connection ends: no further request gets a reply. */
  lose(): void {
    this.#lost = new MaglevError("unavailable", "connection to VPP lost");
    for (const request of this.#requests.splice(0)) request.reject(this.#lost);
  }

  /** Fails waiting calls with `error`; the connection stays. */
  fail(error: MaglevError): void {
    for (const request of this.#requests.splice(0)) request.reject(error);
  }

  getConf(): Promise<LbConf | undefined> {
    if (!this.capabilities.weights) return Promise.resolve(undefined);
    return this.#request("get-conf", () => {
      const { flowTimeout, ...conf } = this.plugin.conf;
      return { ...conf, flowTimeoutS: flowTimeout };
    });
  }

  setConf(conf: LbConf): Promise<Retval> {
    return this.#write(
      "set-conf",
      () => this.plugin.setConf({ ...conf, flowTimeout: conf.flowTimeoutS }),
    );
  }

  addVip(vip: DesiredVip): Promise<Retval> {
    return this.#write(
      `vip-add ${keyText(vip)}`,
      () => executeOn(this.plugin, { kind: "vip-add", vip }),
    );
  }

  deleteVip(vip: ActualVip): Promise<Retval> {
    return this.#write(`vip-del ${keyText(vip)}`, () => this.plugin.deleteVip(nameOf(vip)));
  }

  addServer(vip: VipKey, address: IpAddress, weight: number): Promise<Retval> {
    return this.#write(
      `as-add ${keyText(vip)} ${address.text} ${weight}`,
      () => {
        if (!this.capabilities.weights) assert.equal(weight, 100);
        return this.plugin.addServer(nameOf(vip), { address, weight, flush: false });
      },
    );
  }

  deleteServer(vip: VipKey, address: IpAddress, flush: boolean): Promise<Retval> {
    return this.#write(
      `as-del ${keyText(vip)} ${address.text}${flush ? " flush" : ""}`,
      () => this.plugin.deleteServer(nameOf(vip), { address, flush }),
    );
  }

  setWeight(vip: VipKey, address: IpAddress, weight: number, flush: boolean): Promise<Retval> {
    if (!this.capabilities.weights) return Promise.reject(UNABLE);
    return this.#write(
      `as-weight ${keyText(vip)} ${address.text} ${weight}${flush ? " flush" : ""}`,
      () => this.plugin.setWeight(nameOf(vip), { address, weight, flush }),
    );
  }

  flushVip(vip: VipKey): Promise<Retval> {
    return this.#write(`vip-flush ${keyText(vip)}`, () => this.plugin.flushVip(nameOf(vip)));
  }

  dumpVips(): Promise<readonly VipDetails[]> {
    if (!this.capabilities.weights) return Promise.reject(UNABLE);
    return this.#request("dump-vips", () => detailsOf(this.plugin));
  }

  dumpServers(): Promise<readonly ServerDetails[]> {
    if (!this.capabilities.weights) return Promise.reject(UNABLE);
    return this.#request("dump-servers", () => serversOf(this.plugin));
  }

  cli(command: string): Promise<string> {
    if (command === "show interface address") return Promise.resolve(this.interfacesText);
    return this.#request(
      `cli ${command}`,
      () => this.verboseText ?? showVipsVerbose(this.plugin, releaseOf(this.capabilities)),
    );
  }

  routeIndex(vip: VipKey): Promise<number | undefined> {
    return this.#request(`route ${keyText(vip)}`, () => {
      const length = length46(vip.address, vip.prefixLength);
      return this.plugin.routes.exact(address46(vip.address), length)?.index;
    });
  }

  #write(text: string, execute: () => Retval): Promise<Retval> {
    return this.#request(text, () => this.refuse(text) ?? execute());
  }

  #request<T>(text: string, execute: () => T): Promise<T> {
    this.calls.push(text);
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) return reject(this.#lost);
      this.#requests.push({ text, execute: () => resolve(execute()), reject });
      if (!this.#held && !this.#draining) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    await Promise.resolve();
    while (!this.#held && this.#requests.length > 0) {
      this.#requests.shift()!.execute();
      await Promise.resolve();
    }
    this.#draining = false;
  }
}

/** Carries one operation out on a plugin, as LbApi would. */
export function executeOn(plugin: LbPlugin, operation: Operation): Retval {
  const name = nameOf(operation.vip);
  switch (operation.kind) {
    case "vip-add":
      return plugin.addVip({
        ...name,
        encap: VPP_ENCAPS.indexOf(operation.vip.encap),
        dscp: 0,
        type: 0,
        targetPort: 0,
        newFlowsTableLength: operation.vip.newFlowsTableLength,
        srcIpSticky: operation.vip.srcIpSticky,
      });
    case "vip-del":
      return plugin.deleteVip(name);
    case "as-add":
      return plugin.addServer(name, { ...operation, flush: false });
    case "as-del":
      return plugin.deleteServer(name, operation);
    case "as-weight":
      return plugin.setWeight(name, operation);
    case "as-flush":
      return plugin.deleteServer(name, { address: operation.address, flush: true });
    case "vip-flush":
      return plugin.flushVip(name);
  }
}

/** State of a plugin, read as the daemon reads it. */
export function readPlugin(
  plugin: LbPlugin,
  capabilities: LbCapabilities = { weights: true },
): ActualVip[] {
  const parsed = parseVipsVerbose(showVipsVerbose(plugin, releaseOf(capabilities)));
  if (!parsed.ok) throw new Error(`line ${parsed.line}: ${parsed.message}`);
  if (!capabilities.weights) return actualVips({ text: parsed.vips }, () => false);
  return actualVips({
    vips: detailsOf(plugin),
    servers: serversOf(plugin),
    verbose: parsed.vips,
  }, () => false);
}

function releaseOf(capabilities: LbCapabilities): Release {
  return capabilities.weights ? "main" : "26.06";
}

function detailsOf(plugin: LbPlugin): VipDetails[] {
  return vipRecords(plugin).map(({ vip, encap, flowTableLength }) => ({
    ...keyOf(vip),
    encap,
    flowTableLength,
  }));
}

function serversOf(plugin: LbPlugin): ServerDetails[] {
  return serverRecords(plugin, { raw: new Uint8Array(16), protocol: 0, port: 0 }).map((record) => ({
    vip: keyOf(record.vip),
    address: record.appSrv,
    flags: record.flags,
    weight: record.weight,
    buckets: record.numBuckets,
  }));
}

function nameOf(vip: VipKey): VipName {
  return {
    pfx: { address: vip.address, len: vip.prefixLength },
    protocol: vip.protocol,
    port: vip.port,
  };
}

function keyOf(name: VipName): VipKey {
  return {
    address: name.pfx.address,
    prefixLength: name.pfx.len,
    protocol: name.protocol,
    port: name.port,
  };
}

function keyText(vip: VipKey): string {
  return `${vip.address.text}/${vip.prefixLength} ${vip.protocol} ${vip.port}`;
}
