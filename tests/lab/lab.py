# SPDX-License-Identifier: GPL-2.0-or-later
"""A laboratory: a client, a director and three real servers, each in a network namespace of its own, with real programs.

                    10.0.1.0/24  fd00:1::/64
     client .2 ---------------------------------- .1 director
       eth0                                     c0       | s0  10.0.2.1  fd00:2::1
       lan0 10.0.2.9 fd00:2::9                           |
         |                                               |
         +------------------- switch (a bridge) ---------+       10.0.2.0/24  fd00:2::/64
                                |      |      |
                               rs1    rs2    rs3                 10.0.2.11-13  fd00:2::11-13   eth0
                                                                 VIPs on lo, without ARP
     VIPs 10.0.9.1-4 and fd00:9::1-4 are on the director's lo; the client routes 1 and 2, and the servers' own addresses, to
     its c0, 3 and 4 to its s0. The routes to 2 and 4 leave room for a tunnel's header.

Real servers answer from their own address by way of the director (NAT needs that) and from a VIP by way of the client's second leg (DR and
TUN: the director never sees replies), so that one laboratory serves every forwarding method.

The names of the namespaces begin with "sl" and the number of this process. Nothing outside them is touched; close() removes all.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
ACTIVE = ("ESTABLISHED", "SYN_SENT", "SYN_RECV", "SYNACK")  # what ipvsadm calls ActiveConn
CLONE_NEWNET = 0x40000000
LANES = ("full", "native", "generic")  # the full lane alone; the express lane in front of it, two ways
VERBOSE = False

_libc = ctypes.CDLL(None, use_errno=True)
_home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class LabError(Exception):
    """The laboratory itself did not work, or a program in it ended in another way than expected."""


class Skip(Exception):
    """The test can't run here; the text says why."""


class Case:
    """A test: a name, function(lab), and either the lane of the shared laboratory it runs in or how to make one of its own."""

    def __init__(self, name, function, shared=None, room=None):
        self.name, self.function, self.shared = name, function, shared
        self.room = room or Lab


def check(condition, what):
    if not condition:
        raise LabError(what)


