# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to a director in its life: servers come and go, the daemon dies and returns, interfaces appear and vanish."""

import functools
import os
import signal
import socket
import struct
import time

import bpf
import clients
import lab
from lab import Case, Lab, check

VIP = "10.0.9.1"


def ready(lane="full", *options):
    """A laboratory with servers and a director."""
    room = Lab(lane)
    try:
        room.start_servers()
        room.start_director(*options)
    except BaseException:
        room.close()
        raise
    return room


def dests(room, count=3, version=4):
    return [server.rip[version] for server in room.servers[:count]]


def no_failure(load):
    total = load.finish()
    lab.say(f"load: {total}")
    check(total["failures"] == 0, f"{total['failures']} of {total['requests']} requests failed: {total['why']}")
    return total


def more_requests(load, count=200):
    """Wait until the load has made that many more requests; the answers of each server in that time."""
    before = load.tell()
    after = lab.wait_for(lambda: (now := load.tell())["requests"] >= before["requests"] + count and now, f"{count} more requests", 30)
    return {name: after["by"].get(name, 0) - before["by"].get(name, 0) for name in after["by"]}


# --- servers come and go under load ---


def added_under_load(fwd, room):
    room.service(VIP, 80, fwd, dests(room, 2))
    load = clients.load(room.client, VIP, 80)
    room.ipvsadm("-a", "-t", f"{VIP}:80", "-r", room.servers[2].rip[4], {"nat": "-m", "dr": "-g", "tun": "-i"}[fwd])
    answers = more_requests(load)
    total = no_failure(load)
    check(answers.get("rs3", 0) > 0, f"the new server got nothing: {total['by']}")


def removed_under_load(fwd, room):
    room.service(VIP, 80, fwd, dests(room))
    room.service(VIP, 7000, fwd, dests(room))
    held = clients.hold(room.client, VIP, 7000, 30)
    load = clients.load(room.client, VIP, 80)
    for port in (80, 7000):
        room.ipvsadm("-d", "-t", f"{VIP}:{port}", "-r", room.servers[0].rip[4])
    more_requests(load, 50)  # those that were under way
    answers = more_requests(load)
    no_failure(load)
    check(answers.get("rs1", 0) == 0, f"a removed server still got new connections: {answers}")
    alive = held.tell()
    check(alive["lost"] == 0, f"connections of the removed server were lost: {alive}")
    held.finish()


def quiesced_under_load(room):
    room.service(VIP, 80, "nat", dests(room), sched="wrr")
    load = clients.load(room.client, VIP, 80)
    room.ipvsadm("-e", "-t", f"{VIP}:80", "-r", room.servers[0].rip[4], "-m", "-w", "0")
    more_requests(load, 50)
    quiet = more_requests(load)
    room.ipvsadm("-e", "-t", f"{VIP}:80", "-r", room.servers[0].rip[4], "-m", "-w", "3")
    more_requests(load, 50)
    loud = more_requests(load)
    no_failure(load)
    check(quiet.get("rs1", 0) == 0, f"a server of weight 0 got new connections: {quiet}")
    check(loud["rs1"] > loud["rs2"], f"a server of weight 3 got no more than its peers: {loud}")


# --- the daemon dies and returns ---


def total_conns(room):
    return sum(row["stats"]["conns"] for row in room.server_rows())


CONFIG = {"settings": True, "members": True, "dests": True, "hops": True, "links": True, "svcs": False, "hop_ids": False, "vips": False}


def config_maps(room):
    """What the maps of the configuration hold; CONFIG: which are mappable."""
    found = {}
    for path in pins(room):
        name = os.path.basename(path)
        if name in CONFIG:
            found[name] = bpf.mapped(path) if CONFIG[name] else room.director.out("bpftool", "map", "dump", "pinned", path)
    # The epoch of what connections remember of routes to clients is no configuration: a start begins a new one, as routes may have changed.
    found["settings"] = found["settings"][:32] + found["settings"][36:]
    return found


def pins(room):
    """Every file of this director in bpffs: its folder has the number the kernel gives the network namespace."""
    with room.director.inside(), socket.socket() as sock:
        cookie = struct.unpack("=Q", sock.getsockopt(socket.SOL_SOCKET, 71, 8))[0]  # SO_NETNS_COOKIE
    found = []
    for mount in bpf_mounts():
        for folder, _, files in os.walk(os.path.join(mount, str(cookie))):
            found += [os.path.join(folder, name) for name in files]
    return found


