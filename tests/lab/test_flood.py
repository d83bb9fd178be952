# SPDX-License-Identifier: GPL-2.0-or-later
"""A SYN flood from random sources into a small, full table takes nothing from those who are served."""

import functools
import os

import clients
import lab
from lab import Case, Lab, check

SLOTS = 8192
HELD = 1000
SYNS = 300_000
VIP = {4: "10.0.9.1", 6: "fd00:9::1"}


def room(lane):
    laboratory = Lab(lane)
    try:
        for server in laboratory.servers:
            server.sysctl("net.ipv4.tcp_max_syn_backlog", 256)  # cookies soon: the flood is not for the servers
        laboratory.start_servers()
        laboratory.start_director("--connections", str(SLOTS))
    except BaseException:
        laboratory.close()
        raise
    return laboratory


def mac(space, device):
    return space.out("cat", f"/sys/class/net/{device}/address")


def flood(fwd, version, laboratory):
    addresses = [server.rip[version] for server in laboratory.servers]
    laboratory.service(VIP[version], 7000, fwd, addresses)
    laboratory.service(VIP[version], 80, fwd, addresses)
    held = clients.hold(laboratory.client, VIP[version], 7000, HELD)
    storm = laboratory.client.spawn(os.path.join(lab.BUILD, "tests/lab/flood"), "eth0", mac(laboratory.client, "eth0"), mac(laboratory.director, "c0"),
                                    VIP[version], 80, SYNS, log="flood")
    rounds = 0
    while storm.poll() is None or rounds < 3:
        alive = held.tell()
        rounds += 1
        check(alive["lost"] == 0, f"round {rounds}: {alive}")
    check(storm.returncode == 0, laboratory.log("flood"))
    lab.say(f"{laboratory.log('flood').strip()}; {rounds} rounds of exchange on {HELD} connections")
    evicted = laboratory.counter("EVICT_HALF_OPEN")
    check(evicted > SYNS // 2, f"only {evicted} half-open connections were evicted: the flood did not fill the table")
    alive = held.tell()
    check(alive["lost"] == 0, f"after the flood: {alive}")
    active = sum(row["active"] for row in laboratory.server_rows(7000))
    check(active == HELD, f"{active} active connections are counted, {HELD} are open")
    listed = len([c for c in laboratory.connections() if c["virtual"]["port"] == 7000 and c["state"] == "ESTABLISHED"])
    check(listed == HELD, f"{listed} established connections are listed, {HELD} are open")
    rows = laboratory.server_rows(80)
    listed = [c for c in laboratory.connections() if c["virtual"]["port"] == 80]
    check(sum(row["active"] + row["inactive"] for row in rows) == len(listed), f"{len(listed)} flood connections are listed, the counters say {rows}")
    check(clients.who(laboratory.client, VIP[version], 80).startswith("rs"), "no new connection after the flood")
    held.finish()


def cases():
    for lane in lab.LANES:
        for version in (4, 6):
            yield Case(f"{lane} nat v{version}: SYN flood into a full table", functools.partial(flood, "nat", version), room=functools.partial(room, lane))
    yield Case("full dr v4: SYN flood into a full table", functools.partial(flood, "dr", 4), room=functools.partial(room, "full"))
