#!/usr/bin/env python3
"""Plants what the checks of this folder and the test counter look for: a check that cannot fail is a defect."""
import os
import sys
import tempfile
import unittest

import length_test
import readme_commands
import rooms_test
import sources
import words_test

sys.path.insert(0, os.path.join(sources.ROOT, "tests"))
import count_tests  # pylint: disable=wrong-import-position


class RoomsTest(unittest.TestCase):
    def test_the_core_may_not_include_another_room_a_library_or_a_clock(self):
        for header, quoted in (("persistence/storage.h", True), ("absl/status/status.h", True),
                               ("chrono", False), ("unistd.h", False), ("leveldb/db.h", True)):
            self.assertIsNotNone(rooms_test.check_include("core/", header, quoted), header)
        self.assertIsNone(rooms_test.check_include("core/", "vector", False))

    def test_the_loop_may_not_include_grpc(self):
        self.assertIsNotNone(
            rooms_test.check_include("service/loop/", "raft/v1/consensus_service.grpc.pb.h", True))
        self.assertIsNotNone(rooms_test.check_include("service/loop/", "grpcpp/grpcpp.h", True))

    def test_persistence_may_not_include_the_service(self):
        self.assertIsNotNone(rooms_test.check_include("persistence/", "service/loop/inbox.h", True))


class LengthTest(unittest.TestCase):
    def lengths(self, text):
        return {name: length for name, _, length in length_test.functions(text)}

    def test_functions_methods_and_tests_are_measured_with_their_lambdas(self):
        text = ('namespace raft {\n'
                'struct Point { int x = 0; };\n'
                'int Table[] = {\n  1,\n  2};\n'
                'class Role {\n public:\n  int Term() const { return 1; }\n};\n'
                'void Role::Step(Input input) {\n  auto f = [] {\n    return "}";  // }\n  };\n}\n'
                'TEST(RoleTest, Steps) {\n  if (true) {\n  }\n}\n'
                '}  // namespace raft\n')
        self.assertEqual(self.lengths(text), {"Term": 1, "Role::Step": 5, "RoleTest.Steps": 4})

    def test_a_constructor_with_initializers_is_measured(self):
        self.assertEqual(self.lengths("Role::Role(int a)\n    : a_(a),\n      b_(1) {\n  Run();\n}\n"),
                         {"Role::Role": 5})


class WordsTest(unittest.TestCase):
    def problems(self, line):
        return [problem for pattern, problem in words_test.RULES if pattern.search(line)]

    def test_a_todo_needs_an_issue(self):
        self.assertTrue(self.problems("// TO" + "DO: later"))
        self.assertFalse(self.problems("// TO" + "DO(#12): later"))

    def test_paths_of_one_machine_are_found(self):
        self.assertTrue(self.problems("cd /ho" + "me/anna/raftd"))
        self.assertFalse(self.problems("mount at ${SOURCE}/wo" + "rk/tree"))


class ReadmeCommandsTest(unittest.TestCase):
    def test_a_block_without_a_marker_is_found(self):
        blocks = list(readme_commands.blocks_of(["```sh", "raftctl status", "```"]))
        self.assertEqual([(block.marker, block.commands) for block in blocks], [(None, ["raftctl status"])])

    def test_a_marker_and_continued_lines_are_read(self):
        blocks = list(readme_commands.blocks_of(
            ["<!-- test: cluster -->", "```sh", "# put it", "raftctl put \\", "  a b", "```", "```", "x", "```"]))
        self.assertEqual([(block.marker, block.commands) for block in blocks],
                         [("cluster", ["raftctl put a b"])])


class CountTest(unittest.TestCase):
    CTEST = ('<testsuite><testcase name="good" status="run"/><testcase name="leaky" status="fail"/>'
             '<testcase name="gone" status="notrun"><skipped message="Unable to find executable"/></testcase>'
             '<testcase name="away" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>'
             '</testsuite>')
    REPORT = ('<testsuites><testsuite><testcase name="A" classname="S" status="run" result="completed"/>'
              '<testcase name="B" classname="S" status="run" result="skipped"><skipped/></testcase>'
              '{}</testsuite></testsuites>')

    def claims(self, failed_case=""):
        with tempfile.TemporaryDirectory() as results:
            os.mkdir(os.path.join(results, "release"))
            for path, text in (("release-ctest.xml", self.CTEST),
                               ("release/good.xml", self.REPORT.format(failed_case)),
                               ("release/leaky.xml", self.REPORT.format(""))):
                with open(os.path.join(results, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return count_tests.phase_claims(results, "release")

    def test_programs_count_by_case_and_scripts_by_entry(self):
        self.assertEqual(self.claims(), {
            "good: S.A": "passed", "good: S.B": "skipped", "leaky: S.A": "passed", "leaky: S.B": "skipped",
            "leaky: ended badly although no case failed": "failed", "gone": "failed", "away": "skipped"})

    def test_a_failed_case_is_counted_as_failed(self):
        claims = self.claims('<testcase name="C" classname="S" status="run"><failure/></testcase>')
        self.assertEqual(claims["good: S.C"], "failed")

    def test_a_failure_in_one_phase_is_a_failure_of_the_claim(self):
        total = {}
        count_tests.merge(total, {"a": "failed", "b": "skipped"})
        count_tests.merge(total, {"a": "passed", "b": "passed"})
        self.assertEqual(total, {"a": "failed", "b": "passed"})


if __name__ == "__main__":
    unittest.main()
