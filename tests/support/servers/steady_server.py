"""Serves plain HTTP, and HTTPS with good.pem and good.key of FOLDER, on all addresses. Each connection
has a thread, and stays open until the client closes it, so that clients that hold theirs do not
disturb others. Prints `ready` when it listens; ends with its standard input.

    steady_server.py PORT [HTTPS_PORT FOLDER]
"""
import socket
import ssl
import sys
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def talk(connection, context):
    try:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        if connection.recv(2048):
            connection.sendall(ANSWER)
            while connection.recv(2048):
                pass
    except OSError:
        pass
    connection.close()


def serve(listener, context=None):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=talk, args=(connection, context), daemon=True).start()


def start(port, context=None):
    listener = socket.create_server(("", port), backlog=1000)
    threading.Thread(target=serve, args=(listener, context), daemon=True).start()


start(int(sys.argv[1]))
if len(sys.argv) > 2:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{sys.argv[3]}/good.pem", f"{sys.argv[3]}/good.key")
    start(int(sys.argv[2]), tls)
print("ready", flush=True)
sys.stdin.read()
