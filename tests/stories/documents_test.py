#!/usr/bin/env python3
"""Checks that what is written about stories is true today.

  documents_test.py STORIES_PROGRAM [TEST_CLASS]

The table of commands in this folder's README is what the runner prints; its table of traps names
stories and tests that exist and name the trap; the diagrams in core/README.md are what the runner
draws. Each check is a function that returns its findings, and is itself tried on a planted defect.
"""
import os
import re
import subprocess
import sys
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(FOLDER))
README = os.path.join(FOLDER, "README.md")
CORE_README = os.path.join(ROOT, "core", "README.md")
PROGRAM = None  # the runner; from the command line
TRAPS = [f"{group}{number}"
         for group, last in (("A", 25), ("B", 25), ("C", 22), ("D", 20), ("E-", 7), ("F", 16))
         for number in range(1, last + 1)]


def read(path):
    """The text of a file, empty if there is none."""
    if not os.path.isfile(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def runner(*arguments):
    """What the runner prints."""
    return subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True).stdout


def traps_of(story):
    """The ids on the line "traps: ..." of a story's text."""
    found = re.search(r"^traps: (.*)$", story, re.MULTILINE)
    return found.group(1).split() if found else []


def rows_of(text):
    """Yields (trap, stories, tests, reason) of each row of the table of traps."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"[A-DF]\d+|E-\d+", cells[0]):
            yield (cells[0], re.findall(r"`(\w+)`", cells[2]), re.findall(r"`(\S+/\S+)`", cells[3]),
                   re.sub(r"`\S+`|,", "", cells[3]).strip())


def trap_findings(text, story_texts):
    """What is wrong with the table of traps in `text`, given each story's text by name."""
    rows, findings = list(rows_of(text)), []
    listed = [trap for trap, _, _, _ in rows]
    findings += [f"{trap}: {listed.count(trap)} rows" for trap in TRAPS if listed.count(trap) != 1]
    for trap, stories, tests, reason in rows:
        if not stories and not tests and not reason:
            findings.append(f"{trap}: neither a story nor a test nor a reason")
        findings += [f"{trap}: the story {name} does not name it" for name in stories
                     if trap not in traps_of(story_texts.get(name, ""))]
        findings += [f"{trap}: tests/{name} does not name it" for name in tests
                     if not re.search(rf"\b{trap}\b", read(os.path.join(ROOT, "tests", name)))]
    in_table = {(trap, name) for trap, stories, _, _ in rows for name in stories}
    findings += [f"{name} names {trap}, its row does not name the story"
                 for name, story in story_texts.items() for trap in traps_of(story)
                 if (trap, name) not in in_table]
    return findings


def diagrams_in(text):
    """Yields (story, diagram) of each Mermaid block below a comment "drawn by: NAME.story"."""
    pattern = r"<!-- drawn by: tests/stories/(\w+)\.story -->\n```mermaid\n(.*?)```\n"
    return re.findall(pattern, text, re.DOTALL)


def diagram_findings(text, draw):
    """What is wrong with the diagrams in `text`; `draw` gives a story's diagram by name."""
    drawn = diagrams_in(text)
    findings = [f"{name}: differs from what `stories --diagram` prints"
                for name, diagram in drawn if diagram != draw(name)]
    if text.count("```mermaid") != len(drawn):
        findings.append("a diagram without a comment that names its story")
    return findings


def all_stories():
    """The text of each story by name."""
    names = sorted(name[:-len(".story")] for name in os.listdir(FOLDER) if name.endswith(".story"))
    return {name: read(os.path.join(FOLDER, name + ".story")) for name in names}


class VocabularyTest(unittest.TestCase):
    def test_the_readme_holds_the_whole_vocabulary(self):
        self.assertIn(runner("--vocabulary"), read(README))


class TrapsTest(unittest.TestCase):
    def test_every_trap_of_the_table_exists_in_the_tree(self):
        self.assertEqual(trap_findings(read(README), all_stories()), [])

    def test_a_missing_row_is_found(self):
        row = next(line for line in read(README).splitlines() if line.startswith("| A1 |"))
        self.assertIn("A1: 0 rows", trap_findings(read(README).replace(row, ""), all_stories()))

    def test_a_story_or_test_that_does_not_name_its_trap_is_found(self):
        text = "| A1 | words | `some_story` | `stories/README.txt` |"
        findings = trap_findings(text, {"some_story": "traps: A2 A3\n"})
        self.assertIn("A1: the story some_story does not name it", findings)
        self.assertIn("A1: tests/stories/README.txt does not name it", findings)
        self.assertIn("some_story names A2, its row does not name the story", findings)

    def test_a_row_without_evidence_or_reason_is_found(self):
        self.assertIn("A2: neither a story nor a test nor a reason",
                      trap_findings("| A2 | words | | |", {}))


class DiagramsTest(unittest.TestCase):
    def test_the_diagrams_of_the_core_are_what_the_runner_draws(self):
        def draw(name):
            return runner("--diagram", name)
        self.assertGreaterEqual(len(diagrams_in(read(CORE_README))), 2)
        self.assertEqual(diagram_findings(read(CORE_README), draw), [])

    def test_a_stale_diagram_is_found(self):
        text = "<!-- drawn by: tests/stories/a.story -->\n```mermaid\nold\n```\n"
        self.assertEqual(len(diagram_findings(text, lambda name: "new\n")), 1)
        self.assertEqual(diagram_findings(text, lambda name: "old\n"), [])

    def test_a_diagram_that_nobody_draws_is_found(self):
        self.assertEqual(len(diagram_findings("```mermaid\nx\n```\n", lambda name: "")), 1)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: documents_test.py STORIES_PROGRAM [TEST_CLASS]")
    PROGRAM = sys.argv.pop(1)
    unittest.main()
