#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""usage: ssh_study_test.py VAZAO [TEST...]

Studies of machines that are there already: a host, "its VM" and their peer,
each an sshd in a namespace. They are measured as they are; as the plan says,
and then they are as before, whether the study ends or is killed; a point that
may not be set up is refused; a host that dies is told of in ssh's words.
"""

import csv
import glob
import os
import signal
import subprocess
import sys
import time

from ssh_bed import Bed, need_programs

PLAN = """\
title: the VM against its host
paths:
  - {name: host, kind: ssh, host: native, peer: %(peer)s%(more)s}
  - {name: vm, kind: ssh, host: root@vm, peer: %(peer)s%(more)s}
socket_size: [65536]
message_size: [4096]
budget: %(budget)s
"""


class Study:
    def __init__(self, bed, vazao, peer="peer", more="", budget="6s", rest=""):
        bed.count = getattr(bed, "count", 0) + 1
        self.dir = f"{bed.dir}/study{bed.count}"
        plan = f"plan{bed.count}.yaml"
        bed.write(plan, PLAN % vars() + rest)
        self.vazao = vazao
        self.process = subprocess.Popen(
            bed.here(vazao, "study", f"{bed.dir}/{plan}", "-o", self.dir),
            env=bed.env(), text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def finish(self, seconds=90):
        self.output, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode

    def await_blocks(self, seconds=60):
        """Until something was measured."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.finish() or self.output
            if "cells" in self.log():
                return
            time.sleep(0.1)
        raise AssertionError("nothing was measured")

    def log(self):
        try:
            with open(f"{self.dir}/study.log", encoding="utf-8") as f:
                return f.read()
        except OSError:
            return ""

    def rows(self):
        text = subprocess.run([self.vazao, "report", self.dir, "--format",
                               "csv"], text=True, check=True,
                              capture_output=True).stdout
        return list(csv.DictReader(text.splitlines()))


def left_behind(bed):
    return [f for f in glob.glob("/run/vazao/restore-*")
            if any(str(os.stat(f"/run/netns/{h.netns}").st_ino) in f
                   for h in bed.hosts)]


def test_as_they_are(bed, vazao):
    """Nothing is changed, and both families find their way."""
    before = [h.settings() for h in bed.hosts]
    study = Study(bed, vazao, rest="family: [ipv4, ipv6]\n")
    assert study.finish() == 0, study.output
    assert [h.settings() for h in bed.hosts] == before
    rows = study.rows()
    assert len(rows) == 4, rows
    for row in rows:
        assert float(row["throughput_mbps"]) > 1, (row, study.output)
        assert row["mtu"] == "0" and row["offload"] == "as-is", row
    assert "as-is" in study.output, study.output


def test_peer_here(bed, vazao):
    study = Study(bed, vazao, peer="here", budget="4s")
    assert study.finish() == 0, study.output
    assert all(float(r["throughput_mbps"]) > 1 for r in study.rows())


def test_may_not_configure(bed, vazao):
    study = Study(bed, vazao, rest="mtu: [1400]\noffload: [as-is]\n")
    study.finish()
    rows = study.rows()
    assert all(r["status"] == "FAILED" for r in rows), rows
    assert "has MTU 1500, not 1400" in rows[0]["cause"], rows[0]["cause"]


def test_configured_and_restored(bed, vazao):
    before = [h.settings() for h in bed.hosts]
    study = Study(bed, vazao, more=", may_configure: yes",
                  rest="mtu: [1400]\noffload: [off]\n")
    study.await_blocks()
    assert bed.vm.settings()[0] == bed.peer.settings()[0] == "1400"
    assert study.finish() == 0, study.output
    assert [h.settings() for h in bed.hosts] == before
    assert not left_behind(bed)
    assert all(float(r["throughput_mbps"]) > 1 for r in study.rows())


def test_restored_after_a_kill(bed, vazao):
    before = [h.settings() for h in bed.hosts]
    study = Study(bed, vazao, more=", may_configure: yes", budget="60s",
                  rest="mtu: [1400]\noffload: [off]\n")
    study.await_blocks()
    assert bed.native.settings()[0] == "1400"
    study.process.send_signal(signal.SIGKILL)
    study.finish()
    return max(h.await_settings(was, 10)
               for h, was in zip(bed.hosts, before))


def test_a_host_that_dies(bed, vazao):
    study = Study(bed, vazao, budget="20s")
    study.await_blocks()
    bed.vm.sshd.terminate()
    bed.vm.kill_all()
    study.finish()
    by_path = {r["path"]: r for r in study.rows()}
    assert float(by_path["host"]["throughput_mbps"]) > 1, by_path
    assert by_path["vm"]["status"] == "FAILED", by_path
    assert "Connection refused" in by_path["vm"]["cause"], by_path["vm"]
    assert "closed by remote host" in study.log(), study.log()
    bed.vm.start_sshd()


def main():
    vazao = os.path.abspath(sys.argv[1])
    need_programs()
    with Bed("native", "vm", "peer") as bed:
        for name, test in list(globals().items()):
            if not name.startswith("test_") or \
                    (len(sys.argv) > 2 and name not in sys.argv[2:]):
                continue
            took = test(bed, vazao)
            print(f"{name}: ok" + (f", {took:.1f} s" if took else ""),
                  flush=True)


main()
