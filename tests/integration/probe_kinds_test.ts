/**
 * Kinds of probe against real servers in a network namespace, in both families and from a source
 * address. Goal: a healthy server passes, one that is stopped or gone fails with the reason, and no
 * probe is void by a lack of the host.
 */
import assert from "node:assert/strict";
import { parseIp } from "../../src/base/address.ts";
import type { HealthcheckConfig, ProbeParams } from "../../src/config/model.ts";
import { loadConfig } from "../../src/config/load.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { clientCertificate } from "../support/servers/client_certificates.ts";
import { certificates } from "../support/servers/certificates.ts";
import { withFolder } from "../support/servers/daemon.ts";
import { isThere } from "../../tools/debian.ts";
import {
  NET4,
  NET6,
  netnsTest,
  type TestNamespace,
  withNamespace,
} from "../support/servers/netns.ts";
import { dns, GRPC, UDP } from "../support/worlds/healthcheck.ts";
import { type Engine, withEngine } from "../support/worlds/netns_engine.ts";

const REDIS_PORT = 16379;
const SMTP_PORT = 10025;
const GRPC_PORT = 10051;
const H2_PORT = 10080;
const H2_TLS_PORT = 10443;
const HTTP_PORT = 10081;
const MUTUAL_TLS_PORT = 10444;
const DNS_PORT = 10053;
const BIND_PORT = 10054;
const GRPC_SERVER = new URL("../support/servers/grpc_health.ts", import.meta.url).pathname;
const ADDRESSES = [`${NET4}1`, `${NET6}1`];
const SOURCES = { probeIpv4Src: parseIp(`${NET4}2`), probeIpv6Src: parseIp(`${NET6}2`) };

const EXAMPLE = examplesOf(new URL("../../docs/healthchecks.md", import.meta.url));

/** Healthchecks of all configurations of a page, by name. */
function examplesOf(page: URL): ReadonlyMap<string, HealthcheckConfig> {
  const blocks = Deno.readTextFileSync(page).matchAll(/```yaml\n(.*?)```/gs);
  return new Map([...blocks].flatMap(([, yaml]) => {
    const result = parseConfig(yaml!, { file: "example" });
    assert.ok(result.kind === "ok", "the example is valid");
    return [...result.config.healthchecks];
  }));
}

/** One server program. */
interface Service {
  readonly name: string;
  readonly programs: readonly { readonly program: string; readonly args: readonly string[] }[];
  readonly check: Partial<HealthcheckConfig>;
  readonly pass: string;
  /** The verdict while its process is stopped. */
  readonly stopped: RegExp;
  /** The verdict without its process; default: the connection is refused. */
  readonly gone?: RegExp;
  /** Other checks of the same server, and their verdicts. */
  readonly others?: readonly (readonly [ProbeParams, RegExp, port?: number])[];
}

/** The parameters of a healthcheck in the example of docs/healthchecks.md. */
function documented(name: string): ProbeParams {
  const check = EXAMPLE.get(name);
  if (check === undefined) throw new Error(`docs/healthchecks.md has no healthcheck ${name}`);
  return check.params;
}

const SERVICES: readonly Service[] = [
  {
    name: "redis",
    programs: [{
      program: "redis-server",
      args: ["--port", `${REDIS_PORT}`, "--bind", ...ADDRESSES, "--save", ""]
        .concat(["--protected-mode", "no"]),
    }],
    check: { params: documented("redis"), port: REDIS_PORT },
    pass: "L7OK 2 steps",
    stopped: /^L7TOUT step 2 of 2 \(expect-regexp\): not done within the timeout; nothing arrived$/,
  },
  {
    name: "smtp",
    programs: ADDRESSES.map((address) => ({
      program: "aiosmtpd",
      args: ["-n", "-l", `${address}:${SMTP_PORT}`],
    })),
    check: { params: documented("smtp"), port: SMTP_PORT },
    pass: "L7OK 5 steps",
    stopped: /^L7TOUT step 1 of 5 \(expect-regexp\): not done within the timeout; nothing arrived$/,
  },
  {
    name: "grpc",
    programs: [{
      program: Deno.execPath(),
      args: ["run", "--frozen", "-A", GRPC_SERVER, `${NET4}1:${GRPC_PORT},[${NET6}1]:${GRPC_PORT}`],
    }],
    check: { params: documented("orders"), port: GRPC_PORT },
    pass: "L7OK SERVING",
    stopped: /^L7TOUT no complete answer within the timeout$/,
    others: [
      [{ ...GRPC, service: "acme.v1.Sick" }, /^L7STS NOT_SERVING$/],
      [{ ...GRPC, service: "acme.v1.Other" }, /^L7STS SERVICE_UNKNOWN: /],
    ],
  },
];

