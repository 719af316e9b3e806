"""Takes every local port for connections to ADDRESS, on each of the PORTs, and keeps them. Prints
`ready` when there are no more; with its standard input it ends, by resets, which leave nothing.

    port_hog.py ADDRESS PORT...
"""
import errno
import socket
import struct
import sys

held = []
for port in sys.argv[2:]:
    while True:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            client.connect((sys.argv[1], int(port)))
        except OSError as error:
            assert error.errno == errno.EADDRNOTAVAIL, error
            break
        held.append(client)
print("ready", flush=True)
sys.stdin.read()
