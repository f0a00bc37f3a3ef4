#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""usage: ssh_test.py VAZAO

Nodes over ssh, against an sshd in a namespace, with a configuration, keys and
a port of its own: a probe; an agent that may change nothing; and one that may,
whose machine is as before once the coordinator has ended, was killed, or the
link was cut.
"""

import json
import os
import struct
import subprocess
import sys

from ssh_bed import Bed, need_programs

MAGIC = b"\x01vazao-agent\n"


class Coordinator:
    """Speaks src/agent/protocol.h through `vazao agent --over-ssh far`."""

    def __init__(self, bed, vazao, *options):
        self.process = subprocess.Popen(
            bed.here(vazao, "agent", "--over-ssh", "far", *options),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=bed.env())
        self.id = 0
        seen = b""
        while not seen.endswith(MAGIC):
            byte = self.process.stdout.read(1)
            assert byte, f"no hello, but {seen!r}"
            seen += byte
        assert self.read()["protocol"] >= 1

    def read(self):
        size, = struct.unpack(">I", self.process.stdout.read(4))
        return json.loads(self.process.stdout.read(size))

    def call(self, op, **args):
        self.id += 1
        text = json.dumps({"id": self.id, "op": op, "args": args}).encode()
        self.process.stdin.write(struct.pack(">I", len(text)) + text)
        self.process.stdin.flush()
        return self.read()

    def change_all(self):
        answer = self.call("netdev_set", ifname="eth0", mtu=1400,
                           offload=False)
        assert answer["ok"]["mtu"] == 1400, answer
        self.call("sysctl_set", values={"net.ipv4.tcp_sack": "0"})

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


def temporary():
    return {d for d in os.listdir("/tmp")
            if d.startswith("vazao-") and len(d) == 14}


def test_probe(bed, vazao):
    before, files = bed.far.settings(), temporary()
    done = subprocess.run(
        bed.here(vazao, "probe", "ssh:far", "-t", "1", "-s", "64K", "--json"),
        env=bed.env(), text=True, check=True,
        capture_output=True, timeout=60)
    result = json.loads(done.stdout)
    assert result["summary"]["throughput_mbps"] > 10, result["summary"]
    assert result["m2"]["address"] == "198.51.100.2"
    assert bed.far.settings() == before
    assert temporary() <= files, "a copy of the agent is left"


def test_no_login(bed, vazao):
    """Another's key: refused in one line, no question, status 3."""
    os.rename(f"{bed.dir}/authorized", f"{bed.dir}/away")
    done = subprocess.run(
        bed.here(vazao, "probe", "ssh:far", "-t", "1"), env=bed.env(), text=True, capture_output=True, timeout=60,
        check=False)
    os.rename(f"{bed.dir}/away", f"{bed.dir}/authorized")
    assert done.returncode == 3, done
    assert "ssh did not get in" in done.stderr, done.stderr


def test_may_not_configure(bed, vazao):
    before = bed.far.settings()
    c = Coordinator(bed, vazao)
    mtu = int(before[0])
    assert "ok" in c.call("netdev_set", ifname="eth0", mtu=mtu)
    answer = c.call("netdev_set", ifname="eth0", mtu=1400)
    assert answer["error"]["code"] == 1, answer
    assert "may_configure" in answer["error"]["text"]
    c.call("sysctl_set", values={"net.ipv4.tcp_sack": "0"})
    assert c.call("exec", argv=["true"],
                  timeout_ns=10**9)["error"]["code"] == 1
    assert bed.far.settings() == before
    c.end()


def test_restored_at_the_end(bed, vazao):
    before = bed.far.settings()
    c = Coordinator(bed, vazao, "--may-configure")
    c.change_all()
    assert bed.far.settings() != before
    c.end()
    return bed.far.await_settings(before, 5)


def test_restored_when_the_coordinator_dies(bed, vazao):
    before = bed.far.settings()
    c = Coordinator(bed, vazao, "--may-configure")
    c.change_all()
    c.process.kill()
    c.process.wait()
    return bed.far.await_settings(before, 10)


def test_restored_when_the_link_is_cut(bed, vazao):
    before = bed.far.settings()
    c = Coordinator(bed, vazao, "--may-configure")
    c.change_all()
    bed.far.cut()
    took = bed.far.await_settings(before, 25)
    bed.far.cut("up")
    c.process.kill()
    c.process.wait()
    return took


def main():
    vazao = os.path.abspath(sys.argv[1])
    need_programs()
    with Bed("far") as bed:
        for name, test in list(globals().items()):
            if not name.startswith("test_"):
                continue
            took = test(bed, vazao)
            print(f"{name}: ok" + (f", {took:.1f} s" if took else ""))


main()