def bpf_mounts():
    with open("/proc/mounts", encoding="utf-8") as mounts:
        return [line.split()[1] for line in mounts if line.split()[2] == "bpf"]


def killed_under_load(fwd, room):
    room.service(VIP, 80, fwd, dests(room))
    room.service(VIP, 7000, fwd, dests(room))
    held = clients.hold(room.client, VIP, 7000, 150)
    load = clients.load(room.client, VIP, 80)
    more_requests(load, 100)
    room.kill_director(signal.SIGKILL)
    while_down = more_requests(load, 300)
    check(sum(while_down.values()) >= 290 and min(while_down.values()) > 0, f"with the daemon dead the servers answered {while_down}")
    alive = held.tell()
    check(alive["lost"] == 0, f"connections were lost when the daemon died: {alive}")
    room.start_director(*room.options)
    more_requests(load, 300)
    alive = held.tell()
    check(alive["lost"] == 0, f"connections were lost when the daemon came back: {alive}")
    total = no_failure(load)
    check(total_conns(room) == total["requests"] + 150, f"{total_conns(room)} connections counted, {total['requests'] + 150} made")
    held_rows = [(row["active"], row["inactive"]) for row in room.server_rows(7000)]
    check(held_rows == [(50, 0)] * 3, f"active and inactive connections of the servers: {held_rows}, wanted 50 and 0 of each")
    held.finish()
    if fwd == "nat":
        lab.wait_for(lambda: [row["active"] for row in room.server_rows()] == [0] * 6, "no active connection after all were closed")


def restart_writes_nothing(room):
    for fwd, port in (("nat", 80), ("dr", 81), ("tun", 82)):
        room.service(VIP, port, fwd, dests(room))
    room.service("fd00:9::1", 80, "nat", dests(room, version=6), sched="wlc")
    clients.who(room.client, VIP, 80)
    clients.who(room.client, "fd00:9::1", 80)
    listing, maps = room.ipvsadm("-S", "-n").stdout, config_maps(room)
    check(sorted(maps) == sorted(CONFIG), f"pinned maps: {sorted(maps)}")
    room.kill_director(signal.SIGKILL)
    room.start_director(*room.options)
    check(room.ipvsadm("-S", "-n").stdout == listing, "the restarted director has other services")
    after = config_maps(room)
    for name, before in maps.items():
        places = [place for place, (old, new) in enumerate(zip(before, after[name])) if old != new]
        check(not places and len(before) == len(after[name]), f"the restart changed {name} at {places[:20]}")


def stopped_politely(room):
    room.service(VIP, 80, "nat", dests(room))
    load = clients.load(room.client, VIP, 80)
    check(room.kill_director(signal.SIGTERM) == 0, "SIGTERM did not end the daemon with status 0")
    more_requests(load)
    room.start_director(*room.options)
    more_requests(load)
    no_failure(load)


def second_daemon(room):
    done = room.director.run(room.program("sluiced"), check=False, timeout=20)
    check(done.returncode != 0, "a second daemon started in the same network namespace")
    check(done.stderr.strip(), "the second daemon said nothing")
    room.sluice("ping")


# --- teardown ---


def traces(room):
    """What a director leaves in its network namespace and in bpffs."""
    space, found = room.director, {}
    links = space.out("ip", "-d", "link", "show")
    found["xdp"] = [line for line in links.splitlines() if "xdp" in line]
    devices = [line.split(":")[1].strip().split("@")[0] for line in links.splitlines() if line[:1].isdigit()]
    for device in devices:
        found["qdisc " + device] = [line for line in space.out("tc", "qdisc", "show", "dev", device).splitlines() if "clsact" in line]
    with space.inside():
        found["tcx"] = [device for device in devices if bpf.tcx_programs(socket.if_nametoindex(device))]
    found["pins"] = pins(room)
    found["neighbours"] = [line for line in space.out("ip", "neigh", "show").splitlines() if "managed" in line or "PERMANENT" in line
                           or "extern_learn" in line]
    found["devices"] = [device for device in devices if device.startswith("sluice")]
    return {key: value for key, value in found.items() if value}