/** A question of DNS for www.example.com, as a udp check has it. */
const QUESTION = "hex: 1234 0000 0001 0000 0000 0000 03777777 07" +
  " 6578616d706c65 03636f6d 00 0001 0001";
const MANY = Array.from({ length: 60 }, (_, i) => `192.0.2.${i}`);

/** A server of DNS with these records, which is asked by a udp check as well. */
function dnsService(
  name: string,
  { program, args, port }: {
    readonly program: string;
    readonly args: string[];
    readonly port: number;
  },
): Service {
  return {
    name,
    programs: [{ program, args }],
    check: { params: documented("resolver"), port },
    pass: "L7OK NOERROR, 1 record",
    stopped: /^L7TOUT no complete answer within the timeout$/,
    gone: /^L4CON port unreachable$/,
    others: [
      [
        dns({ name: "www.example.com", transport: "tcp", answer: "192" }),
        /^L7OK NOERROR, 1 record$/,
      ],
      [
        dns({ name: "example.com", qtype: "MX", answer: "^MX 10 mail\\.example\\.com\\.$" }),
        /^L7OK NOERROR, 1 record$/,
      ],
      [dns({ name: "example.com", qtype: "TXT", answer: "^TXT v=spf1$" }), /^L7OK NOERROR, 1 /],
      [dns({ name: "nx.example.com" }), /^L7STS NXDOMAIN, expected NOERROR$/],
      [dns({ name: "nx.example.com", rcode: "NXDOMAIN" }), /^L7OK NXDOMAIN, 0 records$/],
      // Does not fit into 512 bytes.
      [dns({ name: "many.example.com", answer: "192" }), /^L7OK NOERROR, 60 records$/],
      [{ ...UDP, send: QUESTION, expect: "hex: c0000201" }, /^L7OK 49 bytes$/],
      [{ ...UDP, send: QUESTION, expect: "hex: c0000202" }, /^L7STS the answer does not match /],
    ],
  };
}

async function unbound(folder: string): Promise<Service> {
  const data = ["www.example.com. A 192.0.2.1", "www.example.com. AAAA 2001:db8::1"]
    .concat("example.com. MX 10 mail.example.com.", "example.com. TXT v=spf1")
    .concat(MANY.map((address) => `many.example.com. A ${address}`));
  await Deno.writeTextFile(
    `${folder}/unbound.conf`,
    `server:
      ${ADDRESSES.map((address) => `interface: ${address}@${DNS_PORT}`).join("\n      ")}
      access-control: 0.0.0.0/0 allow
      access-control: ::0/0 allow
      username: ""
      chroot: ""
      directory: "${folder}"
      pidfile: ""
      use-syslog: no
      do-daemonize: no
      local-zone: "." static
      ${data.map((record) => `local-data: '${record}'`).join("\n      ")}
    remote-control:
      control-enable: no\n`,
  );
  const args = ["-d", "-c", `${folder}/unbound.conf`];
  return dnsService("unbound", { program: "unbound", args, port: DNS_PORT });
}

