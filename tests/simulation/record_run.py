#!/usr/bin/env python3
"""Runs the simulator and adds a line to ledger.csv, the only source of published figures.

  record_run.py --program build/release/tests/simulation/simulation --seeds 100000 --first-seed 1 --schedule swarm
  record_run.py --from-output FILE --commit HASH --first-seed 1 --schedule swarm     what a run already printed

A red run is recorded too, with its failure; it exits 1.
"""
import argparse
import csv
import os
import re
import subprocess
import sys

LEDGER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ledger.csv")
FIELDS = ["commit", "schedule", "first_seed", "seeds", "simulated_hours", "faults", "leader_changes",
          "operations_checked", "laws_checked", "failures", "machine_seconds"]
HEAD = re.compile(r"^(\d+) seeds from (\d+): ([\d.]+) simulated hours in ([\d.]+) s", re.MULTILINE)


def figure(pattern, output):
    """The one number that a pattern names."""
    return int(re.search(pattern, output).group(1))


def row_of(output, commit, schedule, first_seed):
    """What a run printed, as a line of the ledger."""
    row = dict.fromkeys(FIELDS, "")
    row.update(commit=commit, schedule=schedule, first_seed=first_seed)
    red = re.search(r"^RED seed=(\d+) law=(.*)$", output, re.MULTILINE)
    head = HEAD.search(output)
    if head:
        faults = re.search(r"^faults:(.*)$", output, re.MULTILINE).group(1).split()
        row.update(seeds=head.group(1), simulated_hours=head.group(3), machine_seconds=head.group(4),
                   faults=sum(int(count) for count in faults[1::2]),
                   leader_changes=figure(r"(\d+) leader changes", output),
                   operations_checked=figure(r"(\d+) operations checked", output),
                   laws_checked=figure(r"(\d+) laws checked", output))
    row["failures"] = f"seed {red.group(1)}: {red.group(2)}" if red else "0"
    return row


def append(row):
    """Adds one line; the first one brings the names of the fields."""
    is_new = not os.path.exists(LEDGER)
    with open(LEDGER, "a", newline="", encoding="utf-8") as ledger:
        writer = csv.DictWriter(ledger, FIELDS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program")
    parser.add_argument("--from-output")
    parser.add_argument("--commit")
    parser.add_argument("--schedule", default="swarm", choices=["swarm", "uniform"])
    parser.add_argument("--first-seed", default="1")
    parser.add_argument("--seeds", default="10000")
    arguments = parser.parse_args()
    if arguments.from_output:
        with open(arguments.from_output, encoding="utf-8") as file:
            output = file.read()
    else:
        output = subprocess.run([arguments.program, "--schedule", arguments.schedule, "--first-seed",
                                 arguments.first_seed, "--seeds", arguments.seeds],
                                capture_output=True, text=True, check=False).stdout
    commit = arguments.commit or subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True,
                                                text=True, check=True).stdout.strip()
    row = row_of(output, commit, arguments.schedule, arguments.first_seed)
    append(row)
    print(output)
    return 0 if row["failures"] == "0" and row["seeds"] else 1


if __name__ == "__main__":
    sys.exit(main())
