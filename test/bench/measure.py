"""Runs commands in turn, so that whatever else the machine does falls on all of them alike, and prints JSON: for each
the wall clock and CPU (milliseconds) of every round, and the peak resident memory (KiB) of the process.

    measure.py ROUNDS [SECONDS] < {"name": ["command", "argument", ...], ...}

With SECONDS each round begins so long after the one before, as what runs on a timer finds the machine.
"""
import json
import os
import sys
import time

rounds = int(sys.argv[1])
distance = float(sys.argv[2]) if len(sys.argv) > 2 else 0
commands = json.load(sys.stdin)
# What else is set here may change what is measured: NODE_EXTRA_CA_CERTS alone makes each start of Node 20 38 ms longer.
environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"LANG": "C.UTF-8"}
null = os.open("/dev/null", os.O_RDWR)
results = {name: {"wall": [], "cpu": [], "rss": [], "codes": []} for name in commands}
start = time.monotonic()
for turn in range(rounds + 1):
    time.sleep(max(0, start + turn * distance - time.monotonic()))
    for name, command in commands.items():
        before = time.monotonic()
        pid = os.fork()
        if pid == 0:
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            try:
                os.execvpe(command[0], command, environment)
            finally:
                os._exit(127)
        _, status, usage = os.wait4(pid, 0)
        wall = (time.monotonic() - before) * 1000
        # The first round fills the caches.
        if turn == 0:
            continue
        result = results[name]
        result["wall"].append(wall)
        result["cpu"].append((usage.ru_utime + usage.ru_stime) * 1000)
        result["rss"].append(usage.ru_maxrss)
        result["codes"].append(os.waitstatus_to_exitcode(status))
print(json.dumps(results))
