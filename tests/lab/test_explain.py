# SPDX-License-Identifier: GPL-2.0-or-later
"""sluice explain says what would happen, and it happens; trace and capture show what did."""

import functools
import itertools
import json
import os
import socket
import subprocess

import bpf
import clients
import lab
from lab import Case, check, ends

VIP = {4: "10.0.9.1", 6: "fd00:9::1"}
PORT = {"tcp": 80, "udp": 7000}


def explain(room, *args):
    return json.loads(room.sluice("explain", *args, "--json", timeout=120).stdout)


def state(room):
    """Everything that an explanation could have disturbed, without what time alone changes."""
    services = room.services()
    for row in services + [server for service in services for server in service["servers"]]:
        del row["rates"]
    conns = [{key: value for key, value in row.items() if key not in ("expires", "idle")} for row in room.connections()]
    return conns, services, room.call("counters")


def foretells(proto, fwd, version, room):
    """The server that is foretold for a client's next connection is the one that gets it, ten times over; asking changes nothing."""
    port = PORT[proto]
    room.service(VIP[version], port, fwd, [server.rip[version] for server in room.servers], proto, "wlc")
    names = {server.rip[version]: server.role for server in room.servers}
    source = {4: "10.0.1.2", 6: "fd00:1::2"}[version]
    for cport in itertools.islice(clients.ports, 10):
        before = state(room)
        told = explain(room, proto, ends(source, cport), ends(VIP[version], port))
        check(state(room) == before, "explaining changed something")
        check(told["verdict"] == "sent" and told["connection"]["known"] is False, f"told {told['verdict']}, {told['connection']}")
        chosen = [row["addr"] for row in told["service"]["servers"] if row["chosen"]]
        check(chosen == [told["connection"]["server"]["addr"]], f"{chosen} chosen, the connection's is {told['connection']['server']}")
        got = clients.who_from(room.client, VIP[version], port, proto, cport)
        check(got == names[chosen[0]], f"{names[chosen[0]]} was foretold, {got} answered")
        told = explain(room, proto, ends(source, cport), ends(VIP[version], port), *(["--flags", "."] if proto == "tcp" else []))
        check(told["connection"]["known"] is True, f"the connection is not known: {told['connection']}")


def reasons(room):
    """Why not: quiesced, overloaded, no server, no service, and a reply on its way back."""
    rips = [server.rip[4] for server in room.servers]
    room.service(VIP[4], 80, "nat", rips, sched="rr")
    room.ipvsadm("-e", "-t", ends(VIP[4], 80), "-r", ends(rips[0], 80), "-m", "-w", "0")
    told = explain(room, "tcp", "10.0.1.2:43000", ends(VIP[4], 80))
    why = {row["addr"]: row["why"] for row in told["service"]["servers"]}
    check("quiesced" in why[rips[0]] and not any("quiesced" in why[rip] for rip in rips[1:]), f"{why}")
    room.ipvsadm("-A", "-t", ends(VIP[4], 81))
    told = explain(room, "tcp", "10.0.1.2:43000", ends(VIP[4], 81))
    check(told["verdict"] == "dropped" and told["reason"]["name"] == "NO_SERVER", f"{told['verdict']}, {told['reason']}")
    told = explain(room, "tcp", "10.0.1.2:43000", ends(VIP[4], 82))
    check(told["verdict"] == "passed" and told["service"] is None, f"{told['verdict']}, {told['service']}")
    with clients.connect(room.client, VIP[4], 80) as sock:
        host, cport = sock.getsockname()
        server = next(row["server"] for row in room.connections() if row["client"]["port"] == cport)
        told = explain(room, "tcp", ends(server["addr"], 80), ends(host, cport), "--flags", ".", "--interface", "s0")
        check(told["reply"] is True and told["verdict"] == "sent" and told["connection"]["server"] == server, f"{told}")


def refused(room):
    """What can't be asked gets a sentence, and the director lives."""
    room.service(VIP[4], 80, "nat", [room.servers[0].rip[4]])
    for args in (("tcp", "10.0.1.2", "10.0.9.1:80"), ("sctp", "10.0.1.2:1", "10.0.9.1:80"), ("tcp", "10.0.1.2:1", "[fd00:9::1]:80"),
                 ("tcp", "10.0.1.2:1", "10.0.9.1:80", "--interface", "none"), ("tcp", "10.0.1.2:1", "10.0.9.1:80", "--flags", "XYZ"),
                 ("udp", "10.0.1.2:1", "10.0.9.1:80", "--payload", "x" * 3000)):
        done = room.sluice("explain", *args, check=False, timeout=120)
        check(done.returncode in (1, 2) and len(done.stderr.strip()) > 10, f"{args}: status {done.returncode}: {done.stderr}")
    explain(room, "tcp", "10.0.1.2:43000", ends(VIP[4], 80))


