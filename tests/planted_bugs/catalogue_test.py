#!/usr/bin/env python3
"""Tests what reads, plants and runs the catalogue: whatever does not fit must be refused by name."""
import os
import stat
import tempfile
import textwrap
import unittest

import catalogue
import plant
import run_planted_bugs

NAME = "B3_cuts_too_much"


def described(was="  two();", becomes=f"  if (!PLANTED_BUG({NAME})) two();", trap="B3", source="core/log.cc"):
    """The text of a bug."""
    return (f"trap: {trap}\nbreaks: Cuts what\n  matches.\nbecause: It looks right.\n"
            f"@@ was {source}\n{was}\n@@ becomes\n{becomes}\n")


SOME_BUG = catalogue.Bug("B3_x", "B3", "what", "why", [catalogue.Change("core/follower.cc", [], [], 1)])


class CatalogueTest(unittest.TestCase):
    def refused(self, text, reason, name=NAME):
        with self.assertRaisesRegex(catalogue.CatalogueError, reason) as caught:
            catalogue.parse(text, name)
        self.assertIn(name, str(caught.exception))

    def test_a_bug_is_read_whole(self):
        bug = catalogue.parse(described(), NAME)
        self.assertEqual((bug.trap, bug.breaks, bug.because), ("B3", "Cuts what matches.", "It looks right."))
        self.assertEqual(bug.changes, [catalogue.Change(
            "core/log.cc", ["  two();"], [f"  if (!PLANTED_BUG({NAME})) two();"], 8)])

    def test_every_field_is_needed_once(self):
        self.refused(described().replace("because: It looks right.\n", ""), "because is missing")
        self.refused(described().replace("because: It looks right.", "because:"), "because is missing")
        self.refused("trap: B3\n" + described(), "each once")
        self.refused("mood: bad\n" + described(), "not one of the fields")

    def test_the_name_begins_with_the_trap(self):
        self.refused(described(trap="B4"), "a name is its trap")
        self.refused(described(trap="K1").replace(NAME, "K1_x"), "a name is its trap", "K1_x")

    def test_the_guard_names_its_own_bug(self):
        self.refused(described(becomes="  three();"), "found no guard")
        self.refused(described(becomes="  if (PLANTED_BUG(B4_other)) two();"), "B4_other")

    def test_a_change_has_both_sides(self):
        self.refused(described(was=""), "lacks")
        self.refused(described().split("@@")[0], "changes nothing")
        self.refused(described() + "@@ becomes\nmore\n", "take turns")

    def test_the_real_catalogue_is_sound(self):
        self.assertGreaterEqual(len(catalogue.read()), 36)


class PlantTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root, self.output = os.path.join(folder.name, "tree"), os.path.join(folder.name, "copy")
        os.makedirs(os.path.join(self.root, "core"))

    def plant(self, product, *bugs):
        """The copy of core/log.cc after planting (name, text) pairs."""
        with open(os.path.join(self.root, "core/log.cc"), "w", encoding="utf-8") as file:
            file.write(product)
        plant.plant(self.root, self.output, ["core"], [catalogue.parse(text, name) for name, text in bugs])
        with open(os.path.join(self.output, "core/log.cc"), encoding="utf-8") as file:
            return file.read()

    def test_the_copy_has_the_bug_and_names_the_true_places(self):
        self.assertEqual(self.plant("  one();\n  two();\n  three();\n", (NAME, described())), textwrap.dedent(f"""\
            #include "tests/planted_bugs/planted_bugs.h"
            #line 1 "core/log.cc"
              one();
            #line 8 "tests/planted_bugs/catalogue/{NAME}.bug"
              if (!PLANTED_BUG({NAME})) two();
            #line 3 "core/log.cc"
              three();
            """))
        with open(os.path.join(self.output, "planted_bugs/catalogue.h"), encoding="utf-8") as file:
            self.assertIn(f"kNone, {NAME} ", file.read())

    def test_what_stands_there_never_or_twice_is_refused(self):
        for product in ("  one();\n", "  two();\n  two();\n", "  two();  // other line\n"):
            with self.assertRaisesRegex(catalogue.CatalogueError, f"{NAME}.*core/log.cc"):
                self.plant(product, (NAME, described()))

    def test_two_bugs_on_one_line_are_refused(self):
        other = "B4_other"
        with self.assertRaisesRegex(catalogue.CatalogueError, f"{other}.*same lines.*{NAME}"):
            self.plant("  one();\n  two();\n", (NAME, described()),
                       (other, described("  two();", f"  PLANTED_BUG({other});", "B4")))

    def test_a_file_of_another_room_is_refused(self):
        with self.assertRaisesRegex(catalogue.CatalogueError, "service/x.cc is no source of core"):
            self.plant("  two();\n", (NAME, described(source="service/x.cc")))

    def test_planting_again_leaves_the_copy_alone_and_a_lost_file_goes(self):
        self.plant("  two();\n", (NAME, described()))
        path = os.path.join(self.output, "core/log.cc")
        os.utime(path, (1, 1))
        with open(os.path.join(self.output, "core/gone.cc"), "w", encoding="utf-8"):
            pass
        self.plant("  two();\n", (NAME, described()))
        self.assertEqual(os.stat(path).st_mtime, 1)
        self.assertEqual(os.listdir(os.path.join(self.output, "core")), ["log.cc"])


