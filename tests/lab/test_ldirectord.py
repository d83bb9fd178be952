# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that administer LVS by calling ipvsadm: Debian's ldirectord, unchanged, and scripts of the HOWTO's kind."""

import functools
import os
import signal

import clients
import lab
from lab import Case, Lab, check, ends, wait_for

VIP, VIP6, MARKED = "10.0.9.1", "fd00:9::1", "10.0.9.2"
MARK = 1  # of what goes to MARKED
LDIRECTORD = "/usr/sbin/ldirectord"
THEIRS = "/usr/sbin/ipvsadm"  # the path that ldirectord has built in
PATIENCE = 40  # seconds for what takes a round of checks or two


def ready():
    """A laboratory with servers and a director."""
    for program in (LDIRECTORD, THEIRS):
        if not os.access(program, os.X_OK):
            raise lab.Skip(f"there is no {program}")
    room = Lab()
    try:
        room.start_servers()
        for server in room.servers:
            healthy(room, server, True)
        room.start_director()
        room.call("change", ops=[{"op": "mark.add", "mark": MARK, "dst": MARKED + "/32", "proto": "tcp", "ports": "80"}])
    except BaseException:
        room.close()
        raise
    return room


def healthy(room, server, is_healthy):
    """Whether the checks find the page they ask for; everything else of the server goes on."""
    page = os.path.join(room.dir, "www-" + server.role, "alive")
    if is_healthy:
        with open(page, "w", encoding="ascii") as file:
            file.write("yes\n")
    else:
        os.remove(page)


# --- ldirectord ---


def config(room, quiescent, weights):
    """Services of IPv4, IPv6 and a mark: two servers with these weights, the third as a fallback."""
    text = f"checktimeout=5\nnegotiatetimeout=5\ncheckinterval=1\nautoreload=no\nquiescent={quiescent}\nsupervised=yes\n"
    text += f"logfile=\"{room.dir}/checks.log\"\n"
    blocks = ((6, "virtual6", f"[{VIP6}]:80", "tcp", "masq"), (4, "virtual", f"{VIP}:80", "tcp", "masq"), (4, "virtual", str(MARK), "fwm", "gate"))
    for version, word, vip, proto, fwd in blocks:
        reals = [ends(server.rip[version], 80) for server in room.servers]
        text += f"{word}={vip}\n\tprotocol={proto}\n\tscheduler=wrr\n\tservice=http\n\tcheckport=80\n\trequest=\"alive\"\n\treceive=\"yes\"\n"
        suffix = "6" if version == 6 else ""
        for real, weight in zip(reals, weights):
            text += f"\treal{suffix}={real} {fwd} {weight}\n"
        text += f"\tfallback{suffix}={reals[2]} {fwd}\n"
    with open(os.path.join(room.dir, "ldirectord.cf"), "w", encoding="ascii") as file:
        file.write(text)


def start(room):
    """ldirectord where our program is the only ipvsadm there is."""
    ours = room.program("sluice")
    setup = f"mount --bind {ours} {THEIRS} && mount -t tmpfs none /run && exec {LDIRECTORD} {room.dir}/ldirectord.cf start"
    return room.director.spawn("unshare", "--mount", "--propagation", "private", "sh", "-c", setup, log="ldirectord")


def table(room):
    """{service: {server: weight}} as -L -n prints it."""
    found = {}
    for line in room.ipvsadm("-L", "-n").stdout.splitlines()[3:]:
        words = line.split()
        if words[0] == "->":
            found[service][words[1]] = int(words[3])
        else:
            service = " ".join(words[:2])
            found[service] = {}
    return found


def expect(room, child, servers, what):
    """Wait until each service has exactly these servers: {number: weight}."""
    services = ((4, f"TCP {VIP}:80"), (6, f"TCP [{VIP6}]:80"), (4, f"FWM {MARK}"))
    wanted = {name: {ends(room.servers[n].rip[version], 80): weight for n, weight in servers.items()} for version, name in services}

    def there():
        check(child.poll() is None, f"ldirectord ended: {room.log('ldirectord')}")
        return table(room) == wanted

    try:
        wait_for(there, what, PATIENCE)
    except lab.LabError as error:
        raise lab.LabError(f"{error}; the table is {table(room)}; {room.log('checks')[-2000:]}") from error


def answering(room, vip, names):
    """The next requests are answered by these servers alone, and by all of them."""
    answered = {clients.who(room.client, vip, 80) for _ in range(12)}
    check(answered == names, f"{vip}: {answered} answered, not {names}")


def all_answer(room, names):
    for vip in (VIP, VIP6, MARKED):
        answering(room, vip, names)


