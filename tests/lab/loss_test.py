#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for the highest rate without loss finds a rate that is known: a
cable of 50 Mbit/s behind a bridge, where datagrams are dropped at peth0.
usage: loss_test.py VAZAO"""
import csv
import json
import os
import subprocess
import sys
import tempfile

vazao = sys.argv[1]
LINK = 50e6
MESSAGE = 1472
# the wire has 28 bytes of IP and UDP more, 14 of header, 24 of FCS, preamble
# and gap (IEEE 802.3)
TRUTH = LINK / 1e6 * MESSAGE / (MESSAGE + 28 + 14 + 24)


def fail(text):
    print(text, file=sys.stderr)
    sys.exit(1)


def run(*words):
    return subprocess.run([vazao, *words], text=True, capture_output=True)


with tempfile.TemporaryDirectory() as directory:
    study = directory + "/s"
    done = run("study", "udp", "-o", study, "--no-report",
               "--set", "paths=[native, dom0]", "--set", "link.rate=50mbit",
               "--set", "socket_size=[1048576]",
               "--set", f"message_size=[{MESSAGE}]",
               "--set", "observe=off",
               "--set", "budget=90s")
    if done.returncode == 4:
        print(done.stderr.strip().splitlines()[-1], file=sys.stderr)
        sys.exit(77)
    if done.returncode != 0:
        fail(f"study: {done.returncode}: {done.stderr}")
    rows = list(csv.DictReader(
        run("report", study, "--format", "csv").stdout.splitlines()))
    dom0 = next(r for r in rows if r["path"] == "dom0")
    print(dom0)
    lo, hi, rate = (float(dom0["no_loss_mbps" + end] or "inf")
                    for end in ("_lo", "_hi", ""))
    if int(dom0["no_loss_trials"]) < 20:
        fail("too few trials")
    # the kernel's timer lets the bucket run a little over its rate, and a
    # queue that fills by less than 1 % of the time is not seen
    if not lo <= 1.02 * TRUTH or not hi >= 0.98 * TRUTH:
        fail(f"{lo} to {hi} does not have {TRUTH} in it")
    if dom0.get("no_loss_uneven") == "1":
        print("the machine is too loaded to offer a rate evenly: "
              f"{dom0['no_loss_void']} uneven trials", file=sys.stderr)
    elif not 0.95 * TRUTH < rate < 1.05 * TRUTH:
        fail(f"{rate} is not near {TRUTH}")
    # at overload the cable carries what it can
    over = float(dom0["throughput_mbps"])
    if not 0.9 * TRUTH < over < 1.1 * TRUTH:
        fail(f"at overload {over} of {TRUTH}")
    text = run("report", study, "--format", "txt").stdout
    if "Highest rates without loss" not in text:
        fail("txt does not tell of it")
    # resumed, its trials stand
    again = run("study", "-o", study, "--resume", "--no-report")
    if again.returncode != 0:
        fail(f"resume: {again.stderr}")
