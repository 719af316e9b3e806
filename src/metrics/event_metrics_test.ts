import assert from "node:assert/strict";
import { readMetrics, valueOf } from "../../tests/support/judges/prometheus_text.ts";
import type { SyncReport } from "../vpp/sync/report.ts";
import { EventMetrics, type ObservedMethod } from "./event_metrics.ts";
import { FAMILY_NAMES, familyOf } from "./families.ts";

const GET: ObservedMethod = { service: "maglev.Maglev", name: "GetBackend", kind: "unary" };
const WATCH: ObservedMethod = {
  service: "maglev.Maglev",
  name: "WatchEvents",
  kind: "server_stream",
};
const REPORT: SyncReport = {
  scope: "all",
  trigger: "connect",
  counts: { vip_added: 2, vip_removed: 0, as_added: 32, as_removed: 0, as_weight_updated: 0 },
  failed: 0,
  deferred: 0,
  durationMs: 120,
};

const read = async (metrics: EventMetrics) => readMetrics(await metrics.text({ vpp: true }));

Deno.test("EventMetrics has every family of the table that it keeps from the start, with the table's help", async () => {
  const families = await read(new EventMetrics());
  const wanted = FAMILY_NAMES.filter((name) => familyOf(name).kept === "event");
  assert.deepEqual([...families.keys()], wanted);
  for (const name of wanted) {
    const { type, help, samples } = families.get(name)!;
    assert.deepEqual([type, help], [familyOf(name).type, familyOf(name).help]);
    // Nothing was counted yet; a gauge has a value from the start.
    assert.equal(samples.length, type === "gauge" ? 1 : 0, name);
  }
});

Deno.test("EventMetrics shows whether the newest reload took effect", async () => {
  const metrics = new EventMetrics();
  const shown = async () => valueOf(await read(metrics), "maglev_config_last_reload_successful");
  assert.equal(await shown(), 1);
  metrics.reloaded(false);
  assert.equal(await shown(), 0);
  metrics.reloaded(true);
  assert.equal(await shown(), 1);
});

Deno.test("EventMetrics counts VPP's messages over several scrapes", async () => {
  const metrics = new EventMetrics();
  const { apiObserver } = metrics;
  const ping = { msg: "control_ping", direction: "send", result: "success" };
  for (let i = 0; i < 3; i++) apiObserver.message("control_ping", "send", "ok");
  apiObserver.message("lb_add_del_as_reply", "recv", "NO_SUCH_ENTRY");
  assert.equal(valueOf(await read(metrics), "maglev_vpp_api_total", ping), 3);
  apiObserver.message("control_ping", "send", "ok");
  const families = await read(metrics);
  assert.equal(valueOf(families, "maglev_vpp_api_total", ping), 4);
  assert.equal(
    valueOf(families, "maglev_vpp_api_total", { ...ping, result: "failure" }),
    undefined,
  );
});

Deno.test("a refusal of VPP is a failure, with the name of its error", async () => {
  const metrics = new EventMetrics();
  metrics.announceReplies(["lb_add_del_as_reply"]);
  const reply = { msg: "lb_add_del_as_reply", direction: "recv" };
  const counts = async () => {
    const families = await read(metrics);
    const results = ["success", "failure"].map((result) =>
      valueOf(families, "maglev_vpp_api_total", { ...reply, result })
    );
    const errors = families.get("maglev_vpp_api_errors_total")!.samples;
    return [
      ...results,
      errors.map(({ labels, value }) => `${labels.msg} ${labels.error} ${value}`),
    ];
  };
  assert.deepEqual(await counts(), [0, 0, []], "there before anything happened");
  metrics.apiObserver.message("lb_add_del_as_reply", "recv", "ok");
  metrics.apiObserver.message("lb_add_del_as_reply", "recv", "NO_SUCH_ENTRY");
  metrics.apiObserver.message("sw_interface_event", "recv", "ignored");
  assert.deepEqual(await counts(), [1, 1, ["lb_add_del_as_reply NO_SUCH_ENTRY 1"]]);
  metrics.apiObserver.message("lb_add_del_as_reply", "recv", "NO_SUCH_ENTRY");
  assert.deepEqual(await counts(), [1, 2, ["lb_add_del_as_reply NO_SUCH_ENTRY 2"]]);
});

