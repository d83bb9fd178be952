# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input gets a clear error and changes nothing; the daemon lives."""

import contextlib
import functools
import json
import os
import socket
import threading
import time

import clients
import lab
from lab import Case, Lab, check

VIP = "10.0.9.1"
SERVICE = ("-t", f"{VIP}:80")

# What ipvsadm must refuse: why, arguments, a word the complaint must have (lower case)
REFUSED = (
    ("a service twice", ("-A", *SERVICE), "exists"),
    ("a server twice", ("-a", *SERVICE, "-r", "10.0.2.11:80", "-m"), "exists"),
    ("an unknown scheduler", ("-A", "-t", f"{VIP}:81", "-s", "nosuch"), "scheduler"),
    ("a service that is not there, edited", ("-E", "-t", f"{VIP}:82", "-s", "rr"), "no such"),
    ("a service that is not there, deleted", ("-D", "-t", f"{VIP}:82"), "no such"),
    ("a server of a service that is not there", ("-a", "-t", f"{VIP}:82", "-r", "10.0.2.11:80"), "not defined"),
    ("a server that is not there, edited", ("-e", *SERVICE, "-r", "10.0.2.99:80", "-m"), "no such"),
    ("a server that is not there, deleted", ("-d", *SERVICE, "-r", "10.0.2.99:80"), "no such"),
    ("another family without a tunnel", ("-a", *SERVICE, "-r", "[fd00:2::11]:80", "-m"), ""),
    ("port 65536", ("-A", "-t", f"{VIP}:65536"), "port"),
    ("port -1", ("-A", "-t", f"{VIP}:-1"), "port"),
    ("port 0", ("-A", "-t", f"{VIP}:0"), ""),
    ("an address that is none", ("-A", "-t", "10.0.9.256:80"), "address"),
    ("no address at all", ("-A", "-t", ""), ""),
    ("a very long address", ("-A", "-t", "1" * 5000), ""),
    ("format characters", ("-A", "-t", "%n%s%n:80"), ""),
    ("a weight that is no number", ("-a", *SERVICE, "-r", "10.0.2.13:80", "-m", "-w", "much"), "weight"),
    ("a negative weight", ("-a", *SERVICE, "-r", "10.0.2.13:80", "-m", "-w", "-1"), "weight"),
    ("a multicast server", ("-a", *SERVICE, "-r", "224.0.0.1:80", "-m"), ""),
    ("an unknown option", ("-A", *SERVICE, "--nosuch"), "option"),
    ("two commands", ("-A", "-D", *SERVICE), ""),
    ("a server without a service", ("-a", "-r", "10.0.2.11:80"), ""),
    ("negative timeouts", ("--set", "-1", "0", "0"), ""),
    ("timeouts out of range", ("--set", "99999999", "0", "0"), ""),
    ("SCTP, which is not built yet", ("-A", "--sctp-service", f"{VIP}:80"), ""),
    ("firewall mark 0", ("-A", "-f", "0"), "fwmark"),
    ("persistence of no time", ("-A", "-t", f"{VIP}:83", "-p", "0"), "timeout"),
    ("a scheduler flag of another", ("-A", "-t", f"{VIP}:83", "-s", "rr", "-b", "sh-port"), "flag"),
    ("a lower threshold above the upper", ("-a", *SERVICE, "-r", "10.0.2.13:80", "-m", "-x", "5", "-y", "6"), ""),
)

# What is sent to the control socket: name, bytes
GARBAGE = (
    ("nothing", b""),
    ("an empty line", b"\n"),
    ("binary rubbish", bytes(range(256)) * 64 + b"\n"),
    ("zeros", b"\0" * 70000 + b"\n"),
    ("half a request", b'{"jsonrpc": "2.0", "id": 1, "meth'),
    ("no JSON", b"GET / HTTP/1.0\r\n\r\n"),
    ("deep nesting", b"[" * 200000 + b"\n"),
    ("a number", b"17\n"),
    ("no method", b'{"jsonrpc": "2.0", "id": 1}\n'),
    ("an unknown method", b'{"jsonrpc": "2.0", "id": 1, "method": "nosuch"}\n'),
    ("a method that is a list", b'{"jsonrpc": "2.0", "id": 1, "method": []}\n'),
    ("parameters of another type", b'{"jsonrpc": "2.0", "id": 1, "method": "change", "params": 5}\n'),
    ("operations of another type", b'{"jsonrpc": "2.0", "id": 1, "method": "change", "params": {"ops": [1, null, {}, {"op": 3}]}}\n'),
    ("a huge id", b'{"jsonrpc": "2.0", "id": ' + b"9" * 4000 + b', "method": "ping"}\n'),
    ("bad UTF-8", b'{"jsonrpc": "2.0", "id": 1, "method": "\xff\xfe"}\n'),
    ("a line without end", b"a" * (3 << 20)),
    ("a slot beyond the table", b'{"jsonrpc": "2.0", "id": 1, "method": "connections", "params": {"after": 99999999999}}\n'),
    ("a negative slot", b'{"jsonrpc": "2.0", "id": 1, "method": "connections", "params": {"after": -5}}\n'),
    ("a port that is a text", b'{"jsonrpc": "2.0", "id": 1, "method": "change", "params": {"ops": [{"op": "service.add", "proto": "tcp",'
                              b' "addr": "10.0.9.1", "port": "eighty"}]}}\n'),
    ("many requests at once", b'{"jsonrpc": "2.0", "id": 1, "method": "services"}\n' * 5000),
)


