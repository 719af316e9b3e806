"""Sends IP packets to VIPs of VPP, and collects the GRE packets that VPP makes of them.

Usage: encap.py INTERFACE HEX... Each packet is sent as it is, but for an id of IPv4 that the kernel
may fill in. Writes one JSON list with a pair for each packet: as it left, and in GRE (null without).
"""

import json
import socket
import sys
import time

OUTGOING = 4
GRE = 47
TRIES = 20


def capture(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    sock.bind((interface, 3))
    sock.settimeout(0.1)
    return sock


def send(packet):
    if packet[0] >> 4 == 4:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))
    else:
        raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))
    raw.close()


def protocol(packet):
    return packet[9] if packet[0] >> 4 == 4 else packet[6]


def exchange(sock, packet):
    # The first packets may be lost while VPP and the kernel find each other.
    for _ in range(TRIES):
        send(packet)
        end = time.monotonic() + 0.2
        sent = None
        while time.monotonic() < end:
            try:
                seen, (_, _, kind, _, _) = sock.recvfrom(2048)
            except TimeoutError:
                break
            if kind == OUTGOING and len(seen) == len(packet) and seen[-16:] == packet[-16:]:
                sent = seen
            elif kind != OUTGOING and protocol(seen) == GRE and seen[-16:] == packet[-16:]:
                return [sent.hex(), seen.hex()]
    return [None, None]


sock = capture(sys.argv[1])
print(json.dumps([exchange(sock, bytes.fromhex(text)) for text in sys.argv[2:]]))
