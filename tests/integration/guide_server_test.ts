/**
 * The commands that the user guide gives for a server. Goal: a packet of the VIP that leaves the
 * tunnel reaches a program on the server. Method: the commands are executed in a network namespace;
 * a TUN device stands for the tunnel, because few machines of CI can make one of GRE.
 */
import assert from "node:assert/strict";
import { blocksOf } from "../support/judges/documents.ts";
import { NO_NETNS } from "../support/servers/netns.ts";

const GUIDE = new URL("../../docs/user-guide.md", import.meta.url);
const TUNNEL = "ip tunnel add lb mode gre local 10.0.0.10 remote 192.0.2.1";

/** Sends one datagram of a client through device lb; prints what a program on the VIP receives. */
const CLIENT = `
import fcntl, os, socket, struct
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH14x", b"lb", 0x1001))
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("192.0.2.10", 80))
server.settimeout(2)
ends = socket.inet_aton("192.0.2.100") + socket.inet_aton("192.0.2.10")
head = struct.pack("!BBHHHBBH", 0x45, 0, 34, 1, 0, 64, 17, 0) + ends
total = sum(struct.unpack("!10H", head))
total = (total & 0xffff) + (total >> 16)
head = head[:10] + struct.pack("!H", 0xffff - (total & 0xffff) - (total >> 16)) + head[12:]
os.write(tun, head + struct.pack("!HHHH", 9999, 80, 14, 0) + b"hello!")
try:
    print(server.recv(100).decode())
except TimeoutError:
    print("nothing")
`;

async function output(...[program, ...args]: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program!, { args, stdin: "null" })
    .output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, `${program} ${args.join(" ")}: ${text(stderr)}`);
  return text(stdout).trim();
}

/** The commands of the guide's first section that set up the network. */
async function guideCommands(): Promise<string> {
  const { text } = blocksOf(await Deno.readTextFile(GUIDE))
    .find((block) => block.text.includes(TUNNEL))!;
  return text.replaceAll("sudo ", "").split("\n")
    .filter((line) => /^(ip|sysctl) /.test(line)).join("\n")
    .replace(TUNNEL, "ip tuntap add lb mode tun");
}

const reason = NO_NETNS ?? (exists("/dev/net/tun") ? undefined : "needs /dev/net/tun");

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: `a server set up by the user guide takes packets of the VIP${
    reason === undefined ? "" : ` (skipped: ${reason})`
  }`,
  ignore: reason !== undefined,
  async fn() {
    const namespace = `mlv-guide-${Deno.pid}`;
    const inside = (...words: string[]) => output("ip", "netns", "exec", namespace, ...words);
    await output("ip", "netns", "add", namespace);
    try {
      await inside("ip", "link", "set", "lo", "up");
      await inside("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1");
      for (const device of ["eth0", "eth1"]) await inside("ip", "link", "set", device, "up");
      await inside("ip", "address", "add", "10.0.0.10/24", "dev", "eth0");
      await inside("ip", "route", "add", "default", "via", "10.0.0.1");
      await inside("sh", "-ec", await guideCommands());
      // Loose: strict filters drop such packets in any case, and none hides a missing address.
      assert.equal(await inside("sysctl", "-n", "net.ipv4.conf.lb.rp_filter"), "2");
      assert.equal(await inside("python3", "-c", CLIENT), "hello!");
    } finally {
      await output("ip", "netns", "del", namespace);
    }
  },
});
