/**
 * Builds the shim and the dashboard's page, and installs its requirements where this is permitted (Debian, as root). Quick
 * when everything is in place. Without a C compiler it prints the packages to install, and does not
 * fail: all but probes over ICMP and UDP, network namespaces and VPP's shared memory works without
 * the shim.
 *
 *   deno run -A tools/setup.ts
 */
import { install, isThere, mayInstall, run } from "./debian.ts";

const FOLDER = new URL("../ffi/", import.meta.url).pathname;

/** Required programs, their Debian packages, and their purpose. */
const NEEDED = [
  { program: "cc", packages: ["gcc", "libc6-dev"], purpose: "build the shim" },
  { program: "make", packages: ["make"], purpose: "build the shim" },
  { program: "ip", packages: ["iproute2"], purpose: "test in network namespaces" },
  { program: "openssl", packages: ["openssl"], purpose: "make certificates for tests" },
  { program: "python3", packages: ["python3"], purpose: "answer ICMP in tests" },
  { program: "curl", packages: ["curl"], purpose: "test the commands of the documents" },
  { program: "jq", packages: ["jq"], purpose: "test the commands of the documents" },
  { program: "tmux", packages: ["tmux"], purpose: "test maglevc in a terminal" },
  { program: "zsh", packages: ["zsh"], purpose: "test maglevc's completion in zsh" },
  { program: "fish", packages: ["fish"], purpose: "test maglevc's completion in fish" },
  { program: "redis-server", packages: ["redis-server"], purpose: "test tcp checks with steps" },
  { program: "aiosmtpd", packages: ["python3-aiosmtpd"], purpose: "test tcp checks with steps" },
  { program: "unbound", packages: ["unbound"], purpose: "test probes of DNS" },
  { program: "named", packages: ["bind9"], purpose: "test probes of DNS" },
  { program: "nginx", packages: ["nginx-light"], purpose: "test probes over HTTP/2" },
  // The compiler stands for the module, which is not a program.
  {
    program: "protoc",
    packages: ["protobuf-compiler", "python3-grpcio"],
    purpose: "test gRPC with a client that is not ours",
  },
];

const missing = NEEDED.filter(({ program }) => !isThere(program));
if (missing.length > 0 && mayInstall()) {
  await install("setup", missing.flatMap(({ packages }) => packages));
}
const still = NEEDED.filter(({ program }) => !isThere(program));
for (const { program, packages, purpose } of still) {
  console.error(
    `setup: no ${program}, which is needed to ${purpose}; as root: apt-get update && ` +
      `apt-get install ${packages.join(" ")}`,
  );
}
if (still.some(({ program }) => program === "cc" || program === "make")) {
  console.error(
    "setup: the shim is not built: no ICMP probes, no network namespaces, no shared memory of VPP",
  );
} else if (!await run("make", ["-s", "-C", FOLDER])) {
  console.error("setup: building the shim failed; `make -C ffi` shows how");
  Deno.exit(1);
}

// It needs packages of npm that a machine without network may lack. All but the page works then.
const build = new URL("./dashboard/build.ts", import.meta.url).pathname;
if (!await run(Deno.execPath(), ["run", "--frozen", "-A", build])) {
  console.error(
    "setup: the dashboard's page is not built, because Vite failed (see above); without network it " +
      "cannot be fetched. All else works; `deno task setup` tries again",
  );
}