def checks(quiescent, room):
    gone = {"yes": {0: 0}, "no": {}}[quiescent]  # how a server that fails is kept
    config(room, quiescent, (5, 1))
    child = start(room)
    expect(room, child, {0: 5, 1: 1}, "both servers")
    all_answer(room, {"rs1", "rs2"})
    healthy(room, room.servers[0], False)
    expect(room, child, gone | {1: 1}, "the first server to go")
    all_answer(room, {"rs2"})
    healthy(room, room.servers[0], True)
    expect(room, child, {0: 5, 1: 1}, "the first server to come back")
    all_answer(room, {"rs1", "rs2"})
    for server in room.servers[:2]:
        healthy(room, server, False)
    expect(room, child, {n: 0 for n in (0, 1) if gone} | {2: 1}, "the fallback server")
    all_answer(room, {"rs3"})
    for server in room.servers[:2]:
        healthy(room, server, True)
    expect(room, child, {0: 5, 1: 1}, "the fallback server to go")
    config(room, quiescent, (3, 4))
    child.send_signal(signal.SIGHUP)
    expect(room, child, {0: 3, 1: 4}, "the new weights")
    all_answer(room, {"rs1", "rs2"})
    child.terminate()
    check(child.wait(PATIENCE) == 0, f"ldirectord's status is {child.returncode}: {room.log('ldirectord')}")
    check(table(room) == {}, f"ldirectord left {table(room)}")
    log = room.log("checks")
    check("failed" not in log, f"a command of ldirectord failed: {log}")


# --- scripts ---

HOWTO = """\
set -e
PATH={folder}:$PATH
VIP={vip}
RIPS="{rips}"
ipvsadm -C
ipvsadm --set 900 60 300
for port in http 443; do
	ipvsadm -A -t $VIP:$port -s wlc
	for rip in $RIPS; do ipvsadm -a -t $VIP:$port -r $rip -m -w 1; done
done
ipvsadm -A -u $VIP:domain -s rr
for rip in $RIPS; do ipvsadm -a -u $VIP:domain -r $rip:domain -m; done
ipvsadm-save -n > {folder}/saved
ipvsadm -e -t $VIP:443 -r {first} -m -w 0
test "$(ipvsadm -L -n | awk '/->.*:443 / && $4 == 0 {{ n++ }} END {{ print n }}')" = 1
ipvsadm -D -t $VIP:443
if ipvsadm -L -n -t $VIP:443 2> /dev/null; then exit 9; fi
if ipvsadm -D -t $VIP:443 2> /dev/null; then exit 9; fi
ipvsadm-restore < {folder}/saved
ipvsadm-save -n | cmp - {folder}/saved
ipvsadm -L --timeout
"""


def programs(room):
    """A folder with ipvsadm under its names."""
    folder = os.path.join(room.dir, "bin")
    if not os.path.exists(folder):
        os.mkdir(folder)
        for name in ("ipvsadm", "ipvsadm-save", "ipvsadm-restore"):
            os.symlink(room.program("sluice"), os.path.join(folder, name))
    return folder


def howto(room):
    folder = programs(room)
    rips = [server.rip[4] for server in room.servers]
    script = HOWTO.format(folder=folder, vip=VIP, rips=" ".join(rips), first=rips[0])
    said = room.director.run("sh", "-c", script).stdout
    check(said == "Timeout (tcp tcpfin udp): 900 60 300\n", f"the script said {said}")
    answering(room, VIP, {"rs1", "rs2", "rs3"})


def shell_loop(room):
    """1,000 single commands of a shell: 250 services, each added, given a server, changed and zeroed."""
    folder = programs(room)
    script = f"""\
set -e
i=0
while [ $i -lt 250 ]; do
	vip=10.9.$((i / 100)).$((i % 100 + 1)):80
	{folder}/ipvsadm -A -t $vip -s rr
	{folder}/ipvsadm -a -t $vip -r 10.0.2.11 -m
	{folder}/ipvsadm -e -t $vip -r 10.0.2.11 -m -w $((i + 1))
	{folder}/ipvsadm -Z -t $vip
	i=$((i + 1))
done
"""
    room.director.run("sh", "-c", script, timeout=300)
    rows = sorted(server["weight"] for server in room.server_rows())
    check(rows == list(range(1, 251)), f"{len(rows)} servers, weights {rows[:5]}...")


def cases():
    for quiescent in ("yes", "no"):
        yield Case(f"ldirectord: a server fails and comes back, quiescent={quiescent}", functools.partial(checks, quiescent), room=ready)
    yield Case("scripts: as in the HOWTO", howto, "full")
    yield Case("scripts: a shell loop of 1,000 commands", shell_loop, "full")