class RunTest(unittest.TestCase):
    def program(self, script):
        """A simulator that is a shell script."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "simulator")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(path, stat.S_IRWXU)
        return path

    def test_a_red_seed_is_counted_from_the_first(self):
        path = self.program('[ "$RAFT_PLANTED_BUG" = B3_x ] && echo "RED seed=107 law=It broke" && exit 1')
        outcome = run_planted_bugs.run(path, SOME_BUG, 101, 500)
        self.assertEqual((outcome.law, outcome.seeds), ("It broke", 7))

    def test_green_is_no_law(self):
        outcome = run_planted_bugs.run(self.program("exit 0"), SOME_BUG, 1, 500)
        self.assertEqual((outcome.law, outcome.seeds), (None, 500))

    def test_a_program_that_fails_otherwise_caught_nothing(self):
        for script in ("exit 1", "exit 2", "kill -9 $$", "echo 'RED seed=1 law=x'"):
            with self.assertRaisesRegex(RuntimeError, "B3_x"):
                run_planted_bugs.run(self.program(script), SOME_BUG, 1, 5)

    def test_one_missed_try_is_a_miss(self):
        bug = catalogue.parse(described(), NAME)
        outcome = run_planted_bugs.Outcome
        verdict = run_planted_bugs.Verdict(bug, [outcome("a", 3, 0.1), outcome("a", 5, 0.1), outcome(None, 9, 0.1)])
        self.assertFalse(verdict.is_caught)
        self.assertEqual(verdict.seeds(), ("5", "> 9"))
        verdict.outcomes.pop()
        self.assertTrue(verdict.is_caught)
        self.assertEqual(verdict.seeds(), ("5", "5"))

    def test_a_law_is_told_without_places_and_numbers(self):
        self.assertEqual(run_planted_bugs.shape_of("core/log.cc:27: one vote per term (N2). Broken: a == b"),
                         "check: one vote per term (N2)")
        self.assertEqual(run_planted_bugs.shape_of("the leader of term 6 lacks entry 8"),
                         "the leader of term n lacks entry n")

    def test_the_table_is_replaced_and_nothing_else(self):
        begin, end = run_planted_bugs.TABLE_BEGIN, run_planted_bugs.TABLE_END
        page = run_planted_bugs.with_table(f"before\n{begin}\nold\n{end}\nafter\n", ["| new |"])
        self.assertTrue(page.startswith(f"before\n{begin}\n| bug |") and page.endswith(f"| new |\n{end}\nafter\n"))
        self.assertNotIn("old", page)

    def test_the_readme_tells_of_each_bug_and_of_no_other(self):
        with open(run_planted_bugs.README, encoding="utf-8") as file:
            rows = run_planted_bugs.rows_of(file.read())
        self.assertEqual(list(rows), [bug.name for bug in catalogue.read()],
                         "run_planted_bugs.py --tries 20 --only NAME adds the row of a bug")


if __name__ == "__main__":
    unittest.main()
