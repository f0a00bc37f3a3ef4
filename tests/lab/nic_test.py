#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""usage: nic_test.py VAZAO [TEST...]

Interfaces of the host's own as a lab's cables (link.nics): two veth pairs in a
namespace of this test's own stand for four network cards and the two cables
between them. They are given back as they were, whatever happens, and refused
where that could not be.
"""

import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

NICS = ["nic0", "nic1", "nic2", "nic3"]
MARK = f"VAZAO_NIC_TEST={os.getpid()}"
PLAIN = """\
paths: [{name: native}, {name: dom0}]
link: {nics: [nic0:nic1, "nic2:nic3"]}
"""
SHARED = """\
title: on the host's own cable
paths:
  - {name: native, spread: vlan}
  - {name: native.2, kind: native, spread: routes, cables: 2}
  - {name: domU, spread: vlan, cables: [1, 2]}
link: {nics: [nic0:nic1, nic2:nic3]}
pairs: [2]
message_size: [65536]
socket_size: [65536]
slice: 20ms
cycles: 1
budget: 6s
"""


def skip(why):
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(77)


def sh(*words, check=True):
    done = subprocess.run(words, text=True, capture_output=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.stderr}")
    return done.stdout


def ip(line):
    return sh("ip", *line.split())


def can(*words):
    return subprocess.run(words, capture_output=True,
                          check=False).returncode == 0


def enter_namespaces():
    """This test once more, where the machine's interfaces are not."""
    if os.environ.get("VAZAO_NIC_TEST"):
        return
    if os.geteuid() != 0:
        skip("not root")
    if not can("unshare", "-n", "-m", "true"):
        skip("no namespaces may be made here")
    os.environ["VAZAO_NIC_TEST"] = str(os.getpid())
    os.execvp("unshare", ["unshare", "-n", "-m", sys.executable] + sys.argv)


def set_up():
    sh("mount", "-t", "sysfs", "sysfs", "/sys")
    sh("mount", "-t", "tmpfs", "tmpfs", "/run")
    ip("link set lo up")
    for near, far in zip(NICS[::2], NICS[1::2]):
        ip(f"link add {near} type veth peer name {far}")
    furnish()


def write(file, text):
    with open(file, "w", encoding="ascii") as f:
        f.write(text)


def furnish():
    """What an administrator may have done to them."""
    for nic in NICS:
        write(f"/proc/sys/net/ipv6/conf/{nic}/dad_transmits", "0")
    ip("link set nic0 address 02:11:22:33:44:55 mtu 1400 txqueuelen 77")
    ip("link set nic0 alias uplink group 7")
    ip("link set nic1 mtu 1400 promisc on")
    sh("ethtool", "-K", "nic0", "tso", "off")
    sh("ethtool", "-K", "nic1", "tx-tcp-ecn-segmentation", "off")
    for line in ("10.1.0.1/24 brd + dev nic0",
                 "10.1.0.9/24 dev nic0 label nic0:9",
                 "10.3.0.1/32 peer 10.3.0.2 dev nic0",
                 "10.1.0.8/24 dev nic0 valid_lft 9000 preferred_lft 8000",
                 "fd00:1::1/64 dev nic0", "10.4.0.1/24 dev nic3"):
        ip(f"addr add {line}")
    write("/proc/sys/net/ipv4/conf/nic0/rp_filter", "2")
    write("/proc/sys/net/ipv6/conf/nic0/accept_ra", "0")
    write("/proc/sys/net/ipv4/neigh/nic0/gc_stale_time", "33")
    if os.path.exists("/sys/class/net/nic1/queues/rx-0/rps_cpus"):
        write("/sys/class/net/nic1/queues/rx-0/rps_cpus", "1")
    for nic in NICS[:3]:  # the last one is down
        ip(f"link set {nic} up")
    ip("route add 10.5.0.0/16 via 10.1.0.77 dev nic0 metric 5")
    ip("route add 10.6.0.0/16 via 10.5.0.1 dev nic0 onlink table 77")
    ip("-6 route add fd00:2::/64 via fd00:1::77 dev nic0")
    ip("neigh add 10.1.0.77 lladdr 02:00:00:00:00:07 dev nic0")
    can("tc", "qdisc", "replace", "dev", "nic0", "root", "fq_codel",
        "limit", "500", "target", "3ms")


