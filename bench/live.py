#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""usage: live.py VAZAO [SECONDS]

Does a watcher slow the study? One study with --live; watchers come and go,
watched and unwatched spells of 3 s in the order ABBA BAAB ..., and what was
measured in the one is compared with what was measured in the other: the same
study, the same connections' settings, the same weather. The page is fetched;
two watchers read all events, and one asks and never reads.

Prints, for the throughput of each path and for the blocks made in a second,
watched over unwatched with its 95 % interval over the quadruples of spells.
Exit status 1 where a throughput's interval lies below 0.99 as a whole.
"""
import bisect
import math
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

VAZAO = os.path.abspath(sys.argv[1])
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 180
SPELL = 3.0
T975 = [12.7, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20,
        2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09, 2.09]


def connect(port, path, small=False):
    sock = socket.socket()
    if small:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    sock.connect(("127.0.0.1", port))
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                 "Connection: close\r\n\r\n".encode())
    return sock


def read_all(sock, stop, taken):
    sock.settimeout(0.5)
    while not stop.is_set():
        try:
            data = sock.recv(1 << 16)
        except TimeoutError:
            continue
        except OSError:
            return
        if not data:
            return
        taken[0] += len(data)


def watch(port, until, taken):
    stop, threads = threading.Event(), []
    stuck = connect(port, "/events", small=True)
    page = connect(port, "/")
    read_all(page, stop, taken)
    page.close()
    for _ in range(2):
        events = connect(port, "/events?after=0")
        threads.append((threading.Thread(target=read_all, args=(
            events, stop, taken)), events))
        threads[-1][0].start()
    time.sleep(max(0, until - time.monotonic()))
    stop.set()
    for thread, events in threads:
        thread.join()
        events.close()
    stuck.close()


def server_of(study):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                text = stat.read()
        except OSError:
            continue
        if "(vazao-live)" in text and \
                int(text.rsplit(")", 1)[1].split()[1]) == study.pid:
            return pid
    return None


def cpu_seconds(pid):
    """Exact, not by ticks."""
    with open(f"/proc/{pid}/schedstat") as stat:
        return int(stat.read().split()[0]) / 1e9


def alternate(port, study):
    """[(begin, end, watched)] in seconds since 1970; what watchers read; the
    server's share of a CPU, unwatched and watched"""
    spells, order, taken, cpu = [], "ABBABAAB", [0], {"A": 0, "B": 0}
    server = server_of(study)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and study.poll() is None:
        for kind in order:
            begin, until = time.time(), time.monotonic() + SPELL
            before = cpu_seconds(server)
            if kind == "B":
                watch(port, until, taken)
            else:
                time.sleep(max(0, until - time.monotonic()))
            spells.append((begin, time.time(), kind == "B"))
            cpu[kind] += cpu_seconds(server) - before
    length = len(spells) / 2 * SPELL
    return spells, taken[0], [cpu[kind] / length for kind in "AB"]


def load(directory):
    store = sqlite3.connect(f"file:{directory}/study.db?mode=ro", uri=True)
    return store.execute(
        "SELECT started_at_ns, started_at_ns + block.duration_ns, point, "
        "path.name, throughput_mbps FROM block "
        "JOIN measurement ON measurement.block = block.id "
        "JOIN path ON path.id = measurement.path WHERE discarded IS NULL").fetchall()


def means(rows, spells):
    """{(path, point): [mean rate of each spell]}, {"blocks": [per second]}"""
    sums, begins = {}, [b for b, _, _ in spells]
    for begin, end, point, path, rate in rows:
        i = bisect.bisect(begins, begin / 1e9) - 1
        if i < 0 or end / 1e9 > spells[i][1]:
            continue
        sums.setdefault((path, point), [[] for _ in spells])[i].append(rate)
    counts = [sum(len(s[i]) for s in sums.values()) / (e - b)
              for i, (b, e, _) in enumerate(spells)]
    rates = {key: [sum(v) / len(v) if v else None for v in s]
             for key, s in sums.items()}
    return rates, counts


def effects(values, spells):
    """ln(watched / unwatched) of each quadruple with all four."""
    found = []
    for i in range(0, len(spells) - 3, 4):
        part = [(spells[j][2], values[j]) for j in range(i, i + 4)]
        if any(not v for _, v in part):
            continue
        found.append(sum((1 if watched else -1) * math.log(v) / 2
                         for watched, v in part))
    return found


def summarize(name, logs):
    n = len(logs)
    if n < 2:
        print(f"{name:24} too few spells")
        return 2
    mean = sum(logs) / n
    sd = math.sqrt(sum((x - mean) ** 2 for x in logs) / (n - 1))
    t = T975[n - 2] if n - 2 < len(T975) else 1.96 + 2.5 / (n - 1)
    half = t * sd / math.sqrt(n)
    print(f"{name:24} {math.exp(mean):7.4f}  ({math.exp(mean - half):.4f} to "
          f"{math.exp(mean + half):.4f})  from {n} quadruples")
    return math.exp(mean + half)


def main():
    with tempfile.TemporaryDirectory(prefix="vazao-bench-") as top:
        directory = os.path.join(top, "study")
        study = subprocess.Popen(
            [VAZAO, "study", "quick", "--set", "paths=[native, dom0]",
             "--set", "mtu=[1500]", "--set", "socket_size=[65536]",
             "--set", "message_size=[16384]", "--precision", "0.1%",
             "--budget", f"{int(SECONDS + 60)}s", "-o", directory,
             "--live=127.0.0.1:0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        port = int(re.search(r":(\d+)/", study.stderr.readline()).group(1))
        threading.Thread(target=study.stderr.read, daemon=True).start()
        time.sleep(5)
        spells, taken, cpu = alternate(port, study)
        study.terminate()
        study.wait(60)
        rates, counts = means(load(directory), spells)
    print(f"{len(spells)} spells of {SPELL:g} s; watchers read "
          f"{taken / 1e6:.1f} MB; the server took {100 * cpu[0]:.3f} % of a "
          f"CPU unwatched, {100 * cpu[1]:.2f} % watched; watched over "
          "unwatched:")
    summarize("blocks per second", effects(counts, spells))
    worst = min([summarize(f"{path}'s throughput", effects(v, spells))
                 for (path, _), v in sorted(rates.items())])
    return 1 if worst < 0.99 else 0


sys.exit(main())