/** bind9, as the authority of the same zone. */
async function bind(folder: string): Promise<Service> {
  const [address4, address6] = ADDRESSES;
  await Deno.writeTextFile(
    `${folder}/named.conf`,
    `options {
       directory "${folder}"; pid-file "${folder}/named.pid"; session-keyfile "${folder}/named.key";
       listen-on port ${BIND_PORT} { ${address4}; }; listen-on-v6 port ${BIND_PORT} { ${address6}; };
       recursion no; dnssec-validation no; minimal-responses yes; allow-query { any; };
     };
     controls {};
     zone "example.com" { type primary; file "${folder}/zone"; };\n`,
  );
  await Deno.writeTextFile(
    `${folder}/zone`,
    `$TTL 60
@ SOA ns admin 1 60 60 60 60
@ NS ns
@ MX 10 mail
@ TXT "v=spf1"
ns A 192.0.2.9
mail A 192.0.2.9
www A 192.0.2.1
www AAAA 2001:db8::1
${MANY.map((address) => `many A ${address}\n`).join("")}`,
  );
  const args = ["-f", "-c", `${folder}/named.conf`];
  return dnsService("bind9", { program: "named", args, port: BIND_PORT });
}

/** nginx with the certificate of good.test, as the documented checks of HTTP/2 need it. */
async function nginx(folder: string): Promise<readonly Service[]> {
  const { folder: certificate, ca } = await certificates();
  const listen = (port: number, words: string) =>
    [`${NET4}1`, `[${NET6}1]`].map((address) => `listen ${address}:${port} ${words};`).join(" ");
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log /dev/null;
     events {}
     http {
       access_log ${folder}/access.log;
       server {
         ${listen(H2_TLS_PORT, "ssl http2 proxy_protocol")}
         ssl_certificate ${certificate}/good.pem; ssl_certificate_key ${certificate}/good.key;
         location / { return 200 "$server_protocol"; }
       }
       server {
         ${listen(H2_PORT, "http2")}
         location / { add_header X-Ready yes; return 200 "$server_protocol"; }
         location /sick { return 503; }
       }
       server {
         ${listen(HTTP_PORT, "")}
         location = /health { return 302 /ready/; }
         location = /away { return 302 https://www.example.com/; }
         location /ready/ { return 200 "ready"; }
       }
       server {
         ${listen(MUTUAL_TLS_PORT, "ssl")}
         ssl_certificate ${certificate}/good.pem; ssl_certificate_key ${certificate}/good.key;
         ssl_client_certificate ${certificate}/ca.pem; ssl_verify_client on;
         location / { return 200 "$ssl_client_s_dn"; }
       }
     }`,
  );
  const programs = [{ program: "nginx", args: ["-c", `${folder}/nginx.conf`, "-p", folder] }];
  const [tls, plain] = [documented("h2-tls"), documented("h2-plain")];
  assert.ok(tls.type === "https" && plain.type === "http");
  const secure = { ...tls, serverName: "good.test", ca: { path: "", pem: ca } };
  const wanted = { responseRegexp: "^HTTP/2" };
  const moved = documented("moved");
  assert.ok(moved.type === "http");
  const mutual = await mutualTls(folder, certificate);
  const { client: _, ...anonymous } = mutual;
  return [{
    name: "nginx",
    programs,
    check: { params: { ...plain, ...wanted }, port: H2_PORT },
    pass: "L7OK status 200",
    stopped: /^L7TOUT no complete answer within the timeout$/,
    others: [
      [{ ...secure, ...wanted }, /^L7OK status 200$/, H2_TLS_PORT],
      [{ ...plain, path: "/sick" }, /^L7STS status 503, expected 200$/],
      [
        { ...plain, responseHeader: { name: "X-Ready", regexp: "no" } },
        /^L7STS status 200, but the header x-ready does not match$/,
      ],
      [{ ...moved, responseRegexp: "^ready$" }, /^L7OK status 200$/, HTTP_PORT],
      // nginx redirects to this name with its own port.
      [
        { ...moved, host: "www.example.com", responseRegexp: "^ready$" },
        /^L7OK status 200$/,
        HTTP_PORT,
      ],
      [{ ...moved, path: "/away" }, /; not followed: it leads to another scheme, /, HTTP_PORT],
      [mutual, /^L7OK status 200$/, MUTUAL_TLS_PORT],
      [anonymous, /^L7STS status 400, expected 200$/, MUTUAL_TLS_PORT],
    ],
  }];
}

/** A check with a client certificate, as a configuration's file has it. */
async function mutualTls(
  folder: string,
  certificate: string,
): Promise<ProbeParams & { type: "https" }> {
  const { cert, key } = await clientCertificate("/CN=probe");
  const file = `${folder}/mutual.yaml`;
  await Deno.writeTextFile(
    file,
    `maglev:
      healthchecks:
        mutual:
          type: https
          port: ${MUTUAL_TLS_PORT}
          params:
            server-name: good.test
            ca-file: ${certificate}/ca.pem
            client-cert: ${cert}
            client-key: ${key}
            response-regexp: CN=probe
      backends: { a: { address: 192.0.2.1, healthcheck: mutual } }
      frontends:
        web: { address: 192.0.2.9, pools: [{ name: all, backends: { a: {} } }] }\n`,
  );
  const loaded = await loadConfig(file);
  assert.ok(loaded.kind === "ok", JSON.stringify(loaded));
  const { params } = loaded.config.healthchecks.get("mutual")!;
  assert.ok(params.type === "https");
  return params;
}

const MISSING = SERVICES.flatMap(({ programs }) => programs.map(({ program }) => program))
  .concat("nginx", "unbound")
  .find((program) => !program.includes("/") && !isThere(program));

/** Why bind9 is left out, for the test's name; empty: it is there. */
const NO_BIND = isThere("named") ? "" : " (without bind9: named is not installed)";

/** Probes a service from wherever the system chooses, and from the source addresses. */
function startAll(
  engine: Engine,
  { name, check }: Service,
  { netns }: { netns: string },
): string[] {
  return ADDRESSES.flatMap((address) => {
    const names = [`${name} ${address}`, `${name} ${address} from a source`];
    engine.start(names[0]!, address, check, netns);
    engine.start(names[1]!, address, { ...check, ...SOURCES }, netns);
    return names;
  });
}

async function drill(namespace: TestNamespace, engine: Engine, service: Service): Promise<void> {
  const run = () => service.programs.map(({ program, args }) => namespace.spawn(program, args));
  let children = run();
  const names = startAll(engine, service, { netns: namespace.name });
  const all = (verdict: RegExp) => Promise.all(names.map((name) => engine.says(name, verdict)));
  const kill = (signal: Deno.Signal) => children.forEach((child) => child.kill(signal));
  try {
    await all(new RegExp(`^${service.pass}$`));
    for (
      const [index, [params, verdict, port = service.check.port]] of (service.others ?? [])
        .entries()
    ) {
      const name = `${service.name} ${index}`;
      const check = { ...service.check, ...(port === undefined ? {} : { port }), params };
      engine.start(name, ADDRESSES[index % 2]!, check, namespace.name);
      await engine.says(name, verdict);
    }
    kill("SIGSTOP");
    await all(service.stopped);
    kill("SIGCONT");
    await all(new RegExp(`^${service.pass}$`));
    kill("SIGKILL");
    await Promise.all(children.map((child) => child.status));
    children = [];
    await all(service.gone ?? /^L4CON connection refused$/);
    children = run();
    await all(new RegExp(`^${service.pass}$`));
  } finally {
    kill("SIGKILL");
    await Promise.all(children.map((child) => child.status));
  }
}

netnsTest(
  `each kind sees a real server fall and return${
    MISSING === undefined ? NO_BIND : ` (skipped: no ${MISSING})`
  }`,
  async () => {
    if (MISSING !== undefined) return;
    await withFolder((folder) =>
      withNamespace(async (namespace) => {
        await withEngine(async (engine) => {
          const services = [...SERVICES, await unbound(folder), ...await nginx(folder)];
          if (NO_BIND === "") services.push(await bind(folder));
          await Promise.all(services.map((service) => drill(namespace, engine, service)));
          // A busy machine makes the prober late now and then, which accuses no server.
          assert.deepEqual(engine.voids.filter(({ lack }) => lack !== undefined), []);
        });
      })
    );
  },
);
