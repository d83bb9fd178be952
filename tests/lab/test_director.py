# SPDX-License-Identifier: GPL-2.0-or-later
"""What the operator reads is exact, and what is not the director's passes untouched."""

import functools
import hashlib
import os
import socket
import sys

import clients
import lab
from lab import Case, check

VIP = {4: "10.0.9.1", 6: "fd00:9::1"}
HEADERS = {4: 28, 6: 48}  # IP and UDP


def stats(room, port):
    """Sum over the servers of the service on this port, and the service's own; they must agree."""
    service = next(s for s in room.services() if s["port"] == port)
    total = {key: sum(row["stats"][key] for row in service["servers"]) for key in service["stats"]}
    check(total == service["stats"], f"the servers' counters add up to {total}, the service says {service['stats']}")
    return total


def exact_udp(fwd, version, room):
    """100 datagrams of 10 flows, each of a known size."""
    room.service(VIP[version], 7000, fwd, [server.rip[version] for server in room.servers], "udp")
    size = 10 * sum(range(10))
    for _ in range(10):
        with clients.udp(room.client, VIP[version], 7000) as sock:
            for length in range(10):
                clients.who_udp(sock, os.urandom(10 * length))
    back = 100 * len("rs1 ") + 10 * size
    wanted = {"conns": 10, "in_pkts": 100, "in_bytes": 10 * size + 100 * HEADERS[version],
              "out_pkts": 100, "out_bytes": back + 100 * HEADERS[version]}
    if fwd != "nat":
        wanted.update(out_pkts=0, out_bytes=0)  # replies do not pass the director
    check(stats(room, 7000) == wanted, f"counted {stats(room, 7000)}, sent {wanted}")
    room.ipvsadm("-Z")
    check(set(stats(room, 7000).values()) == {0}, f"after -Z: {stats(room, 7000)}")


def exact_tcp(room):
    """Bytes of large transfers, as the servers and the client count them: a GSO packet counts as its segments."""
    room.service(VIP[4], 80, "nat", [server.rip[4] for server in room.servers])
    for _ in range(30):
        clients.who(room.client, VIP[4], 80)
    check(stats(room, 80)["conns"] == 30, f"{stats(room, 80)['conns']} connections counted, 30 made")
    room.ipvsadm("-Z")
    clients.download(room.client, VIP[4], 80)
    counted = stats(room, 80)
    size, segment = len(lab.big_file()), 1448
    check(counted["conns"] == 1, f"{counted['conns']} connections counted, 1 made")
    check(size / segment <= counted["out_pkts"] <= size / segment * 1.1 + 20, f"{counted['out_pkts']} packets carried {size} bytes")
    payload = counted["out_bytes"] - counted["out_pkts"] * 52
    check(size <= payload <= size * 1.02 + 2000, f"{payload} bytes of payload counted, {size} sent")


def states(room):
    """The connection list tells what happens."""
    room.service(VIP[4], 7002, "nat", [room.servers[0].rip[4]])
    with clients.connect(room.client, VIP[4], 7002) as sock:
        sock.sendall(b"echo\nx")
        check(sock.recv(1) == b"x", "no echo")
        host, port = sock.getsockname()
        listing = room.ipvsadm("-L", "-n", "-c").stdout
        line = [words for words in map(str.split, listing.splitlines()) if f"{host}:{port}" in words]
        check(line and line[0][0] == "TCP" and line[0][2:] == ["ESTABLISHED", f"{host}:{port}", f"{VIP[4]}:7002", f"{room.servers[0].rip[4]}:7002"],
              f"the list has {line}")
        sock.shutdown(socket.SHUT_WR)
        check(sock.recv(1) == b"", "no end")
    lab.wait_for(lambda: [c["state"] for c in room.connections() if c["client"] == {"addr": host, "port": port}] == ["TIME_WAIT"], "TIME_WAIT")
    check(list(room.loads(VIP[4], 7002).values()) == [(0, 1)], "the closed connection is not inactive")


