/**
 * Real servers for each kind of probe, in the namespace of TestNamespace, with the checks of
 * docs/healthchecks.md.
 */
import assert from "node:assert/strict";
import { loadConfig } from "../../../src/config/load.ts";
import type { HealthcheckConfig, ProbeParams } from "../../../src/config/model.ts";
import { parseConfig } from "../../../src/config/parse.ts";
import { certificates } from "../servers/certificates.ts";
import { clientCertificate } from "../servers/client_certificates.ts";
import { NET4, NET6 } from "../servers/netns.ts";
import { dns, GRPC, UDP } from "./healthcheck.ts";

const REDIS_PORT = 16379;
const SMTP_PORT = 10025;
const GRPC_PORT = 10051;
const GRPC_PYTHON_PORT = 10052;
const H2_PORT = 10080;
const H2_TLS_PORT = 10443;
const HTTP_PORT = 10081;
const MUTUAL_TLS_PORT = 10444;
const TLS_PORT = 10445;
const NTP_PORT = 10123;
const AGENT_PORT = 10900;
const DNS_PORT = 10053;
const BIND_PORT = 10054;
const GRPC_SERVER = new URL("../servers/grpc_health.ts", import.meta.url).pathname;
const GRPC_PYTHON_SERVER = new URL("../servers/grpcio_server.py", import.meta.url).pathname;
/** Where each service listens. */
export const ADDRESSES = [`${NET4}1`, `${NET6}1`];
const EXAMPLE = examplesOf(new URL("../../../docs/healthchecks.md", import.meta.url));

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
export interface Service {
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

/** Answers each datagram as a server of NTP: version 3, mode 4. */
const NTP = `
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
while True:
    request, client = s.recvfrom(512)
    s.sendto(b"\\x1c" + request[1:], client)
`;

/** An agent, which writes a line and closes; clients may be gone by then. */
const AGENT = `
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = socket.create_server((sys.argv[1], int(sys.argv[2])), family=family)
while True:
    connection, client = s.accept()
    try:
        connection.sendall(b"up 75%\\n")
    except OSError:
        pass
    connection.close()
`;

/** A program in Python for each address. */
function pythons(code: string, port: number): Service["programs"] {
  return ADDRESSES.map((address) => ({
    program: "python3",
    args: ["-c", code, address, String(port)],
  }));
}

const SERVICES: readonly Service[] = [
  {
    name: "ntp",
    programs: pythons(NTP, NTP_PORT),
    check: { params: documented("ntp"), port: NTP_PORT },
    pass: "L7OK 48 bytes",
    stopped: /^L7TOUT no complete answer within the timeout$/,
    gone: /^L4CON port unreachable$/,
  },
  {
    name: "agent",
    programs: pythons(AGENT, AGENT_PORT),
    check: { params: { type: "agent" }, port: AGENT_PORT },
    pass: "L7OK up 75%",
    stopped: /^L7TOUT no complete answer within the timeout$/,
  },
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
    others: [[documented("open"), /^L4OK$/], [documented("ping"), /^L7OK$/, 0]],
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
  grpcService("grpc", {
    program: Deno.execPath(),
    args: ["run", "--frozen", "-A", GRPC_SERVER],
    port: GRPC_PORT,
  }),
];

/** Debian's grpcio, for Debian's Python; another one first on the path may not have it. */
const GRPC_PYTHON = grpcService("grpc in Python", {
  program: "/usr/bin/python3",
  args: [GRPC_PYTHON_SERVER],
  port: GRPC_PYTHON_PORT,
});

/** A server with the standard health service, whose last argument is its addresses. */
function grpcService(
  name: string,
  { program, args, port }: {
    readonly program: string;
    readonly args: readonly string[];
    readonly port: number;
  },
): Service {
  return {
    name,
    programs: [{ program, args: [...args, `${NET4}1:${port},[${NET6}1]:${port}`] }],
    check: { params: documented("orders"), port },
    pass: "L7OK SERVING",
    stopped: /^L7TOUT no complete answer within the timeout$/,
    others: [
      [{ ...GRPC, service: "acme.v1.Sick" }, /^L7STS NOT_SERVING$/],
      [{ ...GRPC, service: "acme.v1.Other" }, /^L7STS SERVICE_UNKNOWN: /],
    ],
  };
}

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
@ SOA ns1 admin 1 60 60 60 60
@ NS ns1
@ MX 10 mail
@ TXT "v=spf1"
ns1 A 192.0.2.9
mail A 192.0.2.9
www A 192.0.2.1
www AAAA 2001:db8::1
${MANY.map((address) => `many A ${address}\n`).join("")}`,
  );
  const args = ["-f", "-c", `${folder}/named.conf`];
  const service = dnsService("bind9", { program: "named", args, port: BIND_PORT });
  return { ...service, others: [...service.others!, [documented("zone"), /^L7OK NOERROR, 1 /]] };
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
         location = /healthz { return 204; }
         location = /check {
           if ($request_method != POST) { return 405; }
           if ($http_user_agent) { return 400; }
           return 200 '{"status": "ok"}';
         }
       }
       server {
         ${listen(TLS_PORT, "ssl")}
         ssl_certificate ${certificate}/good.pem; ssl_certificate_key ${certificate}/good.key;
         location = /healthz { return 200 "$host"; }
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
  const trust = { serverName: "good.test", ca: { path: "", pem: ca } };
  const secure = { ...tls, ...trust };
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
      [documented("page"), /^L7OK status 204$/, HTTP_PORT],
      [documented("deep"), /^L7OK status 200$/, HTTP_PORT],
      [{ ...documented("secure-page"), ...trust } as ProbeParams, /^L7OK status 200$/, TLS_PORT],
      [{ ...documented("imap"), ...trust } as ProbeParams, /^L6OK/, TLS_PORT],
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

/** The programs of these services, but for bind9. */
export const PROGRAMS: readonly string[] = SERVICES
  .flatMap(({ programs }) => programs.map(({ program }) => program))
  .concat("nginx", "unbound")
  .filter((program) => !program.includes("/"));

/** All services, whose files are in `folder`. */
export async function servicesOf(
  folder: string,
  options: { readonly bind: boolean; readonly grpcio: boolean },
): Promise<readonly Service[]> {
  const services = [...SERVICES, await unbound(folder), ...await nginx(folder)];
  if (options.bind) services.push(await bind(folder));
  return options.grpcio ? [...services, GRPC_PYTHON] : services;
}
