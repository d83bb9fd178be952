# SPDX-License-Identifier: GPL-2.0-or-later
"""Who gets a connection when ports are used again, servers are changed, removed or full."""

import functools
import socket
import time

import clients
import lab
from lab import Case, check, ends

VIP = "10.0.9.1"
PORTS = 50
CONNECTIONS = 3000


def rips(room):
    return [server.rip[4] for server in room.servers]


def ask_once(room, port):
    """One HTTP request from this port of the client; how long it took."""
    with room.client.inside():
        sock = socket.socket()
    with sock:
        sock.settimeout(10)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("10.0.1.2", port))
        begun = time.monotonic()
        sock.connect((VIP, 80))
        sock.sendall(b"GET /who HTTP/1.0\r\n\r\n")
        check(b"200 OK" in clients.read_all(sock), "no answer")
        return time.monotonic() - begun


def ports_again(fwd, sched, room):
    """Three thousand connections from fifty ports, one after the other: none waits for a retransmission (a second), whatever server it gets."""
    room.service(VIP, 80, fwd, rips(room), sched=sched)
    for server in room.servers:  # the servers close first, and must not take the client's next connection for the last one
        server.sysctl("net.ipv4.tcp_max_tw_buckets", 0)
    try:
        worst = max(ask_once(room, 45000 + n % PORTS) for n in range(CONNECTIONS))
    finally:
        for server in room.servers:
            server.sysctl("net.ipv4.tcp_max_tw_buckets", 65536)
    check(worst < 0.9, f"the slowest of {CONNECTIONS} connections took {worst:.2f} s: its first packet was lost")
    if fwd == "nat" and sched == "rr":
        check(room.counter("REUSED") > CONNECTIONS / 2, f"only {room.counter('REUSED')} connections took a closed one's place")


def everything_changes(room):
    """Weights, methods and schedulers change two hundred times under load: no request is lost."""
    room.service(VIP, 80, "nat", rips(room), sched="wrr")
    load = clients.load(room.client, VIP, 80)
    scheds = ("rr", "wlc", "sh", "mh", "sed", "nq", "dh", "lblc", "lblcr", "fo", "twos", "wrr", "lc")
    for n in range(200):
        rip = rips(room)[n % 3]
        room.ipvsadm("-e", "-t", ends(VIP, 80), "-r", ends(rip, 80), ("-m", "-g", "-i")[n // 3 % 3], "-w", str(1 + n % 5))
        if n % 10 == 0:
            room.ipvsadm("-E", "-t", ends(VIP, 80), "-s", scheds[n // 10 % len(scheds)])
    total = load.finish()
    check(total["failures"] == 0, f"{total['failures']} of {total['requests']} requests failed: {total['why']}")
    check(total["requests"] > 200, f"only {total['requests']} requests were made")


def full_servers(room):
    """A server at its upper threshold gets no connection until it is below the lower one."""
    room.service(VIP, 7000, "nat", rips(room)[:2])
    for rip, limits in ((rips(room)[0], ("-x", "3", "-y", "2")), (rips(room)[1], ())):
        room.ipvsadm("-e", "-t", ends(VIP, 7000), "-r", ends(rip, 7000), "-m", *limits)
    socks = [clients.connect(room.client, VIP, 7000) for _ in range(12)]
    try:
        held = room.loads(VIP, 7000)
        check(held[rips(room)[0]] == (3, 0), f"the server with room for 3 holds {held[rips(room)[0]]}")
        check(held[rips(room)[1]] == (9, 0), f"the other holds {held[rips(room)[1]]}")
        row = next(row for row in room.server_rows(7000) if row["addr"] == rips(room)[0])
        check(row["overloaded"] is True, "it does not say that it is overloaded")
    finally:
        for sock in socks:
            clients.reset_on_close(sock)
            sock.close()


def udp_leaves(setting, room):
    """A UDP flow stays on a removed server, or leaves it with its next datagram when that is wanted."""
    room.call("change", ops=[{"op": "setting", "name": "expire_nodest_udp", "value": setting}])
    try:
        room.service(VIP, 7000, "nat", rips(room)[:2], "udp")
        with clients.udp(room.client, VIP, 7000) as sock:
            first = clients.who_udp(sock)
            rip = next(server.rip[4] for server in room.servers if server.role == first)
            room.ipvsadm("-d", "-u", ends(VIP, 7000), "-r", ends(rip, 7000))
            then = clients.who_udp(sock)
        check((then != first) == bool(setting), f"{first} was removed, then {then} answered (expire_nodest_udp {setting})")
    finally:
        room.call("change", ops=[{"op": "setting", "name": "expire_nodest_udp", "value": 0}])


def tcp_ends(room):
    """With expire_nodest_conn a connection to a removed server ends with a reset; a new one is served at once."""
    room.call("change", ops=[{"op": "setting", "name": "expire_nodest_conn", "value": 1}])
    try:
        room.service(VIP, 7002, "nat", rips(room)[:1])
        with clients.connect(room.client, VIP, 7002) as sock:
            sock.sendall(b"echo\nx")
            check(sock.recv(1) == b"x", "no echo")
            room.ipvsadm("-a", "-t", ends(VIP, 7002), "-r", ends(rips(room)[1], 7002), "-m")
            room.ipvsadm("-d", "-t", ends(VIP, 7002), "-r", ends(rips(room)[0], 7002))
            try:
                sock.sendall(b"y")
                ended = sock.recv(1) == b""
            except ConnectionResetError:
                ended = True
            check(ended, "the connection goes on")
        with clients.connect(room.client, VIP, 7002) as sock:
            sock.sendall(b"echo\nx")
            check(sock.recv(1) == b"x", "no echo from the server that is left")
    finally:
        room.call("change", ops=[{"op": "setting", "name": "expire_nodest_conn", "value": 0}])


def cases():
    for lane in ("full", "native"):
        for fwd, sched in (("nat", "rr"), ("nat", "sh"), ("dr", "rr")):
            yield Case(f"choice: {lane}: {fwd} {sched}: a few ports, thousands of connections", functools.partial(ports_again, fwd, sched), lane)
    yield Case("choice: full: everything changes under load", everything_changes, "full")
    yield Case("choice: full: a server that is full", full_servers, "full")
    for setting in (0, 1):
        yield Case(f"choice: full: a removed server's UDP flow, expire_nodest_udp {setting}", functools.partial(udp_leaves, setting), "full")
    yield Case("choice: full: a removed server's connection, expire_nodest_conn 1", tcp_ends, "full")
