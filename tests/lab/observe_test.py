#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a study observes is what happened: observe_test.py VAZAO CASE

counts   frames on the hops, TCP's and the processes' counts fit the payload
         that was moved and each other; CSV shows the host's
guest    a kernel of its own tells what only it knows
full     what eBPF sees fits what the interfaces and TCP count
off      observe: off leaves nothing
rootless counts, as an unprivileged user
"""
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
MSS = 1448  # MTU 1500 less IPv4, TCP and timestamps
FRAME = 1514


def check(condition, text, evidence=None):
    if not condition:
        if evidence is not None:
            print(json.dumps(evidence, indent=1)[:6000], file=sys.stderr)
        sys.exit("FAILED: " + text)


def study(vazao, tmp, paths, *options):
    directory = os.path.join(tmp, "s-%d" % len(os.listdir(tmp)))
    run = subprocess.run(
        [vazao, "study", "quick", "--set", "paths=" + paths, "--set", "mtu=1500",
         "--set", "socket_size=131072", "--set", "message_size=65536",
         "--budget", "6s", *options, "-o", directory],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    check(run.returncode == 0, "the study ends well\n" + run.stdout + run.stderr)
    return directory


def report(vazao, directory, *options):
    run = subprocess.run([vazao, "report", directory, *options],
                         capture_output=True, text=True)
    check(run.returncode == 0, "it is reported\n" + run.stderr)
    return run.stdout


def measurements(vazao, directory):
    """{path: [measurement, ...]}"""
    found = {}
    for block in json.loads(report(vazao, directory, "--format", "json", "--raw"))["blocks"]:
        for m in block["measurements"]:
            found.setdefault(m["path"], []).append(m)
    return found


def near(a, b, part):
    return abs(a - b) <= part * max(a, b)


def check_turns(m):
    c = m["counters"]
    check(c["turns"] == len(m["slices"]), "every slice is a turn", m)
    check(c["turn_bytes"] >= m["bytes"], "a turn is more than its slice", m)
    check(c["turn_ns"] >= m["duration_ns"], "and longer", m)
    check(c["m1"]["turn_bytes"] == c["turn_bytes"], "both ends count the same bytes", c)
    tcp = c["m1"]["tcp"]
    check(tcp["bytes_sent"] - tcp["bytes_retransmitted"] == c["turn_bytes"] ==
          c["m2"]["tcp"]["bytes_received"],
          "so do their kernels", c)


def check_hops(c, names):
    """Offload is off: no frame carries more than one segment."""
    check([h["ifname"] for h in c["hops"]] == names, "the hops are %s" % names, c["hops"])
    least = c["turn_bytes"] / MSS
    for h in c["hops"]:
        if h["role"] == "bridge":
            continue
        forth = ("tx", "rx")[h["ifname"].startswith("vif") or h["node"] == "M2"]
        packets, size = h[forth + "_packets"], h[forth + "_bytes"]
        check(least * 0.98 <= packets <= least * 1.5 + 100,
              "%d packets for %d segments on %s" % (packets, least, h["ifname"]), h)
        check(c["turn_bytes"] * 0.98 < size < packets * FRAME + 1,
              "%d bytes on %s" % (size, h["ifname"]), h)


def check_cpu(path, all_of_it):
    """Summed over the blocks, for one block is a few ticks."""
    def total(of):
        return sum(of(m["counters"]) for m in all_of_it)

    turn_ns = total(lambda c: c["turn_ns"])
    cpus = all_of_it[0]["counters"]["host"]["cpus"]
    states = total(lambda c: sum(c["host"]["cpu_ns"].values()))
    # counters.h: rounded to ticks at the edges of turns, and as much again by
    # sampling; two of such errors
    turns = total(lambda c: c["turns"])
    resolution = all_of_it[0]["counters"]["host"]["resolution_ns"]
    error = 2 * resolution * (2 * turns / 6) ** 0.5
    check(abs(states - cpus * turn_ns) <=
          0.15 * cpus * turn_ns + error * cpus ** 0.5,
          "%s: all states are all time: %.3f of it" % (path, states / cpus / turn_ns))
    agents = total(lambda c: c["m1"]["process"]["cpu_ns"] + c["m2"]["process"]["cpu_ns"])
    helpers = total(lambda c: sum(p["cpu_ns"] for p in c.get("processes", {}).values()))
    busy = total(lambda c: c["host"]["busy_ns"])
    # on a busy machine a turn is mostly waiting
    check(0.01 * turn_ns < agents + helpers < 1.02 * cpus * turn_ns,
          "%s: who moves data is at work: %.3f CPUs" % (path, (agents + helpers) / turn_ns))
    check(busy > 0.85 * (agents + helpers) - error,
          "%s: the host's time (%d ms) holds the processes' (%d ms, within %d)" %
          (path, busy // 10**6, (agents + helpers) // 10**6, error // 10**6))


def check_csv(vazao, directory, seen):
    for row in csv.DictReader(io.StringIO(report(vazao, directory, "--format", "csv"))):
        all_of_it = [m["counters"] for m in seen[row["path"]]]
        bytes_, ns = (sum(c[k] for c in all_of_it) for k in ("turn_bytes", "turn_ns"))
        for column, key, unit in (("cpu_us_per_kb", "busy_ns", 1.024 / bytes_),
                                  ("context_switches_per_s", "context_switches", 1e9 / ns),
                                  ("page_faults_per_s", "page_faults", 1e9 / ns)):
            right = sum(c["host"][key] for c in all_of_it) * unit
            check(near(float(row[column]), right, 1e-6),
                  "%s is %s, not %g" % (column, row[column], right))


def case_counts(vazao, tmp, paths="[native, dom0, domU]"):
    directory = study(vazao, tmp, paths)
    seen = measurements(vazao, directory)
    hops = {"native": None, "dom0": ["eth0", "vif0.0", "xenbr0", "peth0", "eth2"],
            "domU": ["eth0", "vif1.0", "xenbr0", "peth0", "eth2"]}
    for path, all_of_it in seen.items():
        for m in all_of_it:
            c = m["counters"]
            names = [h["ifname"] for h in c["hops"]]
            check_turns(m)
            check_hops(c, [*(hops[path] or names)[:-1], names[-1]])
            check(("netback" in c.get("processes", {})) == (path == "domU"),
                  "netback is domU's", c)
            check(c["m1"]["snmp"]["Tcp.OutSegs"] >= c["turn_bytes"] / MSS,
                  "as many segments as it takes", c["m1"])
            check("kernel" not in c["m1"], "a namespace has no kernel of its own", c["m1"])
        check_cpu(path, all_of_it)
    check_csv(vazao, directory, seen)


def case_guest(vazao, tmp):
    if not shutil.which("linux.uml"):
        print("there is no linux.uml: install user-mode-linux", file=sys.stderr)
        sys.exit(SKIP)
    seen = measurements(vazao, study(vazao, tmp, "[native, uml]"))
    check("uml" in seen, "the guest was measured")
    for m in seen["uml"]:
        c = m["counters"]
        check_turns(m)
        check(c["m1"]["kernel"]["cpus"] == 1, "the guest's own kernel tells", c["m1"])
        check(c["m1"]["kernel"]["cpu_ns"]["user"] >= 0, "its CPU's time", c["m1"])
        check(c["processes"]["uml"]["cpu_ns"] > 0, "the host its cost", c)
        inside, outside = c["m1"]["hop"]["tx_packets"], c["hops"][0]["rx_packets"]
        check(near(inside, outside, 0.02),
              "%d frames leave the guest, %d arrive" % (inside, outside), c)


def case_full(vazao, tmp):
    """Offload is off at the ends, but for the sender's own software GSO."""
    seen = measurements(vazao, study(vazao, tmp, "[native, domU]", "--set",
                                     "observe=full", "--budget", "3s"))
    why = seen["native"][0]["counters"].get("no_ebpf")
    if why:
        print("no eBPF here: " + why, file=sys.stderr)
        sys.exit(SKIP)
    for path, all_of_it in seen.items():
        for m in all_of_it:
            c = m["counters"]
            e = c["ebpf"]
            end = e["frame_bytes"]["M2 " + c["hops"][-1]["ifname"]]["rx"]
            check(near(sum(end["count"]), c["hops"][-1]["rx_packets"], 0.1),
                  "%s: as many frames as the interface counts" % path, c)
            sent = sum(e["frame_bytes"]["%s eth0" % path]["tx"]["count"])
            check(near(sent, c["hops"][0]["tx_packets"], 0.1),
                  "%s: as many leave as are cut" % path, c)
            skbs = sum(e["skb_bytes"]["%s eth0" % path]["tx"]["count"])
            check(skbs <= sent, "%s: no more packets than frames" % path, e)
            check(0 < e["softirq_ns"]["NET_RX"] < c["turn_ns"] * c["host"]["cpus"],
                  "%s: softirqs take time" % path, e)
            calls = e["syscalls"]
            check(calls["m1"] >= c["turn_bytes"] / 65536 and calls["m2"] > 0,
                  "%s: a system call a message at least" % path, e)
            check(path == "native" or calls["netback"] > 0, "netback is at work", e)
            check(sum(e["wakeup_ns"]["m2"]["count"]) > 0, "somebody is woken", e)