Deno.test("without VPP integration the page has no VPP families", async () => {
  const metrics = new EventMetrics();
  metrics.announceReplies(["lb_conf_reply"]);
  const families = readMetrics(await metrics.text({ vpp: false }));
  assert.deepEqual([...families.keys()].filter((name) => name.startsWith("maglev_vpp_")), []);
  assert.ok(families.has("grpc_server_started_total"));
});

Deno.test("EventMetrics bounds the series of a VPP that returns random errors", async () => {
  const metrics = new EventMetrics();
  for (let i = 0; i < 5000; i++) metrics.apiObserver.message("reply", "recv", `ERROR_${i}`);
  metrics.apiObserver.message("reply", "recv", "ERROR_3");
  const families = await read(metrics);
  assert.equal(families.get("maglev_vpp_api_errors_total")!.samples.length, 1001);
  assert.equal(valueOf(families, "maglev_vpp_api_errors_total", { error: "other" }), 4000);
  assert.equal(valueOf(families, "maglev_vpp_api_errors_total", { error: "ERROR_3" }), 2);
  assert.equal(valueOf(families, "maglev_vpp_api_total", { result: "failure" }), 5001);
  for (let i = 0; i < 5000; i++) metrics.apiObserver.message(`event_${i}`, "recv", "ignored");
  const bounded = (await read(metrics)).get("maglev_vpp_api_total")!.samples.length;
  assert.ok(bounded <= 1002, String(bounded));
});

Deno.test("EventMetrics counts synchronisations by scope, without series of absent kinds", async () => {
  const metrics = new EventMetrics();
  metrics.synchronised(REPORT);
  metrics.synchronised({ ...REPORT, scope: "vip", durationMs: 0.4 });
  metrics.synchronised({ ...REPORT, durationMs: 3 });
  const families = await read(metrics);
  const total = (scope: string, kind: string) =>
    valueOf(families, "maglev_vpp_lbsync_total", { scope, kind });
  assert.deepEqual([total("all", "vip_added"), total("all", "as_added")], [4, 64]);
  assert.deepEqual([total("vip", "vip_added"), total("all", "vip_removed")], [2, undefined]);
  const bucket = (le: string) =>
    valueOf(families, "maglev_vpp_lbsync_duration_seconds_bucket", { scope: "all", le });
  assert.deepEqual([bucket("0.0025"), bucket("0.005"), bucket("0.25"), bucket("+Inf")], [
    0,
    1,
    2,
    2,
  ]);
});

Deno.test("EventMetrics starts announced methods at 0, with every code", async () => {
  const metrics = new EventMetrics();
  metrics.announce([GET, WATCH], ["OK", "NotFound"]);
  const before = await read(metrics);
  for (const [name, { samples }] of before) {
    if (!name.startsWith("grpc_")) continue;
    const labels = new Set(samples.map((sample) => sample.labels.grpc_method));
    assert.deepEqual(labels, new Set(["GetBackend", "WatchEvents"]), name);
    for (const { value } of samples) assert.equal(value, 0);
  }
  metrics.started(GET);
  metrics.received(GET);
  metrics.handled(GET, "NotFound", 0.003);
  metrics.sent(WATCH);
  const after = await read(metrics);
  const get = { grpc_service: "maglev.Maglev", grpc_method: "GetBackend", grpc_type: "unary" };
  assert.equal(valueOf(after, "grpc_server_started_total", get), 1);
  assert.equal(valueOf(after, "grpc_server_msg_received_total", get), 1);
  assert.equal(valueOf(after, "grpc_server_handled_total", { ...get, grpc_code: "NotFound" }), 1);
  assert.equal(valueOf(after, "grpc_server_handled_total", { ...get, grpc_code: "OK" }), 0);
  assert.equal(valueOf(after, "grpc_server_handling_seconds_bucket", { ...get, le: "0.005" }), 1);
  assert.equal(valueOf(after, "grpc_server_msg_sent_total", { grpc_method: "WatchEvents" }), 1);
});
