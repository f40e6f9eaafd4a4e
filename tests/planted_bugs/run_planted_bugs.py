#!/usr/bin/env python3
"""Measures how well the simulator detects bugs: gives it each bug of the catalogue and waits for red.

  run_planted_bugs.py --program SIMULATION_PLANTED              each bug once, at most 2,000 seeds
  run_planted_bugs.py --program SIMULATION_PLANTED --tries 20   each bug 20 times from other seeds, at most
                                                                10,000 each; rewrites the table in README.md

Without any bug the program must be green over as many seeds, or its red would prove nothing. One line per
bug says which law or check caught it, after how many seeds and seconds; the last line is "N passed, N
failed". Exits 1 if a bug was missed. The program prints "RED seed=N law=..." and exits 1 at its first red
seed, exits 0 when all are green, and takes --seeds and --first-seed; RAFT_PLANTED_BUG chooses the bug.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import os
import re
import statistics
import subprocess
import sys
import time

import catalogue

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "README.md")
TABLE_BEGIN, TABLE_END = "<!-- table: begin -->", "<!-- table: end -->"
RED = re.compile(r"^RED seed=(\d+) law=(.*)$", re.MULTILINE)
SEEDS_QUICK, SEEDS_LONG = 2_000, 10_000
SEEDS_BETWEEN_TRIES = 1_000_000
SECONDS_MAX = 1800


@dataclasses.dataclass
class Outcome:
    """How one run ended: `law` is None when it was green, `seeds` counts up to and with the red one."""
    law: str | None
    seeds: int
    seconds: float


def shape_of(law):
    """A law without what differs from seed to seed: places in files, numbers, the condition in C++."""
    law = re.sub(r"^\S+\.(?:cc|h|bug):\d+: ", "check: ", law)
    law = re.sub(r"\. Broken: .*$", "", law)
    return re.sub(r"\b\d+\b", "n", law)


def storage_of(bug):
    """A bug in the storage code shows only in clusters that run it: one seed in four, unless all are told to."""
    in_storage = bug and all(change.source.startswith("persistence/") for change in bug.changes)
    return ["--storage", "real"] if in_storage else []


def run(program, bug, first_seed, seeds):
    """Runs the program with one bug, or with none."""
    name = bug.name if bug else None
    environment = {key: value for key, value in os.environ.items() if key != "RAFT_PLANTED_BUG"}
    if name:
        environment["RAFT_PLANTED_BUG"] = name
    start = time.monotonic()
    try:
        ended = subprocess.run([program, "--seeds", str(seeds), "--first-seed", str(first_seed),
                                "--no-reduction", *storage_of(bug)],
                               env=environment, capture_output=True, text=True, errors="replace",
                               timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{name or 'no bug'}: the program did not end within {SECONDS_MAX} s") from None
    seconds = time.monotonic() - start
    red = RED.search(ended.stdout)
    if ended.returncode == 0 and not red:
        return Outcome(None, seeds, seconds)
    if ended.returncode == 1 and red:
        return Outcome(red.group(2), int(red.group(1)) - first_seed + 1, seconds)
    raise RuntimeError(f"{name or 'no bug'}: the program ended with status {ended.returncode} and "
                       f"{'a' if red else 'no'} RED line:\n{ended.stdout[-500:]}{ended.stderr[-500:]}")


@dataclasses.dataclass
class Verdict:
    """All tries of one bug."""
    bug: catalogue.Bug
    outcomes: list

    @property
    def is_caught(self):
        return all(outcome.law is not None for outcome in self.outcomes)

    def law(self):
        """What caught it most often."""
        laws = collections.Counter(shape_of(outcome.law) for outcome in self.outcomes if outcome.law)
        return laws.most_common(1)[0][0] if laws else "nothing"

    def seeds(self):
        """Median and worst number of seeds; as words, because a miss has no number."""
        counts = [outcome.seeds if outcome.law else float("inf") for outcome in self.outcomes]
        limit = max(outcome.seeds for outcome in self.outcomes)
        return tuple(f"> {limit}" if value == float("inf") else f"{value:.0f}"
                     for value in (statistics.median_high(counts), max(counts)))

    def line(self):
        """One line for the terminal."""
        median, worst = self.seeds()
        seconds = sum(outcome.seconds for outcome in self.outcomes)
        seeds = f"{worst} seeds" if len(self.outcomes) == 1 else f"{median} seeds, worst {worst}"
        return (f"{'caught' if self.is_caught else 'MISSED'}  {self.bug.name}: by {self.law()}; "
                f"{seeds}, {seconds:.1f} s")

    def row(self):
        """One row for the README."""
        median, worst = self.seeds()
        law = self.law().replace("|", "\\|")
        return (f"| `{self.bug.name}` | {self.bug.trap} | {self.bug.breaks} | {law} | {median} | {worst} | "
                f"{'caught' if self.is_caught else 'missed'} |")


def judge(program, bug, tries, first_seed, seeds):
    """Runs all tries of one bug, each from seeds of its own."""
    return Verdict(bug, [run(program, bug, first_seed + number * SEEDS_BETWEEN_TRIES, seeds)
                         for number in range(tries)])


def rows_of(page):
    """The rows of the README's table, by the name of their bug."""
    table = page.partition(TABLE_BEGIN)[2].partition(TABLE_END)[0]
    return {row.split("`")[1]: row for row in table.splitlines() if row.startswith("| `")}


