"""Sends one TCP packet of each of many flows to VPP, and notes to which servers they come out of it.

Usage: shots.py INTERFACE MAC, where MAC is that of VPP's end. Writes "ready". Then each line of
standard input is a JSON list of flows [source, source port, vip, port]. The answer is one line: for
each flow the list of servers in turn. A packet that does not come out is sent again, some times.
"""

import json
import socket
import struct
import sys
import time

OUTGOING = 4
SO_RCVBUFFORCE = 33
TCP = 6
GRE = 47
ACK = 0x10
BURST = 32
BURST_S = 0.004
QUIET_S = 0.4
ROUNDS = 30


def capture(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    sock.bind((interface, 0x0800))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    sock.setblocking(False)
    return sock


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def frame_of(ethernet, source, source_port, vip, port):
    tcp = struct.pack("!HHIIBBHHH", source_port, port, 0, 0, 5 << 4, ACK, 8192, 0, 0) + b"x" * 20
    if ":" in vip:
        pair = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, vip)
        header = struct.pack("!IHBB", 6 << 28, len(tcp), TCP, 64) + pair
        return ethernet + b"\x86\xdd" + header + tcp
    pair = socket.inet_aton(source) + socket.inet_aton(vip)
    length = 20 + len(tcp)
    header = struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0, 64, TCP, 0) + pair
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return ethernet + b"\x08\x00" + header + tcp


def key_of(inner):
    if inner[0] >> 4 == 6:
        return inner[8:40] + inner[40:44]
    return inner[12:20] + inner[20:24]


def drain(packets, places, servers):
    found = 0
    while True:
        try:
            packet, (_, _, kind, _, _) = packets.recvfrom(2048)
        except BlockingIOError:
            return found
        if kind == OUTGOING or len(packet) < 64 or packet[0] != 0x45 or packet[9] != GRE:
            continue
        place = places.get(key_of(packet[24:]))
        if place is None:
            continue
        found += 1
        server = socket.inet_ntoa(packet[16:20])
        if servers[place][-1:] != [server]:
            servers[place].append(server)


def shoot(flows, ethernet, raw, packets):
    frames = [frame_of(ethernet, *flow) for flow in flows]
    places = {key_of(frame[14:]): place for place, frame in enumerate(frames)}
    servers = [[] for _ in frames]
    for _ in range(ROUNDS):
        missing = [place for place, seen in enumerate(servers) if not seen]
        if not missing:
            break
        for at in range(0, len(missing), BURST):
            for place in missing[at : at + BURST]:
                raw.send(frames[place])
            time.sleep(BURST_S)
            drain(packets, places, servers)
        quiet = time.monotonic() + QUIET_S
        while time.monotonic() < quiet:
            time.sleep(0.02)
            if drain(packets, places, servers) > 0:
                quiet = time.monotonic() + QUIET_S
    return servers


def main():
    interface, mac = sys.argv[1], sys.argv[2]
    packets = capture(interface)
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((interface, 0))
    own = raw.getsockname()[4]
    ethernet = bytes.fromhex(mac.replace(":", "")) + own
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(shoot(json.loads(line), ethernet, raw, packets)), flush=True)


main()
