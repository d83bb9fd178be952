# SPDX-License-Identifier: GPL-2.0-or-later
"""What a director does is recorded as it was, and the simulator does the same with it."""

import functools
import json
import os
import signal

import clients
import lab
from lab import Case, Lab, check

VIP = "10.0.9.1"
WEIGHTS = (3, 2, 1)


def room(lane):
    laboratory = Lab(lane)
    try:
        laboratory.start_servers()
        laboratory.start_director()
    except BaseException:
        laboratory.close()
        raise
    return laboratory


def record(room, name, *options):
    """A recording that has begun: its process and its file."""
    path = os.path.join(room.dir, name)
    child = room.director.spawn(room.program("sluice"), "record", path, *options, log="record-" + name)
    lab.wait_for(lambda: os.path.exists(path) and os.path.getsize(path) > 0 or child.poll() is not None, "the recording to begin")
    check(child.poll() is None, f"it ended: {room.log('record-' + name)}")
    return child, path


def lines(path):
    with open(path, encoding="ascii") as file:
        text = file.read().splitlines()
    check(text and text[0] == "#sluice-trace 1", f"the file begins with {text[:1]}")
    rows = [line.split() for line in text if not line.startswith("#")]
    return sorted(rows, key=lambda row: float(row[0]))


def simulate(room, *args):
    """By scheduler: connections of each server, the first added first."""
    answer = json.loads(room.sluice("simulate", *args, "--json").stdout)
    return {result["scheduler"]: [server["connections"] for server in result["servers"]] for result in answer["results"]}


def count(room, answers):
    return [answers.count(server.role) for server in room.servers]


def as_it_was(sched, fwd, room):
    """Requests one after the other: who answered, what was recorded and what is simulated are the same, one by one."""
    room.ipvsadm("-A", "-t", f"{VIP}:80", "-s", sched)
    for server, weight in zip(room.servers, WEIGHTS):
        room.ipvsadm("-a", "-t", f"{VIP}:80", "-r", f"{server.rip[4]}:80", {"nat": "-m", "dr": "-g"}[fwd], "-w", weight)
    if sched == "wrr":  # the simulator's begins at the top of its round, as one that is bound to its servers anew does
        room.ipvsadm("-E", "-t", f"{VIP}:80", "-s", "rr")
        room.ipvsadm("-E", "-t", f"{VIP}:80", "-s", sched)
    room.service(VIP, 7000, "nat", [room.servers[0].rip[4]], "udp")
    child, path = record(room, "trace")
    answers = [clients.who(room.client, VIP, 80) for _ in range(60)]
    with clients.udp(room.client, VIP, 7000) as sock:
        clients.who_udp(sock)
        with clients.connect(room.client, VIP, 80):
            lab.wait_for(lambda: sum(active for active, _ in room.loads(VIP, 80).values()) == 1, "one open connection")
            child.send_signal(signal.SIGINT)
            check(child.wait(20) == 0, room.log("record-trace"))
    rows = [row for row in lines(path) if row[2] == "tcp"]
    udp = [row for row in lines(path) if row[2] == "udp"]
    check(len(udp) == 1 and udp[0][1] == "-" and udp[0][5] == f"{room.servers[0].rip[4]}:7000", f"of the flow was recorded: {udp}")
    check(len(rows) == 61, f"{len(rows)} connections were recorded, 61 made")
    check({row[4] for row in rows} == {f"{VIP}:80"}, f"virtual services: {set(row[4] for row in rows)}")
    names = {f"{server.rip[4]}:80": server.role for server in room.servers}
    recorded = [names[row[5]] for row in rows]
    check(recorded[:60] == answers, f"recorded: {recorded}\nanswered: {answers}")
    check(all(row[1] != "-" and float(row[1]) < 60 for row in rows[:60]) and rows[60][1] == "-", f"durations: {[row[1] for row in rows]}")
    check("62 connections recorded, 2 of them still open" in room.log("record-trace"), room.log("record-trace"))
    wanted = count(room, recorded)
    done = simulate(room, path, "--service", f"tcp/{VIP}:80", "--scheduler", sched)
    check(done == {sched: wanted}, f"recorded {wanted}, simulated {done}")
    lab.say(f"{sched}: {wanted} of {len(rows)}")


def one_service(room):
    """A recording of one service has its connections alone and ends when it has as many as were wanted; somebody else must wait."""
    for port in (80, 81):
        room.ipvsadm("-A", "-t", f"{VIP}:{port}", "-s", "rr")
        room.ipvsadm("-a", "-t", f"{VIP}:{port}", "-r", f"{room.servers[0].rip[4]}:80", "-m")
    child, path = record(room, "one", "--service", f"tcp/{VIP}:81", "--connections", "3")
    refused = room.sluice("record", "-", check=False)
    check(refused.returncode == 1 and "recording already" in refused.stderr, f"{refused.returncode}: {refused.stderr}")
    for port in (80, 81, 80, 81, 80, 81, 81):
        clients.who(room.client, VIP, port)
    check(child.wait(20) == 0, room.log("record-one"))
    check([row[4] for row in lines(path)] == [f"{VIP}:81"] * 3, f"recorded: {lines(path)}")
    unknown = room.sluice("record", "-", "--service", f"tcp/{VIP}:82", check=False)
    check(unknown.returncode == 1 and "there is no service" in unknown.stderr, f"{unknown.returncode}: {unknown.stderr}")


def cases():
    for sched, fwd in (("wrr", "nat"), ("rr", "dr")):
        yield Case(f"simulate: {sched}, {fwd}: as the director did", functools.partial(as_it_was, sched, fwd), room=functools.partial(room, "full"))
    yield Case("simulate: one service is recorded", one_service, room=functools.partial(room, "full"))
