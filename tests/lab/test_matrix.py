# SPDX-License-Identifier: GPL-2.0-or-later
"""{NAT, DR, TUN, local} x {IPv4, IPv6} x {TCP, UDP} x {full lane, express native, express generic}, and TUN between the families."""

import functools
import hashlib
import json
import os
import socket
import sys
import time

import clients
import lab
from lab import Case, check

VIP = {4: "10.0.9.1", 6: "fd00:9::1"}
SHORT = 300  # connections


class Way:
    """One combination: a forwarding method, the families of the virtual and the real side, and on how many arms the director does it."""

    def __init__(self, fwd, virtual, real=None, arms=2):
        self.fwd, self.real, self.arms = fwd, real or virtual, arms
        self.vip = {4: "10.0.9.", 6: "fd00:9::"}[virtual] + str({2: 1, 1: 3}[arms] + (fwd == "tun"))
        self.name = f"{fwd} v{virtual}" + (f" over v{real}" if real and real != virtual else "") + (" one-armed" if arms == 1 else "")

    def service(self, room, port, proto="tcp", servers=None):
        room.service(self.vip, port, self.fwd, [server.rip[self.real] for server in servers or room.servers], proto)


def names(room):
    return [server.role for server in room.servers]


def even(answers, room, each):
    """Every server answered `each` times."""
    counts = {name: answers.count(name) for name in names(room)}
    check(counts == {name: each for name in names(room)}, f"the answers are spread {counts}, wanted {each} from each")


# --- TCP ---


def spread(way, room):
    way.service(room, 80)
    answers = [clients.who(room.client, way.vip, 80) for _ in range(9)]
    even(answers, room, 3)
    check(answers[:3] == answers[3:6] == answers[6:], f"no round robin: {answers}")


def download(way, room):
    way.service(room, 80)
    wanted = hashlib.sha256(lab.big_file()).hexdigest()
    for _ in room.servers:
        check(clients.download(room.client, way.vip, 80) == wanted, "the large file arrived with other bytes")


def upload(way, room):
    way.service(room, 7000)
    data = os.urandom(8 << 20)
    digest, count, parting = clients.half_closed_upload(room.client, way.vip, 7000, data)
    check((digest, count) == (hashlib.sha256(data).hexdigest(), len(data)), f"the server read {count} bytes, other ones than were sent")
    check(parting == 1 << 20, f"after the client's FIN only {parting} of {1 << 20} bytes came")


