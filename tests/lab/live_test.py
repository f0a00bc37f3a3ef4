#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""usage: live_test.py VAZAO

vazao study --live as a browser meets it: the page, its events, a watcher that
takes nothing, one that goes, the server killed, other machines' addresses.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

VAZAO = os.path.abspath(sys.argv[1])
QUICK = ["--set", "paths=[native, dom0]", "--set", "mtu=[1500]",
         "--set", "socket_size=[16384, 131072]", "--set", "message_size=[65536]"]
checks = 0


def check(what, good):
    global checks
    checks += 1
    print(("ok   " if good else "FAIL ") + what, flush=True)
    if not good:
        sys.exit(1)


def start(directory, *more, budget="6s"):
    study = subprocess.Popen(
        [VAZAO, "study", "quick", *QUICK, "--budget", budget, "-o", directory,
         *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = study.stderr.readline()
    found = re.match(r"watch it at (http://\S+)", line)
    if not found and re.search("namespace|not permitted", line + study.stderr.read()):
        print("no namespaces here: " + line, file=sys.stderr)
        sys.exit(77)
    check("says where to watch", found)
    return study, found.group(1)


def get(url, path="", **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(
                url + path, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def wait_for_page(url):
    for _ in range(100):
        code, text, headers = get(url)
        if code == 200:
            return text, headers
        time.sleep(0.1)
    return "", {}


def read_events(url):
    """Until the end: [(event, data), ...]"""
    events, name = [], None
    with urllib.request.urlopen(url + "events?after=0", timeout=30) as stream:
        for raw in stream:
            line = raw.decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                events.append((name, json.loads(line[6:])))
    return events


def hang(url):
    """Asks for events with a tiny window and never reads them."""
    host, port = re.match(r"http://([\d.]+):(\d+)/", url).groups()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    sock.connect((host, int(port)))
    sock.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return sock


def server_of(study):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                text = stat.read()
        except OSError:
            continue
        if "(vazao-live)" in text and \
                int(text.rsplit(")", 1)[1].split()[1]) == study.pid:
            return int(pid)
    return None


def test_watched(directory):
    study, url = start(directory, "--live=127.0.0.1:0")
    text, headers = wait_for_page(url)
    check("the page is a live one", '"live":' in text and
          "connect-src 'self'" in text)
    check("it is not to be kept or framed", headers["Cache-Control"] ==
          "no-store" and headers["X-Frame-Options"] == "DENY")
    stuck = [hang(url) for _ in range(4)]
    check("another name is refused", get(url, Host="evil.example")[0] == 403)
    check("what is not there", get(url, "etc/passwd")[0] == 404)
    check("the study for programs",
          len(json.loads(get(url, "study.json")[1])["cells"]) == 4)
    check("and for Prometheus", get(url, "metrics")[1].endswith("# EOF\n"))
    check("it has the lowest priority",
          os.sched_getscheduler(server_of(study)) == os.SCHED_IDLE)
    events = read_events(url)
    names = [name for name, _ in events]
    blocks = [b for name, data in events if name == "blocks" for b in data]
    check("progress, blocks, the study and its end are told",
          {"progress", "blocks", "study"} <= set(names) and names[-1] == "end")
    check("every block once, in order",
          len(blocks) > 3 and [b[0] for b in blocks] ==
          list(range(1, len(blocks) + 1)))
    out = study.communicate(timeout=60)[0]
    check("the study ends as it would unwatched", study.returncode == 0 and
          "report.csv" in out)
    last = [data for name, data in events if name == "study"][-1]
    check("the last study told has all its blocks",
          last["good_blocks"] == len(blocks))
    for sock in stuck:
        sock.close()
    stored = open(os.path.join(directory, "report.html")).read()
    check("the page that is kept is no live one", '"live":' not in stored and
          "connect-src" not in stored)


def test_server_dies(directory):
    study, url = start(directory, "--live=127.0.0.1:0", budget="4s")
    wait_for_page(url)
    os.kill(server_of(study), signal.SIGKILL)
    study.communicate(timeout=60)
    check("its server killed, the study goes on", study.returncode == 0)


def test_study_dies(directory):
    study, url = start(directory, "--live=127.0.0.1:0", budget="60s")
    wait_for_page(url)
    server = server_of(study)
    study.kill()
    study.wait()
    for _ in range(50):
        if not os.path.exists(f"/proc/{server}"):
            break
        time.sleep(0.1)
    check("the study killed, its server goes",
          not os.path.exists(f"/proc/{server}"))


def test_refused(directory):
    for address in "0.0.0.0:0", "[::]:0":
        study = subprocess.run([VAZAO, "study", "quick", f"--live={address}",
                                "-o", directory], capture_output=True,
                               text=True, timeout=60)
        check(f"{address} is refused", study.returncode == 2 and
              "--live-open" in study.stderr)


with tempfile.TemporaryDirectory(prefix="vazao-live-") as top:
    for test in test_watched, test_server_dies, test_study_dies, test_refused:
        test(os.path.join(top, test.__name__))
print(f"{checks} checks passed")
