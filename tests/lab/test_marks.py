# SPDX-License-Identifier: GPL-2.0-or-later
"""Firewall marks, set by netfilter's own tools or by the classifier, and allow-lists: with real web servers."""

import functools
import os
import shutil
import socket
import ssl
import sys

import lab
from lab import Case, Lab, Skip, check

LOCAL = {4: "10.0.9.1", 6: "fd00:9::1"}  # addresses of the director
ROUTED = {4: "10.0.9.60", 6: "fd00:9::60"}  # nobody's: the client only routes them to the director
CLIENTS = {4: ["10.0.1.2", "10.0.1.3", "10.0.1.4"], 6: ["fd00:1::2", "fd00:1::3", "fd00:1::4"]}
FAMILIES = (4, 6)
MARK = 7


def https(room, space):
    """nginx with a certificate of its own on port 443."""
    base = os.path.join(room.dir, "tls-" + space.role)
    room.client.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=lab", "-keyout", base + ".key",
                    "-out", base + ".crt")
    with open(base + ".conf", "w", encoding="ascii") as file:
        file.write(f"""daemon off; master_process off; pid {base}.pid; error_log {base}.log;
events {{ }}
http {{
	access_log off; default_type text/plain; client_body_temp_path {base}.body;
	server {{ listen 443 ssl; listen [::]:443 ssl ipv6only=on; root {room.dir}/www-{space.role}; ssl_certificate {base}.crt; ssl_certificate_key {base}.key; }}
}}
""")
    space.spawn("nginx", "-e", base + ".log", "-c", base + ".conf", log="tls-" + space.role)


def ready(lane="full"):
    room = Lab(lane)
    try:
        room.start_servers()
        for server in room.servers:
            https(room, server)
        for server in room.servers:
            for family in FAMILIES:
                lab.wait_for(lambda s=server, f=family: room.connects(s, s.rip[f], 443), f"nginx with TLS of {server.role}")
        for n in (3, 4):
            room.client.ip("addr", "add", f"10.0.1.{n}/24", "dev", "eth0")
            room.client.ip("addr", "add", f"fd00:1::{n}/64", "dev", "eth0", "nodad")
        for server in room.servers:  # where DR's answers to the new clients go is the same as for the first
            server.ip("route", "replace", "default", "via", "10.0.2.1")
        room.start_director()
    except BaseException:
        room.close()
        raise
    return room


def who(room, addr, port, source, timeout=5):
    """The server that answers; OSError if none does."""
    with room.client.inside():
        sock = socket.create_connection((addr, port), timeout, (source, 0))
        with sock:
            if port == 443:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                sock = context.wrap_socket(sock)
            sock.sendall(b"GET /who HTTP/1.0\r\n\r\n")
            answer = sock.makefile("rb").read()
            sock.close()
    return answer.rsplit(b"\n", 2)[-2].decode()


def refused(room, addr, port, source):
    try:
        return f"{who(room, addr, port, source, 1)} answered" and False
    except OSError:
        return True


def family_options(family):
    return ["-6"] if family == 6 else []


def mark_service(room, fwd, dests=None, families=FAMILIES):
    for family in families:
        room.ipvsadm("-A", "-f", MARK, *family_options(family), "-s", "rr", "-p", "300")
        for dest in dests or [server.rip[family] for server in room.servers]:
            address = f"[{dest}]" if family == 6 else dest
            room.ipvsadm("-a", "-f", MARK, *family_options(family), "-r", address + ":0", {"nat": "-m", "dr": "-g"}[fwd])


def by_nft(room, vip):
    room.director.run("nft", "-f", "-", input=f"""
table inet theirs {{
	chain pre {{
		type filter hook prerouting priority mangle;
		ip daddr {vip[4]} tcp dport {{ 80, 443 }} meta mark set {MARK}
		ip6 daddr {vip[6]} tcp dport {{ 80, 443 }} meta mark set {MARK}
		ip daddr {vip[4]} meta l4proto icmp meta mark set {MARK}
		ip6 daddr {vip[6]} meta l4proto icmpv6 meta mark set {MARK}
	}}
}}
""")