def refused(args, word, room):
    room.ipvsadm("-A", *SERVICE, "-s", "rr")
    room.ipvsadm("-a", *SERVICE, "-r", "10.0.2.11:80", "-m")
    before = room.ipvsadm("-S", "-n").stdout, room.ipvsadm("-L", "--timeout").stdout
    done = room.ipvsadm(*args, check=False)
    said = (done.stdout + done.stderr).strip()
    check(done.returncode != 0, f"ipvsadm {' '.join(args)[:100]} ended with status 0 and said {said!r}")
    check(done.returncode > 0, f"ipvsadm died by signal {-done.returncode}")
    check(said and word in said.lower(), f"ipvsadm said {said!r}, which does not speak of {word!r}")
    after = room.ipvsadm("-S", "-n").stdout, room.ipvsadm("-L", "--timeout").stdout
    check(after == before, f"something changed: {after}")


def send_all(sock, data):
    with contextlib.suppress(OSError):
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)


def garbage(data, room):
    room.ipvsadm("-A", *SERVICE, "-s", "rr")
    before = room.ipvsadm("-S", "-n").stdout
    with room.control() as sock:
        sender = threading.Thread(target=send_all, args=(sock, data))
        sender.start()
        with contextlib.suppress(ConnectionResetError):
            for line in clients.read_all(sock).splitlines():
                reply = json.loads(line)
                check("error" in reply or b"services" in data, f"rubbish was answered with {reply}")
        sender.join()
    room.sluice("ping")
    check(room.ipvsadm("-S", "-n").stdout == before, "something changed")
    check(room.sluiced.poll() is None, "the daemon died")


def crowd(room):
    """300 clients that connect and say nothing do not keep others out, and leave no trace."""
    crowd_ = [room.control() for _ in range(300)]
    for sock in crowd_[::2]:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the oldest make room for new ones
            sock.sendall(b'{"jsonrpc"')
    room.sluice("ping")
    room.ipvsadm("-L", "-n")
    for sock in crowd_:
        sock.close()
    room.sluice("ping")


def slow_reader(room):
    """A client that asks and never reads does not hold up the others."""
    for port in range(1, 300):
        room.raw(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "change", "params": {"ops": [
            {"op": "service.add", "proto": "tcp", "addr": VIP, "port": port}]}}).encode() + b"\n")
    with room.control() as sock:
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            for _ in range(2000):
                sock.send(b'{"jsonrpc": "2.0", "id": 1, "method": "services"}\n')
        room.sluice("ping")
    room.sluice("ping")


def no_daemon(room):
    """Without a daemon: what is missing and how to start it."""
    for args in (("-L", "-n"), ("-A", *SERVICE)):
        done = room.ipvsadm(*args, check=False)
        check(done.returncode != 0 and "sluiced is not running" in done.stderr, f"status {done.returncode}: {done.stderr!r}")
    done = room.sluice("status", check=False)
    check(done.returncode != 0 and "sluiced is not running" in done.stderr, f"status {done.returncode}: {done.stderr!r}")
    done = room.sluice("ping", "--wait", "1s", check=False)
    check(done.returncode != 0, "ping of nobody succeeded")


def no_permission(room):
    """A user without rights may neither start a daemon nor ask one."""
    as_nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all", "--inh-caps", "-all")
    room.ipvsadm("-A", *SERVICE)
    for program, args in (("ipvsadm", ("-L", "-n")), ("ipvsadm", ("-D", *SERVICE)), ("sluiced", ())):
        done = room.director.run(*as_nobody, readable(room, program), *args, check=False, timeout=20)
        check(done.returncode not in (0, 126, 127) and done.stderr.strip(), f"{program} {' '.join(args)}: status {done.returncode}: {done.stderr!r}")
        if program == "sluiced":
            check("CAP_" in done.stderr, f"sluiced does not say which capability is missing: {done.stderr!r}")
    check(len(room.services()) == 1, "a user without rights deleted a service")


def readable(room, program):
    """A copy that nobody may run: the build may be in a folder that only its owner can read."""
    path = os.path.join(room.dir, program)
    if not os.path.exists(path):
        room.director.run("cp", room.program(program), path)
    return path


def thousand(room):
    """1,000 services with 10 servers each, restored and listed, each within a second."""
    lines = []
    for n in range(1000):
        vip = f"10.9.{n // 250}.{n % 250 + 1}:80"
        lines.append(f"-A -t {vip} -s wlc")
        lines += [f"-a -t {vip} -r 10.0.2.{10 + m}:80 -g -w 1" for m in range(10)]
    started = time.monotonic()
    room.ipvsadm("-R", input="\n".join(lines) + "\n")
    restored = time.monotonic() - started
    started = time.monotonic()
    listing = room.ipvsadm("-S", "-n").stdout
    listed = time.monotonic() - started
    check(len(listing.splitlines()) == 11000, f"{len(listing.splitlines())} lines saved of 11000")
    lab.say(f"restored in {restored:.2f} s, saved in {listed:.2f} s")
    check(restored < 1, f"the restore took {restored:.2f} s")
    check(listed < 1, f"the listing took {listed:.2f} s")
    started = time.monotonic()
    room.ipvsadm("-C")
    check(time.monotonic() - started < 1, f"clearing took {time.monotonic() - started:.2f} s")


def cases():
    for why, args, word in REFUSED:
        yield Case(f"input: ipvsadm refuses {why}", functools.partial(refused, args, word), "full")
    for name, data in GARBAGE:
        yield Case(f"input: the control socket survives {name}", functools.partial(garbage, data), "full")
    yield Case("input: the control socket survives a silent crowd", crowd, "full")
    yield Case("input: the control socket survives one who never reads", slow_reader, "full")
    yield Case("input: no permission", no_permission, "full")
    yield Case("input: 1,000 services of 10 servers in a second", thousand, "full")
    yield Case("input: no daemon", no_daemon, room=functools.partial(Lab, "full"))
