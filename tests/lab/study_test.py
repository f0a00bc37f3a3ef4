#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole studies, as a user runs them: study_test.py VAZAO CASE

resume   Ctrl-C, then --resume: one study, no block lost, none twice
kill     kill -9 of any of its processes at random moments: nothing is left
         behind, every stored block is whole, --resume goes on
domU     kill -9 of netfront, or of netback: the cell is tried again and the
         study goes on; what they counted is stored with each block
qemu     kill -9 of QEMU, then the guest's panic: it is booted anew and the
         study goes on
ill      QEMU that is stopped, an agent in the guest that is: the same (long)
xen_host the machine's own Xen, which is not there
ill_xen  domU that panics or is destroyed, xenstored or QEMU killed (long)
unbootable
         a broken file system, a broken kernel: lost with the reason, and the
         rest is measured (long)
xen      native, dom0 and domU of real Xen, a cell of each
mute     an agent that hangs or dies: its cell is tried again on a new agent,
         then FAILED with the cause, and the study goes on
equal    native against a second native path: the intervals contain 1
         (equal_long: until every cell is at +-5 %)
budget   a budget too small: NOT_REACHED is said, with the interval as it is
rootless the same as an unprivileged user
ipv6     the same paths over IPv6 as over IPv4
pairs    four guests at the same time and an idle neighbor, native and domU:
         each has its share, one netback serves them all; killed, it comes back
vlan     pairs in VLANs on one and two cables, and over two routes, of a known
         rate: two carry twice as much, and the fit says so
percent  a path of half the link's rate is found to be that
calibrate, validate
         what they tell and keep, even where there was no time to find out
