# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls stay on their server by Call-ID, with a real SIP program (sipp) as servers and client."""

import collections
import functools
import os
import re
import select
import socket

import lab
from lab import Case, check, ends, wait_for

VIP = {4: "10.0.9.1", 6: "fd00:9::1"}
SOURCE = {4: "10.0.1.2", 6: "fd00:1::2"}
PORT = 5060
CALLS = 40
HEADERS = ("Call-ID", "i", "CALL-ID")  # RFC 3261: any case, and a short form

MESSAGE = """{method} sip:service@{vip}:5060 SIP/2.0
Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-{branch}
From: <sip:lab@{host}:{port}>;tag=lab
To: <sip:service@{vip}:5060>{tag}
{header}: {call}
CSeq: {number} {method}
Contact: <sip:lab@{host}:{port}>
Max-Forwards: 70
Content-Length: 0

"""


def bracketed(addr):
    return f"[{addr}]" if ":" in addr else addr


def start_servers(room, version):
    """sipp's own server scenario on every real server: it answers INVITE with 180 and 200, and BYE with 200, of calls that it knows."""
    for server in room.servers:
        folder = os.path.join(room.dir, "sip-" + server.role)
        os.makedirs(folder, exist_ok=True)
        server.spawn("sipp", "-sn", "uas", "-i", server.rip[version], "-p", PORT, "-nostdin", cwd=folder, log="sip-" + server.role)
    for server in room.servers:
        wait_for(lambda s=server: str(PORT) in s.out("ss", "-Huln", f"sport = {PORT}"), f"sipp of {server.role}")


def service(room, version, *options):
    vip = ends(VIP[version], PORT)
    room.ipvsadm("-A", "-u", vip, "-s", "rr", "-p", "60", "--pe", "sip", *options)
    for server in room.servers:
        room.ipvsadm("-a", "-u", vip, "-r", ends(server.rip[version], PORT), "-m")
    return vip


def templates(room):
    """Call-ID to server, as the connection list has it."""
    return {row["call"]: row["server"]["addr"] for row in room.connections() if row.get("template") and row.get("pe") == "sip"}


def many(options, version, room):
    """Forty calls, several at once and interleaved, from one socket: every one is answered to its end, and all servers have some."""
    start_servers(room, version)
    service(room, version, *options)
    folder = os.path.join(room.dir, "sip-client")
    os.makedirs(folder, exist_ok=True)
    done = room.client.run("sipp", "-sn", "uac", ends(VIP[version], PORT), "-i", SOURCE[version], "-p", 5070, "-m", CALLS, "-r", 20, "-l", 10,
                           "-d", 300, "-nostdin", "-timeout", "50s", check=False, cwd=folder)
    check(done.returncode == 0, f"sipp ended with {done.returncode}: {done.stdout[-1500:]}")
    found = templates(room)
    shares = collections.Counter(found.values())
    if options:
        check(len(found) == CALLS and len(shares) == len(room.servers), f"{len(found)} templates of {CALLS} calls, on {shares}")
    else:  # a socket is one connection, and that stays where it is, as in IPVS
        check(len(found) == 1, f"{len(found)} templates for one connection")


class Phone:
    """A client's socket. The answer to a request may come to any phone of the call: sipp answers where the call began."""

    def __init__(self, room, version, port, addr=None):
        self.version, self.host, self.port = version, addr or SOURCE[version], port
        with room.client.inside():
            self.sock = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((self.host, port))

    def __enter__(self):
        return self

    def __exit__(self, *how):
        self.sock.close()

    def send(self, method, call, number, header="Call-ID", tag=""):
        text = MESSAGE.format(method=method, vip=bracketed(VIP[self.version]), host=bracketed(self.host), port=self.port, branch=f"{call}-{number}",
                              call=call, number=number, header=header, tag=tag)
        self.sock.sendto(text.replace("\n", "\r\n").encode(), (VIP[self.version], PORT))


def answer(phones, seconds=5.0):
    """The first final answer that one of the phones gets, "" if none comes."""
    while True:
        ready_, _, _ = select.select([phone.sock for phone in phones], [], [], seconds)
        if not ready_:
            return ""
        data, peer = ready_[0].recvfrom(65535)
        check(peer[:2] == (VIP[phones[0].version], PORT), f"answered from {peer}, not from the virtual service")
        if not data.startswith(b"SIP/2.0 1"):
            return data.decode()


def elsewhere(options, version, room):
    """A re-INVITE and a BYE from other addresses and ports, and with the header's short form, reach the call's server."""
    start_servers(room, version)
    service(room, version, *options)
    other = {4: "10.0.1.9", 6: "fd00:1::9"}[version]
    room.client.ip("addr", "replace", other + ("/24" if version == 4 else "/64"), "dev", "eth0", *(["nodad"] if version == 6 else []))
    try:
        for n in range(6):
            call, header, addr = f"call-{n}@lab", HEADERS[n % len(HEADERS)], (other, SOURCE[version])[n % 2]
            with Phone(room, version, 6000 + n) as first, Phone(room, version, 6200 + n, addr) as second:
                first.send("INVITE", call, 1)
                text = answer([first])
                check(text.startswith("SIP/2.0 200"), f"INVITE {n}: {text[:200]!r}")
                contact = re.search(r"Contact: <sip:\[?([0-9a-f.:]+?)\]?:5060", text)
                tag = re.search(r"^To:.*(;tag=[^\s;]+)", text, re.M)
                check(contact and tag, f"no Contact or tag in {text!r}")
                check(templates(room).get(call) == contact.group(1), f"the template of {call} says {templates(room).get(call)}, {contact.group(1)} answered")
                second.send("ACK", call, 1, header, tag.group(1))
                second.send("BYE", call, 2, header, tag.group(1))
                text = answer([first, second])
                check(text.startswith("SIP/2.0 200") and "2 BYE" in text, f"BYE {n} from elsewhere: {text[:300]!r}")
        before = room.counter("NO_CALL_ID")
        with Phone(room, version, 6900) as phone:
            phone.send("OPTIONS", "", 1, "Subject")
            wait_for(lambda: room.counter("NO_CALL_ID") > before, "the message without a Call-ID to be counted")
    finally:
        room.client.ip("addr", "del", other + ("/24" if version == 4 else "/64"), "dev", "eth0")


def cases():
    found = []
    for lane in ("full", "native"):
        for version in (4, 6):
            if lane == "native" and version == 6:
                continue
            for name, options in (("", ()), (" -o", ("-o",))):
                found.append(Case(f"sip: {lane}: v{version}{name}: many calls at once", functools.partial(many, options, version), None,
                                  functools.partial(ready, lane)))
                found.append(Case(f"sip: {lane}: v{version}{name}: requests from elsewhere", functools.partial(elsewhere, options, version), None,
                                  functools.partial(ready, lane)))
    return found


def ready(lane):
    room = lab.Lab(lane)
    try:
        room.start_director()
    except BaseException:
        room.close()
        raise
    return room