def say(text):
    print(f"# {text}", flush=True)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def wait_for(condition, what, seconds=10.0):
    """Poll until condition() is true; its value, or LabError when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.02)


def url(addr, port, path=""):
    host = f"[{addr}]" if ":" in addr else addr
    return f"http://{host}:{port}/{path}"


def ends(addr, port):
    """ADDRESS:PORT as ipvsadm writes it."""
    return f"[{addr}]:{port}" if ":" in addr else f"{addr}:{port}"


class Space:
    """A network namespace."""

    def __init__(self, lab, role):
        self.lab, self.role, self.name = lab, role, f"{lab.prefix}-{role}"
        run("ip", "netns", "add", self.name)
        self.fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        self.ip("link", "set", "lo", "up")
        for key in ("net.ipv4.conf.all.rp_filter", "net.ipv4.conf.default.rp_filter", "net.ipv6.conf.all.accept_dad",
                    "net.ipv6.conf.default.accept_dad", "net.ipv6.conf.default.router_solicitations"):
            self.sysctl(key, 0)

    def ip(self, *args):
        return run("ip", "-n", self.name, *args, role=self.role)

    def sysctl(self, key, value):
        with self.inside():
            path = "/proc/sys/" + key.replace(".", "/")
            with open(path, "w", encoding="ascii") as file:
                file.write(str(value))

    @contextlib.contextmanager
    def inside(self):
        """Sockets made in this block belong to the namespace, also later."""
        _setns(self.fd)
        try:
            yield
        finally:
            _setns(_home)

    def run(self, *cmd, **how):
        return run("ip", "netns", "exec", self.name, *cmd, role=self.role, **how)

    def out(self, *cmd, **how):
        return self.run(*cmd, **how).stdout.strip()

    def spawn(self, *cmd, log=None, **how):
        return self.lab.spawn("ip", "netns", "exec", self.name, *cmd, role=self.role, log=log, **how)

    def close(self):
        os.close(self.fd)
        run("ip", "netns", "del", self.name, check=False)


def shown(cmd):
    words = list(cmd)
    if words[:3] == ["ip", "netns", "exec"]:
        words = words[4:]
    elif words[:2] == ["ip", "-n"]:
        words = ["ip"] + words[3:]
    return " ".join(words)


def run(*cmd, role="lab", check=True, input=None, timeout=60, env=None, cwd=None):
    """Run a command to its end; its result with text output. LabError when it fails and `check` is set."""
    cmd = [str(c) for c in cmd]
    if VERBOSE:
        say(f"[{role}] {shown(cmd)}")
    done = subprocess.run(cmd, input=input, capture_output=True, text=True, errors="replace", timeout=timeout, check=False,
                          env=dict(os.environ, **env) if env else None, cwd=cwd, stdin=subprocess.DEVNULL if input is None else None)
    if VERBOSE and (done.stdout or done.stderr):
        print((done.stdout + done.stderr).rstrip(), flush=True)
    if check and done.returncode:
        raise LabError(f"[{role}] {shown(cmd)}: status {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done


class Lab:
    """The topology above. lane: which lane the director's interfaces get (LANES)."""

    made = 0

    def __init__(self, lane="full", servers=3):
        Lab.made += 1
        self.prefix = f"sl{os.getpid()}x{Lab.made}"
        self.dir = tempfile.mkdtemp(prefix=self.prefix + "-")
        self.lane = lane
        self.children = []
        self.spaces = []
        self.sluiced = None
        try:
            self._build(servers)
        except BaseException:
            self.close()
            raise

    # --- building ---

    def space(self, role):
        space = Space(self, role)
        self.spaces.append(space)
        return space

    def link(self, a, a_name, b, b_name):
        """A cable: a veth pair between two namespaces, up at both ends."""
        a.ip("link", "add", a_name, "type", "veth", "peer", "name", b_name, "netns", b.name)
        for space, name in ((a, a_name), (b, b_name)):
            space.ip("link", "set", name, "up")

    def _build(self, servers):
        self.client, self.director, self.switch = self.space("client"), self.space("director"), self.space("switch")
        self.servers = [self.space(f"rs{n}") for n in range(1, servers + 1)]
        self.switch.ip("link", "add", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self.switch.ip("link", "set", "br0", "up")
        self.link(self.client, "eth0", self.director, "c0")
        for space, name, port in [(self.client, "lan0", "client"), (self.director, "s0", "director")] + \
                [(server, "eth0", server.role) for server in self.servers]:
            self.link(space, name, self.switch, port)
            self.switch.ip("link", "set", port, "master", "br0")
        self.address(self.client, "eth0", "10.0.1.2", "fd00:1::2")
        self.address(self.client, "lan0", "10.0.2.9", "fd00:2::9")
        self.address(self.director, "c0", "10.0.1.1", "fd00:1::1")
        self.address(self.director, "s0", "10.0.2.1", "fd00:2::1")
        for number, server in enumerate(self.servers, 11):
            self.address(server, "eth0", f"10.0.2.{number}", f"fd00:2::{number}")
            server.rip = {4: f"10.0.2.{number}", 6: f"fd00:2::{number}"}
            self._real_server(server)
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            self.director.sysctl(key, 1)
        for net in ["10.0.9.0/24"] + [server.rip[4] for server in self.servers]:
            self.client.ip("route", "add", net, "via", "10.0.1.1")
        for net in ["fd00:9::/64"] + [server.rip[6] for server in self.servers]:
            self.client.ip("-6", "route", "add", net, "via", "fd00:1::1")
        self.client.ip("route", "add", "10.0.9.2/32", "via", "10.0.1.1", "mtu", "1440")  # room for an outer header
        self.client.ip("-6", "route", "add", "fd00:9::2/128", "via", "fd00:1::1", "mtu", "1440")
        for n, mtu in ((3, 1500), (4, 1440)):  # these two by the client's leg on the servers' LAN: one arm of the director does it all
            self.client.ip("route", "add", f"10.0.9.{n}/32", "via", "10.0.2.1", "src", "10.0.1.2", "mtu", mtu)
            self.client.ip("-6", "route", "add", f"fd00:9::{n}/128", "via", "fd00:2::1", "src", "fd00:1::2", "mtu", mtu)
        for n in range(1, 5):
            self.director.ip("addr", "add", f"10.0.9.{n}/32", "dev", "lo")
            self.director.ip("addr", "add", f"fd00:9::{n}/128", "dev", "lo", "nodad")
        if self.lane != "full":
            self._plain_ends()
        for server in self.servers:
            for family in (4, 6):
                self.client.run("ping", f"-{family}", "-c", "1", "-W", "5", server.rip[family], "-I", "10.0.1.2" if family == 4 else "fd00:1::2")

    @staticmethod
    def address(space, dev, v4, v6):
        space.ip("addr", "add", v4 + "/24", "dev", dev)
        space.ip("addr", "add", v6 + "/64", "dev", dev, "nodad")

    @staticmethod
    def _real_server(server):
        """Default routes by source address, VIPs without ARP, and a tunnel's far end."""
        server.ip("route", "add", "default", "via", "10.0.2.1")
        server.ip("-6", "route", "add", "default", "via", "fd00:2::1")
        server.ip("rule", "add", "from", "10.0.9.0/24", "lookup", "100")
        server.ip("-6", "rule", "add", "from", "fd00:9::/64", "lookup", "100")
        server.ip("route", "add", "default", "via", "10.0.2.9", "table", "100")
        server.ip("-6", "route", "add", "default", "via", "fd00:2::9", "table", "100")
        server.sysctl("net.ipv4.conf.all.arp_ignore", 1)
        server.sysctl("net.ipv4.conf.all.arp_announce", 2)
        for n in range(1, 5):
            server.ip("addr", "add", f"10.0.9.{n}/32", "dev", "lo")
            server.ip("addr", "add", f"fd00:9::{n}/128", "dev", "lo", "nodad")
        run("tc", "-n", server.name, "qdisc", "add", "dev", "eth0", "clsact")
        run("tc", "-n", server.name, "filter", "add", "dev", "eth0", "ingress", "bpf", "direct-action",
            "object-file", os.path.join(BUILD, "tests/lab/decap.bpf.o"), "section", "tc")

    def _plain_ends(self):
        """XDP on veth loses partial checksums and GSO packets, so the ends make neither; and a redirect needs a program on the peer."""
        ends_ = [(self.client, "eth0"), (self.client, "lan0")] + [(server, "eth0") for server in self.servers]
        ends_ += [(self.switch, port) for port in ["client", "director"] + [server.role for server in self.servers]]
        ends_ += [(self.director, "c0"), (self.director, "s0")]
        for space, dev in ends_:
            space.run("ethtool", "-K", dev, "tx", "off", "tso", "off", "gso", "off", "gro", "off", "rx", "on", check=False)
        for space, dev in ((self.client, "eth0"), (self.switch, "director")):
            space.ip("link", "set", "dev", dev, "xdpdrv", "object", os.path.join(BUILD, "tests/lab/pass.bpf.o"), "section", "xdp")

    # --- programs ---

    def spawn(self, *cmd, role="lab", log=None, **how):
        """Start a program that close() will end. Its output goes to <log>.log in the laboratory's folder unless `stdout` is given."""
        cmd = [str(c) for c in cmd]
        if VERBOSE:
            say(f"[{role}] {shown(cmd)} &")
        if "stdout" not in how:
            how["stdout"] = open(os.path.join(self.dir, (log or role) + ".log"), "ab")
        how.setdefault("stderr", subprocess.STDOUT if log else how["stdout"])
        how.setdefault("stdin", subprocess.DEVNULL)
        child = subprocess.Popen(cmd, **how)
        self.children.append(child)
        return child

    def log(self, name):
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.dir, name + ".log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        return ""

    def start_servers(self):
        """nginx on port 80 and server.py on ports 7000 (TCP and UDP) and 53 (DNS over UDP) of each real server."""
        for server in self.servers:
            self.nginx(server)
            server.spawn(sys.executable, os.path.join(HERE, "server.py"), server.role, log=server.role)
        for server in self.servers:
            wait_for(lambda s=server: "ready" in self.log(s.role), f"server.py of {server.role}")
            for family in (4, 6):
                wait_for(lambda s=server, f=family: self.connects(s, s.rip[f], 80), f"nginx of {server.role}")

    def nginx(self, space, port=80):
        root = os.path.join(self.dir, "www-" + space.role)
        os.makedirs(root)
        os.chmod(self.dir, 0o755)
        with open(os.path.join(root, "who"), "w", encoding="ascii") as page:
            page.write(space.role + "\n")
        with open(os.path.join(root, "big"), "wb") as page:
            page.write(big_file())
        conf = os.path.join(self.dir, space.role + ".conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write(f"""daemon off; master_process off; pid {conf}.pid; error_log {self.dir}/nginx-{space.role}.log;
events {{ worker_connections 8192; }}
http {{
	access_log off; keepalive_requests 100000; default_type text/plain; client_body_temp_path {root}.body;
	server {{ listen {port} backlog=4096; listen [::]:{port} ipv6only=on backlog=4096; root {root}; add_header X-Server {space.role}; }}
}}
""")
        return space.spawn("nginx", "-e", os.path.join(self.dir, f"nginx-{space.role}.log"), "-c", conf, log="nginx-" + space.role)

    @staticmethod
    def connects(space, addr, port):
        with space.inside(), socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET) as sock:
            sock.settimeout(2)
            with contextlib.suppress(OSError):
                sock.connect((addr, port))
                return True
        return False

    # --- the director ---

    def program(self, name):
        """An ipvsadm, sluice or sluiced of this build."""
        return os.path.join(BUILD, "sluiced", name) if name == "sluiced" else os.path.join(BUILD, "cli", name)

    def start_director(self, *options):
        lane = {"full": "off", "native": "native", "generic": "generic"}[self.lane]
        self.options = options
        self.sluiced = self.director.spawn(self.program("sluiced"), "--xdp", lane, *options, log="sluiced")
        self.director.run(self.program("sluice"), "ping", "--wait", "60s")

    def kill_director(self, sig=signal.SIGKILL):
        """ip netns exec has become the daemon, so the child's number is the daemon's."""
        self.sluiced.send_signal(sig)
        return self.sluiced.wait(30)

    def ipvsadm(self, *args, **how):
        return self.director.run(self.program("ipvsadm"), *args, **how)

    def sluice(self, *args, **how):
        return self.director.run(self.program("sluice"), *args, **how)

    def teardown(self, **how):
        return self.director.run(self.program("sluiced"), "--teardown", **how)

    def call(self, method, **params):
        """One request on the control socket; its result. LabError for an error reply."""
        reply = json.loads(self.raw(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"))
        if "error" in reply:
            raise LabError(f"{method}: {reply['error']}")
        return reply["result"]

    def control(self):
        with self.director.inside():
            sock = socket.socket(socket.AF_UNIX)
            sock.connect("\0sluice")
            sock.settimeout(10)
            return sock

    def raw(self, data):
        """Send bytes to the control socket; the first line that comes back, b"" when it closes."""
        with self.control() as sock:
            sock.sendall(data)
            return sock.makefile("rb").readline()

    def watched(self):
        """Does somebody look at the director's packets?"""
        return any(row["tapped"] for row in self.call("interfaces")["interfaces"])

    def services(self):
        return self.call("services")["services"]

    def server_rows(self, vport=None):
        """All servers of all services, or of those with this port, as one list."""
        return [server for service in self.services() for server in service["servers"] if vport in (None, service["port"])]

    def counter(self, name):
        counters = self.call("counters")
        for row in counters["drops"]:
            if row["name"] == name:
                return row["packets"]
        for row in counters["events"]:
            if row["name"] == name:
                return row["count"]
        raise LabError(f"no counter {name}")

    def connections(self):
        found, after = [], {}
        while True:
            page = self.call("connections", **after)
            found += page["connections"]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}

    def loads(self, vip, port):
        """Active and inactive connections of each server of a service, as the counters have them."""
        rows = [server for service in self.services() if (service["addr"], service["port"]) == (vip, port) for server in service["servers"]]
        return {row["addr"]: (row["active"], row["inactive"]) for row in rows}

    def listed(self, vip, port):
        """The same, counted from the list of connections."""
        found = {addr: [0, 0] for addr in self.loads(vip, port)}
        for row in self.connections():
            if row["virtual"] == {"addr": vip, "port": port} and row["server"]["addr"] in found:
                found[row["server"]["addr"]][row["state"] not in ACTIVE] += 1
        return {addr: tuple(pair) for addr, pair in found.items()}

    def service(self, vip, port, fwd, dests, proto="tcp", sched="rr", dport=None):
        """A virtual service with real servers, by the classic commands. fwd: nat, dr, tun."""
        flag = {"tcp": "-t", "udp": "-u"}[proto]
        self.ipvsadm("-A", flag, ends(vip, port), "-s", sched)
        for dest in dests:
            self.ipvsadm("-a", flag, ends(vip, port), "-r", ends(dest, dport or port), {"nat": "-m", "dr": "-g", "tun": "-i"}[fwd])

    # --- the end ---

    def close(self):
        if self.sluiced:
            if self.sluiced.poll() is None:
                self.kill_director()
            with contextlib.suppress(Exception):
                self.teardown(check=False, timeout=20)
        for child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children = []
        for space in self.spaces:
            space.close()
        self.spaces = []
        shutil.rmtree(self.dir, ignore_errors=True)


_big = b""


def big_file():
    """16 MiB that compress badly, the same for all."""
    global _big
    if not _big:
        _big = os.urandom(16 << 20)
    return _big
