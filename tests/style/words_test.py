#!/usr/bin/env python3
"""Checks the words in our files: no TODO without an issue, no trace of the machine it was written on.

A TODO names an issue, "TODO(#12): ...", or does not exist. Absolute home and scratch paths in a file
would work on one machine only.
"""
import re
import sources

ENDINGS = (".h", ".cc", ".proto", ".sh", ".py", ".txt", ".story", ".md", ".yaml", ".yml", ".cmake", "Dockerfile")
RULES = (
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))"),
     "a TODO carries an issue number, TODO(#12), or does not exist"),
    (re.compile(r"(?<![\w$}])/(home|root|work)/\w"), "a path of one machine"),
    (re.compile(r"[ \t]+$"), "white space at the end of the line"),
)


def main():
    checked, findings = [], []
    for name in sources.all_files():
        if not name.endswith(ENDINGS) or name == "tests/style/words_test.py":
            continue
        checked.append(name)
        for number, line in enumerate(sources.lines(name), 1):
            findings += [f"{name}:{number}: {problem}" for pattern, problem in RULES
                         if pattern.search(line)]
    sources.report(findings, checked)


if __name__ == "__main__":
    main()
