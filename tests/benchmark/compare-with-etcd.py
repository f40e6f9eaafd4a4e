#!/usr/bin/env python3
"""Compares raftd with etcd on this machine: the same load generator, three servers each, in turns.

Prints a Markdown table of medians with the ratios that performance goals are stated in. Method and
cautions: README.md beside this file. Starts and stops only its own processes, on loopback.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SERVERS = 3
READY_SECONDS = 60
OTHER_CORES_MAX = 0.10  # A run that shared the machine with others is repeated.

# What is expected of raftd relative to etcd: the comparison and the factor, by outstanding calls.
MUST = {
    ("put", "ops_per_second"): (">=", {1: 1.2, 16: 1.6, 64: 1.6, 256: 1.5, 1000: 1.5}),
    ("put", "p99_ms"): ("<=", {1: 0.85, 64: 0.65, 256: 0.75}),
    ("put", "server_cpu_seconds_per_1000"): ("<=", {1: 0.7, 64: 0.6, 256: 0.6, 1000: 0.6}),
    ("get", "ops_per_second"): (">=", {1: 1.1, 64: 1.8, 256: 1.5, 1000: 1.5}),
    ("get", "server_cpu_seconds_per_1000"): ("<=", {64: 0.5}),
    ("put", "resident_mib"): ("<=", {None: 0.5}),
}
MEASURES = [
    ("ops_per_second", "per second", "{:,.0f}"),
    ("p50_ms", "p50 ms", "{:.2f}"),
    ("p99_ms", "p99 ms", "{:.2f}"),
    ("server_cpu_seconds_per_1000", "server CPU s/1k", "{:.3f}"),
]
NAMES = {"put": "puts", "get": "linearizable reads"}


def free_ports(count):
    """Ports nobody listens on now. They are below the range that outgoing connections draw from,
    so that a restarted server finds its port still free."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first_outgoing = int(file.read().split()[0])
    ports = []
    for port in range(first_outgoing - 1, 1024, -1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    sys.exit("error: no free ports on 127.0.0.1")


class Cluster:
    """Three servers of one kind in a directory of their own."""

    def __init__(self, options):
        self.options = options
        self.directory = tempfile.mkdtemp(prefix=f"{self.name}-", dir=options.dir)
        self.ports = free_ports(SERVERS * self.ports_per_server)
        self.processes = []
        self.start()

    def start(self):
        self.processes = []
        for server in range(SERVERS):
            log = open(os.path.join(self.directory, f"server-{server + 1}.log"), "ab")
            self.processes.append(
                subprocess.Popen(self.command(server), stdout=log, stderr=log, cwd=self.directory))
            log.close()
        self.wait_until_ready()

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            for server, process in enumerate(self.processes):
                if process.poll() is not None:
                    self.give_up(f"server {server + 1} ended with code {process.returncode}")
            if time.monotonic() > deadline:
                self.give_up(f"no leader within {READY_SECONDS} s")
            time.sleep(0.2)

    def give_up(self, why):
        for server in range(SERVERS):
            path = os.path.join(self.directory, f"server-{server + 1}.log")
            with open(path, errors="replace") as file:
                lines = file.read().splitlines()[-5:]
            print(f"{path}:", *lines, sep="\n  ", file=sys.stderr)
        sys.exit(f"error: the {self.name} cluster did not start: {why}")

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def remove(self):
        self.stop()
        if not self.options.keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def measure(self, operation, outstanding, preload=False):
        options = self.options
        command = [
            options.loadgen, "--api", self.api, "--endpoints", self.endpoints(), "--watch",
            ",".join(str(process.pid) for process in self.processes), "--op", operation,
            "--outstanding", str(outstanding), "--connections",
            str(min(options.connections, outstanding)), "--duration", str(options.duration),
            "--warmup", str(options.warmup), "--keys", str(options.keys)
        ]
        if preload:
            command.append("--preload")
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            self.give_up(f"loadgen failed: {result.stderr.strip()}")
        return json.loads(result.stdout)

    def measure_undisturbed(self, operation, outstanding, preload=False):
        for attempt in range(self.options.repeats + 1):
            figures = self.measure(operation, outstanding, preload)
            figures["disturbed"] = figures["other_cores"] > OTHER_CORES_MAX
            if not figures["disturbed"] or attempt == self.options.repeats:
                return figures
            print(f"  repeated: others used {figures['other_cores']:.2f} cores", file=sys.stderr)


class Etcd(Cluster):
    name, api, ports_per_server = "etcd", "etcd", 2

    def command(self, server):
        client, peer = (f"http://127.0.0.1:{port}" for port in self.ports[2 * server:2 * server + 2])
        members = ",".join(f"m{other + 1}=http://127.0.0.1:{self.ports[2 * other + 1]}"
                           for other in range(SERVERS))
        return [
            self.options.etcd, "--name", f"m{server + 1}", "--data-dir",
            os.path.join(self.directory, f"data-{server + 1}"), "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", members, "--log-level",
            "warn", "--quota-backend-bytes", "8589934592"
        ]

    def all_endpoints(self):
        return [f"127.0.0.1:{self.ports[2 * server]}" for server in range(SERVERS)]

    def statuses(self):
        result = subprocess.run(
            [self.options.etcdctl, "--endpoints", ",".join(self.all_endpoints()), "endpoint",
             "status", "--write-out", "json"],
            capture_output=True, text=True, env={**os.environ, "ETCDCTL_API": "3"})
        return json.loads(result.stdout) if result.returncode == 0 else []

    def leader_endpoint(self):
        for entry in self.statuses():
            status = entry["Status"]
            if status.get("leader") == status["header"]["member_id"]:
                return entry["Endpoint"]
        return None

    def is_ready(self):
        return self.leader_endpoint() is not None

    def endpoints(self):
        # The leader's alone, as raftd's: a follower would pass each call on, which costs etcd more.
        return self.leader_endpoint() or self.all_endpoints()[0]


class Raftd(Cluster):
    name, api, ports_per_server = "raftd", "raft", 3

    def command(self, server):
        client, peer, http = (f"127.0.0.1:{port}"
                              for port in self.ports[3 * server:3 * server + 3])
        members = ",".join(f"{other + 1}=127.0.0.1:{self.ports[3 * other + 1]}"
                           for other in range(SERVERS))
        return [
            self.options.raftd, "--server-id", str(server + 1), "--data-dir",
            os.path.join(self.directory, f"data-{server + 1}"), "--client-address", client,
            "--peer-address", peer, "--http-address", http, "--initial-members", members,
            "--log-level", "warn"
        ]

    def endpoints(self):
        return ",".join(f"127.0.0.1:{self.ports[3 * server]}" for server in range(SERVERS))

    def is_ready(self):
        return subprocess.run(
            [self.options.raftctl, "--endpoints", self.endpoints(), "--timeout", "2s", "put",
             "bench-ready", "1"], capture_output=True).returncode == 0


def run_once(kind, options, results):
    """One cluster from its birth to its end: the put series, then the read series."""
    cluster = kind(options)
    try:
        if options.only != "read":
            for outstanding in options.outstanding:
                record(results, cluster, "put", outstanding)
        if options.only != "put":
            # After heavy writing etcd reads more slowly until it is restarted; it gets the restart,
            # raftd does not.
            cluster.measure("put", 64, preload=True)
            if isinstance(cluster, Etcd):
                cluster.stop()
                cluster.start()
            for outstanding in options.outstanding:
                record(results, cluster, "get", outstanding)
    finally:
        cluster.remove()


def record(results, cluster, operation, outstanding):
    figures = cluster.measure_undisturbed(operation, outstanding)
    figures["operation"] = operation
    figures["system"] = cluster.name
    results.append(figures)
    print(f"  {cluster.name:5} {operation} {outstanding:4}: {figures['ops_per_second']:9,.0f}/s  "
          f"p50 {figures['p50_ms']:8.2f} ms  p99 {figures['p99_ms']:8.2f} ms  "
          f"CPU {figures['server_cpu_seconds_per_1000']:.3f} s/1k  "
          f"{figures['resident_mib']:6.0f} MiB  others {figures['other_cores']:5.2f}",
          file=sys.stderr, flush=True)


def select(results, system, operation, outstanding, measure):
    return [figures[measure] for figures in results
            if figures["system"] == system and figures["operation"] == operation
            and figures["outstanding"] == outstanding]


def shown(values, form):
    if not values:
        return "-"
    return f"{form.format(statistics.median(values))} " \
           f"({form.format(min(values))}–{form.format(max(values))})"


def row(results, operation, outstanding, measure, title, form, must_key):
    etcd = select(results, "etcd", operation, outstanding, measure)
    ours = select(results, "raftd", operation, outstanding, measure)
    ratio, must, verdict = "-", "-", "-"
    comparison, factors = MUST.get((operation, measure), ("", {}))
    factor = factors.get(must_key)
    if factor is not None:
        must = ("≥ " if comparison == ">=" else "≤ ") + f"{factor:g}×"
    if etcd and ours and statistics.median(etcd) > 0:
        value = statistics.median(ours) / statistics.median(etcd)
        ratio = f"{value:.2f}×"
        if factor is not None:
            verdict = "yes" if (value >= factor if comparison == ">=" else value <= factor) else "NO"
    return f"| {NAMES[operation]}, {title} | {outstanding} | {shown(etcd, form)} | " \
           f"{shown(ours, form)} | {ratio} | {must} | {verdict} |"


def print_table(options, results):
    print("| measure | outstanding | etcd, median (min–max) | raftd, median (min–max) | "
          "raftd / etcd | must | met |")
    print("|---|---|---|---|---|---|---|")
    operations = {"put": ["put"], "read": ["get"]}.get(options.only, ["put", "get"])
    for operation in operations:
        for measure, title, form in MEASURES:
            for outstanding in options.outstanding:
                print(row(results, operation, outstanding, measure, title, form, outstanding))
    if "put" in operations:
        print(row(results, "put", options.outstanding[-1], "resident_mib",
                  "resident MiB of all servers after the series", "{:,.0f}", None))
    disturbed = sum(figures["disturbed"] for figures in results)
    print(f"\n{options.runs} runs in turns, {options.duration:g} s measured after "
          f"{options.warmup:g} s warm-up, up to {options.connections} connections, "
          f"{options.keys:,} keys of 16 bytes, values of 256 bytes; "
          f"{disturbed} of {len(results)} measurements shared the machine with other programs.")


def find_program(given, name, hint):
    path = shutil.which(given)
    if path is None:
        sys.exit(f"error: cannot find {name} at {given}. {hint}")
    return os.path.abspath(path)


def find_ours(options):
    """Sets loadgen, raftd and raftctl to what lies in the build directory."""
    hint = "Build it first: cmake --preset release && cmake --build --preset release."
    for name, path in (("loadgen", "tests/benchmark/loadgen"), ("raftd", "service/raftd"),
                       ("raftctl", "service/raftctl")):
        setattr(options, name, find_program(f"{options.build}/{path}", name, hint))


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release",
                        help="build directory that holds raftd, raftctl and loadgen")
    parser.add_argument("--etcd", default="etcd", help="the etcd program (apt: etcd-server)")
    parser.add_argument("--etcdctl", default="etcdctl", help="the etcdctl program (apt: etcd-client)")
    parser.add_argument("--runs", type=int, default=3, help="clusters of each kind")
    parser.add_argument("--duration", type=float, default=5, help="seconds measured")
    parser.add_argument("--warmup", type=float, default=1, help="seconds before measuring")
    parser.add_argument("--only", choices=["put", "read"], help="leave the other series out")
    parser.add_argument("--system", choices=["etcd", "raftd"], help="leave the other system out")
    parser.add_argument("--outstanding", default="1,16,64,256,1000",
                        type=lambda text: [int(word) for word in text.split(",")])
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=2,
                        help="how often a measurement that others disturbed is repeated")
    parser.add_argument("--keys", type=int, default=10000)
    parser.add_argument("--dir", default="/var/tmp",
                        help="where data goes: a real disk, not memory (default /var/tmp)")
    parser.add_argument("--keep", action="store_true", help="keep data directories and logs")
    parser.add_argument("--json", help="also write every single result to this file")
    options = parser.parse_args()
    if (options.runs < 1 or options.duration <= 0 or options.repeats < 0
            or min(options.outstanding) < 1):
        parser.error("--runs and --outstanding must be at least 1, --duration above 0, "
                     "--repeats not negative")
    return options


def main():
    options = parse_options()
    find_ours(options)
    kinds = []
    if options.system != "raftd":
        options.etcd = find_program(options.etcd, "etcd", "Install it: apt-get install etcd-server.")
        options.etcdctl = find_program(options.etcdctl, "etcdctl",
                                       "Install it: apt-get install etcd-client.")
        kinds.append(Etcd)
    if options.system != "etcd":
        kinds.append(Raftd)
    results = []
    # Ended by a signal, this still stops its servers: both become exceptions.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        for run in range(options.runs):
            print(f"run {run + 1} of {options.runs}", file=sys.stderr)
            for kind in kinds:
                run_once(kind, options, results)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        if options.json:
            with open(options.json, "w") as file:
                json.dump(results, file, indent=1)
    print_table(options, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
