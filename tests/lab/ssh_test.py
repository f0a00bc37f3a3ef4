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
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

NEAR, FAR = f"vzn{os.getpid()}", f"vzf{os.getpid()}"
MAGIC = b"\x01vazao-agent\n"
SACK = "/proc/sys/net/ipv4/tcp_sack"


def skip(why):
    print(why, file=sys.stderr)
    sys.exit(77)


def sh(*words, check=True):
    return subprocess.run(words, check=check, text=True, capture_output=True)


def far(*words):
    return sh("ip", "netns", "exec", FAR, *words).stdout.strip()


class Bed:
    """Two namespaces, a cable, and an sshd at its far end."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="vazao-ssh-")
        self.sshd = None
        for netns in NEAR, FAR:
            if sh("ip", "netns", "add", netns, check=False).returncode:
                skip("no network namespaces: they take root and iproute2")
            sh("ip", "-n", netns, "link", "set", "lo", "up")
        sh("ip", "-n", NEAR, "link", "add", "eth0", "type", "veth", "peer",
           "name", "eth0", "netns", FAR)
        for netns, host in (NEAR, 1), (FAR, 2):
            sh("ip", "-n", netns, "addr", "add", f"198.51.100.{host}/24",
               "dev", "eth0")
            sh("ip", "-n", netns, "link", "set", "eth0", "up")
        self.start_sshd()
        return self

    def start_sshd(self):
        for name in "host", "user":
            sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
               f"{self.dir}/{name}")
        shutil.copy(f"{self.dir}/user.pub", f"{self.dir}/authorized")
        host_key = open(f"{self.dir}/host.pub").read().split()
        self.write("known", f"[198.51.100.2]:2222 {' '.join(host_key[:2])}\n")
        self.write("sshd_config", f"""\
Port 2222
ListenAddress 198.51.100.2
HostKey {self.dir}/host
PidFile none
AuthorizedKeysFile {self.dir}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
""")
        self.write("ssh_config", f"""\
Host far
  HostName 198.51.100.2
  Port 2222
  User root
  IdentityFile {self.dir}/user
  IdentitiesOnly yes
  UserKnownHostsFile {self.dir}/known
  StrictHostKeyChecking yes
""")
        os.makedirs("/run/sshd", exist_ok=True)
        self.sshd = subprocess.Popen(
            ["ip", "netns", "exec", FAR, "/usr/sbin/sshd", "-D", "-f",
             f"{self.dir}/sshd_config"], stderr=subprocess.DEVNULL)
        for _ in range(100):
            if "2222" in far("ss", "-ltn"):
                return
            time.sleep(0.05)
        raise AssertionError("sshd did not start")

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
            f.write(text)

    def env(self):
        return dict(os.environ, VAZAO_SSH=f"ssh -F {self.dir}/ssh_config")

    def __exit__(self, *_):
        if self.sshd:
            self.sshd.terminate()
            self.sshd.wait()
        for netns in NEAR, FAR:
            for pid in sh("ip", "netns", "pids", netns,
                          check=False).stdout.split():
                os.kill(int(pid), signal.SIGKILL)
            sh("ip", "netns", "del", netns, check=False)
        shutil.rmtree(self.dir)


class Coordinator:
    """Speaks src/agent/protocol.h through `vazao agent --over-ssh far`."""

    def __init__(self, bed, vazao, *options):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", NEAR, vazao, "agent", "--over-ssh", "far",
             *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=bed.env())
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


def settings():
    features = far("ethtool", "-k", "eth0").splitlines()
    return (far("cat", "/sys/class/net/eth0/mtu"), far("cat", SACK),
            [f for f in features if "segmentation" in f or "checksum" in f])


def temporary():
    return {d for d in os.listdir("/tmp")
            if d.startswith("vazao-") and len(d) == 14}


def await_settings(wanted, seconds):
    begun = time.monotonic()
    while settings() != wanted:
        assert time.monotonic() - begun < seconds, \
            f"after {seconds} s: {settings()} is not {wanted}"
        time.sleep(0.1)
    return time.monotonic() - begun


def test_probe(bed, vazao):
    before, files = settings(), temporary()
    done = subprocess.run(
        ["ip", "netns", "exec", NEAR, vazao, "probe", "ssh:far", "-t", "1",
         "-s", "64K", "--json"], env=bed.env(), text=True, check=True,
        capture_output=True, timeout=60)
    result = json.loads(done.stdout)
    assert result["summary"]["throughput_mbps"] > 10, result["summary"]
    assert result["m2"]["address"] == "198.51.100.2"
    assert settings() == before
    assert temporary() <= files, "a copy of the agent is left"


def test_no_login(bed, vazao):
    """Another's key: refused in one line, no question, status 3."""
    os.rename(f"{bed.dir}/authorized", f"{bed.dir}/away")
    done = subprocess.run(
        ["ip", "netns", "exec", NEAR, vazao, "probe", "ssh:far", "-t", "1"],
        env=bed.env(), text=True, capture_output=True, timeout=60,
        check=False)
    os.rename(f"{bed.dir}/away", f"{bed.dir}/authorized")
    assert done.returncode == 3, done
    assert "ssh did not get in" in done.stderr, done.stderr


def test_may_not_configure(bed, vazao):
    before = settings()
    c = Coordinator(bed, vazao)
    mtu = int(before[0])
    assert "ok" in c.call("netdev_set", ifname="eth0", mtu=mtu)
    answer = c.call("netdev_set", ifname="eth0", mtu=1400)
    assert answer["error"]["code"] == 1, answer
    assert "may_configure" in answer["error"]["text"]
    c.call("sysctl_set", values={"net.ipv4.tcp_sack": "0"})
    assert c.call("exec", argv=["true"],
                  timeout_ns=10**9)["error"]["code"] == 1
    assert settings() == before
    c.end()


def test_restored_at_the_end(bed, vazao):
    before = settings()
    c = Coordinator(bed, vazao, "--may-configure")
    c.change_all()
    assert settings() != before
    c.end()
    return await_settings(before, 5)


def test_restored_when_the_coordinator_dies(bed, vazao):
    before = settings()
    c = Coordinator(bed, vazao, "--may-configure")
    c.change_all()
    c.process.kill()
    c.process.wait()
    return await_settings(before, 10)


def test_restored_when_the_link_is_cut(bed, vazao):
    before = settings()
    c = Coordinator(bed, vazao, "--may-configure")
    c.change_all()
    sh("ip", "-n", NEAR, "link", "set", "eth0", "down")
    took = await_settings(before, 25)
    sh("ip", "-n", NEAR, "link", "set", "eth0", "up")
    c.process.kill()
    c.process.wait()
    return took


def main():
    vazao = os.path.abspath(sys.argv[1])
    for program in "ssh", "/usr/sbin/sshd", "ip", "ethtool":
        if not shutil.which(program):
            skip(f"there is no {program} (packages openssh-server, "
                 "openssh-client, iproute2, ethtool)")
    if os.geteuid() != 0:
        skip("it takes root: namespaces, and an sshd that lets root in")
    with Bed() as bed:
        for name, test in list(globals().items()):
            if not name.startswith("test_"):
                continue
            took = test(bed, vazao)
            print(f"{name}: ok" + (f", {took:.1f} s" if took else ""))


main()
