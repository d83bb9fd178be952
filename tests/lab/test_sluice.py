# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole command line of sluice against a real director: every command once, and what it did is seen in the director and in traffic."""

import json
import os
import re
import socket

from lab import Case, check

VIP = "10.0.9.1"
# Each test has a port of its own, so that none sees another's connections.
EDITED, DRAINED, LISTED, SHOWN = (("tcp", f"{VIP}:{port}") for port in range(7000, 7004))


def said(room, *args, status=0):
    """What a command prints, and that it ends with this status."""
    done = room.sluice(*args, check=False, env={"SLUICE_DRAINED": os.path.join(room.dir, "drained")})
    check(done.returncode == status, f"sluice {' '.join(args)}: status {done.returncode}, not {status}: {done.stdout}{done.stderr}")
    return done.stdout if status == 0 else done.stderr


def asked(room, *args):
    return json.loads(said(room, *args, "--json"))


def the_server(room, service, addr):
    return next(server for server in asked(room, "server", "list", *service)["servers"] if server["addr"] == addr)


def port_of(service):
    return int(service[1].split(":")[1])


def speak(room, service, count):
    """As many open connections to the service as asked for; each has been answered."""
    socks = []
    with room.client.inside():
        for _ in range(count):
            sock = socket.create_connection((VIP, port_of(service)), 5)
            sock.sendall(b"echo\nhello\n")
            check(sock.recv(100), "the service does not answer")
            socks.append(sock)
    return socks


def add_all(room, service):
    said(room, "service", "add", *service, "--scheduler", "wrr")
    for server in room.servers[:2]:
        said(room, "server", "add", *service, server.rip[4], "--method", "nat")


def services_and_servers(room):
    first, second = (server.rip[4] for server in room.servers[:2])
    add_all(room, EDITED)
    check("exists" in said(room, "service", "add", *EDITED, status=1), "a second service of one name is not refused as such")
    check("wrr" in said(room, "service", "list"), "the list lacks the service")
    said(room, "service", "edit", *EDITED, "--scheduler", "rr")
    check(asked(room, "service", "list", *EDITED)["services"][0]["sched"] == "rr", "edit did not set the scheduler")
    said(room, "server", "edit", *EDITED, f"{first}:{port_of(EDITED)}", "--weight", "3")
    row = the_server(room, EDITED, first)
    check((row["weight"], row["fwd"]) == (3, "masq"), f"edit changed what it was not told: {row}")
    socks = speak(room, EDITED, 4)
    check(int(said(room, "connections", "--service", "/".join(EDITED), "--count")) == 4, "not 4 connections are counted")
    said(room, "server", "remove", *EDITED, f"{second}:{port_of(EDITED)}")
    check(len(asked(room, "server", "list", *EDITED)["servers"]) == 1, "the server is still there")
    for sock in socks:
        sock.close()
    said(room, "service", "remove", *EDITED)
    check(asked(room, "service", "list")["services"] == [], "the service is still there")


def drains(room):
    first = room.servers[0].rip[4]
    name = (*DRAINED, f"{first}:{port_of(DRAINED)}")
    add_all(room, DRAINED)
    said(room, "server", "edit", *name, "--weight", "4")
    socks = speak(room, DRAINED, 6)
    text = said(room, "server", "drain", *name, "--wait", "300ms", status=1)
    check("still has" in text, f"drain says {text!r}")
    check(the_server(room, DRAINED, first)["weight"] == 0, "the drained server has a weight")
    before = the_server(room, DRAINED, first)["stats"]["conns"]
    socks += speak(room, DRAINED, 3)
    check(the_server(room, DRAINED, first)["stats"]["conns"] == before, "the drained server got a connection")
    said(room, "server", "undrain", *name)
    check(the_server(room, DRAINED, first)["weight"] == 4, "undrain does not know the weight")
    for sock in socks:
        sock.close()
    said(room, "service", "remove", *DRAINED)


def connections(room):
    add_all(room, LISTED)
    socks = speak(room, LISTED, 5)
    only = ("connections", "--service", "/".join(LISTED))
    listed = said(room, *only, "--client", "10.0.1.0/24", "--state", "ESTABLISHED", "--templates", "no")
    check(listed.count("ESTABLISHED") == 5, f"not 5 connections are listed: {listed}")
    for args in (("--client", "192.0.2.0/24"), ("--state", "FIN_WAIT"), ("--server", "192.0.2.1"), ("--age", "1h"), ("--templates", "only")):
        check(asked(room, *only, *args)["connections"] == [], f"{args} fits")
    top = asked(room, *only, "--top", "servers")
    check(top["count"] == 5 and sum(row["count"] for row in top["top"]) == 5, f"top counts {top}")
    check(len(asked(room, *only, "--limit", "2")["connections"]) == 2, "--limit does not limit")
    watched = said(room, *only, "--count", "--watch", "100ms", "--times", "3").split()
    check(watched == ["5", "5", "5"], f"--watch shows {watched}")
    for sock in socks:
        sock.close()
    said(room, "service", "remove", *LISTED)


