"""Reads the shell commands of the READMEs: every ```sh block and how it is tested.

The line above a block is a comment, which a rendered page does not show:

  <!-- test: cluster -->   run for real, in order, with a three-server cluster up and raftctl on the path
  <!-- test: shell -->     run for real at the top of the tree, without a cluster
  <!-- test: by PATH -->   the test or script PATH runs these commands; it holds each line literally

tests/style/readme_commands_test.py checks the markers, tests/integration/readme_commands_test.sh runs
the first two kinds.
"""
import dataclasses
import re

import sources

MARKER = re.compile(r"<!-- test: (.+?) -->")


@dataclasses.dataclass
class Block:
    """One fenced block: the line it starts at, its marker (None: missing), its commands."""
    line: int
    marker: str | None
    commands: list


def joined(lines):
    """Commands of a block: comments left out, lines that end in a backslash joined."""
    commands, pending = [], ""
    for line in (line.strip() for line in lines):
        if not pending and (not line or line.startswith("#")):
            continue
        pending += line[:-1] if line.endswith("\\") else line
        if not line.endswith("\\"):
            commands.append(pending)
            pending = ""
    return commands


def blocks_of(lines):
    """Yields the ```sh blocks of one page."""
    fence, start, marker = None, 0, None
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if fence is None and stripped.startswith("```"):
            fence, start = stripped[3:], number
            above = MARKER.search(lines[number - 2]) if number > 1 else None
            marker = above.group(1) if above else None
        elif fence is not None and stripped == "```":
            if fence in ("sh", "bash", "shell", "console"):
                yield Block(start, marker, joined(lines[start:number - 1]))
            fence = None


def pages():
    """Every Markdown page of the tree but the change log."""
    return [name for name in sources.all_files() if name.endswith(".md") and name != "CHANGELOG.md"]