def teardown(room):
    before = traces(room)
    room.start_servers()
    room.start_director()
    room.service(VIP, 80, "nat", dests(room))
    check(clients.who(room.client, VIP, 80).startswith("rs"), "no answer through the director")
    running = traces(room)
    check("pins" in running and ("tcx" in running or "qdisc s0" in running), f"a running director leaves only {running}: this test sees nothing")
    done = room.teardown(check=False)
    check(done.returncode != 0 and "run" in done.stderr, f"the teardown beside a running daemon: status {done.returncode}, {done.stderr!r}")
    check(clients.who(room.client, VIP, 80).startswith("rs"), "the refused teardown did something")
    room.kill_director(signal.SIGKILL)
    check(clients.who(room.client, VIP, 80).startswith("rs"), "no answer without the daemon")
    room.teardown()
    after = traces(room)
    check(after == before, f"traces left: {after}")
    check(clients.who(room.client, room.servers[0].rip[4], 80) == "rs1", "plain forwarding does not work after the teardown")
    room.teardown()  # once more is no error


# --- interfaces ---


def plug(room, other):
    """A cable from another client to a new interface of the director, c1, and a lane on it."""
    room.link(other, "eth0", room.director, "c1")
    room.address(other, "eth0", "10.0.4.2", "fd00:4::2")
    room.address(room.director, "c1", "10.0.4.1", "fd00:4::1")
    other.ip("route", "add", "default", "via", "10.0.4.1")
    other.ip("-6", "route", "add", "default", "via", "fd00:4::1")
    lab.wait_for(lambda: attached(room, "c1"), "a lane on the new interface")


def attached(room, name):
    return any(row["name"] == name and row["full"] != "off" for row in room.call("interfaces")["interfaces"])


def appears(room):
    room.service(VIP, 80, "nat", dests(room))
    room.service("fd00:9::1", 80, "nat", dests(room, version=6))
    other = room.space("client2")
    plug(room, other)
    for vip in (VIP, "fd00:9::1"):
        answers = sorted(clients.who(other, vip, 80) for _ in range(3))
        check(answers == ["rs1", "rs2", "rs3"], f"answers to the client on the new interface: {answers}")


def vanishes(room):
    room.service(VIP, 80, "nat", dests(room))
    other = room.space("client2")
    plug(room, other)
    clients.who(other, VIP, 80)
    load = clients.load(room.client, VIP, 80)
    room.director.ip("link", "del", "c1")
    lab.wait_for(lambda: not attached(room, "c1"), "the interface to be forgotten")
    more_requests(load)
    no_failure(load)
    plug(room, other)  # the same name, another ifindex
    clients.who(other, VIP, 80)


def server_interface_vanishes(room):
    """The way to one server goes away and comes back; the others go on."""
    room.service(VIP, 80, "nat", dests(room, 2))
    room.link(room.servers[2], "eth1", room.director, "s9")
    room.servers[2].ip("addr", "add", "10.0.5.2/24", "dev", "eth1")
    room.director.ip("addr", "add", "10.0.5.1/24", "dev", "s9")
    room.servers[2].ip("route", "replace", "default", "via", "10.0.5.1")
    room.ipvsadm("-a", "-t", f"{VIP}:80", "-r", "10.0.5.2:80", "-m")
    lab.wait_for(lambda: attached(room, "s9"), "a lane on the new interface")
    check(sorted(clients.who(room.client, VIP, 80) for _ in range(3)) == ["rs1", "rs2", "rs3"], "not all three servers answer")
    room.director.ip("link", "del", "s9")
    lab.wait_for(lambda: not attached(room, "s9"), "the interface to be forgotten")
    room.ipvsadm("-d", "-t", f"{VIP}:80", "-r", "10.0.5.2:80")
    check(sorted(clients.who(room.client, VIP, 80) for _ in range(4)) == ["rs1", "rs1", "rs2", "rs2"], "the servers that are left do not answer")


def move_inside(room, device, kind, *args):
    """The director's inside addresses move to another device."""
    room.director.ip("addr", "flush", "dev", "s0")
    room.director.ip("link", "add", *args, "name", device, "type", *kind)
    room.director.ip("link", "set", device, "up")
    room.address(room.director, device, "10.0.2.1", "fd00:2::1")


def bridge_inside(room):
    move_inside(room, "br-in", ("bridge", "forward_delay", "0", "mcast_snooping", "0"))
    room.director.ip("link", "set", "s0", "master", "br-in")
    through(room)


