"""Takes GRE packets apart, for servers whose kernel may lack GRE: raw sockets of both families get
them, and their content enters the kernel by the TUN device `vips`, after a delay in seconds (the
argument, default none). Prints `ready`; ends with its standard input, and the device with it.
"""
import fcntl
import os
import queue
import socket
import struct
import subprocess
import sys
import threading
import time

GRE = 47
DELAY = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001

tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH14x", b"vips", IFF_TUN_NO_PI))
subprocess.run(["sysctl", "-qw", "net.ipv4.conf.vips.rp_filter=0"], check=True)
subprocess.run(["ip", "link", "set", "vips", "up"], check=True)
held = queue.Queue()


def release():
    while True:
        due, packet = held.get()
        time.sleep(max(0, due - time.monotonic()))
        os.write(tun, packet)


def copy(family):
    raw = socket.socket(family, socket.SOCK_RAW, GRE)
    while True:
        packet = raw.recv(65535)
        # Over IPv6 the kernel leaves the outer header out.
        outer = (packet[0] & 15) * 4 if family == socket.AF_INET else 0
        inner = packet[outer + 4 :]
        if DELAY > 0:
            held.put((time.monotonic() + DELAY, inner))
        else:
            os.write(tun, inner)


threading.Thread(target=release, daemon=True).start()
for family in (socket.AF_INET, socket.AF_INET6):
    threading.Thread(target=copy, args=(family,), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
