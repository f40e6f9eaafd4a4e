#!/usr/bin/env python3
"""Compares what a restart and a long absence cost in raftd and in etcd, in turns, on this machine.

Three servers each. Restart: all of them, after `--entries` puts, until the first put succeeds.
Catch-up: one follower is killed, misses `--missed` puts, and is started again, until it has applied
what the leader had committed at that moment. Method and cautions: README.md beside this file.
"""

import argparse
import importlib.util
import json
import os
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("compare", os.path.join(HERE, "compare-with-etcd.py"))
compare = importlib.util.module_from_spec(spec)
spec.loader.exec_module(compare)

PATIENCE_SECONDS = 300
GLANCE_SECONDS = 0.01


class Etcd(compare.Etcd):

    def statuses(self):
        """Also while one server is down: etcdctl fails then, and prints the others all the same."""
        result = subprocess.run(
            [self.options.etcdctl, "--endpoints", ",".join(self.all_endpoints()),
             "--command-timeout", "2s", "endpoint", "status", "--write-out", "json"],
            capture_output=True, text=True, env={**os.environ, "ETCDCTL_API": "3"})
        return json.loads(result.stdout) if result.stdout.strip() else []

    def applied(self):
        """By server from 0: the applied index and whether it leads; servers that are down are left out."""
        places = {endpoint: place for place, endpoint in enumerate(self.all_endpoints())}
        return {places[entry["Endpoint"]]: (entry["Status"]["raftAppliedIndex"],
                                            entry["Status"].get("leader")
                                            == entry["Status"]["header"]["member_id"])
                for entry in self.statuses()}


class Raftd(compare.Raftd):

    def applied(self):
        found = {}
        for server in range(compare.SERVERS):
            result = subprocess.run(
                [self.options.raftctl, "--endpoints", f"127.0.0.1:{self.ports[3 * server]}",
                 "--timeout", "1s", "-o", "json", "status"], capture_output=True, text=True)
            for status in json.loads(result.stdout or "{}").get("servers", []):
                if "status" in status:
                    header = status["status"]["header"]
                    found[server] = (int(header.get("appliedIndex", 0)),
                                     header.get("leaderId") == header["serverId"])
        return found


def put(cluster, count, options):
    command = [options.loadgen, "--api", cluster.api, "--endpoints", cluster.endpoints(), "--op", "put",
               "--outstanding", "256", "--connections", "8", "--preload", "--keys", str(count),
               "--value-size", str(options.value_size), "--warmup", "0", "--duration", "0.1"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: loadgen could not put {count} keys into {cluster.name}: {result.stderr}")


def wait_for(what, reached):
    began = time.monotonic()
    while not reached():
        if time.monotonic() > began + PATIENCE_SECONDS:
            sys.exit(f"error: {what}: not within {PATIENCE_SECONDS} s")
        time.sleep(GLANCE_SECONDS)
    return time.monotonic() - began


def measure_restart(cluster, options):
    put(cluster, options.entries, options)
    cluster.stop()
    began = time.monotonic()
    cluster.start()
    put(cluster, 1, options)
    return time.monotonic() - began


def measure_catch_up(cluster, options):
    applied = cluster.applied()
    follower = next(server for server, (_, leads) in applied.items() if not leads)
    cluster.processes[follower].kill()
    cluster.processes[follower].wait()
    put(cluster, options.missed, options)
    goal = max(index for index, _ in cluster.applied().values())
    began = time.monotonic()
    with open(os.path.join(cluster.directory, f"server-{follower + 1}.log"), "ab") as log:
        cluster.processes[follower] = subprocess.Popen(
            cluster.command(follower), stdout=log, stderr=log, cwd=cluster.directory)
    wait_for(f"{cluster.name}: a follower catches up",
             lambda: cluster.applied().get(follower, (0, False))[0] >= goal)
    return time.monotonic() - began


def run_once(kind, options):
    cluster = kind(options)
    try:
        figures = {"system": cluster.name}
        figures["restart_seconds"] = measure_restart(cluster, options)
        figures["catch_up_seconds"] = measure_catch_up(cluster, options)
    finally:
        cluster.remove()
    print(f"  {cluster.name:5}  restart {figures['restart_seconds']:6.2f} s  "
          f"catch-up {figures['catch_up_seconds']:6.2f} s", file=sys.stderr, flush=True)
    return figures


def print_table(options, results):
    print("| | raftd s | etcd s | raftd / etcd |\n|---|---|---|---|")
    for measure, title in (("restart_seconds", f"restart with {options.entries:,} entries"),
                           ("catch_up_seconds", f"follower that missed {options.missed:,} entries")):
        medians = {system: statistics.median(figures[measure] for figures in results
                                             if figures["system"] == system)
                   for system in ("raftd", "etcd")}
        print(f"| {title} | {medians['raftd']:.2f} | {medians['etcd']:.2f} | "
              f"{medians['raftd'] / medians['etcd']:.2f} |")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release",
                        help="build directory that holds raftd, raftctl and loadgen")
    parser.add_argument("--runs", type=int, default=3, help="clusters of each kind")
    parser.add_argument("--entries", type=int, default=1_000_000, help="puts before the restart")
    parser.add_argument("--missed", type=int, default=100_000, help="puts that the follower misses")
    parser.add_argument("--value-size", type=int, default=100, help="bytes of each value")
    parser.add_argument("--dir", default="/var/tmp",
                        help="where data goes: a real disk, not memory (default /var/tmp)")
    parser.add_argument("--keep", action="store_true", help="keep data directories and logs")
    return parser.parse_args()


def main():
    options = parse_options()
    compare.find_ours(options)
    options.etcd = compare.find_program("etcd", "etcd", "Install it: apt-get install etcd-server.")
    options.etcdctl = compare.find_program("etcdctl", "etcdctl",
                                           "Install it: apt-get install etcd-client.")
    # Ended by a signal, this still stops its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results = []
    for run in range(options.runs):
        print(f"run {run + 1} of {options.runs}", file=sys.stderr)
        results += [run_once(kind, options) for kind in (Etcd, Raftd)]
    print_table(options, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