def short(way, room):
    way.service(room, 80)
    even([clients.who(room.client, way.vip, 80) for _ in range(SHORT)], room, SHORT // len(room.servers))
    lab.wait_for(lambda: sum(active for active, _ in room.loads(way.vip, 80).values()) == 0, f"all {SHORT} connections to be counted as inactive", 5)
    check(room.loads(way.vip, 80) == room.listed(way.vip, 80), f"the counters say {room.loads(way.vip, 80)}, the list {room.listed(way.vip, 80)}")
    check(sum(inactive for _, inactive in room.loads(way.vip, 80).values()) >= SHORT, f"only {room.loads(way.vip, 80)} of {SHORT} are in the table")


def server_closes_first(way, room):
    way.service(room, 7000)
    data = os.urandom(1 << 20)
    with clients.connect(room.client, way.vip, 7000) as sock:
        sock.sendall(b"bye\n")
        check(sock.recv(1) == b"", "the server's FIN did not arrive")
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    wanted = f"{hashlib.sha256(data).hexdigest()} {len(data)} end"
    last = functools.partial(last_reads, way, room)
    lab.wait_for(lambda: any(wanted in text for text in last()), "the server to have read all that came after its FIN")


def last_reads(way, room):
    return [clients.ask(room.client, server.rip[way.real], 7000, "last") for server in room.servers]


def resets(way, room):
    way.service(room, 7000)
    with clients.connect(room.client, way.vip, 7000) as sock:
        sock.sendall(b"reset\n")
        try:
            check(sock.recv(1) == b"never", "the server's reset came as an orderly end")
        except ConnectionResetError:
            pass
    sock = clients.connect(room.client, way.vip, 7000)
    sock.sendall(b"hold\nabc")
    client = dict(zip(("addr", "port"), sock.getsockname()))

    def states():
        return [row["state"] for row in room.connections() if row["client"] == client]

    check(states() == ["ESTABLISHED"], f"the connection is listed as {states()}")
    clients.reset_on_close(sock)
    sock.close()
    lab.wait_for(lambda: any(text.strip().endswith(" reset") for text in last_reads(way, room)), "the client's reset at the server")
    check(states() == ["CLOSE"], f"after the reset the connection is listed as {states()}")


def idle(way, room):
    way.service(room, 7000)
    with clients.connect(room.client, way.vip, 7000) as sock:
        sock.sendall(b"echo\n1")
        check(sock.recv(10) == b"1", "no echo")
        time.sleep(1.2)  # this is the idleness
        sock.sendall(b"2")
        check(sock.recv(10) == b"2", "no echo after a while of silence")


# --- UDP ---


def datagrams(way, room):
    way.service(room, 7000, "udp")
    with clients.udp(room.client, way.vip, 7000) as sock:
        answers = {clients.who_udp(sock, os.urandom(size)) for size in (0, 1, 2, 100, 511, 512, 1000, 1300, 1399, 1400) for _ in range(5)}
    check(len(answers) == 1, f"one flow was answered by {answers}")
    answers = []
    for _ in range(60):
        with clients.udp(room.client, way.vip, 7000) as sock:
            answers.append(clients.who_udp(sock))
    even(answers, room, 20)


def dns(way, room):
    way.service(room, 53, "udp")
    answers = [clients.who_dns(room.client, way.vip) for _ in room.servers]
    even(answers, room, 1)


def fragments(way, room):
    way.service(room, 7000, "udp")
    for _ in range(6):
        with clients.udp(room.client, way.vip, 7000) as sock:
            for size in (1473, 4000, 8000):
                clients.who_udp(sock, os.urandom(size))


# --- local servers: the director is one of its own real servers ---


def local_servers(room):
    if not hasattr(room, "local_ready"):
        room.nginx(room.director)
        room.director.spawn(sys.executable, os.path.join(lab.HERE, "server.py"), room.director.role, log="director")
        lab.wait_for(lambda: "ready" in room.log("director") and room.connects(room.director, "10.0.1.1", 80), "the director's own servers")
        room.local_ready = True


def local_same_port(version, room):
    """LocalNode as IPVS has it: the packet is delivered as it is. One local, two remote servers."""
    local_servers(room)
    dests = [{4: "10.0.1.1", 6: "fd00:1::1"}[version]] + [server.rip[version] for server in room.servers[:2]]
    room.service(VIP[version], 80, "nat", dests)
    answers = sorted(clients.who(room.client, VIP[version], 80) for _ in range(9))
    check(answers == ["director"] * 3 + ["rs1"] * 3 + ["rs2"] * 3, f"answers: {answers}")
    check([row["local"] for row in room.server_rows(80)].count(True) == 1, "the director's own address is not listed as local")


def local_other_port(version, room):
    """A local server on another address and port than the virtual one's: replies are rewritten on their way out."""
    local_servers(room)
    room.service(VIP[version], 8080, "nat", [{4: "10.0.1.1", 6: "fd00:1::1"}[version]], dport=80)
    check([clients.who(room.client, VIP[version], 8080) for _ in range(3)] == ["director"] * 3, "the director's own server did not answer")
    check(clients.download(room.client, VIP[version], 8080) == hashlib.sha256(lab.big_file()).hexdigest(), "the large file arrived with other bytes")


def local_udp(version, room):
    local_servers(room)
    room.service(VIP[version], 7000, "nat", [{4: "10.0.1.1", 6: "fd00:1::1"}[version]], "udp")
    with clients.udp(room.client, VIP[version], 7000) as sock:
        check({clients.who_udp(sock, os.urandom(n)) for n in (1, 100, 1400)} == {"director"}, "the director's own server did not answer")


# --- each lane for itself ---


def carries(room):
    """The express lane itself forwards the packets, not the full lane behind it."""
    room.service(VIP[4], 7000, "nat", [room.servers[0].rip[4]], "udp")
    with clients.udp(room.client, VIP[4], 7000) as sock:
        clients.who_udp(sock)
        before = room.counter("EXPRESS_PASS")
        for _ in range(200):
            clients.who_udp(sock)
        passed = room.counter("EXPRESS_PASS") - before
    check(passed < 20, f"the express lane left {passed} of 400 packets to the full lane")
    modes = {row["name"]: row["express"] for row in room.call("interfaces")["interfaces"]}
    check(modes.get("c0") == modes.get("s0") == room.lane, f"the interfaces say {modes}")


def too_big(way, room):
    """What does not fit into the tunnel is dropped under its name."""
    room.service(VIP[4], 7000, "tun", [server.rip[way.real] for server in room.servers], "udp")
    before = room.counter("TOO_BIG")
    with clients.udp(room.client, VIP[4], 7000) as sock:
        clients.who_udp(sock, os.urandom(1400))
        sock.send(os.urandom(1472))
        clients.who_udp(sock, os.urandom(1400))
    check(room.counter("TOO_BIG") == before + 1, "the drop was not counted")


def bulk(way, room):
    """iperf3 with segmentation offload on: packets of 64 KiB go through whole."""
    server = room.servers[0]
    server.spawn("iperf3", "-s", "-1", "-p", "5201", log="iperf3")
    server.spawn("iperf3", "-s", "-1", "-p", "5202", log="iperf3")
    for port, direction in ((5201, []), (5202, ["-R"])):
        way.service(room, port, servers=[server])
        lab.wait_for(lambda p=port: f":{p} " in server.out("ss", "-ltn"), "iperf3")
        done = room.client.run("iperf3", "-c", way.vip, "-p", port, "-n", "200M", "-J", *direction, timeout=60)
        speed = json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"]
        lab.say(f"{speed / 1e9:.1f} Gbit/s {' '.join(direction)}")


TCP = (("spread", spread), ("download", download), ("upload, half-closed by the client", upload), ("short connections", short),
       ("half-closed by the server", server_closes_first), ("resets", resets), ("idle", idle))
ONE_ARM = (("spread", spread), ("upload, half-closed by the client", upload), ("short connections", short))
UDP = (("datagrams", datagrams), ("dns", dns), ("fragments", fragments))
WAYS = [Way(fwd, version) for fwd in ("nat", "dr", "tun") for version in (4, 6)] + [Way("tun", 4, 6), Way("tun", 6, 4)]


def cases():
    for lane in lab.LANES:
        for way in WAYS:
            for proto, tests in (("tcp", TCP), ("udp", UDP)):
                for name, function in tests:
                    yield Case(f"{lane} {way.name} {proto}: {name}", functools.partial(function, way), lane)
            if way.fwd == "tun" and way.vip == "10.0.9.2":
                yield Case(f"{lane} {way.name} udp: too big for the tunnel", functools.partial(too_big, way), lane)
        for way in [Way(fwd, version, arms=1) for fwd in ("nat", "dr", "tun") for version in (4, 6)]:
            for name, function in ONE_ARM:
                yield Case(f"{lane} {way.name} tcp: {name}", functools.partial(function, way), lane)
            yield Case(f"{lane} {way.name} udp: datagrams", functools.partial(datagrams, way), lane)
        for version in (4, 6):
            yield Case(f"{lane} local v{version} tcp: same port, beside remote servers", functools.partial(local_same_port, version), lane)
            yield Case(f"{lane} local v{version} tcp: other port", functools.partial(local_other_port, version), lane)
            yield Case(f"{lane} local v{version} udp", functools.partial(local_udp, version), lane)
        if lane == "full":
            for way in WAYS:
                yield Case(f"full {way.name} tcp: bulk with offloads", functools.partial(bulk, way), lane)
        else:
            yield Case(f"{lane}: the express lane carries the packets", carries, lane)
