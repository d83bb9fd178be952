#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""server.py NAME: a server that says who it is. Prints "ready" when all its ports are open.

TCP ports 7000 to 7003, one command a line:
    who             -> NAME
    echo            -> every byte comes back, until the client ends
    get N           -> N bytes and the end
    sum             -> reads to the client's end (a half-closed connection), answers "NAME sha256 count" and 1 MiB, then ends
    bye             -> ends its own side at once, reads on to the client's end and remembers what came; "last" tells it
    last            -> what the last "bye" or broken connection had read: "NAME sha256 count how"
    reset           -> resets the connection
UDP port 7000: "NAME " and the datagram. UDP port 53: a DNS server that answers every TXT question with NAME.
IPv4 and IPv6.
"""

import asyncio
import hashlib
import socket
import struct
import sys

NAME = sys.argv[1]
PATTERN = bytes(range(256)) * 256
last = "none"


async def read_all(reader):
    """Digest, length and manner ("end" or "reset") of the rest of a stream."""
    digest, count = hashlib.sha256(), 0
    try:
        while data := await reader.read(1 << 16):
            digest.update(data)
            count += len(data)
    except ConnectionError:
        return digest.hexdigest(), count, "reset"
    return digest.hexdigest(), count, "end"


async def send(writer, count):
    while count > 0:
        piece = PATTERN[: min(count, len(PATTERN))]
        writer.write(piece)
        await writer.drain()
        count -= len(piece)


async def serve(reader, writer):
    global last
    words = (await reader.readline()).decode("ascii", "replace").split()
    command = words[0] if words else ""
    if command == "who":
        writer.write(f"{NAME}\n".encode())
    elif command == "get":
        await send(writer, int(words[1]))
    elif command == "last":
        writer.write(f"{NAME} {last}\n".encode())
    elif command == "echo":
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    elif command == "sum":
        digest, count, _ = await read_all(reader)
        writer.write(f"{NAME} {digest} {count}\n".encode())
        await send(writer, 1 << 20)
    elif command == "bye":
        writer.write_eof()
        last = " ".join(map(str, await read_all(reader)))
    elif command == "hold":
        last = " ".join(map(str, await read_all(reader)))
    elif command == "reset":
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await writer.drain()


async def connection(reader, writer):
    try:
        await serve(reader, writer)
    except ConnectionError:
        pass
    finally:
        writer.close()


def dns_answer(question):
    """An answer with one TXT record, NAME, to whatever was asked; None for rubbish."""
    if len(question) < 17:
        return None
    end = 12
    while end < len(question) and question[end]:
        end += question[end] + 1
    asked = question[12 : end + 5]
    text = NAME.encode()
    record = b"\xc0\x0c" + struct.pack("!HHIHB", 16, 1, 0, len(text) + 1, len(text)) + text
    return question[:2] + struct.pack("!HHHHH", 0x8580, 1, 1, 0, 0) + asked + record


def open_udp(loop, family, any_addr, port, answer):
    """UDP answers leave by the address the question came to, as they must on a host with several."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    if family == socket.AF_INET:
        level, kind = socket.IPPROTO_IP, 8  # IP_PKTINFO
        sock.setsockopt(level, kind, 1)
    else:
        level, kind = socket.IPPROTO_IPV6, socket.IPV6_PKTINFO
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(level, socket.IPV6_RECVPKTINFO, 1)
    sock.bind((any_addr, port))
    sock.setblocking(False)

    def readable():
        for _ in range(64):
            try:
                data, extra, _, peer = sock.recvmsg(65535, 256)
            except BlockingIOError:
                return
            info = next(value for lvl, typ, value in extra if (lvl, typ) == (level, kind))
            if family == socket.AF_INET:
                info = b"\0\0\0\0" + info[8:12] + b"\0\0\0\0"  # source: the address it was sent to; interface: routing decides
            else:
                info = info[:16] + b"\0\0\0\0"
            reply = answer(data)
            if reply is not None:
                try:
                    sock.sendmsg([reply], [(level, kind, info)], 0, peer)
                except OSError as err:
                    print(f"udp {port} to {peer}: {err}", flush=True)

    loop.add_reader(sock, readable)


async def main():
    loop = asyncio.get_running_loop()
    for host in ("0.0.0.0", "::"):
        for port in range(7000, 7004):
            await asyncio.start_server(connection, host, port, backlog=4096)
    for family, any_addr in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        open_udp(loop, family, any_addr, 7000, lambda data: NAME.encode() + b" " + data)
        open_udp(loop, family, any_addr, 53, dns_answer)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