def case_off(vazao, tmp):
    directory = study(vazao, tmp, "[native, dom0]", "--set", "observe=off",
                      "--budget", "2s")
    for all_of_it in measurements(vazao, directory).values():
        for m in all_of_it:
            check("counters" not in m, "nothing is stored", m)
    for row in csv.DictReader(io.StringIO(report(vazao, directory, "--format", "csv"))):
        check(row["cpu_us_per_kb"] == "", "and nothing shown")


def case_rootless(vazao, tmp):
    if os.getuid() == 0:
        for name in ("vazao", "vazao-agent"):
            shutil.copy(os.path.join(os.path.dirname(vazao), name), tmp)
        os.chmod(tmp, 0o755)
        vazao, tmp = os.path.join(tmp, "vazao"), os.path.join(tmp, "home")
        os.mkdir(tmp)
        os.chown(tmp, 65534, 65534)
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        os.environ["HOME"] = tmp
    probe = subprocess.run(["unshare", "--user", "--net", "true"],
                           capture_output=True, text=True)
    if probe.returncode:
        print("unprivileged user namespaces are refused here: " +
              probe.stderr.strip(), file=sys.stderr)
        sys.exit(SKIP)
    case_counts(vazao, tmp, "[native, dom0]")


def main():
    vazao, case = os.path.abspath(sys.argv[1]), sys.argv[2]
    tmp = tempfile.mkdtemp(prefix="vazao-test-")
    pid = os.fork()
    if pid == 0:
        globals()["case_" + case](vazao, tmp)
        print("ok")
        sys.exit(0)
    _, status = os.waitpid(pid, 0)
    shutil.rmtree(tmp, ignore_errors=True)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
