# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration works, leaves nothing, and with KEEP=1 leaves a laboratory that can be played in and removed."""

import os

import lab
from lab import Case, check

PREFIX = f"sl{os.getpid()}demo"
ROLES = ("client", "director", "switch", "rs1", "rs2", "rs3")


class NoRoom:
    """The demo builds its own laboratory; this one only remembers to remove it."""

    prefix, dir = PREFIX, f"/run/{PREFIX}-demo"

    def __init__(self):
        self.director = self

    @staticmethod
    def log(_):
        return ""

    @staticmethod
    def program(name):
        return name

    @staticmethod
    def run(*_, **__):
        raise OSError

    @staticmethod
    def close():
        demo("--remove", check=False)


def demo(*args, keep="", check=True):  # pylint: disable=redefined-outer-name
    return lab.run(os.path.join(lab.TOP, "tools/demo"), *args, timeout=60, check=check, env={"DEMO_PREFIX": PREFIX, "KEEP": keep, "BUILD": lab.BUILD})


def left():
    return [role for role in ROLES if os.path.exists(f"/run/netns/{PREFIX}-{role}")]


def shows(_):
    text = demo().stdout
    for server in ("rs1", "rs2", "rs3"):
        answers = text.count(f"Hello from real server {server}")
        check(answers == 6, f"{answers} answers of {server} instead of 6")
    for word in ("Masq", "Route", "Tunnel", "ipvsadm -A -t 10.0.9.1:80 -s rr"):
        check(word in text, f"the demo does not show {word!r}")
    check(not left() and not os.path.exists(NoRoom.dir), f"the demo left {left()}")


def keeps(_):
    text = demo(keep="1").stdout
    check(left() == list(ROLES), "KEEP=1 did not keep the laboratory")
    line = next(line.strip() for line in text.splitlines() if "-client curl" in line)
    check("Hello from real server" in lab.run(*line.split()).stdout, f"{line!r} does not work")
    demo("--remove")
    check(not left(), f"--remove left {left()}")


def cases():
    yield Case("demo: shows NAT, DR and TUN and removes everything", shows, room=NoRoom)
    yield Case("demo: KEEP=1 leaves a lab to play in", keeps, room=NoRoom)
