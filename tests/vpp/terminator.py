"""A server of VIPs: answers HTTP with its own name, on connections that may be used again.

Usage: terminator.py NAME INTERFACE [gre]. Runs until its standard input ends. With `gre` it takes
VPP's packets apart. The kernel may lack GRE, so a raw socket gets the packets, and their content
enters the kernel by a TUN device. Lines on standard input, each replied to with "done":
"close" ends all connections and refuses new ones, "hang" accepts and never answers, "open" ends both.
The name `client` prepares the interface of a client and serves nothing.
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

answering = threading.Event()
answering.set()


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
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        answering.wait()
        self.send_response(200)
        self.send_header("X-IPng-Frontend", sys.argv[1])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, *args):
        self.open = set()
        super().__init__(*args)

    def process_request(self, request, client_address):
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        pass  # The client has gone.

    def end(self):
        self.shutdown()
        self.server_close()
        for request in list(self.open):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It has ended by itself.


def serve():
    server = Server(("0.0.0.0", 80), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


def main():
    name, interface, *way = sys.argv[1:]
    checksums_off(interface)
    server = None
    if way == ["gre"]:
        take_apart()
    if name != "client":
        server = serve()
    print("ready", flush=True)
    for line in sys.stdin:
        command = line.strip()
        if command == "close":
            server.end()
            server = None
        elif command == "hang":
            answering.clear()
        else:
            answering.set()
            server = server or serve()
        print("done", flush=True)


main()
