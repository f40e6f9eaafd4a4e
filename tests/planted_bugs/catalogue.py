"""Reads the catalogue of planted bugs: one text file per bug, named after it.

  trap: B3
  breaks: What goes wrong, in one or two sentences.
  because: Why a careful engineer might have written it.
  @@ was core/follower.cc
  whole lines of the product, exactly as they stand
  @@ becomes
  the lines with the bug, where the wrong behaviour is guarded by PLANTED_BUG(name of the file)

A bug may have several changes. Whatever does not fit is a CatalogueError that names the file.
"""
import dataclasses
import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "catalogue")
FIELDS = ("trap", "breaks", "because")
NAME = re.compile(r"([A-J]\d+)_[a-z0-9_]+")
WAS, BECOMES = "@@ was ", "@@ becomes"


class CatalogueError(Exception):
    """What is wrong with a bug, and where."""


@dataclasses.dataclass
class Change:
    """Whole lines of one source file, and the lines that take their place."""
    source: str
    was: list
    becomes: list
    becomes_line: int  # of the first line of `becomes` in the bug's file, from 1


@dataclasses.dataclass
class Bug:
    """One file of the catalogue."""
    name: str
    trap: str
    breaks: str
    because: str
    changes: list


def without_blank_end(lines):
    """The lines without the empty ones at the end, which only set sections apart."""
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def parse_fields(lines, name):
    """The fields above the first change, by name; a line that starts with blanks goes on with a field."""
    fields, field = {}, None
    for line in filter(str.strip, lines):
        key, colon, value = line.partition(":")
        if line[0] == " " and field:
            fields[field] += " " + line.strip()
        elif colon and key in FIELDS and key not in fields:
            field, fields[key] = key, value.strip()
        else:
            raise CatalogueError(f"{name}: not one of the fields {', '.join(FIELDS)}, each once: {line}")
    for key in FIELDS:
        if not fields.get(key):
            raise CatalogueError(f"{name}: the field {key} is missing")
    return fields


def parse_changes(lines, first_line, name):
    """The changes of one bug; `first_line` is the number of the first of these lines."""
    changes, section = [], None
    for number, line in enumerate(lines, first_line):
        if line.startswith(WAS) and section != WAS:
            section = WAS
            changes.append(Change(line[len(WAS):].strip(), [], [], 0))
        elif line == BECOMES and section == WAS:
            section = BECOMES
            changes[-1].becomes_line = number + 1
        elif line.startswith("@@"):
            raise CatalogueError(f"{name}:{number}: '{WAS}FILE' and '{BECOMES}' take turns, this is: {line}")
        else:
            (changes[-1].was if section == WAS else changes[-1].becomes).append(line)
    for change in changes:
        change.was = without_blank_end(change.was)
        change.becomes = without_blank_end(change.becomes)
    return changes


def check(bug):
    """What holds of every bug beyond its form."""
    match = NAME.fullmatch(bug.name)
    if not match or match.group(1) != bug.trap:
        raise CatalogueError(f"{bug.name}: a name is its trap, here {bug.trap}, and what goes wrong in "
                             "lower_case_words, as in B3_delayed_append_cuts_matching_entries")
    if not bug.changes:
        raise CatalogueError(f"{bug.name}: it changes nothing")
    guards = set()
    for change in bug.changes:
        if not change.was or not change.becomes:
            raise CatalogueError(f"{bug.name}: a change of {change.source} lacks its 'was' or its 'becomes'")
        guards.update(re.findall(r"PLANTED_BUG\((\w*)\)", "\n".join(change.becomes)))
    if guards != {bug.name}:
        raise CatalogueError(f"{bug.name}: the wrong behaviour is guarded by PLANTED_BUG({bug.name}) and by "
                             f"nothing else, found {sorted(guards) or 'no guard'}")


def parse(text, name):
    """The bug described by the text of its file."""
    lines = text.splitlines()
    start = next((place for place, line in enumerate(lines) if line.startswith("@@")), len(lines))
    bug = Bug(name=name, changes=parse_changes(lines[start:], start + 1, name),
              **parse_fields(lines[:start], name))
    check(bug)
    return bug


def read(folder=FOLDER):
    """Every bug of the catalogue, in the order of traps."""
    bugs = []
    for file_name in os.listdir(folder):
        name, ending = os.path.splitext(file_name)
        if ending != ".bug":
            raise CatalogueError(f"{file_name}: a file of the catalogue ends in .bug")
        with open(os.path.join(folder, file_name), encoding="utf-8") as file:
            bugs.append(parse(file.read(), name))
    if not bugs:
        raise CatalogueError(f"{folder}: no bug is there")
    return sorted(bugs, key=lambda bug: (bug.trap[0], int(bug.trap[1:]), bug.name))
