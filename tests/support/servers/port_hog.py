"""Takes every local port for connections to ADDRESS, on each of the PORTs, and keeps them; also those
that other programs release meanwhile. Prints `ready` when no port was free for half a second. Ends
with its standard input, by resets, so that no port stays in use.

    port_hog.py ADDRESS PORT...
"""
import errno
import socket
import struct
import sys
import time

held = []


def take(port):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    try:
        client.connect((sys.argv[1], port))
    except OSError as error:
        assert error.errno == errno.EADDRNOTAVAIL, error
        return False
    held.append(client)
    return True


ports = [int(port) for port in sys.argv[2:]]
taken = time.monotonic()
while time.monotonic() - taken < 0.5:
    if any([take(port) for port in ports]):
        taken = time.monotonic()
    else:
        time.sleep(0.001)
print("ready", flush=True)
sys.stdin.read()
