#!/usr/bin/env python3
"""Checks that raftd holds no trace of a planted bug, and that the check would see one.

  names_test.py --planted PROGRAM --clean PROGRAM

Every name of the catalogue, and the words that choose one, are in the planted program and not in the
clean one.
"""
import argparse
import sys

import catalogue

WORDS = ("planted_bugs", "RAFT_PLANTED_BUG")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--planted", required=True)
    parser.add_argument("--clean", required=True)
    arguments = parser.parse_args()
    names = [bug.name for bug in catalogue.read()] + list(WORDS)
    with open(arguments.planted, "rb") as file:
        planted = file.read()
    with open(arguments.clean, "rb") as file:
        clean = file.read()
    findings = [f"{arguments.planted} lacks {name}: this check would not see it in a clean program"
                for name in names if name.encode() not in planted]
    findings += [f"{arguments.clean} holds {name}: a planted bug could be chosen in it"
                 for name in names if name.encode() in clean]
    for finding in findings:
        print(finding)
    print(f"{len(names)} names checked, {len(findings)} findings")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
