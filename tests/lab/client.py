"""A client of VIPs: connections that it keeps open, and the servers that answer new ones.

Usage: client.py NAME=ADDRESS... Runs until its standard input ends. Lines on standard input, each
replied to with one line of JSON:

hold N S    opens N connections to each VIP, and has a request on each every 50 ms; each waits for
            its answer for at most S seconds
release     closes them; a list of what became of each (Held of lab.ts)
ask N       opens N connections to each VIP; by VIP and server how many it answered
"""

import asyncio
import itertools
import json
import sys
import time

EVERY_S = 0.05
CONNECT_S = 5
# VPP would send a port that was used a moment ago to the server of that connection. These are used
# once, and are below the range from which the kernel chooses.
PORTS = itertools.count(10000)
REQUEST = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"


async def answer(reader, writer, patience_s=CONNECT_S):
    """The name of the server that answers a request."""
    writer.write(REQUEST)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), patience_s)
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        if name == "X-IPng-Frontend":
            return value
    raise ValueError("an answer without a name")


async def connect(address):
    opening = asyncio.open_connection(address, 80, local_addr=("0.0.0.0", next(PORTS)))
    return await asyncio.wait_for(opening, CONNECT_S)


class Connection:
    def __init__(self, vip, address, patience_s):
        self.vip, self.address, self.patience_s = vip, address, patience_s
        self.answers, self.longest_ms, self.broken = 0, 0, None
        self.released = False

    async def open(self):
        self.reader, self.writer = await connect(self.address)
        self.server = await answer(self.reader, self.writer)
        self.task = asyncio.create_task(self.ask())

    async def ask(self):
        try:
            while not self.released:
                began = time.monotonic()
                server = await answer(self.reader, self.writer, self.patience_s)
                took_ms = (time.monotonic() - began) * 1000
                self.longest_ms = max(self.longest_ms, round(took_ms))
                self.answers += 1
                if server != self.server:
                    raise ValueError(f"{server} answers on a connection of {self.server}")
                await asyncio.sleep(EVERY_S)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            self.broken = f"{type(error).__name__}: {error}"

    async def end(self):
        self.released = True
        await self.task
        self.writer.close()
        return {
            "vip": self.vip,
            "server": self.server,
            "answers": self.answers,
            "broken": self.broken,
            "longest_ms": self.longest_ms,
        }


async def ask_once(address):
    try:
        reader, writer = await connect(address)
        name = await answer(reader, writer)
        writer.close()
        return name
    except (OSError, EOFError, asyncio.TimeoutError) as error:
        return type(error).__name__


async def main():
    vips = dict(word.split("=") for word in sys.argv[1:])
    loop = asyncio.get_running_loop()
    held = []
    print(json.dumps("ready"), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command, *numbers = line.split()
        result = None
        if command == "hold":
            pairs = [pair for pair in vips.items() for _ in range(int(numbers[0]))]
            held = [Connection(*pair, float(numbers[1])) for pair in pairs]
            await asyncio.gather(*(one.open() for one in held))
        elif command == "release":
            result = await asyncio.gather(*(one.end() for one in held))
            held = []
        else:
            result = {}
            for vip, address in vips.items():
                names = await asyncio.gather(*(ask_once(address) for _ in range(int(numbers[0]))))
                result[vip] = {name: names.count(name) for name in sorted(set(names))}
        print(json.dumps(result), flush=True)


asyncio.run(main())
