# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts to reach by ssh: a coordinator's namespace with a bridge, and a
namespace with an sshd for each host, which has keys and a port of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PORT = 2222


def skip(why):
    print(why, file=sys.stderr)
    sys.exit(77)


def sh(*words, check=True):
    return subprocess.run(words, check=check, text=True, capture_output=True)


def need_programs():
    for program in "ssh", "/usr/sbin/sshd", "ip", "ethtool":
        if not shutil.which(program):
            skip(f"there is no {program} (packages openssh-server, "
                 "openssh-client, iproute2, ethtool)")
    if os.geteuid() != 0:
        skip("it takes root: namespaces, and an sshd that lets root in")


class Host:
    def __init__(self, bed, name, number):
        self.bed, self.name = bed, name
        self.netns = f"vz{os.getpid()}-{name}"
        self.address = f"198.51.100.{number}"
        self.address6 = f"2001:db8::{number}"
        self.sshd = None

    def run(self, *words):
        return sh("ip", "netns", "exec", self.netns, *words).stdout.strip()

    def make(self):
        sh("ip", "netns", "add", self.netns)
        sh("ip", "-n", self.netns, "link", "set", "lo", "up")
        sh("ip", "-n", self.netns, "link", "add", "eth0", "type", "veth",
           "peer", "name", self.name, "netns", self.bed.near)
        for family, address, bits in ("-4", self.address, 24), \
                ("-6", self.address6, 64):
            sh("ip", family, "-n", self.netns, "addr", "add",
               f"{address}/{bits}", "dev", "eth0",
               *(["nodad"] if family == "-6" else []))
        sh("ip", "-n", self.netns, "link", "set", "eth0", "up")
        sh("ip", "-n", self.bed.near, "link", "set", self.name, "master",
           "br0", "up")

    def start_sshd(self):
        self.bed.write(f"sshd-{self.name}", f"""\
Port {PORT}
ListenAddress {self.address}
HostKey {self.bed.dir}/host
PidFile none
AuthorizedKeysFile {self.bed.dir}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
""")
        self.sshd = subprocess.Popen(
            ["ip", "netns", "exec", self.netns, "/usr/sbin/sshd", "-D", "-f",
             f"{self.bed.dir}/sshd-{self.name}"], stderr=subprocess.DEVNULL)
        for _ in range(200):
            if str(PORT) in self.run("ss", "-ltn"):
                return
            time.sleep(0.05)
        raise AssertionError("sshd did not start")

    def cut(self, state="down"):
        sh("ip", "-n", self.bed.near, "link", "set", self.name, state)

    def kill_all(self):
        for pid in sh("ip", "netns", "pids", self.netns,
                      check=False).stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def settings(self):
        features = self.run("ethtool", "-k", "eth0").splitlines()
        return (self.run("cat", "/sys/class/net/eth0/mtu"),
                self.run("cat", "/proc/sys/net/ipv4/tcp_sack",
                         "/proc/sys/net/ipv4/tcp_congestion_control",
                         "/proc/sys/net/ipv4/tcp_no_metrics_save"),
                [f for f in features
                 if "segmentation" in f or "checksum" in f])

    def await_settings(self, wanted, seconds):
        begun = time.monotonic()
        while self.settings() != wanted:
            assert time.monotonic() - begun < seconds, \
                f"{self.name} after {seconds} s: {self.settings()} is not " \
                f"{wanted}"
            time.sleep(0.1)
        return time.monotonic() - begun


class Bed:
    """with Bed("far", ...) as bed: bed.far is a Host, bed.near the name of the
    coordinator's namespace."""

    def __init__(self, *names):
        self.near = f"vz{os.getpid()}-near"
        self.hosts = [Host(self, name, 2 + i) for i, name in enumerate(names)]
        for host in self.hosts:
            setattr(self, host.name, host)

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="vazao-ssh-")
        if sh("ip", "netns", "add", self.near, check=False).returncode:
            skip("no network namespaces: they take root and iproute2")
        sh("ip", "-n", self.near, "link", "set", "lo", "up")
        sh("ip", "-n", self.near, "link", "add", "br0", "type", "bridge",
           "mcast_snooping", "0")
        sh("ip", "-n", self.near, "addr", "add", "198.51.100.1/24", "dev",
           "br0")
        sh("ip", "-6", "-n", self.near, "addr", "add", "2001:db8::1/64",
           "dev", "br0", "nodad")
        sh("ip", "-n", self.near, "link", "set", "br0", "up")
        for name in "host", "user":
            sh("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
               f"{self.dir}/{name}")
        shutil.copy(f"{self.dir}/user.pub", f"{self.dir}/authorized")
        self.write_ssh_config()
        os.makedirs("/run/sshd", exist_ok=True)
        for host in self.hosts:
            host.make()
            host.start_sshd()
        return self

    def write_ssh_config(self):
        key = " ".join(open(f"{self.dir}/host.pub").read().split()[:2])
        self.write("known", "".join(f"[{h.address}]:{PORT} {key}\n"
                                    for h in self.hosts))
        self.write("ssh_config", "".join(f"""\
Host {h.name}
  HostName {h.address}
""" for h in self.hosts) + f"""\
Host *
  Port {PORT}
  User root
  IdentityFile {self.dir}/user
  IdentitiesOnly yes
  UserKnownHostsFile {self.dir}/known
  StrictHostKeyChecking yes
""")

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
            f.write(text)

    def env(self):
        return dict(os.environ, VAZAO_SSH=f"ssh -F {self.dir}/ssh_config")

    def here(self, *words):
        """A command line in the coordinator's namespace."""
        return ["ip", "netns", "exec", self.near, *words]

    def __exit__(self, *_):
        for host in self.hosts:
            if host.sshd:
                host.sshd.terminate()
                host.sshd.wait()
            host.kill_all()
            sh("ip", "netns", "del", host.netns, check=False)
        sh("ip", "netns", "del", self.near, check=False)
        shutil.rmtree(self.dir)