def without_lives(entry):
    for address in entry.get("addr_info", []):
        for key in ("valid_life_time", "preferred_life_time"):
            if address.get(key, 0) != 0xffffffff:
                address[key] = "some"
    return entry


def read(file):
    try:
        with open(file, encoding="ascii") as f:
            return f.read()
    except OSError:
        return ""


def look(nics):
    seen = {"routes": ip("route show table all").splitlines(),
            "routes6": ip("-6 route show table all").splitlines(),
            "neighbors": ip("neigh show nud permanent")}
    for entry in json.loads(ip("-d -j addr")):
        if entry["ifname"] in nics:
            seen[entry["ifname"]] = without_lives(entry)
            if "NO-CARRIER" in entry["flags"]:
                # DOWN or LOWERLAYERDOWN, as its peer was near when it was set
                del entry["operstate"]
    for key in ("routes", "routes6"):
        seen[key] = sorted(seen[key])
    for nic in nics:
        seen[nic + " features"] = sh("ethtool", "-k", nic, check=False)
        seen[nic + " qdisc"] = sh("tc", "qdisc", "show", "dev", nic,
                                  check=False)
        for file in glob.glob(f"/proc/sys/net/*/*/{nic}/*") + \
                glob.glob(f"/sys/class/net/{nic}/queues/*/rps_cpus"):
            seen[file] = read(file)
    return seen


def difference(a, b, where=""):
    """What has changed, leaf by leaf."""
    if isinstance(a, dict) and isinstance(b, dict):
        return [text for key in sorted(set(a) | set(b)) for text in
                difference(a.get(key), b.get(key), f"{where} {key}")]
    if isinstance(a, list) and isinstance(b, list):
        a, b = [x for x in a if x not in b], [x for x in b if x not in a]
    return [] if a == b else [f"{where}: {a} -> {b}"]


def settled():
    """No address is tentative any more."""
    while " tentative" in ip("addr"):
        time.sleep(0.05)
    return look(NICS)