def through(room):
    """All methods and both families work."""
    room.start_servers()
    room.start_director()
    for fwd, port in (("nat", 80), ("dr", 80), ("tun", 80)):
        for vip, version in ((VIP, 4), ("fd00:9::1", 6)):
            room.ipvsadm("-C")
            room.service(vip, port, fwd, dests(room, version=version))
            check(clients.download(room.client, vip, 80), "no file")
            answers = sorted(clients.who(room.client, vip, 80) for _ in range(6))
            check(answers == ["rs1", "rs1", "rs2", "rs2", "rs3", "rs3"], f"{fwd} {vip}: answers {answers}")


def vlan_inside(room):
    """The director's and the servers' LAN is tagged."""
    probe = lab.run("ip", "-n", room.director.name, "link", "add", "link", "s0", "name", "probe", "type", "vlan", "id", "7", check=False)
    if probe.returncode:
        raise lab.Skip("this kernel has no VLAN devices (8021q)")
    room.director.ip("link", "del", "probe")
    room.switch.ip("link", "set", "br0", "type", "bridge", "vlan_filtering", "1")
    for port in ["client", "director"] + [server.role for server in room.servers]:
        tagged = [] if port == "director" else ["pvid", "untagged"]
        room.switch.run("bridge", "vlan", "add", "dev", port, "vid", "5", *tagged)
    move_inside(room, "s0.5", ("vlan", "id", "5"), "link", "s0")
    through(room)


# --- time ---


def expires(fwd, room):
    """An idle connection ends when its time is up, and is no longer counted."""
    room.service(VIP, 7001, fwd, [room.servers[0].rip[4]])
    room.ipvsadm("--set", "2", "2", "2")
    with clients.connect(room.client, VIP, 7001) as sock:
        sock.sendall(b"echo\nx")
        check(sock.recv(2) == b"x", "no echo")
        check(list(room.loads(VIP, 7001).values()) == [(1, 0)], "the connection is not counted")
        lab.wait_for(lambda: list(room.loads(VIP, 7001).values()) == [(0, 0)], "the connection to expire", 8)
        check(list(room.listed(VIP, 7001).values()) == [(0, 0)], "an expired connection is still listed")


def lives(room):
    """A connection that is used outlives its timeout many times."""
    room.service(VIP, 7000, "nat", [room.servers[0].rip[4]])
    room.ipvsadm("--set", "2", "2", "2")
    with clients.connect(room.client, VIP, 7000) as sock:
        sock.sendall(b"echo\n")
        end = time.monotonic() + 6
        while time.monotonic() < end:
            sock.sendall(b"x")
            check(sock.recv(2) == b"x", "no echo")
            time.sleep(0.4)  # silence shorter than the timeout
        check([row["active"] for row in room.server_rows(7000)] == [1], "the connection is not counted")


def cases():
    for fwd in ("nat", "dr", "tun"):
        yield Case(f"full {fwd}: a server added under load", functools.partial(added_under_load, fwd), "full")
        yield Case(f"full {fwd}: a server removed under load", functools.partial(removed_under_load, fwd), "full")
        yield Case(f"full {fwd}: idle connections expire", functools.partial(expires, fwd), "full")
    yield Case("full nat: a used connection does not expire", lives, "full")
    yield Case("full nat: a server quiesced and weighted under load", quiesced_under_load, "full")
    for lane in lab.LANES:
        yield Case(f"{lane} nat: kill -9 and restart under load", functools.partial(killed_under_load, "nat"), room=functools.partial(ready, lane))
    for fwd in ("dr", "tun"):
        yield Case(f"full {fwd}: kill -9 and restart under load", functools.partial(killed_under_load, fwd), room=ready)
    for lane in ("full", "native"):
        yield Case(f"{lane}: a restart writes nothing", restart_writes_nothing, room=functools.partial(ready, lane))
    yield Case("full: SIGTERM leaves the lanes at work", stopped_politely, room=ready)
    yield Case("full: a second daemon is refused", second_daemon, room=ready)
    for lane in lab.LANES:
        yield Case(f"{lane}: teardown leaves no trace", teardown, room=functools.partial(Lab, lane))
    yield Case("full: an interface that appears", appears, room=ready)
    yield Case("full: an interface that vanishes and returns", vanishes, room=ready)
    yield Case("full: a server's interface that vanishes", server_interface_vanishes, room=ready)
    yield Case("full: a bridge as the inside interface", bridge_inside, room=Lab)
    yield Case("full: a VLAN as the inside interface", vlan_inside, room=Lab)
