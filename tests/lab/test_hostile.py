# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the control socket that mean ill: whatever they do, others are answered, memory stays bounded and nothing is left."""

import contextlib
import json
import os
import sys
import time

import clients
from lab import Case, check, wait_for

MIB = 1 << 20
LINE = 32 * MIB  # the longest line of who may change (sluiced/api/control.h)
CLIENTS = 64  # the most clients at a time
PATIENCE = 3  # seconds within which others must be answered, on a busy machine too
PING = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n'
SERVICES = b'{"jsonrpc": "2.0", "id": 1, "method": "services"}\n'

# A stranger: connects, sends what it is given over and over, is thrown out, comes again.
STRANGER = """
import socket, sys
data = sys.stdin.buffer.read()
while True:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect("\\0sluice")
        while True:
            sock.sendall(data)
    except OSError:
        sock.close()
"""
AS_NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")

# What strangers send: name, bytes
FLOODS = (
    ("empty lines", b"a" * 60000 + b"\n" * 200000),
    ("requests", PING * 1000),
    ("lines without end", b"a" * 200000),
    ("nothing", b""),
)


def descriptors(room):
    return len(os.listdir(f"/proc/{room.sluiced.pid}/fd"))


def memory(room):
    """Bytes of memory of the daemon's own, without the maps."""
    with open(f"/proc/{room.sluiced.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


def answered(room):
    """Somebody with rights is answered in time."""
    started = time.monotonic()
    room.sluice("ping", timeout=30)
    took = time.monotonic() - started
    check(took < PATIENCE, f"ping took {took:.1f} s")


@contextlib.contextmanager
def no_trace(room):
    """After this block the daemon has as many descriptors as before."""
    room.sluice("ping")
    before = descriptors(room)
    yield
    wait_for(lambda: descriptors(room) <= before, f"the daemon to close what it opened; it had {before} descriptors")
    answered(room)
    check(room.sluiced.poll() is None, "the daemon died")


def strangers(data, room):
    with no_trace(room):
        grown = memory(room)
        crowd = [room.director.spawn(*AS_NOBODY, sys.executable, "-c", STRANGER, stdin=_pipe(data), log="stranger") for _ in range(4)]
        try:
            for _ in range(10):
                answered(room)
            grown = memory(room) - grown
            check(grown < 16 * MIB, f"the daemon grew by {grown >> 20} MiB")
            check(all(child.poll() is None for child in crowd), f"a stranger gave up: {room.log('stranger')}")
        finally:
            for child in crowd:
                child.kill()
                child.wait()


def _pipe(data):
    """A file to read the data from."""
    fd = os.memfd_create("data")
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def come_and_go(room):
    """3,000 connections, some with half a request."""
    with no_trace(room):
        grown = memory(room)
        for number in range(3000):
            with room.control() as sock, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if number % 3:
                    sock.sendall(PING[:number % len(PING)])
        answered(room)
        grown = memory(room) - grown
        check(grown < 16 * MIB, f"the daemon grew by {grown >> 20} MiB")


def long_lines(room):
    """Some clients each send as much as a line may have, and no end of it."""
    count = 3  # together they may have 128 MiB (sluiced/api/control.h)
    with no_trace(room):
        before = memory(room)
        with contextlib.ExitStack() as stack:
            crowd = [stack.enter_context(room.control()) for _ in range(count)]
            for sock in crowd:
                sock.sendall(b"a" * LINE)
                answered(room)
            grown = memory(room) - before
            check(grown < count * (LINE + MIB) + 16 * MIB, f"the daemon grew by {grown >> 20} MiB")
            for sock in crowd:
                sock.sendall(b"a")
                check("error" in json.loads(clients.read_all(sock)), "a line that is too long was not refused")
        wait_for(lambda: memory(room) - before < 16 * MIB, "the daemon to give the memory back")


def slow_readers(room):
    """Every client but two asks for a long answer, several times, and reads none."""
    rules = [line for n in range(300) for line in
             [f"-A -t 10.9.{n // 250}.{n % 250 + 1}:80"] + [f"-a -t 10.9.{n // 250}.{n % 250 + 1}:80 -r 10.0.2.{m}:80" for m in range(10, 20)]]
    room.ipvsadm("-R", input="\n".join(rules) + "\n")
    long = len(room.raw(SERVICES))
    with no_trace(room):
        before = memory(room)
        with contextlib.ExitStack() as stack:
            for _ in range(CLIENTS - 2):
                stack.enter_context(room.control()).sendall(SERVICES * 20)
                answered(room)
            grown = memory(room) - before
            check(grown < CLIENTS * (2 * long + MIB), f"the daemon grew by {grown >> 20} MiB; an answer has {long} bytes")


def byte_by_byte(room):
    """A request that comes byte by byte is answered like any other."""
    with room.control() as sock, sock.makefile("rb") as answer:
        for n in range(len(PING)):
            sock.sendall(PING[n:n + 1])
        check("result" in json.loads(answer.readline()), "no result")


def cases():
    for name, data in FLOODS:
        yield Case(f"hostile: strangers send {name}", lambda room, data=data: strangers(data, room), "full")
    yield Case("hostile: 3,000 connections come and go", come_and_go, "full")
    yield Case("hostile: lines as long as they may be", long_lines, "full")
    yield Case("hostile: clients that do not read", slow_readers, "full")
    yield Case("hostile: a request byte by byte", byte_by_byte, "full")
