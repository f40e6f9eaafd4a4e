#!/usr/bin/env python3
"""Checks that files stay one sitting long and functions fit on a screen.

length_ratchet.txt lists what is longer: "path 470" for a file, "path Name 75" for a function. A listed
length may shrink and must then be lowered here, it may not grow, and nothing joins the list
without a reviewer's eye.
"""
import os
import re
import sources

FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 60
RATCHET = os.path.join(os.path.dirname(__file__), "length_ratchet.txt")


def without_words(text):
    """The text with comments, strings and character constants blanked, line breaks kept."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, lambda match: "\n" * match.group().count("\n"), text, flags=re.DOTALL)


def function_name(head):
    """The name when the text before an opening brace begins a function, else None."""
    head = re.sub(r"^\s*#[^\n]*(?:\\\n[^\n]*)*$", "", head, flags=re.MULTILINE).strip()
    if not head or head.endswith(("=", ",", "(")) or "(" not in head:
        return None
    if re.match(r"(template\s*<.*>\s*)?(namespace|class|struct|enum|union|extern)\b[^()]*$", head, re.DOTALL):
        return None
    match = re.search(r"([~\w:]+|operator\s*\S+?)\s*\(", head)
    if match is None:
        return None
    if match.group(1) in ("TEST", "TEST_F", "TEST_P", "TYPED_TEST"):
        arguments = re.search(r"\(([^)]*)\)", head)
        return ".".join(part.strip() for part in arguments.group(1).split(","))
    return match.group(1)


def functions(text):
    """Yields (name, first line, lines) of each function at namespace or class level."""
    text = re.sub(r"\b(public|protected|private):", lambda match: ";" * len(match.group()),
                  without_words(text))
    scopes, head_start, line = [], 0, 1
    for position, character in enumerate(text):
        if character == "\n":
            line += 1
        elif character == ";" and not any(name for name, _ in scopes):
            head_start = position + 1
        elif character == "{":
            inside = any(name for name, _ in scopes)
            head = "" if inside else text[head_start:position]
            scopes.append((function_name(head), line - head.strip().count("\n")))
            head_start = position + 1
        elif character == "}" and scopes:
            name, first = scopes.pop()
            if name and not any(outer for outer, _ in scopes):
                yield name, first, line - first + 1
            head_start = position + 1


def measured(name):
    """Yields (ratchet key, line, length, limit) for a file and each of its functions."""
    text = "\n".join(sources.lines(name))
    yield name, 1, text.count("\n") + 1, FILE_LINES_MAX
    for function, first, length in functions(text):
        yield f"{name} {function}", first, length, FUNCTION_LINES_MAX


def read_ratchet():
    """The listed lengths by key."""
    with open(RATCHET, encoding="utf-8") as file:
        rows = [row.strip() for row in file if row.strip() and not row.startswith("#")]
    return {key: int(length) for key, length in (row.rsplit(" ", 1) for row in rows)}


def main():
    ratchet, findings = read_ratchet(), []
    checked = sources.files(".h", ".cc")
    longest = {}
    for name in checked:
        for key, line, length, limit in measured(name):
            longest[key] = max(length, longest.get(key, 0))
            if length > max(limit, ratchet.get(key, 0)):
                findings.append(f"{name}:{line}: {key} has {length} lines, allowed are "
                                f"{max(limit, ratchet.get(key, 0))}: let a noun or a step move out")
    for key, length in ratchet.items():
        if longest.get(key, 0) < length:
            findings.append(f"tests/style/length_ratchet.txt: {key} has shrunk from {length} to "
                            f"{longest.get(key, 0)} lines: lower or remove its row")
    sources.report(findings, checked)


if __name__ == "__main__":
    main()