"""
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

SKIP = 77
SMALL = ["--set", "paths=[native,dom0]", "--set", "mtu=[1500]",
         "--set", "socket_size=[65536]", "--set", "message_size=[4096,65536]"]


class Study:
    """One `vazao study`, its processes marked by their environment."""

    def __init__(self, vazao, directory, *options):
        self.directory = directory
        self.mark = "VAZAO_TEST_MARK=%d-%d" % (os.getpid(), random.getrandbits(48))
        name, value = self.mark.split("=")
        self.process = subprocess.Popen(
            [vazao, "study", *options, "-o", directory],
            env={**os.environ, name: value}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self, timeout=240):
        self.output, _ = self.process.communicate(timeout=timeout)
        return self.process.returncode

    def processes(self):
        """Every living process of this study, by its mark."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as f:
                    marked = self.mark.encode() in f.read().split(b"\0")
                with open("/proc/%s/stat" % pid) as f:
                    zombie = f.read().rsplit(")", 1)[1].split()[0] == "Z"
                if marked and not zombie:
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def wait_for(self, condition, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            if self.process.poll() is not None:
                return condition()
            time.sleep(0.05)
        return False

    def log_has(self, text):
        try:
            with open(os.path.join(self.directory, "study.log")) as f:
                return text in f.read()
        except OSError:
            return False


def check(condition, text, output=""):
    if not condition:
        print(output[-4000:], file=sys.stderr)
        sys.exit("FAILED: " + text)


def blocks_of(vazao, directory):
    """The stored blocks, through the program's own reader."""
    out = subprocess.run([vazao, "report", directory, "--format", "json", "--raw"],
                         capture_output=True, text=True)
    if out.returncode:
        return None
    return json.loads(out.stdout)


def rows(vazao, directory):
    return blocks_of(vazao, directory)["cells"]


def interfaces():
    return sorted(os.listdir("/sys/class/net"))


def has_keeper(study):
    for pid in study.processes():
        try:
            with open("/proc/%d/comm" % pid) as f:
                if f.read() == "vazao-keeper\n":
                    return True
        except OSError:
            pass
    return False


def interrupt_a_boot(vazao, tmp):
    """Ctrl-C ends the wait for a guest that hangs, and fails no cell."""
    programs = os.path.join(tmp, "bin")
    os.mkdir(programs)
    hanging = os.path.join(programs, "linux.uml")
    with open(hanging, "w") as f:
        f.write("#!/bin/sh\nexec /bin/sleep 600\n")
    os.chmod(hanging, 0o755)
    path = os.environ["PATH"]
    os.environ["PATH"] = programs + ":" + path
    directory = os.path.join(tmp, "boot")
    study = Study(vazao, directory, "quick", "--set", "paths=[native,uml]")
    os.environ["PATH"] = path
    check(study.wait_for(lambda: has_keeper(study), 30), "a guest boots")
    time.sleep(0.5)
    study.process.send_signal(signal.SIGINT)
    began = time.monotonic()
    status = study.finish(60)
    check(status == 5, "Ctrl-C in a boot ends with status 5, not %d" % status,
          study.output)
    # a guest's limit is 30 s, and there are two tries
    check(time.monotonic() - began < 20, "Ctrl-C ends a boot", study.output)
    for word in ("FAILED", "is lost", "trying again"):
        check(not study.log_has(word), "no '%s' by Ctrl-C" % word, study.output)


def case_resume(vazao, tmp):
    interrupt_a_boot(vazao, tmp)
    directory = os.path.join(tmp, "s")
    study = Study(vazao, directory, "quick", *SMALL, "--precision", "0.5%",
                  "--budget", "60s", "--seed", "7")
    check(study.wait_for(lambda: study.log_has("cells"), 30), "measuring began")
    time.sleep(4)
    study.process.send_signal(signal.SIGINT)
    status = study.finish(30)
    check(status == 5, "Ctrl-C ends with status 5, not %d" % status, study.output)
    before = len(blocks_of(vazao, directory)["blocks"])
    check(before > 0, "blocks were kept", study.output)
    study = Study(vazao, directory, "--resume", "--set", "precision=10%")
    check(study.finish() == 0, "the resumed study completes", study.output)
    after = blocks_of(vazao, directory)
    check(len(after["blocks"]) >= before, "no block was lost")
    seeds = [b["seed"] for b in after["blocks"]]
    check(len(seeds) == len(set(seeds)), "every block has a seed of its own")
    study = Study(vazao, directory, "quick")
    check(study.finish() == 3, "a directory with a study is refused", study.output)


def kill_once(vazao, directory, options):
    study = Study(vazao, directory, *options)
    time.sleep(random.uniform(0.1, 4))
    alive = study.processes()
    victim = random.choice(alive) if alive else None
    is_outer = victim == study.process.pid
    if victim:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            pass
    if not is_outer:
        time.sleep(random.uniform(0, 1))
        study.process.kill()
    study.process.wait(10)
    study.process.stdout.close()
    gone = time.monotonic() + 20 # at once, where a CPU is to be had
    while study.processes() and time.monotonic() < gone:
        time.sleep(0.05)
    check(not study.processes(), "kill -9 of %s leaves processes %s" %
          ("the parent" if is_outer else victim, study.processes()))


def case_kill(vazao, tmp):
    before = interfaces()
    directory = os.path.join(tmp, "s")
    kept = 0
    options = ["quick", *SMALL, "--precision", "0.1%", "--budget", "300s"]
    for moment in range(20):
        if os.path.exists(os.path.join(directory, "study.db")):
            options = ["--resume"]
        kill_once(vazao, directory, options)
        stored = blocks_of(vazao, directory)
        if stored is None:
            # killed before the design was stored: nothing to lose yet
            check(kept == 0, "the study can still be read after a kill")
            shutil.rmtree(directory, ignore_errors=True)
            options = ["quick", *SMALL, "--precision", "0.1%", "--budget", "300s"]
            continue
        count = len(stored["blocks"])
        check(count >= kept, "no block was lost: %d after %d" % (count, kept))
        kept = count
    check(kept > 0, "some blocks were made between 20 kills")
    check(interfaces() == before, "no interface is left: %s" % interfaces())
    study = Study(vazao, directory, "--resume", "--set", "precision=20%")
    check(study.finish() == 0, "the study completes after 20 kills", study.output)
    print("%d blocks kept over 20 kills" % kept)


def agents(study):
    found = {}
    for pid in study.processes():
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                argv = f.read().split(b"\0")
        except OSError:
            continue
        if b"agent" in argv and b"--stdio" in argv:
            found[pid] = argv
    return found


def strike(vazao, tmp, name, sig):
    directory = os.path.join(tmp, name)
    study = Study(vazao, directory, "quick", *SMALL, "--precision", "1%",
                  "--budget", "20s")
    check(study.wait_for(lambda: study.log_has("cells"), 30), "measuring began")
    time.sleep(1)
    pids = list(agents(study))
    check(len(pids) >= 3, "three agents are at work: %s" % pids)
    os.kill(random.choice(pids), sig)
    began = time.monotonic()
    check(study.wait_for(lambda: study.log_has("trying again"), 60),
          "a %s agent is noticed" % name)
    took = time.monotonic() - began
    check(study.finish() == 0, "the study goes on after a %s agent" % name,
          study.output)
    check(all(r["status"] in ("REFERENCE", "REACHED", "NOT_REACHED")
              for r in rows(vazao, directory)),
          "one strike fails no cell", study.output)
    print("%s agent noticed after %.1f s" % (name, took))
    # 2 s of patience; a block that was never missed would end with the budget
    check(took < 15, "noticed within seconds, not %.1f s" % took)


def case_mute(vazao, tmp):
    strike(vazao, tmp, "dead", signal.SIGKILL)
    strike(vazao, tmp, "mute", signal.SIGSTOP)


def of_program(study, name):
    found = []
    for pid in study.processes():
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                argv = f.read().split(b"\0")
        except OSError:
            continue
        if len(argv) > 1 and argv[1] == name.encode():
            found.append(pid)
    return found


def kill_driver(vazao, tmp, name):
    directory = os.path.join(tmp, name)
    study = Study(vazao, directory, "quick", *SMALL, "--set", "paths=[native,domU]",
                  "--precision", "1%", "--budget", "12s")
    check(study.wait_for(lambda: study.log_has("cells"), 30), "measuring began",
          study.process.poll() is not None and study.process.stdout.read() or "")
    time.sleep(1)
    pids = of_program(study, name)
    check(len(pids) == 1, "one %s is at work: %s" % (name, pids))
    os.kill(pids[0], signal.SIGKILL)
    check(study.wait_for(lambda: study.log_has("trying again"), 15),
          "the death of %s is noticed" % name)
    check(study.wait_for(lambda: of_program(study, name), 10), "there is a new one")
    check(of_program(study, name) != pids, "of another number")
    check(study.finish() == 0, "the study goes on without %s" % name, study.output)
    check(all(r["status"] in ("REFERENCE", "REACHED", "NOT_REACHED")
              for r in rows(vazao, directory)), "no cell is lost", study.output)
    blocks = blocks_of(vazao, directory)["blocks"]
    for measurement in (m for b in blocks for m in b["measurements"]):
        if measurement["path"] != "domU":
            check("netback" not in measurement.get("counters", {}),
                  "native has no netback")
            continue
        sent = measurement["counters"]["netback"]
        check(sent["tx_bytes"] >= measurement["bytes"], "more was carried than counted")
        check(sent["tx_bytes"] < 20 * measurement["bytes"] + 1e7, "in this block alone")
    print("%s: %d blocks" % (name, len(blocks)))


def case_domU(vazao, tmp):
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        print("/dev/net/tun may not be opened here", file=sys.stderr)
        sys.exit(SKIP)
    kill_driver(vazao, tmp, "netfront")
    kill_driver(vazao, tmp, "netback")


def need_images(vazao, *names):
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        print("/dev/net/tun may not be opened here", file=sys.stderr)
        sys.exit(SKIP)
    made = subprocess.run([vazao, "image", "build", *names],
                          capture_output=True, text=True)
    if made.returncode:
        print("no image: " + made.stderr.strip(), file=sys.stderr)
        sys.exit(SKIP)


def machines(study):
    """The QEMUs whose keepers are this study's."""
    ours, found = set(study.processes()), []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                text = f.read()
            name = text[text.index("(") + 1:text.rindex(")")]
            rest = text.rsplit(")", 1)[1].split()
        except OSError:
            continue
        if name.startswith("qemu-system") and int(rest[1]) in ours and rest[0] != "Z":
            found.append(int(pid))
    return found


def has_ended(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def make_sick(vazao, tmp):
    """A vazao whose guests can be made ill; see sick_agent.c."""
    programs = os.path.join(tmp, "sick")
    os.mkdir(programs)
    shutil.copy(vazao, programs)
    shutil.copy(sys.argv[3], os.path.join(programs, "vazao-agent"))
    return os.path.join(programs, "vazao")


SEND = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.sendto(sys.argv[2].encode(), (sys.argv[1], 2007))
if sys.argv[2] == "ping":
    print(s.recv(99).decode())
"""


def tell_guest(study, address, text):
    """To a guest's own listener, from M2: whichever node has a way there."""
    user = ["-U", "--preserve-credentials"] if os.getuid() else []
    for pid in agents(study):
        run = subprocess.run(
            ["nsenter", "-t", str(pid), *user, "-n", sys.executable, "-c", SEND,
             address, text], capture_output=True, text=True)
        if run.returncode == 0:
            return run.stdout.strip() or "sent"
    return None


def stored_blocks(vazao, study):
    stored = blocks_of(vazao, study.directory)
    return len(stored["blocks"]) if stored else 0


def wait_for_guest(vazao, study, address):
    """Until it is there, and a block went well: the next failure is a first."""
    check(study.wait_for(lambda: tell_guest(study, address, "ping"), 120),
          "the guest at %s is there" % address, read_log(study))
    before = stored_blocks(vazao, study)
    check(study.wait_for(lambda: stored_blocks(vazao, study) > before, 60),
          "a block is made", read_log(study))


def read_log(study):
    try:
        with open(os.path.join(study.directory, "study.log")) as f:
            return f.read()
    except OSError:
        return ""


def count_in_log(study, text):
    return read_log(study).count(text)


def strike_machine(study, what, harm, *told):
    """Does harm once; waits until it is told of, and the machine is another."""
    tries, before = count_in_log(study, "trying again"), machines(study)
    harm()
    check(study.wait_for(
        lambda: count_in_log(study, "trying again") > tries, 30),
        what + " is noticed", read_log(study))
    for text in told:
        check(study.log_has(text), "%s: the log says '%s'" % (what, text),
              read_log(study))
    check(study.wait_for(lambda: set(machines(study)) - set(before), 30),
          what + ": there is a new QEMU")


def check_end(vazao, study, victims):
    """All was shown: the study need not go on to its budget's end."""
    study.process.send_signal(signal.SIGINT)
    check(study.finish() == 5, "it is interrupted", study.output)
    for row in rows(vazao, study.directory):
        check(row["status"] != "FAILED" and row["blocks"] > 0,
              row["path"] + " was measured", study.output)
        print("%s: %d blocks, %.0f Mbit/s" %
              (row["path"], row["blocks"], row["throughput_mbps"]))
    check(all(map(has_ended, victims)), "no QEMU is left")
    built = subprocess.run(["flock", "-n", image_lock(), "true"])
    check(built.returncode == 0, "no lock on the images is left")


def image_lock():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(cache, "vazao", "images", "lock")


def start_ill(vazao, tmp, *options):
    study = Study(make_sick(vazao, tmp), os.path.join(tmp, "s"), "quick", *SMALL,
                  "--set", "paths=[native,qemu]", "--set", "message_size=65536",
                  "--precision", "0.1%", *options)
    check(study.wait_for(lambda: study.log_has("cells"), 60), "measuring began")
    wait_for_guest(vazao, study, GUEST)
    check(len(machines(study)) == 1, "one QEMU is at work: %s" % machines(study))
    return study


GUEST = "10.77.2.2"  # vif1 of the driver domain, on cable 2


def case_qemu(vazao, tmp):
    need_images(vazao, "linux")
    study = start_ill(vazao, tmp, "--budget", "170s")
    victims = machines(study)
    strike_machine(study, "QEMU's death",
                   lambda: os.kill(victims[0], signal.SIGKILL),
                   "the machine has ended; its console: ")
    wait_for_guest(vazao, study, GUEST)
    victims += machines(study)
    strike_machine(study, "a panic", lambda: tell_guest(study, GUEST, "panic"),
                   "Kernel panic - not syncing: sysrq triggered crash")
    wait_for_guest(vazao, study, GUEST)
    victims += machines(study)
    check_end(vazao, study, victims)


def case_ill(vazao, tmp):
    need_images(vazao, "linux")
    study = start_ill(vazao, tmp, "--budget", "250s")
    victims = machines(study)
    strike_machine(study, "a QEMU that is stopped",
                   lambda: os.kill(victims[0], signal.SIGSTOP),
                   "the machine is there; its console: ")
    wait_for_guest(vazao, study, GUEST)
    victims += machines(study)
    strike_machine(study, "an agent that is stopped",
                   lambda: tell_guest(study, GUEST, "mute"),
                   "the machine is there; its console: ")
    wait_for_guest(vazao, study, GUEST)
    victims += machines(study)
    check_end(vazao, study, victims)


XEN_GUEST = "10.77.2.2"  # domU
XEN_DOM0 = "10.77.2.1"


def case_ill_xen(vazao, tmp):
    """Every death on Xen's machine, one after the other: it is started anew,
    dom0 and domU with it, and no cell is lost."""
    need_images(vazao, "linux", "xen")
    study = Study(make_sick(vazao, tmp), os.path.join(tmp, "s"), "quick-xen",
                  "--set", "mtu=1500", "--set", "socket_size=114688",
                  "--set", "message_size=65536", "--precision", "1%",
                  "--budget", "400s")
    check(study.wait_for(lambda: study.log_has("cells"), 180), "measuring began")
    shell = ("export PATH=/usr/sbin:/usr/bin:$(echo /usr/lib/xen-4.*/bin) "
             "LD_LIBRARY_PATH=$(echo /usr/lib/xen-4.*/lib/x86_64-linux-gnu); ")
    harms = [
        ("domU's panic", XEN_GUEST, "panic",
         ["domU has ended", "Kernel panic - not syncing: sysrq"]),
        ("xl destroy", XEN_DOM0, shell + "xl destroy domU", ["domU has ended"]),
        ("xenstored's death", XEN_DOM0, "kill -9 $(cat /run/xen/xenstored.pid)",
         ["xenstored has ended"]),
        ("a domU whose agent is stopped", XEN_GUEST, "mute", ["the machine is there"]),
        ("dom0's panic", XEN_DOM0, "panic", ["Kernel panic - not syncing: sysrq"]),
    ]
    victims = machines(study)
    for what, address, harm, told in harms:
        wait_for_guest(vazao, study, address)
        began = time.monotonic()
        strike_machine(study, what, lambda: tell_guest(study, address, harm), *told)
        wait_for_guest(vazao, study, XEN_GUEST)
        victims += machines(study)
        print("%s: domU is back after %.0f s" % (what, time.monotonic() - began))
    check_end(vazao, study, victims)


def break_image(tmp, broken, contents):
    """Another cache, in which the image linux has a file that is no such."""
    source = os.path.dirname(image_lock())
    cache = os.path.join(tmp, contents.__name__)
    target = os.path.join(cache, "vazao", "images")
    shutil.copytree(source, target, ignore=lambda d, names: [
        n for n in names if d == source and not n.startswith("linux-")])
    for name in os.listdir(target):
        with open(os.path.join(target, name, broken), "r+b") as f:
            contents(f)
    return cache


def run_unbootable(vazao, tmp, cache, *told):
    directory = cache + "-study"
    before = os.environ.get("XDG_CACHE_HOME", "")
    os.environ["XDG_CACHE_HOME"] = cache
    study = Study(vazao, directory, "quick", *SMALL, "--set", "paths=[native,qemu]",
                  "--precision", "5%", "--budget", "200s")
    os.environ["XDG_CACHE_HOME"] = before # empty is as good as none
    check(study.finish() == 0, "the rest is measured", study.output)
    for row in rows(vazao, directory):
        check(row["status"] == ("FAILED" if row["path"] == "qemu" else "REFERENCE"),
              "%s is %s" % (row["path"], row["status"]), study.output)
        if row["path"] == "qemu":
            print(row["cause"])
            for text in told:
                check(text in row["cause"], "the cause says '%s'" % text, row["cause"])
    check(study.log_has("trying again"), "it was tried twice")
    check(not machines(study), "no QEMU is left")


def case_unbootable(vazao, tmp):
    need_images(vazao, "linux")

    def no_archive(f):
        f.write(b"this is no archive" * 4)

    def no_header(f):
        f.write(b"\0" * 4096)

    def no_code(f):  # the first thing that is run is an endless loop
        head = f.read(56)
        first = int.from_bytes(head[32:40], "little")  # e_phoff, then p_offset
        f.seek(first + 8)
        f.seek(int.from_bytes(f.read(8), "little"))
        f.write(b"\xeb\xfe" * 65536)

    run_unbootable(vazao, tmp, break_image(tmp, "initrd", no_archive), "Kernel panic")
    run_unbootable(vazao, tmp, break_image(tmp, "kernel", no_header),
                   "qemu: linux kernel too old")
    run_unbootable(vazao, tmp, break_image(tmp, "kernel", no_code),
                   "did not come up within 60 s")


def case_xen(vazao, tmp):
    need_images(vazao, "linux", "xen")
    directory = os.path.join(tmp, "s")
    study = Study(vazao, directory, "quick-xen", "--set", "mtu=1500",
                  "--set", "socket_size=114688", "--set", "message_size=65536",
                  "--precision", "50%", "--budget", "150s")
    check(study.wait_for(lambda: study.log_has("cells"), 120), "measuring began")
    qemus = machines(study)
    check(len(qemus) == 2, "Xen's machine and the one without: %s" % qemus)
    check(study.finish() == 0, "the study ends well", study.output)
    for row in rows(vazao, directory):
        check(row["blocks"] > 0 and row["throughput_mbps"] > 0,
              row["path"] + " was measured", study.output)
        print("%s: %.0f Mbit/s" % (row["path"], row["throughput_mbps"]))
    check(all(map(has_ended, qemus)), "no QEMU is left")


def case_xen_host(vazao, tmp):
    """A machine that does not run Xen: refused in one line, nothing made."""
    if os.path.exists("/proc/xen/capabilities"):
        print("this machine runs Xen", file=sys.stderr)
        sys.exit(SKIP)
    directory = os.path.join(tmp, "s")
    run = subprocess.run([vazao, "study", "xen-host", "-o", directory],
                         capture_output=True, text=True)
    check(run.returncode == 4, "status 4, not %d" % run.returncode, run.stderr)
    check(len(run.stderr.splitlines()) == 1 and
          "this machine does not run Xen" in run.stderr, "one clear line", run.stderr)
    check(not os.path.exists(directory), "no study is begun")
    run = subprocess.run([vazao, "lab", "up", "xen-host"], capture_output=True, text=True)
    check(run.returncode == 4, "lab up: status 4, not %d" % run.returncode, run.stderr)


def started_at(pid):
    """Numbers of processes begin anew some time; this does not."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return int(f.read().rsplit(")", 1)[1].split()[19])
    except OSError:
        return 0


def case_failed(vazao, tmp):
    """An agent that dies again and again: FAILED, and the rest is measured."""
    directory = os.path.join(tmp, "s")
    study = Study(vazao, directory, "quick", *SMALL, "--precision", "5%",
                  "--budget", "30s")
    check(study.wait_for(lambda: study.log_has("cells"), 30), "measuring began")
    victims = set()
    end = time.monotonic() + 30
    # the youngest agent is the one that replaced the last victim
    while time.monotonic() < end and not study.log_has("FAILED"):
        fresh = [p for p in sorted(agents(study), key=started_at)
                 if p not in victims]
        if fresh:
            victims.add(fresh[-1])
            try:
                os.kill(fresh[-1], signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02) # a block is over in a fifth of a second
    check(study.log_has("FAILED"), "a cell FAILED")
    check(study.finish() == 0, "the study goes on", study.output)
    cells = rows(vazao, directory)
    failed = [r for r in cells if r["status"] == "FAILED"]
    check(failed and all(r["cause"] for r in failed), "with its cause", study.output)


def count_misses(vazao, directory, budget, seed):
    study = Study(vazao, directory, "quick", "--set",
                  "paths=[native,{name: native2, kind: native}]",
                  "--set", "precision=5%", "--budget", budget, "--seed", seed)
    check(study.finish() == 0, "the study ends well", study.output)
    cells = [r for r in rows(vazao, directory) if r["path"] == "native2"]
    misses = [r for r in cells
              if not r["efficiency_lo"] <= 1 <= r["efficiency_hi"]]
    for r in cells:
        print("%(mtu)5s %(socket_size)7s %(message_size)7s %(efficiency).4f "
              "%(efficiency_lo).4f..%(efficiency_hi).4f %(blocks)s %(status)s" % r)
    print("%d of %d intervals contain 1" % (len(cells) - len(misses), len(cells)))
    check(len(cells) == 8, "eight cells", study.output)
    return len(misses)


def case_equal(vazao, tmp, budget="35s"):
    """Of 8 intervals at 95 %, three or more miss with probability 0.006, and
    once more with 0.00003: that is a fault, not luck."""
    for seed in ("1", "2"):
        if count_misses(vazao, os.path.join(tmp, seed), budget, seed) < 3:
            return
    check(False, "native equals native")


def case_equal_long(vazao, tmp):
    case_equal(vazao, tmp, "200s")


def case_budget(vazao, tmp):
    directory = os.path.join(tmp, "s")
    study = Study(vazao, directory, "quick", *SMALL, "--precision", "0.1%",
                  "--budget", "6s")
    check(study.finish() == 0, "out of budget is no failure", study.output)
    cells = [r for r in rows(vazao, directory) if r["path"] == "dom0"]
    check(all(r["status"] == "NOT_REACHED" for r in cells), "NOT_REACHED", study.output)
    check(all(r["efficiency_lo"] < r["efficiency"] < r["efficiency_hi"]
              for r in cells), "the interval as it is")
    check("NOT_REACHED" in study.output, "and it is said", study.output)


def unprivileged(vazao, tmp):
    """Drops to nobody for good; a private copy of what nobody may not read."""
    for name in ("vazao", "vazao-agent"):
        source = os.path.join(os.path.dirname(vazao), name)
        if os.path.exists(source):
            shutil.copy(source, tmp)
    os.chmod(tmp, 0o755)
    home = os.path.join(tmp, "home")
    os.mkdir(home)
    os.chown(home, 65534, 65534)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    os.environ["HOME"] = home
    probe = subprocess.run(["unshare", "--user", "--net", "true"],
                           capture_output=True, text=True)
    if probe.returncode:
        print("unprivileged user namespaces are refused here: " +
              probe.stderr.strip(), file=sys.stderr)
        sys.exit(SKIP)
    return os.path.join(tmp, "vazao"), home


def case_rootless(vazao, tmp):
    if os.getuid() == 0:
        vazao, tmp = unprivileged(vazao, tmp)
    directory = os.path.join(tmp, "s")
    study = Study(vazao, directory, "quick", *SMALL, "--precision", "10%",
                  "--budget", "60s")
    check(study.finish() == 0, "a study without root", study.output)
    check(all(r["status"] in ("REFERENCE", "REACHED", "NOT_REACHED")
              for r in rows(vazao, directory)), "is complete", study.output)


def case_percent(vazao, tmp):
    """A path whose cable carries half: its interval contains 0.5."""
    directory = os.path.join(tmp, "s")
    # a rate that is reached on a machine with other work, too
    study = Study(vazao, directory, "injection", "--precision", "10%",
                  "--set", "link={rate: 50mbit}", "--set", "paths=[native, {name: half, kind: native, percent: 50}]",
                  "--set", "mtu=[1500]", "--set", "socket_size=[65536]",
                  "--set", "message_size=[8192]", "--budget", "40s")
    check(study.finish() == 0, "a study", study.output)
    half = [r for r in rows(vazao, directory) if r["path"] == "half"]
    check(0.45 < half[0]["efficiency"] < 0.55,
          "half the rate, not %s" % half[0]["efficiency"], study.output)
    other = os.path.join(tmp, "unlimited")
    study = Study(vazao, other, "aa", "--budget", "2s",
                  "--set", "paths=[native, {name: half, kind: native, percent: 50}]")
    study.finish()
    check("percent is of the plan's link.rate" in study.output,
          "without a rate it is refused", study.output)


def case_ipv6(vazao, tmp):
    """Every kind of node has IPv6 beside IPv4; its segments are 20 bytes
    shorter; what the kernel cannot do is refused at once."""
    directory = os.path.join(tmp, "s")
    paths = "paths=[native,dom0,domU%s]" % (
        ",uml" if shutil.which("linux.uml") else "")
    study = Study(vazao, directory, "quick", "--set", paths, "--set",
                  "mtu=[1280,1500]", "--set", "socket_size=[65536]", "--set",
                  "message_size=[16384]", "--set", "family=[ipv4,ipv6]",
                  "--budget", "7s")
    check(study.finish() == 0, "a study of both families", study.output)
    for cell in rows(vazao, directory):
        check(cell["throughput_mbps"] > 1, "frames pass: %s" % cell,
              study.output)
    db = sqlite3.connect(os.path.join(directory, "study.db"))
    found = set(db.execute(
        "SELECT family, mtu, mss_bytes FROM measurement JOIN block ON "
        "block.id = block JOIN point ON point.id = block.point"))
    check(found == {("ipv4", 1280, 1228), ("ipv4", 1500, 1448),
                    ("ipv6", 1280, 1208), ("ipv6", 1500, 1428)},
          "the segments' sizes: %s" % found)
    run = subprocess.run([vazao, "plan", "check", "quick", "--set",
                          "mtu=[500]", "--set", "family=[ipv6]"],
                         capture_output=True, text=True)
    check(run.returncode == 3 and "1280" in run.stderr,
          "an MTU of 500 is refused", run.stderr)


def count_blocks(directory):
    db = sqlite3.connect(os.path.join(directory, "study.db"))
    return db.execute("SELECT count(*) FROM block").fetchone()[0]


def of_pairs(vazao, directory):
    cells = rows(vazao, directory)
    check({(c["path"], c["pairs"]) for c in cells} ==
          {(p, n) for p in ("native", "domU") for n in (1, 4)}, "four cells")
    for cell in cells:
        check((cell["throughput_mbps"] or 0) > 1, "frames pass: %s" % cell)
        check(cell["p50_us"] > 1, "a neighbor's latency: %s" % cell)
        if cell["pairs"] == 1:
            check(cell["jain"] is None, "one is not shared: %s" % cell)
            continue
        check(0.3 < cell["jain"] <= 1, "a fairness: %s" % cell)
        check(cell["pair_min_mbps"] <= cell["throughput_mbps"] / 4 <=
              cell["pair_max_mbps"], "shares and their sum: %s" % cell)


def case_pairs(vazao, tmp):
    directory = os.path.join(tmp, "s")
    study = Study(vazao, directory, "quick", *SMALL, "--set",
                  "paths=[native,domU]", "--set", "message_size=[65536]",
                  "--set", "pairs=[1,4]", "--set", "neighbor=tcp_rr",
                  "--set", "slice=20ms", "--precision", "1%", "--budget", "14s")
    check(study.wait_for(lambda: study.log_has("cells"), 30), "measuring began")
    time.sleep(1)
    check(len(of_program(study, "netfront")) == 5, "five guests")
    backs = of_program(study, "netback")
    check(len(backs) == 1, "one netback: %s" % backs)
    os.kill(of_program(study, "netfront")[2], signal.SIGKILL)
    check(study.wait_for(lambda: study.log_has("trying again"), 10),
          "a guest's death is noticed")
    check(study.wait_for(lambda: len(of_program(study, "netfront")) == 5, 60),
          "it is back")
    done = count_blocks(directory)
    check(study.wait_for(lambda: count_blocks(directory) > done + 2, 60),
          "and at work")
    check(of_program(study, "netback") == backs, "netback has stayed",
          study.process.poll() is not None and study.process.stdout.read() or "")
    os.kill(backs[0], signal.SIGKILL)
    check(study.wait_for(lambda: of_program(study, "netback") not in ([], backs),
                         10), "netback is back")
    check(study.finish() == 0, "the study goes on", study.output)
    of_pairs(vazao, directory)
    db = sqlite3.connect(os.path.join(directory, "study.db"))
    found = {(n, len(json.loads(mbps)) if mbps else 1) for n, mbps in db.execute(
        "SELECT pairs, pair_mbps FROM measurement JOIN block ON block.id = block "
        "JOIN point ON point.id = block.point")}
    check(found == {(1, 1), (4, 4)}, "a rate for each pair: %s" % found)
    text = subprocess.run([vazao, "report", directory, "--format", "txt"],
                          capture_output=True, text=True).stdout
    check("Pairs at the same time" in text and "Jain" in text, "told", text)
    run = subprocess.run([vazao, "plan", "check", "quick", "--set", "pairs=2"],
                         capture_output=True, text=True)
    check(run.returncode == 3 and "dom0" in run.stderr, "refused", run.stderr)


def case_calibrate(vazao, tmp):
    """Too short to find anything out: it says so, and keeps that."""
    os.environ["XDG_STATE_HOME"] = os.path.join(tmp, "state")
    run = subprocess.run(
        [vazao, "calibrate", "-o", os.path.join(tmp, "s"), "--budget", "12s",
         "--set", "paths=[native, dom0]", "--set", "mtu=[1500]",
         "--set", "message_size=[65536]"],
        capture_output=True, text=True, timeout=120)
    check(run.returncode in (0, 1), "a calibration", run.stdout + run.stderr)
    check("dom0 " in run.stdout, "it tells of dom0", run.stdout)
    with open(os.path.join(tmp, "state", "vazao", "calibration.json")) as file:
        kept = json.load(file)
    found = kept["kinds"]["dom0"]
    check([f["socket_size"] for f in found] == [4096, 65536, 262144],
          "each socket size is kept: %s" % found)
    check(all(f["verdict"] in ("open", "shown", "refuted") for f in found),
          "with a verdict")
    directory = os.path.join(tmp, "after")
    study = Study(vazao, directory, "quick", *SMALL, "--budget", "4s")
    study.finish()
    check("as calibrated: sockets to 4K: " in study.output,
          "a study tells of it", study.output)
    db = sqlite3.connect(os.path.join(directory, "study.db"))
    check(db.execute("SELECT value FROM meta WHERE key = 'timings'").fetchone(),
          "and stores it")


def case_validate(vazao, tmp):
    """One small study of each: nothing is shown, and nothing is done twice."""
    directory = os.path.join(tmp, "v")
    command = [vazao, "validate", "-o", directory, "--matrices", "0",
               "--injections", "0", "--trace", "12s", "--replays", "20"]
    for _ in range(2):
        run = subprocess.run(command, capture_output=True, text=True,
                             timeout=120)
        check(run.returncode == 1, "too little shows nothing",
              run.stdout + run.stderr)
        check("Not shown" in run.stdout, "and it says so", run.stdout)
    check("building the lab" not in run.stderr, "measured once", run.stderr)
    with open(os.path.join(directory, "validation.md")) as file:
        check("| replay, the other paths | 20 |" in file.read(), "a page")


def case_vlan(vazao, tmp):
    directory = os.path.join(tmp, "s")
    study = Study(vazao, directory, "vlan-pairs", "--set",
                  "paths=[{name: native, spread: vlan}, "
                  "{name: two, kind: native, spread: vlan, cables: 2}, "
                  "{name: domU, spread: vlan, cables: [1, 2]}, "
                  "{name: routes, kind: domU, spread: routes, cables: 2}]",
                  "--set", "pairs=[2]", "--set", "flows=[4]",
                  "--set", "direction=[send]", "--set", "socket_size=[16384]",
                  "--set", "message_size=[16384]", "--set", "slice=40ms",
                  "--set", "link.rate=40mbit", "--budget", "8s")
    check(study.finish() == 0, "a study", study.output)
    cells = {c["path"]: c for c in rows(vazao, directory)}
    # a frame of 1500 bytes is 1542 on the wire with its tag, and carries 1448
    for path, cables in {"native": 1, "two": 2, "domU.1": 1, "domU.2": 2}.items():
        share = cells[path]["throughput_mbps"] / (cables * 40 * 1448 / 1542)
        check(0.9 < share < 1.01, "%s fills its cables: %s" % (path, share),
              study.output)
    check(45 < cells["routes"]["throughput_mbps"] < 76,
          "two routes are used: %s" % cells["routes"], study.output)
    check("VLAN tags were handled by: native: " in study.output,
          "who handled the tags", study.output)
    told = subprocess.run([vazao, "explain", directory], capture_output=True,
                          text=True).stdout
    check(told.count("throughput ~ cables^") == 2, "two fits", told)


def main():
    vazao, case = os.path.abspath(sys.argv[1]), sys.argv[2]
    tmp = tempfile.mkdtemp(prefix="vazao-test-")
    pid = os.fork()
    if pid == 0:
        random.seed(os.environ.get("VAZAO_TEST_SEED", "2007"))
        globals()["case_" + case](vazao, tmp)
        print("ok")
        sys.exit(0)
    _, status = os.waitpid(pid, 0)
    shutil.rmtree(tmp, ignore_errors=True)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
