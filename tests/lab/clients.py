# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a client in the laboratory does; every function's first argument is the namespace it does it in.

Source ports count up, so that no test meets a connection that an earlier one left in the table.
"""

import hashlib
import itertools
import json
import os
import socket
import struct
import subprocess
import sys

import lab

TIMEOUT = 15
ports = itertools.cycle(range(10000, 32000))  # below those the kernel chooses


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def connect(space, addr, port):
    with space.inside():
        sock = socket.socket(family(addr))
    sock.settimeout(TIMEOUT)
    sock.bind(("", next(ports)))
    try:
        sock.connect((addr, port))
    except OSError:
        sock.close()
        raise
    return sock


def udp(space, addr, port):
    with space.inside():
        sock = socket.socket(family(addr), socket.SOCK_DGRAM)
    sock.settimeout(TIMEOUT)
    sock.bind(("", next(ports)))
    sock.connect((addr, port))
    return sock


def read_all(sock):
    pieces = []
    while piece := sock.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def ask(space, addr, port, command):
    """One command to server.py on a connection of its own; all that it answers, as text."""
    with connect(space, addr, port) as sock:
        sock.sendall(command.encode() + b"\n")
        return read_all(sock).decode("latin-1")


def who(space, addr, port):
    """The name of the server that answers an HTTP request."""
    with connect(space, addr, port) as sock:
        sock.sendall(b"GET /who HTTP/1.0\r\n\r\n")
        return read_all(sock).decode().partition("\r\n\r\n")[2].strip()


def who_from(space, addr, port, proto, cport):
    """The name of the server that answers a TCP (HTTP) or UDP client on this port of its own."""
    with space.inside():
        sock = socket.socket(family(addr), socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
    with sock:
        sock.settimeout(TIMEOUT)
        sock.bind(("", cport))
        sock.connect((addr, port))
        if proto == "udp":
            return who_udp(sock)
        sock.sendall(b"GET /who HTTP/1.0\r\n\r\n")
        return read_all(sock).decode().partition("\r\n\r\n")[2].strip()


def who_udp(sock, payload=b"?"):
    """The name of the server that sends a datagram back; the rest of the answer must be the datagram."""
    sock.send(payload)
    name, _, back = sock.recv(65535).partition(b" ")
    if back != payload:
        raise lab.LabError(f"{len(payload)} bytes sent, {len(back)} other bytes came back")
    return name.decode()


def who_dns(space, addr):
    """The same by dig."""
    source = ("::" if ":" in addr else "0.0.0.0") + f"#{next(ports)}"
    return space.out("dig", "+short", "+tries=1", "+time=5", "-b", source, "@" + addr, "who.example.", "TXT").strip('"')


def download(space, addr, port):
    """sha256 of nginx's big file, fetched by curl."""
    path = os.path.join(space.lab.dir, "download")
    space.run("curl", "-sS", "--fail", "--max-time", "60", "-o", path, lab.url(addr, port, "big"))
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    os.unlink(path)
    return digest


def half_closed_upload(space, addr, port, data):
    """Sends data, ends its own side, then reads (digest, count) and the server's parting megabyte."""
    with connect(space, addr, port) as sock:
        sock.sendall(b"sum\n" + data)
        sock.shutdown(socket.SHUT_WR)
        line, _, rest = read_all(sock).partition(b"\n")
        _, digest, count = line.decode().split()
        return digest, int(count), len(rest)


def reset_on_close(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Helper:
    """client.py at work in the background."""

    def __init__(self, space, kind, addr, port, number, ready):
        self.child = space.spawn(sys.executable, os.path.join(lab.HERE, "client.py"), kind, addr, port, number, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=open(os.path.join(space.lab.dir, "client.log"), "ab"), text=True)
        if self.line() != ready:
            raise lab.LabError(f"client.py {kind} did not start: {space.lab.log('client')[-500:]}")

    def line(self):
        return self.child.stdout.readline().strip()

    def tell(self):
        """Send a line, get the JSON answer."""
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        return json.loads(self.line())

    def finish(self):
        self.child.stdin.close()
        text = self.child.stdout.read().strip()
        self.child.wait(60)
        return json.loads(text) if text else None


def load(space, addr, port, workers=8):
    """Requests without pause; finish() gives the sum."""
    return Helper(space, "load", addr, port, workers, "running")


def hold(space, addr, port, count):
    """Connections that stay open; tell() exchanges data on each."""
    return Helper(space, "hold", addr, port, count, "open")
