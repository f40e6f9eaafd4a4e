"""Finds and reads the files that are ours, for the checks of tests/style.

Knows the tree only; each check knows its rule. A check prints one line per finding,
"path:line: what is wrong and what to do", and exits 1 when there is any.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOMS = ("core", "persistence", "metrics", "service", "tests")
SKIPPED_FOLDERS = {".git", ".cache", "build", "node_modules"}


def all_files():
    """Every file of the tree, relative to its root; of a checkout, what git tracks or would."""
    try:
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout.split("\0")
        return sorted({name for name in listed if name and os.path.isfile(os.path.join(ROOT, name))})
    except (OSError, subprocess.CalledProcessError):
        return sorted(walked_files())


def walked_files():
    """The same of a tree without git, such as an unpacked archive."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), ROOT)


def files(*endings, under=ROOMS):
    """Our files with one of these endings, in these folders."""
    return [name for name in all_files()
            if name.endswith(endings) and name.split("/")[0] in under]


def lines(name):
    """The lines of a file."""
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read().splitlines()


def includes(name):
    """Yields (line number, header, quoted) for each #include of a C++ file."""
    for number, line in enumerate(lines(name), 1):
        match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if match:
            yield number, match.group(1) or match.group(2), match.group(1) is not None


def report(findings, checked):
    """Prints the findings and ends the process. Nothing to check is a failure too: it hides a slip."""
    for finding in findings:
        print(finding)
    print(f"{len(checked)} files checked, {len(findings)} findings")
    sys.exit(1 if findings or not checked else 0)
