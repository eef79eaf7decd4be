"""Opens and closes listeners as fast as it can, in a few processes, and says now and then how far it is.

    flood.py COUNT PROCESSES [LIVE_MS]

Ports go round 2,000 numbers, some of them assigned and some not; each listener lives LIVE_MS (0: no time at all).
"""
import os
import socket
import sys
import time

count, processes = int(sys.argv[1]), int(sys.argv[2])
live = (float(sys.argv[3]) if len(sys.argv) > 3 else 0) / 1000


def flood(index, share):
    for each in range(share):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", 10_000 + (each * processes + index) % 2_000))
        listener.listen()
        if live:
            time.sleep(live)
        listener.close()


pids = []
for index in range(processes):
    pid = os.fork()
    if pid == 0:
        flood(index, count // processes)
        os._exit(0)
    pids.append(pid)
for pid in pids:
    os.waitpid(pid, 0)
