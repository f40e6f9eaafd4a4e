#!/usr/bin/env python3
"""Counts what tests/run.sh ran, from the reports of the programs themselves.

  tests/count_tests.py RESULTS

RESULTS holds, for each phase P (release, asan, tsan), P-ctest.xml written by ctest and a folder P/
with one GoogleTest report per program. A claim counts once however many phases ran it: its name is
program, suite and case. It fails when any phase saw it fail. A ctest entry without a GoogleTest
report is a script and counts as one; so does a program that ended badly although its report shows
no failed case (a crash, a leak, a timeout). The last line is "N passed, N failed"; skipped claims are
in neither number and are listed above it.
"""
import os
import sys
import xml.etree.ElementTree as ElementTree

PASSED, SKIPPED, FAILED = "passed", "skipped", "failed"


def google_test_claims(report):
    """Yields (suite.case, outcome) of one GoogleTest report."""
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.get("status") == "notrun":
            continue  # DISABLED_ cases, and cases a filter left out, are no claims.
        if case.find("failure") is not None:
            yield name, FAILED
        elif case.find("skipped") is not None or case.get("result") == "skipped":
            yield name, SKIPPED
        else:
            yield name, PASSED


def entry_outcome(entry):
    """The outcome of one ctest entry. A program that could not be started is no skip but a failure."""
    status, skipped = entry.get("status"), entry.find("skipped")
    if status == "run":
        return PASSED
    asked_for = skipped is not None and "SKIP_" in skipped.get("message", "")
    return SKIPPED if asked_for or status == "disabled" else FAILED


def program_claims(name, outcome, report):
    """The claims of one ctest entry, given its outcome and the path of its report, if any."""
    if not os.path.exists(report):
        return {name: outcome}
    try:
        claims = {f"{name}: {claim}": result for claim, result in google_test_claims(report)}
    except ElementTree.ParseError:
        return {f"{name}: its report is cut off": FAILED}
    if outcome == FAILED and FAILED not in claims.values():
        claims[f"{name}: ended badly although no case failed"] = FAILED
    return claims


def why_skipped(entry):
    """The last line of a skipped script, which says why."""
    words = (entry.findtext("system-out") or "").strip().splitlines()
    return f" ({words[-1]})" if words else ""


def phase_claims(results, phase):
    """The claims of one phase; a program that is listed by ctest alone counts as a script."""
    claims = {}
    entries = ElementTree.parse(os.path.join(results, f"{phase}-ctest.xml")).getroot()
    for entry in entries.iter("testcase"):
        name = entry.get("name")
        report = os.path.join(results, phase, f"{name}.xml")
        outcome = entry_outcome(entry)
        if outcome == SKIPPED:
            name += why_skipped(entry)
        claims.update(program_claims(name, outcome, report))
    return claims


def merge(total, claims):
    """Adds one phase: failed beats passed beats skipped."""
    rank = {SKIPPED: 0, PASSED: 1, FAILED: 2}
    for name, outcome in claims.items():
        if name not in total or rank[outcome] > rank[total[name]]:
            total[name] = outcome


def main(results):
    total = {}
    for file in sorted(os.listdir(results)):
        if not file.endswith("-ctest.xml"):
            continue
        phase = file[: -len("-ctest.xml")]
        claims = phase_claims(results, phase)
        merge(total, claims)
        count = list(claims.values()).count
        print(f"{phase}: {count(PASSED)} passed, {count(SKIPPED)} skipped, {count(FAILED)} failed")
    for wanted in (SKIPPED, FAILED):
        for name in sorted(name for name, outcome in total.items() if outcome == wanted):
            print(f"{wanted}: {name}")
    count = list(total.values()).count
    print(f"{count(PASSED)} passed, {count(FAILED)} failed")
    return 0 if total and count(FAILED) == 0 else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: count_tests.py RESULTS")
    sys.exit(main(sys.argv[1]))