def settings(room):
    rows = {row["name"]: row for row in asked(room, "settings")["settings"]}
    check(rows["expire_nodest_conn"]["value"] == 0, "the default is another")
    kept = os.path.join(room.dir, "settings")
    said(room, "settings", "expire_nodest_conn=1", "--save", "--file", kept)
    said(room, "settings", "expire_nodest_conn=0")
    said(room, "settings", "--load", "--file", kept)
    check(asked(room, "settings", "expire_nodest_conn")["settings"][0]["value"] == 1, "what was kept is not set")
    check("did you mean `expire_nodest_conn'" in said(room, "settings", "expire_nodest_con=1", status=2), "no name is proposed")
    said(room, "settings", "expire_nodest_conn=0")
    before = asked(room, "timeouts")
    said(room, "timeouts", "tcp=20m", "udp=40")
    check(asked(room, "timeouts") == {**before, "tcp": 1200, "udp": 40}, "the timeouts are not what was set")
    said(room, "timeouts", "tcp=15m", "udp=5m")


def marks_and_lists(room):
    said(room, "service", "add", "mark", "5", "--persist", "6m", "--mask", "24")
    said(room, "mark", "add", "5", "--dst", VIP, "--proto", "tcp", "--ports", "80-443")
    said(room, "mark", "add", "6", "--src", "10.0.1.0/24", "--before", str(asked(room, "mark", "list")["rules"][0]["id"]))
    rules = asked(room, "mark", "list")["rules"]
    check([rule["mark"] for rule in rules] == [6, 5], f"the rules are {rules}")
    said(room, "mark", "remove", str(rules[0]["id"]))
    said(room, "mark", "remove", "--all")
    check(asked(room, "mark", "list")["rules"] == [], "a rule is left")
    said(room, "allow", "add", "mark", "5", "10.0.0.0/8", "192.0.2.0/24")
    said(room, "allow", "remove", "mark", "5", "192.0.2.0/24")
    check(asked(room, "allow", "list", "mark", "5")["allow"] == ["10.0.0.0/8"], "the list is another")
    said(room, "allow", "remove", "mark", "5", "--all")
    check(asked(room, "allow", "list", "mark", "5")["allow"] is None, "there is still a list")
    said(room, "service", "remove", "mark", "5")


def shows(room):
    add_all(room, SHOWN)
    for sock in speak(room, SHOWN, 2):
        sock.close()
    for args, wanted in ((("status",), r"tcp 10\.0\.9\.1:7003"), (("interfaces",), r"c0 .*(tcx|clsact)"), (("sync",), "ROLE"), (("totals",), "all"),
                         (("counters",), "DROPPED"), (("ping",), "is ready"), (("proc", "ip_vs"), "TCP  0A000901:1B5B"), (("proc", "ip_vs_stats"), "Total"),
                         (("proc", "ip_vs_stats_percpu"), "CPU"), (("proc", "ip_vs_conn"), "FromIP"), (("proc", "ip_vs_conn_sync"), "Origin"),
                         (("proc", "ip_vs_app"), "usecnt"), (("ipvsadm", "-L", "-n"), "10.0.9.1:7003"), (("version",), "sluice "), (("help",), "usage")):
        text = said(room, *args)
        check(re.search(wanted, text), f"sluice {' '.join(args)} shows {text!r}")
        if args[0] not in ("ipvsadm", "help"):
            json.loads(said(room, *args, "--json"))
    said(room, "service", "remove", *SHOWN)


def unprivileged(room):
    """Who may not change is told so, and nothing is changed."""
    done = room.director.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", room.program("sluice"), "service", "add", *EDITED, check=False)
    check(done.returncode in (1, 4) and "group" in done.stderr, f"status {done.returncode}: {done.stderr}")
    check(asked(room, "service", "list")["services"] == [], "nobody added a service")


def absent(room):
    done = room.client.run(room.program("sluice"), "service", "list", check=False)
    check(done.returncode == 3 and "network namespace" in done.stderr, f"status {done.returncode}: {done.stderr}")


def cases():
    for name, function in (("services and servers are added, edited, listed and removed", services_and_servers),
                           ("a server is drained and brought back", drains),
                           ("connections are filtered, counted and watched", connections),
                           ("settings and timeouts are set and kept", settings),
                           ("marks and allow-lists", marks_and_lists),
                           ("every page is shown, as text and as JSON", shows),
                           ("who may not change is refused", unprivileged),
                           ("a namespace without a director", absent)):
        yield Case(f"sluice: {name}", function, shared="full")
