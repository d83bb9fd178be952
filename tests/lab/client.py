#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that keep at it while a test does something to the director.

client.py load ADDR PORT WORKERS   HTTP requests for /who, a connection each, WORKERS at a time, until standard input ends.
                                   Prints "running" after the first answers, at the end one JSON object: requests, failures, by (answers of each server)
client.py hold ADDR PORT COUNT     opens COUNT connections to server.py's echo and prints "open"; for each line on standard input it sends random
                                   bytes on every connection, waits for them to come back and prints {"alive": n, "lost": n, "why": [...]}
"""

import asyncio
import json
import os
import resource
import sys

PATIENCE = 20  # seconds for one answer


async def stdin_lines():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode().strip()


async def get_who(addr, port):
    reader, writer = await asyncio.open_connection(addr, port)
    try:
        writer.write(b"GET /who HTTP/1.0\r\n\r\n")
        answer = (await reader.read()).decode()
    finally:
        writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    if " 200 " not in head or not body:
        raise ConnectionError(f"strange answer {answer!r}")
    return body.strip()


class Load:
    def __init__(self):
        self.requests, self.failures, self.by, self.stopping = 0, [], {}, False

    async def worker(self, addr, port):
        while not self.stopping:
            self.requests += 1
            try:
                who = await asyncio.wait_for(get_who(addr, port), PATIENCE)
                self.by[who] = self.by.get(who, 0) + 1
            except (OSError, asyncio.TimeoutError) as err:
                self.failures.append(f"{type(err).__name__}: {err}")
                await asyncio.sleep(0.1)


async def load(addr, port, workers):
    state = Load()
    tasks = [asyncio.create_task(state.worker(addr, port)) for _ in range(workers)]
    while state.requests < 4 * workers and not state.failures:
        await asyncio.sleep(0.01)
    print("running", flush=True)
    async for _ in stdin_lines():
        print(json.dumps({"requests": state.requests, "by": state.by}), flush=True)
    state.stopping = True
    await asyncio.gather(*tasks)
    print(json.dumps({"requests": state.requests, "failures": len(state.failures), "why": state.failures[:5], "by": state.by}), flush=True)


async def open_echo(addr, port):
    reader, writer = await asyncio.open_connection(addr, port)
    writer.write(b"echo\n")
    return reader, writer


async def exchange(stream):
    reader, writer = stream
    data = os.urandom(512)
    writer.write(data)
    back = await asyncio.wait_for(reader.readexactly(len(data)), PATIENCE)
    if back != data:
        raise ConnectionError("other bytes came back")


async def hold(addr, port, count):
    streams = []
    for start in range(0, count, 100):
        streams += await asyncio.gather(*(open_echo(addr, port) for _ in range(min(100, count - start))))
    await asyncio.gather(*(exchange(s) for s in streams))
    print("open", flush=True)
    async for _ in stdin_lines():
        results = await asyncio.gather(*(exchange(s) for s in streams), return_exceptions=True)
        lost = [f"{type(r).__name__}: {r}" for r in results if r is not None]
        print(json.dumps({"alive": len(results) - len(lost), "lost": len(lost), "why": lost[:5]}), flush=True)
    for _, writer in streams:
        writer.close()


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kind, addr, port, number = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    asyncio.run({"load": load, "hold": hold}[kind](addr, port, number))


main()
