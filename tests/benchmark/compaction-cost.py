#!/usr/bin/env python3
"""Compares raftd that compacts its log all the time with raftd that never does, in turns, on this machine.

Three servers each, calls at a fixed rate: a pause of the servers is not hidden by calls that were not
made meanwhile. What compaction costs is the ratio of the two p99; what it is for is the disk that is
used at the end, beside the bytes that are alive. Method and cautions: README.md beside this file.
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

P99_RATIO_MAX = 2.0
DISK_RATIO_MAX = 3.0
NEVER = 1 << 40
KEY_BYTES = 16
QUIET_SECONDS = 30  # for LevelDB's own merges to end before the disk is looked at


class Compacting(compare.Raftd):
    name = "compacting"

    def command(self, server):
        options = self.options
        return super().command(server) + [
            "--compaction-log-bytes", str(options.log_bytes),
            "--compaction-tail-bytes", str(options.tail_bytes)]

    def log_ends(self):
        """Where the servers' logs begin and end."""
        result = subprocess.run(
            [self.options.raftctl, "--endpoints", self.endpoints(), "-o", "json", "status"],
            capture_output=True, text=True, check=True)
        statuses = [server["status"] for server in json.loads(result.stdout)["servers"]]
        return [(int(status["firstLogIndex"]), int(status["lastLogIndex"])) for status in statuses]

    def disk_bytes(self):
        """Of each data directory, as the file system counts."""
        found = []
        for server in range(compare.SERVERS):
            directory = os.path.join(self.directory, f"data-{server + 1}")
            found.append(sum(os.lstat(os.path.join(folder, file)).st_blocks * 512
                             for folder, _, files in os.walk(directory) for file in files))
        return found

    def settled_disk_bytes(self):
        """The largest directory, once none shrinks any more."""
        deadline = time.monotonic() + QUIET_SECONDS
        before = self.disk_bytes()
        while time.monotonic() < deadline:
            time.sleep(2)
            now = self.disk_bytes()
            if now == before:
                break
            before = now
        return max(before)


class Never(Compacting):
    name = "never"

    def command(self, server):
        return compare.Raftd.command(self, server) + [
            "--compaction-log-bytes", str(NEVER), "--compaction-log-entries", str(NEVER),
            "--log-bytes-max", str(4 * NEVER)]


def measure(cluster, options):
    command = [
        options.loadgen, "--api", cluster.api, "--endpoints", cluster.endpoints(), "--op", "put",
        "--rate", str(options.rate), "--outstanding", "1000", "--connections", "8", "--preload",
        "--keys", str(options.keys), "--value-size", str(options.value_size), "--warmup", "2",
        "--duration", str(options.duration)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        cluster.give_up(f"loadgen failed: {result.stderr.strip()}")
    return json.loads(result.stdout)


def run_once(kind, options):
    cluster = kind(options)
    try:
        figures = measure(cluster, options)
        ends = cluster.log_ends()
        figures["trimmed"] = min(first for first, _ in ends) - 1
        held = max(last - first + 1 for first, last in ends)
        figures["alive_bytes"] = (options.keys + held) * (KEY_BYTES + options.value_size)
        figures["disk_bytes"] = cluster.settled_disk_bytes()
    finally:
        cluster.remove()
    figures["system"] = cluster.name
    print(f"  {cluster.name:10}  {figures['ops_per_second']:6,.0f}/s  p50 {figures['p50_ms']:6.2f} ms  "
          f"p99 {figures['p99_ms']:6.2f} ms  trimmed {figures['trimmed']:9,} entries  "
          f"disk {figures['disk_bytes'] / 1e6:7.1f} MB", file=sys.stderr, flush=True)
    return figures


def print_table(options, results):
    """Whether both demands are met."""
    def median(system, measure):
        return statistics.median(figures[measure] for figures in results if figures["system"] == system)

    print("| | never compacting | compacting | ratio |\n|---|---|---|---|")
    for measure, title in (("p50_ms", "p50 ms"), ("p99_ms", "p99 ms")):
        never, compacting = median("never", measure), median("compacting", measure)
        print(f"| {title} | {never:.2f} | {compacting:.2f} | {compacting / never:.2f} |")
    p99_ratio = median("compacting", "p99_ms") / median("never", "p99_ms")
    alive = median("compacting", "alive_bytes")
    disk_ratio = median("compacting", "disk_bytes") / alive
    cuts = median("compacting", "trimmed") * options.value_size / options.log_bytes
    print(f"\np99 during compaction {p99_ratio:.2f} times p99 without "
          f"({'met' if p99_ratio <= P99_RATIO_MAX else 'NOT met'}: at most {P99_RATIO_MAX:g}); "
          f"the log was cut about {cuts:.0f} times in {options.duration:g} s.\n"
          f"Disk {median('compacting', 'disk_bytes') / 1e6:.1f} MB for {alive / 1e6:.1f} MB alive "
          f"(the state, and what the log holds), {disk_ratio:.2f} times "
          f"({'met' if disk_ratio <= DISK_RATIO_MAX else 'NOT met'}: at most {DISK_RATIO_MAX:g}); "
          f"without compaction {median('never', 'disk_bytes') / 1e6:.1f} MB.")
    return p99_ratio <= P99_RATIO_MAX and disk_ratio <= DISK_RATIO_MAX


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release",
                        help="build directory that holds raftd, raftctl and loadgen")
    parser.add_argument("--runs", type=int, default=3, help="clusters of each kind")
    parser.add_argument("--rate", type=int, default=2000, help="puts started per second")
    parser.add_argument("--duration", type=float, default=30, help="seconds measured")
    parser.add_argument("--keys", type=int, default=10_000, help="few, so that most of what is written dies")
    parser.add_argument("--value-size", type=int, default=1000, help="bytes of each value")
    parser.add_argument("--log-bytes", type=int, default=8 << 20,
                        help="the log is cut once this much of it may go; raftd's default is twice that")
    parser.add_argument("--tail-bytes", type=int, default=8 << 20, help="what is kept of it")
    parser.add_argument("--dir", default="/var/tmp",
                        help="where data goes: a real disk, not memory (default /var/tmp)")
    parser.add_argument("--keep", action="store_true", help="keep data directories and logs")
    return parser.parse_args()


def main():
    options = parse_options()
    compare.find_ours(options)
    # Ended by a signal, this still stops its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results = []
    for run in range(options.runs):
        print(f"run {run + 1} of {options.runs}", file=sys.stderr)
        results += [run_once(kind, options) for kind in (Never, Compacting)]
    return 0 if print_table(options, results) else 1


if __name__ == "__main__":
    sys.exit(main())
