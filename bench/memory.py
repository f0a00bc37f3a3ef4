#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The most memory that a command and all its descendants take together:
memory.py COMMAND...

Twice a second, the sum over all processes of the proportional set size (PSS,
/proc/PID/smaps_rollup: a page that n processes share counts 1/n in each), and
what their anonymous memory files (memfd: the guests' file systems, consoles)
take beside what is mapped. Guests' memory is QEMU's: what a guest has touched.
Where the memory controller of control groups (version 1) is at hand, the group's
own highest mark stands beside it; that has the page cache in it, too.
"""
import os
import signal
import subprocess
import sys
import time


def children():
    of = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                of.setdefault(int(f.read().rsplit(")", 1)[1].split()[1]), []).append(int(pid))
        except OSError:
            pass
    return of


def descendants(pid):
    of, todo, found = children(), [pid], []
    while todo:
        one = todo.pop()
        found.append(one)
        todo += of.get(one, [])
    return found


def pss_kib(pid):
    try:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            for line in f:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def memory_files_kib(pids):
    """Each file once, whoever has it open."""
    size = {}
    for pid in pids:
        try:
            for fd in os.listdir("/proc/%d/fd" % pid):
                path = "/proc/%d/fd/%s" % (pid, fd)
                if os.readlink(path).startswith("/memfd:"):
                    st = os.stat(path)
                    size[st.st_ino] = st.st_blocks // 2
        except OSError:
            pass
    return sum(size.values())


def name_of(pid):
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().strip()
    except OSError:
        return "?"


class Group:
    """A control group of its own, if it may be made."""

    def __init__(self):
        self.path = "/sys/fs/cgroup/memory/vazao-bench-%d" % os.getpid()
        try:
            os.mkdir(self.path)
        except OSError:
            self.path = None

    def enter(self):
        if self.path:
            with open(self.path + "/cgroup.procs", "w") as f:
                f.write("0")

    def close(self):
        if not self.path:
            return None
        with open(self.path + "/memory.max_usage_in_bytes") as f:
            peak = int(f.read())
        os.rmdir(self.path)
        return peak


def main():
    group = Group()
    process = subprocess.Popen(sys.argv[1:], preexec_fn=group.enter)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    peak, at_peak, began = 0, [], time.monotonic()
    while process.poll() is None:
        pids = descendants(process.pid)
        each = [(pss_kib(p), name_of(p)) for p in pids]
        files = memory_files_kib(pids)
        total = sum(k for k, _ in each) + files
        if total > peak:
            peak, at_peak = total, each + [(files, "memory files")]
        time.sleep(0.5)
    print("%.0f s, status %d" % (time.monotonic() - began, process.returncode))
    print("peak %.0f MiB, of it:" % (peak / 1024))
    for kib, name in sorted(at_peak, reverse=True)[:8]:
        print("  %7.1f MiB  %s" % (kib / 1024, name))
    mark = group.close()
    if mark:
        print("the control group's highest mark, page cache and all: %.0f MiB"
              % (mark / 1024 ** 2))
    sys.exit(process.returncode)


main()
