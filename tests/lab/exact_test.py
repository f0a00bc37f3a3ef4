#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Studies in exact time: exact_test.py VAZAO CASE

linux  the same seed gives the same digits, though QEMU is killed in the
       second study; the replicates differ; neither resume nor compare puts
       exact figures beside seconds
xen    the same with dom0 and domU, the second study killed and resumed (long)
"""
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from study_test import Study, check, has_ended, machines, need_images

SEED = ["--seed", "2007", "--no-report"]
NATIVE = "{name: native, kind: xen, role: native}"
POINTS = ["--set", "mtu=1500", "--set", "socket_size=114688",
          "--set", "message_size=[512, 4096]"]


def query(directory, sql):
    with sqlite3.connect("file:%s/study.db?mode=ro" % directory, uri=True) as db:
        return db.execute(sql).fetchall()


def told(directory):
    """What the machines told, byte for byte."""
    return query(directory, "SELECT round, machine, point, result FROM replicate "
                            "ORDER BY 1, 2, 3")


def measured(directory):
    return query(directory, "SELECT b.round, b.point, m.path, m.throughput_mbps, "
                            "m.slices FROM measurement m JOIN block b ON "
                            "b.id = m.block ORDER BY 1, 2, 3")


def settled(directory):
    """A machine has told of a block: it is at work."""
    try:
        return query(directory, "SELECT count(*) FROM replicate")[0][0] > 0
    except sqlite3.OperationalError:
        return False # no file yet, or no table in it


def check_same(a, b):
    check(told(a) and told(a) == told(b), "both were told the same, to the last digit")
    check(measured(a) == measured(b), "and measured the same")


def run(vazao, *arguments):
    return subprocess.run([vazao, *arguments], capture_output=True, text=True)


def check_never_mixed(vazao, tmp, exact):
    plan = os.path.join(tmp, "wall.yaml")
    with open(plan, "w") as f:
        f.write("paths: [%s]\nmtu: 1500\nsocket_size: 114688\n"
                "message_size: [512, 4096]\noffload: off\n" % NATIVE)
    out = run(vazao, "study", plan, "--resume", "-o", exact)
    check(out.returncode == 3 and "made with time exact, not wall" in out.stderr +
          out.stdout, "seconds do not go on where instructions began",
          out.stdout + out.stderr)
    wall = os.path.join(tmp, "wall")
    run(vazao, "study", "quick", "--set", "paths=[native, {name: n, kind: native}]",
        *POINTS, "--budget", "1s", "-o", wall, "--no-report")
    out = run(vazao, "compare", exact, wall, "--force")
    check(out.returncode == 3 and "never compared" in out.stderr,
          "and are not compared with them", out.stdout + out.stderr)


def case_linux(vazao, tmp):
    need_images(vazao, "linux", "xen")
    a, b = os.path.join(tmp, "a"), os.path.join(tmp, "b")
    plan = ["quick-xen-exact", "--set", "paths=[%s]" % NATIVE, *POINTS]
    study = Study(vazao, a, *plan, *SEED)
    check(study.finish() == 0, "a study of one machine ends well", study.output)
    study = Study(vazao, b, *plan, *SEED)
    check(study.wait_for(lambda: machines(study), 60), "machines boot")
    victims = machines(study)
    os.kill(victims[0], signal.SIGKILL)
    check(study.finish() == 0, "a second one ends well", study.output)
    check("the machine ended before its work was done" in study.output and
          "booting it once more" in study.output, "a death is told of", study.output)
    check_same(a, b)
    rates = {}
    for replicate, point, _, mbps, _ in measured(a):
        rates.setdefault(point, {})[replicate] = mbps
    check(all(len(set(r.values())) == 2 for r in rates.values()),
          "the replicates differ: %s" % rates)
    print(rates)
    text = run(vazao, "report", a, "--format", "txt").stdout
    check(text.splitlines()[1].startswith("EXACT TIME"),
          "the report says first what it counts", text)
    check_never_mixed(vazao, tmp, a)
    check(all(map(has_ended, victims)), "no QEMU is left")


def case_xen(vazao, tmp):
    need_images(vazao, "linux", "xen")
    a, b = os.path.join(tmp, "a"), os.path.join(tmp, "b")
    plan = ["quick-xen-exact", *POINTS, "--set",
            "paths=[%s, {name: dom0, kind: xen, role: dom0}, "
            "{name: domU, kind: xen, role: domU}]" % NATIVE]
    study = Study(vazao, a, *plan, *SEED)
    check(study.finish(400) == 0, "native, dom0 and domU end well", study.output)
    study = Study(vazao, b, *plan, *SEED)
    check(study.wait_for(lambda: settled(b), 200), "it is at work")
    victims = machines(study)
    os.kill(study.process.pid, signal.SIGKILL)
    study.process.wait()
    end = time.monotonic() + 10 # wait_for() would not: the study has ended
    while not all(map(has_ended, victims)) and time.monotonic() < end:
        time.sleep(0.05)
    check(all(map(has_ended, victims)), "no QEMU is left")
    before = len(told(b))
    check(0 < before < len(told(a)), "what was told is kept: %d" % before)
    study = Study(vazao, b, "--resume", "--no-report")
    check(study.finish(400) == 0, "it goes on", study.output)
    check_same(a, b)
    for path in range(3):
        print([m[3] for m in measured(a) if m[2] == path])


def main():
    vazao, case = os.path.abspath(sys.argv[1]), sys.argv[2]
    tmp = tempfile.mkdtemp(prefix="vazao-test-")
    try:
        globals()["case_" + case](vazao, tmp)
        print("ok")
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


main()