def by_iptables(room, vip, variant):
    for family, tool in ((4, "iptables"), (6, "ip6tables")):
        command = f"{tool}-{variant}"
        if not shutil.which(command):
            raise Skip(f"{command} is not installed")
        for port in (80, 443):
            done = room.director.run(command, "-t", "mangle", "-A", "PREROUTING", "-d", vip[family], "-p", "tcp", "--dport", port,
                                     "-j", "MARK", "--set-mark", MARK, check=False)
            if done.returncode:
                raise Skip(f"{command}: {done.stderr.strip()}")


def by_classifier(room, vip):
    for family in FAMILIES:
        room.call("change", ops=[{"op": "mark.add", "dst": vip[family], "proto": "tcp", "ports": ports, "mark": MARK} for ports in ("80", "443")])


def rules(room):
    return room.director.out("ip", "rule") + room.director.out("ip", "-6", "rule")


def links(room):
    return room.director.out("ip", "-o", "link")


def grouped(room, vip, families=FAMILIES):
    """Every client keeps its server over both ports; the clients have different ones."""
    for family in families:
        chosen = []
        for source in CLIENTS[family]:
            answers = [who(room, vip[family], port, source) for port in (80, 443, 443, 80)]
            check(len(set(answers)) == 1, f"{source} was not kept at one server: {answers}")
            chosen.append(answers[0])
        check(len(set(chosen)) == len(chosen), f"the clients share servers: {chosen}")


def http_and_https(how, fwd, vip, room):
    how(room, vip)
    mark_service(room, fwd)
    grouped(room, vip)
    if how is by_classifier:
        check(room.counter("MARKED") > 0, "the classifier marked nothing")
    else:
        check("sluice0" in links(room), "there is no sluice0")


def others_pass(room):
    """What netfilter marks and no service takes is the host's, and so is what goes elsewhere."""
    by_nft(room, LOCAL)
    mark_service(room, "nat")
    for family in FAMILIES:
        room.client.run("ping", f"-{family}", "-c", "2", "-W", "5", LOCAL[family], "-I", CLIENTS[family][0])
    room.director.spawn(sys.executable, os.path.join(lab.HERE, "server.py"), "director", log="director")
    lab.wait_for(lambda: "ready" in room.log("director"), "server.py of the director")
    for family in FAMILIES:
        check(room.connects(room.client, LOCAL[family], 7000), f"the director's own server does not answer on {LOCAL[family]}")
    grouped(room, LOCAL)


def local_server(room):
    """LocalNode: the director itself is a server of the mark service."""
    by_nft(room, LOCAL)
    room.nginx(room.director)
    room.ipvsadm("-A", "-f", MARK, "-s", "rr")
    room.ipvsadm("-a", "-f", MARK, "-r", "10.0.1.1:0", "-g")
    lab.wait_for(lambda: room.connects(room.client, "10.0.1.1", 80), "nginx of the director")
    for _ in range(3):
        check(who(room, LOCAL[4], 80, CLIENTS[4][0]) == "director", "not the director answered")
    stats = room.services()[0]["servers"][0]["stats"]
    check(stats["conns"] == 3, f"{stats}: three connections were made")
    check(stats["in_pkts"] < 30, f"{stats}: packets were counted twice")


def restart(room):
    """kill -9 leaves everything as it is; the next daemon changes nothing; without services the rules are as they were."""
    before, devices = rules(room), links(room)
    by_nft(room, LOCAL)
    mark_service(room, "nat")
    grouped(room, LOCAL)
    with_marks = rules(room)
    check("fwmark 0x7" in with_marks and "0:\tfrom all lookup local" not in with_marks, f"the rules are not in force: {with_marks}")
    room.kill_director()
    check(rules(room) == with_marks, "the daemon's death changed the rules")
    for source in CLIENTS[4]:
        who(room, LOCAL[4], 80, source)
    room.start_director()
    check(rules(room) == with_marks, f"the restart changed the rules: {rules(room)}")
    grouped(room, LOCAL)
    room.ipvsadm("-D", "-f", MARK)
    check("fwmark" in rules(room), "the IPv6 service's rule went with the IPv4 one's")
    grouped(room, LOCAL, [6])
    room.ipvsadm("-C")
    check(rules(room) == before, f"the rules are not as they were: {rules(room)}")
    check(links(room) == devices or "sluice0" not in links(room), "sluice0 is still there")


