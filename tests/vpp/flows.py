"""Sends TCP packets of many flows to VIPs, and notes to which server each of them comes out of VPP.

Usage: flows.py INTERFACE JSON. Writes "ready", sends until its standard input ends, and writes
what became of the packets as one JSON object (FlowReport of wire.ts). Steady flows have a packet
every 100 ms: VPP knows them. Resting flows have one every 3 s: with a flow timeout of 1 s VPP has
forgotten them by then, and finds their server in the VIP's table of new flows each time.
"""

import json
import select
import socket
import struct
import sys
import time

TICK_S = 0.02
STEADY_TICKS = 5
REST_TICKS = 150
DRAIN_S = 0.5
OUTGOING = 4
SO_RCVBUFFORCE = 33
GRE = 47
FIRST_PORT = 10000
ACK = 0x10


def capture(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    sock.bind((interface, 3))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    sock.setblocking(False)
    return sock


def drain(sock, flows):
    while True:
        try:
            packet, (_, _, kind, _, _) = sock.recvfrom(2048)
        except BlockingIOError:
            return
        if kind == OUTGOING or len(packet) < 64 or packet[0] != 0x45 or packet[9] != GRE:
            continue
        server = socket.inet_ntoa(packet[16:20])
        inner = packet[24:]
        vip = socket.inet_ntoa(inner[16:20])
        (source,) = struct.unpack("!H", inner[20:22])
        servers, path = flows.setdefault(f"{vip} {source}", ({}, []))
        servers[server] = servers.get(server, 0) + 1
        if path[-1:] != [server]:
            path.append(server)


def send(sock, vip, source):
    header = struct.pack("!HHIIBBHHH", source, vip["port"], 0, 0, 5 << 4, ACK, 8192, 0, 0)
    sock.sendto(header + b"x" * 20, (vip["address"], 0))


def first_port(vip):
    return vip.get("first", FIRST_PORT)


def due(ports, tick, every):
    return [port for port in ports if (port - tick) % every == 0]


def ended():
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable) and sys.stdin.read(1) == ""


def main():
    interface, vips = sys.argv[1], json.loads(sys.argv[2])
    packets = capture(interface)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    sent = {vip["address"]: 0 for vip in vips}
    flows = {}
    print("ready", flush=True)
    tick = 0
    while not ended():
        for vip in vips:
            first = first_port(vip) + vip["steady"]
            ports = due(range(first_port(vip), first), tick, STEADY_TICKS)
            ports += due(range(first, first + vip["resting"]), tick, REST_TICKS)
            for port in ports:
                send(raw, vip, port)
                sent[vip["address"]] += 1
        drain(packets, flows)
        tick += 1
        time.sleep(TICK_S)
    time.sleep(DRAIN_S)
    drain(packets, flows)
    own = {
        f"{vip['address']} {first_port(vip) + port}"
        for vip in vips
        for port in range(vip["steady"] + vip["resting"])
    }
    seen = {flow: found for flow, found in flows.items() if flow in own}
    counts = {flow: servers for flow, (servers, _) in seen.items()}
    paths = {flow: path for flow, (_, path) in seen.items()}
    print(json.dumps({"sent": sent, "flows": counts, "paths": paths}), flush=True)


main()
