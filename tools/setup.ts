/**
 * Builds the shim, and installs its requirements where this is permitted (Debian, as root). Quick
 * when everything is in place. Without a C compiler it prints the packages to install, and does not
 * fail: all but ICMP probes, network namespaces and VPP's shared memory works without the shim.
 *
 *   deno run -A tools/setup.ts
 */
const FOLDER = new URL("../ffi/", import.meta.url).pathname;

/** Required programs, their Debian packages, and their purpose. */
const NEEDED = [
  { program: "cc", packages: ["gcc", "libc6-dev"], purpose: "build the shim" },
  { program: "make", packages: ["make"], purpose: "build the shim" },
  { program: "ip", packages: ["iproute2"], purpose: "test in network namespaces" },
  { program: "openssl", packages: ["openssl"], purpose: "make certificates for tests" },
  { program: "python3", packages: ["python3"], purpose: "answer ICMP in tests" },
  { program: "tmux", packages: ["tmux"], purpose: "test maglevc in a terminal" },
  { program: "zsh", packages: ["zsh"], purpose: "test maglevc's completion in zsh" },
  { program: "fish", packages: ["fish"], purpose: "test maglevc's completion in fish" },
  // The compiler stands for the module, which is not a program.
  {
    program: "protoc",
    packages: ["protobuf-compiler", "python3-grpcio"],
    purpose: "test gRPC with a client that is not ours",
  },
];

async function run(command: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, {
      args: [...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
      // Their standard output matters only when they fail.
      stdout: "null",
      stderr: "inherit",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function isThere(program: string): boolean {
  const folders = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`.split(":");
  return folders.some((folder) => {
    try {
      return folder !== "" && Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

async function install(packages: readonly string[]): Promise<void> {
  console.error(`setup: installing ${packages.join(" ")}`);
  if (await run("apt-get", ["update", "-q"])) {
    await run("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...packages]);
  }
}

const missing = NEEDED.filter(({ program }) => !isThere(program));
if (missing.length > 0 && Deno.uid() === 0 && isThere("apt-get")) {
  await install(missing.flatMap(({ packages }) => packages));
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
