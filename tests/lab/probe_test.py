#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""usage: probe_test.py VAZAO

vazao probe between two namespaces, over a hop of a known delay and a known
loss: two TAPs, and a thread of this test that carries the frames between them.
"""

import csv
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import threading
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
A, B = f"vza{os.getpid()}", f"vzb{os.getpid()}"
DELAY_S = 0.005
LOSS = 0.03


def skip(why):
    print(why, file=sys.stderr)
    sys.exit(77)


def sh(*words, check=True):
    return subprocess.run(words, check=check, text=True, capture_output=True)


class Hop(threading.Thread):
    """Each frame after DELAY_S; of large UDP datagrams some get lost, and some
    come late, if that is asked for."""

    def __init__(self):
        super().__init__(daemon=True)
        self.fd = [self.open_tap(netns, i) for i, netns in enumerate((A, B))]
        self.queue, self.count = [], 0
        self.lossy = self.late = False
        self.delay_s = DELAY_S
        self.seen = self.lost = 0
        self.random = random.Random(2007)

    @staticmethod
    def open_tap(netns, number):
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        name = f"vzt{os.getpid() % 100000}{number}"
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22s", name.encode(),
                                               IFF_TAP | IFF_NO_PI, b""))
        sh("ip", "link", "set", name, "netns", netns, "name", "eth0")
        return fd

    def is_datagram(self, frame):
        return len(frame) > 1000 and frame[12:14] == b"\x08\x00" and \
            frame[23] == 17

    def take(self, side, now):
        for _ in range(64):
            try:
                frame = os.read(self.fd[side], 65536)
            except BlockingIOError:
                return
            due = now + self.delay_s
            if self.is_datagram(frame):
                self.seen += 1
                if self.lossy and self.random.random() < LOSS:
                    self.lost += 1
                    continue
                if self.late and self.seen % 50 == 0:
                    due += 0.004
            self.count += 1
            heapq.heappush(self.queue, (due, self.count, 1 - side, frame))

    def give(self, now):
        while self.queue and self.queue[0][0] <= now:
            _, _, side, frame = heapq.heappop(self.queue)
            try:
                os.write(self.fd[side], frame)
            except OSError:
                pass

    def run(self):
        while True:
            wait = self.queue[0][0] - time.monotonic() if self.queue else 1
            ready, _, _ = select.select(self.fd, [], [], max(wait, 0))
            for fd in ready:
                self.take(self.fd.index(fd), time.monotonic())
            self.give(time.monotonic())


def set_up():
    for netns, host in (A, 1), (B, 2):
        sh("ip", "-n", netns, "link", "set", "lo", "up")
        sh("ip", "-n", netns, "addr", "add", f"198.51.100.{host}/24", "dev",
           "eth0")
        sh("ip", "-6", "-n", netns, "addr", "add", f"2001:db8::{host}/64",
           "dev", "eth0", "nodad")
        sh("ip", "-n", netns, "link", "set", "eth0", "up")


def probe(vazao, *options, form="--json"):
    done = subprocess.run([vazao, "probe", f"netns:{B}", "--from",
                           f"netns:{A}", *options, form], text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done
    return json.loads(done.stdout) if form == "--json" else done.stdout


def test_round_trips(vazao, hop):
    """A transaction takes two delays, one with its connection four."""
    for workload, delays in ("tcp_rr", 2), ("udp_rr", 2), ("tcp_crr", 4):
        nodelay = [] if workload == "udp_rr" else ["-N", "on"]
        summary = probe(vazao, "-w", workload, "-t", "1", *nodelay)["summary"]
        rate, p50 = summary["transactions_per_s"], summary["latency_p50_us"]
        least = delays * DELAY_S * 1e6
        assert 0.6 / (delays * DELAY_S) < rate < 1.02 / (delays * DELAY_S), \
            (workload, rate)
        assert 0.98 * least < p50 < 1.6 * least, (workload, p50)
        print(f"  {workload}: {rate:.1f} transactions/s, p50 {p50:.0f} us")


def test_loss(vazao, hop):
    hop.lossy, hop.seen, hop.lost = True, 0, 0
    s = probe(vazao, "-w", "udp_stream", "-m", "1400", "-b", "20mbit", "-t",
              "2")["summary"]
    hop.lossy = False
    received, lost = s["datagrams_received"], s["datagrams_lost"]
    share, true = lost / (received + lost), hop.lost / hop.seen
    error = 4 * (LOSS * (1 - LOSS) / (received + lost)) ** 0.5
    assert received + lost > 1000, s
    assert abs(share - LOSS) < error, (share, LOSS, error)
    assert abs(share - true) < 0.3 * LOSS, (share, true)
    print(f"  lost {100 * share:.2f} %, by the hop {100 * true:.2f} %")


def test_reordering_and_jitter(vazao, hop):
    hop.late, hop.seen = True, 0
    s = probe(vazao, "-w", "udp_stream", "-m", "1400", "-b", "10mbit", "-t",
              "1")["summary"]
    hop.late = False
    all_of_them = s["datagrams_received"] + s["datagrams_lost"]
    share = s["datagrams_reordered"] / all_of_them
    assert 0.01 < share < 0.03, share  # 1 of 50 comes 4 ms late
    assert 10 < s["jitter_us"] < 5000, s["jitter_us"]


def test_pacing(vazao, hop):
    """What is asked for is sent, on a machine that wakes up late; one that
    others load as well may take its three tries for it."""
    hop.delay_s = 0
    for mbps in 10, 50:
        sent = []
        while len(sent) < 3 and max(sent, default=0) < 0.9 * mbps:
            sent.append(probe(vazao, "-w", "udp_stream", "-m", "1400", "-b",
                              f"{mbps}mbit", "-t", "1")["summary"]["sent_mbps"])
        print(f"  paced to {mbps}: sent {max(sent):.1f} Mbit/s")
        assert 0.7 * mbps < max(sent) < 1.02 * mbps, sent
    hop.delay_s = DELAY_S


def test_ipv6(vazao, hop):
    told = probe(vazao, "--family", "ipv6", "-t", "1", "-s", "64K")
    assert told["m2"]["address"] == "2001:db8::2", told["m2"]
    assert told["point"]["family"] == "ipv6"
    assert told["sender"]["mss_bytes"] == 1428, told["sender"]
    told = probe(vazao, "-t", "1", "-s", "64K", "--address", "2001:db8::2")
    assert told["point"]["family"] == "ipv6", told["point"]
    assert probe(vazao, "-t", "1")["sender"]["mss_bytes"] == 1448


def test_csv(vazao, hop):
    text = probe(vazao, "-w", "tcp_rr", "-t", "1", form="--csv")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 1 and None not in rows[0], rows
    row = rows[0]
    assert row["workload"] == "tcp_rr" and row["mtu"] == "1500", row
    assert 50 < float(row["transactions_per_s"]) < 102, row
    assert float(row["latency_p50_us"]) >= 9800, row


def test_text(vazao, hop):
    """Transactions lead where they are what is measured."""
    text = subprocess.run([vazao, "probe", f"netns:{B}", "--from",
                           f"netns:{A}", "-w", "tcp_rr", "-t", "1"],
                          text=True, capture_output=True, check=True).stdout
    lines = text.splitlines()
    assert any("trans/s" in line for line in lines), text
    first = next(line for line in lines if line.startswith("rate"))
    assert "transactions/s" in first, text
    assert "throughput" not in text, text


def main():
    vazao = os.path.abspath(sys.argv[1])
    if os.geteuid() != 0:
        skip("it takes root: namespaces and TAPs")
    if sh("ip", "netns", "add", A, check=False).returncode:
        skip("no network namespaces")
    try:
        sh("ip", "netns", "add", B)
        if not os.path.exists("/dev/net/tun"):
            skip("no /dev/net/tun")
        hop = Hop()
        set_up()
        hop.start()
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                test(vazao, hop)
                print(f"{name}: ok", flush=True)
    finally:
        sh("ip", "netns", "del", A, check=False)
        sh("ip", "netns", "del", B, check=False)


main()