def no_server(room):
    """A service without a usable server drops under a counted reason."""
    room.service(VIP[4], 80, "nat", [])
    before = room.counter("NO_SERVER")
    with room.client.inside(), socket.socket() as sock:
        sock.settimeout(0.5)
        try:
            sock.connect((VIP[4], 80))
            raise lab.LabError("a service without servers was answered")
        except OSError:
            pass
    check(room.counter("NO_SERVER") > before, "the dropped SYN was not counted")


# --- not ours ---


def own_service(room):
    """A server of the director's host itself (an sshd, say), and ping, on the VIP and beside it."""
    if not hasattr(room, "own_ready"):
        room.director.spawn(sys.executable, os.path.join(lab.HERE, "server.py"), "director", log="director")
        lab.wait_for(lambda: "ready" in room.log("director"), "the director's own server")
        room.own_ready = True
    for version, beside in ((4, "10.0.1.1"), (6, "fd00:1::1")):
        room.service(VIP[version], 80, "nat", [server.rip[version] for server in room.servers])
        for addr in (VIP[version], beside):
            check(clients.ask(room.client, addr, 7000, "who").strip() == "director", f"the host's own server does not answer on {addr}")
            with clients.udp(room.client, addr, 7000) as sock:
                check(clients.who_udp(sock, os.urandom(1000)) == "director", f"the host's own UDP server does not answer on {addr}")
            room.client.run("ping", "-c", "3", "-i", "0.05", "-W", "5", addr)
            room.client.run("ping", "-c", "2", "-i", "0.05", "-W", "5", "-s", "4000", addr)


def forwards(room):
    """Plain forwarding through the same interfaces, both ways, also of fragments and large transfers."""
    data = os.urandom(4 << 20)
    for version in (4, 6):
        room.service(VIP[version], 80, "nat", [server.rip[version] for server in room.servers])
        rip = room.servers[0].rip[version]
        check(clients.ask(room.client, rip, 7000, "who").strip() == "rs1", "no direct connection to a server")
        digest, count, _ = clients.half_closed_upload(room.client, rip, 7000, data)
        check((digest, count) == (hashlib.sha256(data).hexdigest(), len(data)), "other bytes arrived")
        check(clients.download(room.client, rip, 80) == hashlib.sha256(lab.big_file()).hexdigest(), "the large file arrived with other bytes")
        with clients.udp(room.client, rip, 7000) as sock:
            clients.who_udp(sock, os.urandom(5000))
        clients.ask(room.client, rip, 7000, "get 100000")


def unanswered_port(room):
    """A port of the VIP without a service gets the host's own answer, a reset, not silence."""
    room.service(VIP[4], 80, "nat", [server.rip[4] for server in room.servers])
    try:
        clients.connect(room.client, VIP[4], 4711).close()
        raise lab.LabError("something answers on port 4711")
    except ConnectionRefusedError:
        pass


def traceroute(room):
    """Packets whose TTL ends at the director are answered by the director, service or not."""
    room.service(VIP[4], 7000, "nat", [room.servers[0].rip[4]], "udp")
    with clients.udp(room.client, room.servers[0].rip[4], 4711) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
        sock.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
        sock.send(b"x")
        try:
            sock.recv(10)
            raise lab.LabError("an answer to a packet that could not arrive")
        except OSError as err:
            check(err.errno == 113, f"wanted 'no route to host' for an expired TTL, got {err}")


def cases():
    for lane in lab.LANES:
        for version in (4, 6):
            for fwd in ("nat", "dr", "tun"):
                yield Case(f"{lane} {fwd} v{version}: counters are exact for UDP", functools.partial(exact_udp, fwd, version), lane)
        yield Case(f"{lane} nat: counters are exact for TCP", exact_tcp, lane)
        yield Case(f"{lane} nat: states and the connection list", states, lane)
        yield Case(f"{lane}: no server, a counted drop", no_server, lane)
        yield Case(f"{lane}: the host's own servers and ping", own_service, lane)
        yield Case(f"{lane}: plain forwarding", forwards, lane)
        yield Case(f"{lane}: a port without a service", unanswered_port, lane)
        yield Case(f"{lane}: TTL ends at the director", traceroute, lane)
