#!/usr/bin/env python3
"""Copies rooms of the product with every bug of the catalogue inserted, each behind its guard.

  plant.py --root TREE --output FOLDER ROOM...

FOLDER receives the rooms under their own names, so that "core/leader.h" means the copy for whoever looks
there first, and planted_bugs/catalogue.h, which gives each bug a number and PLANTED_BUG(name) a meaning.
A `was` that does not stand in the product exactly once, and two bugs that change the same lines, are
errors: a catalogue that no longer fits the product must not build. Files that would not change are left
alone, so that nothing is compiled twice.
"""
import argparse
import os
import sys

import catalogue

HEADER = """\
// Generated from the catalogue of planted bugs: their numbers and their names.
#pragma once

#include <string_view>

namespace planted_bugs {{

enum class Bug : int {{ kNone, {enumerators} }};

inline constexpr std::string_view kNames[] = {{"", {names}}};

}}  // namespace planted_bugs
"""
GUARD = "tests/planted_bugs/planted_bugs.h"


def places_of(was, lines):
    """Where these lines stand in a file."""
    return [place for place in range(len(lines) - len(was) + 1)
            if lines[place:place + len(was)] == was]


def find(bug, change, lines):
    """The one place of a change in its file."""
    places = places_of(change.was, lines)
    if len(places) != 1:
        raise catalogue.CatalogueError(
            f"{bug.name}: its 'was' stands {len(places)} times in {change.source}, not once; the product has "
            f"moved on: look what it does now and write the bug anew. It begins: {change.was[0].strip()}")
    return places[0]


def planted(source, lines, changes):
    """The lines of one file with these (bug, change) pairs inserted; compilers name the true places."""
    found = sorted(((find(bug, change, lines), bug, change) for bug, change in changes),
                   key=lambda entry: entry[0])
    result, done, last = [f'#line 1 "{source}"'], 0, None
    if found:
        result.insert(0, f'#include "{GUARD}"')
    for place, bug, change in found:
        if place < done:
            raise catalogue.CatalogueError(
                f"{bug.name}: it changes the same lines of {source} as {last.name}, near: "
                f"{change.was[0].strip()}")
        result += lines[done:place]
        result.append(f'#line {change.becomes_line} "tests/planted_bugs/catalogue/{bug.name}.bug"')
        result += change.becomes
        done, last = place + len(change.was), bug
        result.append(f'#line {done + 1} "{source}"')
    return result + lines[done:]


def sources_of(root, rooms):
    """The C++ files of these rooms, relative to the tree."""
    return sorted(f"{room}/{name}" for room in rooms for name in os.listdir(os.path.join(root, room))
                  if name.endswith((".cc", ".h")))


def write(path, text):
    """Writes the file unless it holds this already."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def remove_strangers(output, wanted):
    """A source that left the product leaves the copy too."""
    for folder, _, names in os.walk(output):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.relpath(path, output) not in wanted:
                os.remove(path)


def plant(root, output, rooms, bugs):
    """Writes the copies and the header."""
    by_source = {}
    for bug in bugs:
        for change in bug.changes:
            by_source.setdefault(change.source, []).append((bug, change))
    sources = sources_of(root, rooms)
    for source, changes in by_source.items():
        if source not in sources:
            raise catalogue.CatalogueError(
                f"{changes[0][0].name}: {source} is no source of {', '.join(rooms)}")
    for source in sources:
        with open(os.path.join(root, source), encoding="utf-8") as file:
            lines = file.read().splitlines()
        write(os.path.join(output, source),
              "\n".join(planted(source, lines, by_source.get(source, []))) + "\n")
    header = HEADER.format(enumerators=", ".join(bug.name for bug in bugs),
                           names=", ".join(f'"{bug.name}"' for bug in bugs))
    write(os.path.join(output, "planted_bugs/catalogue.h"), header)
    remove_strangers(output, {*sources, "planted_bugs/catalogue.h"})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("rooms", nargs="+")
    arguments = parser.parse_args()
    try:
        plant(arguments.root, arguments.output, arguments.rooms, catalogue.read())
    except catalogue.CatalogueError as error:
        sys.exit(f"error: tests/planted_bugs/catalogue/{error}")


if __name__ == "__main__":
    main()
