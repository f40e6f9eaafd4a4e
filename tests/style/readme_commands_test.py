#!/usr/bin/env python3
"""Checks that every command in a README is run by a test.

With a kind (cluster or shell) as argument, prints the commands of that kind as a script instead, for
tests/integration/readme_commands_test.sh.
"""
import os
import sys

import readme_commands
import sources


def check_covered(page, block, path):
    """Findings for a block that another test runs."""
    if not os.path.isfile(os.path.join(sources.ROOT, path)):
        return [f"{page}:{block.line}: the test {path} does not exist"]
    # In a script the lines stand in a comment, where each begins with a mark of its own.
    text = " ".join(" ".join(line.lstrip("#/ ") for line in sources.lines(path)).split())
    return [f"{page}:{block.line}: {path} does not hold the line: {command}"
            for command in block.commands if " ".join(command.split()) not in text]


def check_block(page, block):
    """Findings for one block."""
    if not block.commands:
        return [f"{page}:{block.line}: no command in this block"]
    if block.marker in ("cluster", "shell"):
        return []
    if block.marker and block.marker.startswith("by "):
        return check_covered(page, block, block.marker[3:].strip())
    return [f"{page}:{block.line}: say above the block how it is tested, "
            "<!-- test: cluster -->, <!-- test: shell --> or <!-- test: by PATH -->"]


def print_script(kind):
    """The commands of one kind, each announced, in the order of the pages."""
    for page in readme_commands.pages():
        for block in readme_commands.blocks_of(sources.lines(page)):
            if block.marker == kind:
                for command in block.commands:
                    quoted = command.replace("'", "'\\''")
                    print(f"echo '{page}:{block.line}: {quoted}' >&2\n{command}")


def main():
    checked = readme_commands.pages()
    findings = [finding for page in checked
                for block in readme_commands.blocks_of(sources.lines(page))
                for finding in check_block(page, block)]
    sources.report(findings, checked)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print_script(sys.argv[1])
    else:
        main()
