"""Opens a load of sockets and descriptors over many processes, says so in one line of JSON, and holds it until its input ends.

    load.py LISTENERS PROCESSES DESCRIPTORS CONNECTIONS UDP [FIRST_PORT]

Listeners, UDP sockets and connections go round the processes; every connection is between two sockets of one process.
Descriptors are the total over all processes, filled up with /dev/null. Prints what it could make of it.
"""
import json
import os
import resource
import signal
import socket
import sys

listeners, processes, descriptors, connections, udp = (int(argument) for argument in sys.argv[1:6])
first_port = int(sys.argv[6]) if len(sys.argv) > 6 else 20_000

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def share(total, index):
    return total // processes + (1 if index < total % processes else 0)


def open_share(index):
    kept = []
    try:
        own = []
        for each in range(share(listeners, index)):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1" if each % 2 else "0.0.0.0", first_port + index + each * processes))
            listener.listen(512)
            own.append(listener)
        kept += own
        for each in range(share(udp, index)):
            datagram = socket.socket(type=socket.SOCK_DGRAM)
            datagram.bind(("127.0.0.1", first_port + index + each * processes))
            kept.append(datagram)
        # Only a process with a listener has something to connect to.
        with_listener = min(processes, listeners)
        wanted = connections // with_listener + (1 if index < connections % with_listener else 0) if own else 0
        for each in range(wanted):
            target = own[each % len(own)]
            client = socket.create_connection(("127.0.0.1", target.getsockname()[1]))
            kept += [client, target.accept()[0]]
        made = {"listeners": len(own), "udp": share(udp, index), "connections": wanted, "failed": None}
    except OSError as error:
        made = {"listeners": 0, "udp": 0, "connections": 0, "failed": str(error)}
    try:
        while len(kept) + 3 < share(descriptors, index):
            kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        made["failed"] = str(error)
    made["descriptors"] = len(kept) + 3
    return made, kept


def child(index, report):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    made, kept = open_share(index)
    os.write(report, (json.dumps(made) + "\n").encode())
    os.close(report)
    signal.pause()


reader, writer = os.pipe()
pids = []
for index in range(processes):
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        child(index, writer)
        os._exit(0)
    pids.append(pid)
os.close(writer)
total = {"processes": len(pids), "listeners": 0, "udp": 0, "connections": 0, "descriptors": 0, "failed": None}
with os.fdopen(reader) as reports:
    for line in reports:
        made = json.loads(line)
        for key in ("listeners", "udp", "connections", "descriptors"):
            total[key] += made[key]
        total["failed"] = total["failed"] or made["failed"]
print(json.dumps(total), flush=True)
sys.stdin.read()
for pid in pids:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