class Bed:
    def __init__(self, vazao):
        self.vazao = vazao
        self.dir = tempfile.mkdtemp()
        self.before = settled()
        self.studies = 0

    def plan(self, text):
        file = f"{self.dir}/plan.yaml"
        write(file, text)
        return file

    def assert_back(self, when):
        """Carriers and qdiscs settle a moment later."""
        end = time.monotonic() + 20
        while True:
            changed = difference(self.before, look(NICS))
            if not changed:
                break
            assert time.monotonic() < end, f"{when}: {changed}"
            time.sleep(0.1)
        left = glob.glob("/run/vazao/nic-*")
        while left and time.monotonic() < end:
            time.sleep(0.05)
            left = glob.glob("/run/vazao/nic-*")
        assert not left, f"{when}: {left}"

    def run(self, *words, **more):
        return subprocess.run([self.vazao, *words], text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, **more)

    def up(self, text):
        done = self.run("lab", "up", self.plan(text))
        assert done.returncode == 0, done.stdout
        return done.stdout

    def exec(self, *words):
        return self.run("lab", "exec", *words)

    def down(self):
        done = self.run("lab", "down")
        assert done.returncode == 0, done.stdout

    def start(self, *words):
        return subprocess.Popen([self.vazao, *words], text=True,
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def start_study(self, text):
        self.studies += 1
        self.out = f"{self.dir}/study{self.studies}"
        return self.start("study", self.plan(text), "-o", self.out)


def ours():
    """Processes of vazao's that this test started: (pid, name)."""
    found = []
    for directory in glob.glob("/proc/[0-9]*"):
        try:
            with open(directory + "/environ", "rb") as f:
                if MARK.encode() not in f.read().split(b"\0"):
                    continue
            if os.readlink(directory + "/exe") == VAZAO:
                found.append((int(directory[6:]),
                              read(directory + "/comm").strip()))
        except OSError:
            pass
    return sorted(found)


def all_gone():
    end = time.monotonic() + 20
    while ours():
        assert time.monotonic() < end, ours()
        time.sleep(0.02)


def test_plain(bed):
    """A cable each; frames pass them; the host has them no more meanwhile."""
    text = bed.up(PLAIN)
    assert "eth1" in text and "peth0" in text, text
    assert not set(look(NICS)) & set(NICS), "the host has them still"
    for path, address in (("native", "10.77.1.254"), ("dom0", "10.77.2.254")):
        done = bed.exec(path, sys.executable, "-c", "import socket; "
                        f"socket.create_connection(('{address}', 9), 5)")
        assert "ConnectionRefusedError" in done.stdout, done.stdout
    done = bed.exec("native", "ip", "-d", "link", "show", "eth0")
    assert "veth" in done.stdout, done.stdout
    bed.down()
    bed.assert_back("lab down")


def test_study(bed):
    """Shared by VLANs and routes; an agent that dies is nothing to them."""
    study = bed.start_study(SHARED)
    end = time.monotonic() + 30
    while "cells" not in read(bed.out + "/study.log"):
        assert study.poll() is None, study.communicate()[0]
        assert time.monotonic() < end, "nothing was measured"
        time.sleep(0.05)
    agents = []
    while not agents:
        agents = [pid for pid, _ in ours()
                  if "agent" in read(f"/proc/{pid}/cmdline")]
    os.kill(agents[-1], signal.SIGKILL)
    output = study.communicate(timeout=60)[0]
    assert study.returncode == 0, output
    assert "between interfaces of the host: nic0:nic1 (veth" in output, output
    for name in ("native.2", "domU.1", "domU.2"):
        assert name in output, output
    assert "FAILED" not in output, output
    bed.assert_back("a study")


def test_stopped(bed):
    """SIGINT and SIGTERM, early and in the middle."""
    for pause, number in ((0.05, signal.SIGTERM), (0.5, signal.SIGINT)):
        study = bed.start_study(SHARED.replace("6s", "60s"))
        time.sleep(pause)
        study.send_signal(number)
        study.communicate(timeout=60)
        bed.assert_back(f"{number.name} after {pause} s")


def test_killed(bed):
    """kill -9 while it is made, and of each process when it stands; its
    keeper, which is not killed here, is called vazao-nics."""
    for pause in (0.01, 0.03, 0.06, 0.12):
        up = bed.start("lab", "up", bed.plan(PLAIN))
        time.sleep(pause)
        for pid, name in ours():
            if name != "vazao-nics":
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        up.communicate(timeout=20)
        all_gone()
        bed.assert_back(f"kill -9 after {pause} s")
    for number in range(3):
        bed.up(PLAIN)
        victims = [pid for pid, name in ours() if name != "vazao-nics"]
        os.kill(victims[number], signal.SIGKILL)
        all_gone()
        bed.assert_back(f"kill -9 of process {number}")
    study = bed.start_study(SHARED.replace("6s", "60s"))
    time.sleep(1)
    study.kill()
    study.communicate(timeout=20)
    bed.assert_back("kill -9 of a study")


def test_refused(bed):
    """Each in one line that names it; and nothing was touched."""
    def refuse(words, nics="nic0:nic1", wrap=(), env=None, status=None):
        done = subprocess.run(
            [*wrap, bed.vazao, "study", bed.plan(PLAIN), "-o",
             f"{bed.dir}/none", "--set", f"link.nics=[{nics}]"],
            text=True, capture_output=True, check=False,
            env=dict(os.environ, **(env or {})))
        assert done.returncode in (status or (3, 4)), done
        lines = done.stderr.splitlines()
        assert len(lines) == 1 and words in lines[0], done.stderr
        assert not os.path.exists(f"{bed.dir}/none")

    refuse("no interface 'nic9' here; there are: ", "nic0:nic9")
    refuse("lo cannot leave its network namespace", "lo:nic1")
    refuse("such as enp3s0:enp4s0", "nic0")
    refuse("is one end of one cable", "nic0:nic0")
    refuse("is one end of one cable", "nic0:nic1, nic2:nic1")
    refuse("needs root", wrap=("setpriv", "--bounding-set", "-net_admin",
                               "--inh-caps", "-net_admin"))
    refuse("nic0 carries an ssh session, from 10.1.0.7",
           env={"SSH_CONNECTION": "10.1.0.7 50000 10.1.0.1 22"})
    refuse("nic0 carries an ssh session, from fd00:1::7", env={
        "SSH_CONNECTION": "fd00:1::7 50000 fd00:1::1 22"})
    ip("route add default via 10.1.0.77 dev nic0")
    refuse("nic0 carries this machine's default route")
    ip("route del default")
    ip("route add 10.8.0.0/16 nexthop dev nic0 via 10.1.0.5 "
       "nexthop dev nic0 via 10.1.0.6")
    refuse("one of several ways of a route")
    ip("route del 10.8.0.0/16")
    ip("link add br9 type bridge")
    ip("link set nic1 master br9")
    refuse("nic1 is a part of bridge br9")
    ip("link set nic1 nomaster")
    refuse("br9 cannot leave its network namespace", "nic0:br9")
    ip("link del br9")
    if can("ip", "link", "add", "link", "nic1", "name", "up9", "type",
           "macvlan"):
        refuse("up9 stands on nic1")
        ip("link del up9")
    if can("tc", "qdisc", "add", "dev", "nic2", "clsact"):
        refuse("nic2 has the queueing discipline clsact", "nic0:nic2")
        sh("tc", "qdisc", "del", "dev", "nic2", "clsact")
    # after the promiscuous bridge
    bed.assert_back("refusals")


def test_failed(bed):
    """What is found out when they are taken already."""
    ip("link set nic3 up")
    bed.before = settled()
    done = bed.run("lab", "up", bed.plan(PLAIN.replace("nic0:nic1",
                                                       "nic0:nic2")
                                         .replace("nic2:nic3", "nic1:nic3")))
    assert done.returncode and "are they joined?" in done.stdout, done.stdout
    bed.assert_back("ends of two cables")
    done = bed.run("lab", "up", bed.plan("""\
paths: [{name: native}, {name: domU, spread: vlan}]
link: {nics: [nic0:nic1, nic2:nic3]}
"""))
    assert done.returncode and "either all paths share" in done.stdout, done
    done = bed.run("lab", "up", bed.plan("""\
paths: [{name: native}, {name: dom0}]
link: {nics: [nic0:nic1]}
"""))
    assert "this is the 2. that is needed" in done.stdout, done.stdout
    bed.down()
    bed.assert_back("one cable for two")


def test_keeper_killed(bed):
    """A real card comes back by itself then, bare; here the test makes it."""
    before = look(NICS[:2])
    bed.up(PLAIN)
    for pid, _ in ours():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    all_gone()
    end = time.monotonic() + 20
    while set(look(NICS)) & set(NICS):
        assert time.monotonic() < end, "veths outlive their namespaces"
        time.sleep(0.05)
    for near, far in zip(NICS[::2], NICS[1::2]):
        ip(f"link add {near} index {bed.before[near]['ifindex']} "
           f"numrxqueues {bed.before[near]['num_rx_queues']} "
           f"numtxqueues {bed.before[near]['num_tx_queues']} type veth "
           f"peer name {far} index {bed.before[far]['ifindex']} "
           f"numrxqueues {bed.before[far]['num_rx_queues']} "
           f"numtxqueues {bed.before[far]['num_tx_queues']}")
    done = bed.run("lab", "down", "--all")
    assert "putting back what" in done.stdout, done.stdout
    settled()
    after = look(NICS[:2])
    for seen in (before, after):  # these the kernel keeps, or made anew
        for key in ("txqlen", "group", "ifalias"):
            seen["nic0"].pop(key, None)
        seen["nic1"].pop("address")
        for name in ("routes6", "nic1 features"):
            seen.pop(name)
        seen["nic1"]["addr_info"] = None
        seen["routes"] = [r for r in seen["routes"] if "nic1" not in r]
    for nic in NICS:
        if nic + " features" in before:
            before.pop(nic + " features")
            after.pop(nic + " features")
    changed = difference({k: v for k, v in before.items() if "/sys/" not in k
                          and "secret" not in k},
                         {k: v for k, v in after.items() if "/sys/" not in k
                          and "secret" not in k})
    assert not changed, changed
    assert not glob.glob("/run/vazao/nic-*")


TESTS = {name[5:]: test for name, test in list(globals().items())
         if name.startswith("test_")}

if __name__ == "__main__":
    for program in ("ip", "tc", "ethtool", "unshare", "setpriv"):
        if not can("sh", "-c", f"command -v {program}"):
            skip(f"no {program}")
    VAZAO = os.path.realpath(sys.argv[1])
    enter_namespaces()
    MARK = "VAZAO_NIC_TEST=" + os.environ["VAZAO_NIC_TEST"]
    set_up()
    BED = Bed(VAZAO)
    for test_name in sys.argv[2:] or TESTS:
        begin = time.monotonic()
        TESTS[test_name](BED)
        print(f"{test_name}: {time.monotonic() - begin:.1f} s")
