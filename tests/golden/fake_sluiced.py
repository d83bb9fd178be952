#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/golden/fake_sluiced.py [--silent] SOCKET [STATE.json]: a stand-in for sluiced that speaks docs/api.md and forwards nothing.

For what a real director shows only after hours: counters of any size, connections in any state. STATE.json holds the answers to
begin with: "services", "connections", "timeouts", "totals", "counters", "interfaces", "daemons", "settings" and "rules" as in docs/api.md. SOCKET is a path. --silent: it takes
requests and never answers. It serves until its standard input ends.
"""

import copy
import ipaddress
import json
import os
import selectors
import socket
import sys

ERRORS = {"EEXIST": 1, "ESRCH": 2, "ENOENT": 3, "EINVAL": 4, "ERANGE": 5, "EPERM": 7, "ENOSYS": 9, "ENODEV": 4}
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos")
SERVICE_OPTIONS = ("flags", "persist", "mask", "pe", "ops", "timeouts", "allow")
PAGE = 3  # connections a page: few, so that paging is seen
NOTHING = {"conns": 0, "in_pkts": 0, "out_pkts": 0, "in_bytes": 0, "out_bytes": 0}


def name_of(thing):
    """What names a service."""
    if "fwmark" in thing:
        return ("fwmark", thing["fwmark"], thing.get("family", "ipv4"))
    return (thing["proto"], thing["addr"], thing["port"])


class Refused(Exception):
    def __init__(self, name, message, op=None):
        super().__init__(message)
        self.name, self.op = name, op


class Model:
    def __init__(self, state):
        self.services = state.get("services", [])
        self.connections = state.get("connections", [])
        self.timeouts = state.get("timeouts", {"tcp": 900, "tcpfin": 120, "udp": 300})
        self.counters = state.get("counters", {"drops": [], "events": []})
        self.interfaces = state.get("interfaces", [])
        self.totals = state.get("totals", {"stats": NOTHING, "rates": NOTHING, "cpus": [{"cpu": 0, "stats": NOTHING, "rates": NOTHING}]})
        self.daemons = state.get("daemons", [])
        self.settings = state.get("settings", [])
        self.rules = state.get("rules", [])
        self.generation = 1

    def find(self, op):
        for service in self.services:
            if name_of(service) == name_of(op):
                return service
        raise Refused("ESRCH", "no such service")

    @staticmethod
    def find_server(service, op):
        for server in service["servers"]:
            if server["addr"] == op["server"]["addr"] and server["port"] == op["server"].get("port", service.get("port", 0)):
                return server
        raise Refused("ENOENT", "no such server")

    @staticmethod
    def service_options(op):
        name = op.get("sched", "wlc")
        if name not in SCHEDULERS or op.get("pe", "sip") != "sip":
            raise Refused("ENOENT", f"no such scheduler: {name}")
        return {"sched": name} | {k: op[k] for k in SERVICE_OPTIONS if op.get(k) or (k == "allow" and op.get(k) is not None)}

    def service_add(self, op):
        if any(name_of(service) == name_of(op) for service in self.services):
            raise Refused("EEXIST", "the service is there already")
        names = {k: op[k] for k in ("proto", "addr", "port", "fwmark", "family") if k in op}
        self.services.insert(0, {**names, **self.service_options(op), "stats": dict(NOTHING), "rates": dict(NOTHING), "servers": []})

    def service_edit(self, op):
        service = self.find(op)
        options = self.service_options(op)
        for option in SERVICE_OPTIONS:
            if option != "allow" or "allow" in op:  # left out it stays
                service.pop(option, None)
        service.update(options)

    def service_delete(self, op):
        self.services.remove(self.find(op))

    @staticmethod
    def server_options(op):
        options = {"fwd": "route", "weight": 1, "upper": 0, "lower": 0} | {k: op[k] for k in ("fwd", "weight", "upper", "lower") if k in op}
        if options["lower"] > options["upper"] > 0:
            raise Refused("ERANGE", "the lower threshold is above the upper one")
        if options["fwd"] == "tunnel":
            options["tunnel"] = op.get("tunnel", {"type": "ipip"})
        return options

    def server_add(self, op):
        service = self.find(op)
        options = self.server_options(op)
        try:
            self.find_server(service, op)
        except Refused:
            service["servers"].insert(0, {"port": service.get("port", 0), **op["server"], **options, "local": False, "active": 0, "inactive": 0, "persistent": 0,
                                          "overloaded": False, "stats": dict(NOTHING), "rates": dict(NOTHING)})
            return
        raise Refused("EEXIST", "the server is there already")

    def server_edit(self, op):
        server = self.find_server(self.find(op), op)
        server.pop("tunnel", None)
        server.update(self.server_options(op))

    def server_delete(self, op):
        service = self.find(op)
        service["servers"].remove(self.find_server(service, op))

    def clear(self, _op):
        self.services.clear()

    def zero(self, op):
        for service in [self.find(op)] if "proto" in op or "fwmark" in op else self.services:
            for thing in [service, *service["servers"]]:
                thing["stats"], thing["rates"] = dict(NOTHING), dict(NOTHING)

    def set_timeouts(self, op):
        self.timeouts.update({k: op[k] for k in ("tcp", "tcpfin", "udp") if op.get(k)})

    def setting(self, op):
        for row in self.settings:
            if row["name"] == op["name"]:
                row["value"] = op["value"]
                return
        raise Refused("EINVAL", f"there is no setting {op['name']}")

    def mark_add(self, op):
        rule = {"id": max([rule["id"] for rule in self.rules], default=0) + 1, **{k: v for k, v in op.items() if k not in ("op", "before")}}
        places = [i for i, other in enumerate(self.rules) if other["id"] == op.get("before")]
        self.rules.insert(places[0] if places else len(self.rules), rule)

    def mark_delete(self, op):
        left = [rule for rule in self.rules if not op.get("all") and rule["id"] != op["id"]]
        if len(left) == len(self.rules) and not op.get("all"):
            raise Refused("ENOENT", f"there is no rule {op['id']}")
        self.rules = left

    def sync_start(self, op):
        if any(daemon["role"] == op["role"] for daemon in self.daemons):
            raise Refused("EEXIST", "it runs already")
        try:
            socket.if_nametoindex(op["interface"])
        except OSError as error:
            raise Refused("ENODEV", "no such interface") from error
        group = op.get("group", "224.0.0.81")
        self.daemons.append({"id": 0, "maxlen": 1452 if ":" in group else 1472, "group": group, "port": 8848, "ttl": 1} |
                            {k: v for k, v in op.items() if k != "op"})

    def sync_stop(self, op):
        left = [daemon for daemon in self.daemons if daemon["role"] != op["role"]]
        if len(left) == len(self.daemons):
            raise Refused("ESRCH", "it does not run")
        self.daemons = left


OPS = {"service.add": Model.service_add, "service.edit": Model.service_edit, "service.delete": Model.service_delete,
       "server.add": Model.server_add, "server.edit": Model.server_edit, "server.delete": Model.server_delete,
       "clear": Model.clear, "zero": Model.zero, "timeouts": Model.set_timeouts,
       "setting": Model.setting, "mark.add": Model.mark_add, "mark.delete": Model.mark_delete, "sync.start": Model.sync_start, "sync.stop": Model.sync_stop}


class Daemon:
    def __init__(self, state):
        self.model = Model(state)

    def change(self, params):
        candidate = copy.deepcopy(self.model)
        for index, op in enumerate(params["ops"]):
            try:
                OPS[op["op"]](candidate, op)
            except Refused as refused:
                refused.op = index
                raise
        candidate.generation += 1
        self.model = candidate
        return {"generation": candidate.generation, "changed": len(params["ops"])}

    def services(self, params):
        found = [self.model.find(params)] if "proto" in params or "fwmark" in params else self.model.services
        return {"slots": 4096, "services": found}

    @staticmethod
    def fits(conn, params):
        service, prefix = params.get("service"), params.get("client")
        if service and any(value != (conn.get(key) if key in ("proto", "fwmark") else conn["virtual"].get(key))
                           for key, value in service.items() if key != "family"):
            return False
        if prefix and ipaddress.ip_address(conn["client"]["addr"]) not in ipaddress.ip_network(prefix, strict=False):
            return False
        if not params.get("templates", True) and conn.get("template"):
            return False
        return params.get("server", conn["server"]["addr"]) == conn["server"]["addr"] and params.get("state", conn["state"]) == conn["state"]

    def connections(self, params):
        first = params.get("after", 0)
        page = [conn for conn in self.model.connections[first:first + PAGE] if self.fits(conn, params)]
        more = first + PAGE < len(self.model.connections)
        return {"connections": page, "next": first + PAGE if more else None}

    def answer(self, method, params):
        if method == "ping":
            return {"version": "0.0.0", "pid": 1, "generation": self.model.generation, "ready": True}
        if method in ("change", "services", "connections"):
            return getattr(self, method)(params)
        if method == "interfaces":
            return {"interfaces": self.model.interfaces}
        if method in ("settings", "marks"):
            return {"settings": self.model.settings} if method == "settings" else {"rules": self.model.rules}
        if method == "sync":
            return {"daemons": self.model.daemons}
        return getattr(self.model, method)

    def reply(self, line):
        request = json.loads(line)
        head = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            return {**head, "result": self.answer(request["method"], request.get("params", {}))}
        except Refused as refused:
            data = {"errno": refused.name} | ({} if refused.op is None else {"op": refused.op})
            return {**head, "error": {"code": ERRORS[refused.name], "message": str(refused), "data": data}}


def serve(daemon, listener, silent):
    waiting = selectors.DefaultSelector()
    waiting.register(sys.stdin.buffer, selectors.EVENT_READ)
    waiting.register(listener, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is not listener:
                return
            with listener.accept()[0] as peer, peer.makefile("rwb") as lines:
                for line in lines:
                    if not silent:
                        lines.write(json.dumps(daemon.reply(line)).encode() + b"\n")
                        lines.flush()


def main():
    args = [arg for arg in sys.argv[1:] if arg != "--silent"]
    state = {}
    if len(args) > 1:
        with open(args[1], encoding="utf-8") as source:
            state = json.load(source)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(args[0])
        listener.listen(16)
        serve(Daemon(state), listener, len(args) != len(sys.argv) - 1)
    os.unlink(args[0])


if __name__ == "__main__":
    main()