def teardown(room):
    before = rules(room)
    by_nft(room, LOCAL)
    mark_service(room, "nat")
    check(rules(room) != before, "no rule was made")
    room.kill_director()
    room.teardown()
    check(rules(room) == before, f"the rules are not as they were: {rules(room)}")
    check("sluice0" not in links(room), "sluice0 is still there")


def put_back(room):
    """A rule of ours that somebody deletes comes back, and so does the device."""
    by_nft(room, LOCAL)
    mark_service(room, "nat")
    whole = rules(room)
    room.director.ip("rule", "del", "pref", "2")
    lab.wait_for(lambda: rules(room) == whole, "the rule to be put back")
    room.director.ip("link", "del", "sluice0")
    lab.wait_for(lambda: "default" in room.director.out("ip", "route", "show", "table", "8300"), "the device to be put back")
    grouped(room, LOCAL)


def forwarding_off(room):
    """Said once, by the setting's name; nothing is changed behind the operator's back."""
    room.director.sysctl("net.ipv4.ip_forward", 0)
    mark_service(room, "nat", families=[4])
    check("net.ipv4.ip_forward" in room.log("sluiced"), "the log does not name net.ipv4.ip_forward")
    check(room.director.out("cat", "/proc/sys/net/ipv4/ip_forward").strip() == "0", "the setting was changed")


def allow_list(room):
    room.service(LOCAL[4], 80, "nat", [server.rip[4] for server in room.servers])
    room.service(LOCAL[6], 80, "nat", [server.rip[6] for server in room.servers])

    def allow(family, prefixes):
        room.call("change", ops=[{"op": "service.edit", "proto": "tcp", "addr": LOCAL[family], "port": 80, "sched": "rr", "allow": prefixes}])

    for family, prefixes in ((4, ["10.0.1.2/31", "192.0.2.0/24"]), (6, ["fd00:1::2/127"])):
        allow(family, prefixes)
        for source in CLIENTS[family][:2]:
            who(room, LOCAL[family], 80, source)
        before = room.counter("NOT_ALLOWED")
        check(refused(room, LOCAL[family], 80, CLIENTS[family][2]), "a client that is not on the list got in")
        check(room.counter("NOT_ALLOWED") > before, "nothing was counted")
        allow(family, [])
        check(refused(room, LOCAL[family], 80, CLIENTS[family][0]), "an empty list let a client in")
        allow(family, None)
        who(room, LOCAL[family], 80, CLIENTS[family][2])


def cases():
    def own(name, function, lane="full"):
        return Case(name, function, room=functools.partial(ready, lane))

    found = []
    for text, how in (("nftables", by_nft), ("iptables-nft", functools.partial(by_iptables, variant="nft")),
                      ("iptables-legacy", functools.partial(by_iptables, variant="legacy"))):
        found.append(own(f"full: HTTP and HTTPS by a mark of {text}, nat", functools.partial(http_and_https, how, "nat", LOCAL)))
    found.append(own("full: HTTP and HTTPS by a mark of nftables, dr", functools.partial(http_and_https, by_nft, "dr", LOCAL)))
    found.append(own("full: HTTP and HTTPS by a mark of nftables, a VIP that is only routed",
                     functools.partial(http_and_https, by_nft, "nat", ROUTED)))
    found.append(own("native: HTTP and HTTPS by a mark of nftables, nat", functools.partial(http_and_https, by_nft, "nat", LOCAL), "native"))
    for lane in ("full", "native"):
        found.append(own(f"{lane}: HTTP and HTTPS by the classifier's mark, nat",
                         functools.partial(http_and_https, by_classifier, "nat", LOCAL), lane))
        found.append(own(f"{lane}: allow-lists", allow_list, lane))
    found.append(own("full: HTTP and HTTPS by the classifier's mark, a VIP that is only routed",
                     functools.partial(http_and_https, by_classifier, "nat", ROUTED)))
    found.append(own("full: what a mark service does not take passes", others_pass))
    found.append(own("full: the director is a mark service's server", local_server))
    found.append(own("full: routing rules for marks over a restart", restart))
    found.append(own("full: routing rules for marks after a teardown", teardown))
    found.append(own("full: routing rules for marks are put back", put_back))
    found.append(own("full: marks without forwarding are told", forwarding_off))
    return found
