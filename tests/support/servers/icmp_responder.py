"""Replies to echo requests inside a network namespace. The last number of the requested address
selects the behaviour: correct, none, twice, late, from another address, with another's token. The
kernel's own replies must be off there. Serves HTTP too (the body has the Host header and the SNI),
and HTTPS with good.pem and good.key of FOLDER. Sends datagrams of UDP to HTTP_PORT back, long ones
with the bit of an answer of DNS. Prints `ready` when it listens; ends with its
standard input.

    icmp_responder.py HTTP_PORT LATE_SECONDS [HTTPS_PORT FOLDER]
"""
import re
import socket
import ssl
import struct
import sys
import threading
import time

LATE_S = float(sys.argv[2])


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2]))
    if len(data) % 2:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Family4:
    request, reply, unreachable = 8, 0, (3, 1)
    header = struct.Struct("!BBHHH")

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO

    def receive(self):
        data, control, _, peer = self.socket.recvmsg(2048, 512)
        info = next(value for level, kind, value in control if (level, kind) == (0, 8))
        return data[(data[0] & 15) * 4 :], info[8:12], peer[0], data

    def send(self, message, source, peer, good_sum=True):
        message = message[:2] + b"\0\0" + message[4:]
        total = checksum(message) ^ (0 if good_sum else 0x5555)
        message = message[:2] + struct.pack("!H", total) + message[4:]
        info = struct.pack("@i4s4s", 0, source, b"\0" * 4)
        self.socket.sendmsg([message], [(0, 8, info)], 0, (peer, 0))

    def quote(self, whole, _source, _peer):
        return whole

    def number(self, address):
        return address[3]

    def other(self, address, number):
        return address[:3] + bytes([number])


class Family6(Family4):
    request, reply, unreachable = 128, 129, (1, 3)

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)

    def receive(self):
        data, control, _, peer = self.socket.recvmsg(2048, 512)
        info = next(value for level, kind, value in control if level == socket.IPPROTO_IPV6)
        return data, info[:16], peer, data

    def send(self, message, source, peer, good_sum=True):
        if not good_sum:
            return  # The kernel fills it in, and drops what is wrong before we see it.
        info = struct.pack("@16si", source, 0)
        control = [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, info)]
        self.socket.sendmsg([message], control, 0, peer)

    def quote(self, message, source, peer):
        head = struct.pack("!IHBB", 6 << 28, len(message), socket.IPPROTO_ICMPV6, 64)
        return head + socket.inet_pton(socket.AF_INET6, peer[0].partition("%")[0]) + source + message

    def number(self, address):
        return address[15]

    def other(self, address, number):
        return address[:15] + bytes([number])


def answer(family, message, asked, peer, whole):
    kind, _, _, ident, seq = family.header.unpack(message[:8])
    if kind != family.request:
        return
    payload = message[8:]

    def echo(ident=ident, seq=seq, payload=payload, source=asked, **more):
        head = family.header.pack(family.reply, 0, 0, ident, seq)
        family.send(head + payload, source, peer, **more)

    def error(destination=asked, quoted=None):
        kind, code = family.unreachable
        quoted = quoted or family.quote(whole, destination, peer)
        if destination != asked and family.request == 8:
            quoted = quoted[:16] + destination + quoted[20:]
        family.send(struct.pack("!BBHI", kind, code, 0, 0) + quoted, family.other(asked, 1), peer)

    forged = payload[:-1] + bytes([payload[-1] ^ 1])
    number = family.number(asked)
    if number == 1:
        echo()
    elif number == 3:
        for _ in range(3):
            echo()
    elif number == 4:
        threading.Timer(LATE_S, echo).start()
    elif number == 5:
        echo(ident=ident ^ 1)
    elif number == 6:
        echo(payload=forged)
    elif number == 7:
        echo(source=family.other(asked, 1))
    elif number == 8:
        echo(seq=seq ^ 1)
    elif number == 9:
        error()
    elif number == 10:
        echo(payload=payload[:-1])
    elif number == 11:
        echo(good_sum=False)
    elif number == 12:
        error(destination=family.other(asked, 1))
    elif number == 13:
        echo(payload=b"")
        echo(payload=forged)
        echo(payload=payload * 40)
        family.send(b"\xff" * 9, asked, peer)
        error(quoted=b"\x45" * 3)
        echo()
    elif number == 14:
        echo(payload=payload + b"!")


def serve_icmp(family):
    while True:
        message, asked, peer, whole = family.receive()
        if len(message) >= 8:
            answer(family, message, asked, peer, whole)


def listen(family, port):
    return socket.create_server(("", port), family=family, backlog=1000)


def serve_http(listener, context=None):
    names = {}
    if context is not None:
        context.sni_callback = lambda connection, name, _: names.update({connection: name})
    while True:
        connection, _ = listener.accept()
        connection.settimeout(1)
        try:
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            host = re.search(rb"\r\nHost: (.*?)\r", connection.recv(2048))
            sni = names.get(connection) or ""
            body = f"host={host[1].decode() if host else ''}; sni={sni};"
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall((head + body).encode())
        except OSError:
            pass
        names.clear()
        connection.close()


def serve_udp(family):
    server = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET:
        server.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
    else:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    server.bind(("", int(sys.argv[1])))
    start(send_back, server)


def send_back(server):
    while True:
        data, control, _, peer = server.recvmsg(2048, 512)
        if len(data) > 12:
            data = data[:2] + bytes([data[2] | 0x80]) + data[3:]
        # The control data makes the answer come from the address that was asked.
        server.sendmsg([data], control, 0, peer)


def start(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


start(serve_icmp, Family4())
start(serve_icmp, Family6())
for family in (socket.AF_INET, socket.AF_INET6):
    start(serve_http, listen(family, int(sys.argv[1])))
    serve_udp(family)
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{sys.argv[4]}/good.pem", f"{sys.argv[4]}/good.key")
        start(serve_http, listen(family, int(sys.argv[3])), context)
print("ready", flush=True)
sys.stdin.read()
