"""A server that terminates VIPs: takes GRE packets apart, and answers HTTP with its own name.

Usage: terminator.py NAME INTERFACE. Runs until its standard input ends. The kernel may lack GRE, so a
raw socket gets the packets, and their content enters the kernel by a TUN device. Lines on standard
input: "close" refuses connections, "open" accepts them again; each is replied to with "done".
"""

import fcntl
import os
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GRE = 47
TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17


def checksums_off(interface):
    """VPP gets packets as they are: their checksums must be complete."""
    value = struct.pack("II", ETHTOOL_STXCSUM, 0)
    buffer = bytearray(value)
    address = (bytearray_address(buffer)).to_bytes(8, sys.byteorder)
    request = struct.pack("16s8s", interface.encode(), address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, request)


def bytearray_address(buffer):
    import ctypes

    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))


def take_apart():
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH14x", b"vips", IFF_TUN_NO_PI))
    os.system("ip link set vips up")
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, GRE)

    def copy():
        while True:
            packet = raw.recv(65535)
            os.write(tun, packet[(packet[0] & 15) * 4 + 4 :])

    threading.Thread(target=copy, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-IPng-Frontend", sys.argv[1])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def serve():
    server = Server(("0.0.0.0", 80), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


checksums_off(sys.argv[2])
if sys.argv[1] != "client":
    take_apart()
    server = serve()
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "close":
        server.shutdown()
        server.server_close()
    else:
        server = serve()
    print("done", flush=True)