def tshark(path, *fields):
    words = ["tshark", "-r", path, "-T", "fields"] + [word for field in fields for word in ("-e", field)]
    lines = lab.run(*words).stdout.splitlines()
    return [line.split("\t") for line in lines]


def captures(fwd, version, room):
    """A connection is in the file as it came and as it left, both ways, and the comments name service and server."""
    server = room.servers[1]
    room.service(VIP[version], 80, fwd, [server.rip[version]])
    explain(room, "tcp", ends({4: "10.0.1.2", 6: "fd00:1::2"}[version], 44000), ends(VIP[version], 80))  # the programs are loaded now
    path = os.path.join(room.dir, "capture.pcapng")
    watcher = room.director.spawn(room.program("sluice"), "capture", path, "--service", f"tcp/{ends(VIP[version], 80)}", "--time", "60s", log="capture")
    lab.wait_for(lambda: room.watched(), "the capture to begin")
    check(clients.who(room.client, VIP[version], 80) == server.role, "another server answered")
    lab.wait_for(lambda: os.path.getsize(path) > 2000, "the packets in the file")
    watcher.send_signal(2)
    check(watcher.wait(30) == 0, f"capture ended with {watcher.returncode}: {room.log('capture')}")
    ip = "ip.dst" if version == 4 else "ipv6.dst"
    rows = tshark(path, "frame.interface_name", "frame.packet_flags_direction", ip, "tcp.flags.syn", "tcp.flags.ack", "frame.comment")
    check(all("sent; service tcp" in row[5] and server.rip[version] in row[5] for row in rows), f"{rows}")
    first = [row for row in rows if row[3:5] in (["1", "0"], ["True", "False"])]
    check(len(first) >= 2, f"the first packet is not there twice: {rows}")
    check(VIP[version] in first[0][2], f"it came to {first[0][2]}")
    check(server.rip[version] in first[1][2] if fwd != "dr" else VIP[version] in first[1][2], f"it left to {first[1][2]}")
    check(first[1][0] == "s0", f"it left by {first[1][0]}")
    if fwd == "nat":
        check(any(row[0] == "c0" and "10.0.1.2" in row[2] or "fd00:1::2" in row[2] for row in rows), f"no reply left: {rows}")


def attached(room):
    """The programs on the director's interfaces: by tcx, and the express lane's."""
    with room.director.inside():
        tcx = {device: bpf.tcx_programs(socket.if_nametoindex(device)) for device in ("c0", "s0")}
    xdp = [row.get("xdp", {}).get("prog", {}).get("id") for row in json.loads(room.director.ip("-j", "-d", "link").stdout)]
    return tcx, xdp


def traces(room):
    """A line a packet, and the taps are gone with the one who looked."""
    room.service(VIP[4], 80, "nat", [room.servers[0].rip[4]])
    explain(room, "tcp", "10.0.1.2:44000", ends(VIP[4], 80))
    before = attached(room)
    watcher = room.director.spawn(room.program("sluice"), "trace", "--client", "10.0.1.2", "--count", "6", log="trace", stdout=subprocess.PIPE, text=True)
    lab.wait_for(lambda: room.watched(), "the trace to begin")
    clients.who(room.client, VIP[4], 80)
    out, _ = watcher.communicate(timeout=30)
    lines = out.splitlines()
    check(len(lines) == 6 and watcher.returncode == 0, f"{len(lines)} lines, status {watcher.returncode}: {out}")
    check(any("S: sent; service tcp 10.0.9.1:80" in line and "out s0" in line for line in lines), out)
    check(not room.watched() and attached(room) == before, "the taps are still there")
    for _ in range(2):  # one who is killed leaves nothing that keeps the next from looking
        killed = room.director.spawn(room.program("sluice"), "trace", log="trace")
        lab.wait_for(lambda: room.watched(), "the trace to begin")
        killed.send_signal(9)
        killed.wait(10)
        lab.wait_for(lambda: not room.watched(), "the watch to end", 30)


def cases():
    found = []
    for lane in ("full", "native"):
        for proto in ("tcp", "udp"):
            for fwd in ("nat", "dr", "tun"):
                for version in (4, 6):
                    if lane == "full" or (proto, version) == ("tcp", 4):
                        found.append(Case(f"explain: {lane}: {proto} {fwd} v{version}: what is foretold happens",
                                          functools.partial(foretells, proto, fwd, version), lane))
        for fwd in ("nat", "dr", "tun"):
            found.append(Case(f"capture: {lane}: {fwd} v4: packets as they came and as they left", functools.partial(captures, fwd, 4), lane))
        found.append(Case(f"trace: {lane}: a line a packet, and nothing stays behind", traces, lane))
    found.append(Case("capture: full: nat v6: packets as they came and as they left", functools.partial(captures, "nat", 6), "full"))
    found.append(Case("explain: full: why a server is not chosen", reasons, "full"))
    found.append(Case("explain: full: what can't be asked gets a sentence", refused, "full"))
    return found