def with_table(page, rows):
    """The README with its table replaced."""
    before, begin, rest = page.partition(TABLE_BEGIN)
    _, end, after = rest.partition(TABLE_END)
    if not begin or not end:
        raise RuntimeError(f"{README} has no place for the table, {TABLE_BEGIN} to {TABLE_END}")
    head = ("| bug | trap | what it breaks | caught by | median seeds | worst | |\n"
            "|---|---|---|---|---|---|---|")
    return f"{before}{begin}\n{head}\n" + "\n".join(rows) + f"\n{end}{after}"


def rewrite_readme(verdicts):
    """Puts the verdicts into the README; the rows of other bugs stay, those of bugs that are gone go."""
    with open(README, encoding="utf-8") as file:
        page = file.read()
    rows = rows_of(page)
    rows.update({verdict.bug.name: verdict.row() for verdict in verdicts})
    page = with_table(page, [rows[bug.name] for bug in catalogue.read() if bug.name in rows])
    with open(README, "w", encoding="utf-8") as file:
        file.write(page)


def chosen_bugs(only):
    """The bugs of these names, or all."""
    bugs = catalogue.read()
    unknown = set(only) - {bug.name for bug in bugs}
    if unknown:
        sys.exit(f"error: not in the catalogue: {', '.join(sorted(unknown))}")
    return [bug for bug in bugs if not only or bug.name in only]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="a simulator built with the planted bugs")
    parser.add_argument("--tries", type=int, default=1, help="runs per bug; above 1 the README is rewritten")
    parser.add_argument("--seeds", type=int, help="seeds at most in each run")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="bugs at a time")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="this bug; may be given again")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    seeds = arguments.seeds or (SEEDS_QUICK if arguments.tries == 1 else SEEDS_LONG)
    bugs = chosen_bugs(arguments.only)
    healthy = run(arguments.program, None, arguments.first_seed, seeds)
    if healthy.law is not None:
        sys.exit(f"error: without any bug seed {arguments.first_seed + healthy.seeds - 1} is red: {healthy.law}")
    print(f"green   without any bug; {seeds} seeds, {healthy.seconds:.1f} s", flush=True)
    verdicts = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for verdict in pool.map(lambda bug: judge(arguments.program, bug, arguments.tries,
                                                  arguments.first_seed, seeds), bugs):
            verdicts.append(verdict)
            print(verdict.line(), flush=True)
    if arguments.tries > 1:
        rewrite_readme(verdicts)
    caught = sum(verdict.is_caught for verdict in verdicts)
    print(f"{caught} passed, {len(verdicts) - caught} failed")
    sys.exit(0 if caught == len(verdicts) else 1)


if __name__ == "__main__":
    main()
