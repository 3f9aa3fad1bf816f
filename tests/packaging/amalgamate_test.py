"""What the amalgamation promises, on small planted trees."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "single_include/amalgamate.py"


def guarded(name, *lines):
    guard = name.upper().replace("/", "_").replace(".", "_")
    return "\n".join([f"#ifndef {guard}", f"#define {guard}", "", *lines, "", "#endif", ""])


GOOD = {
    "fargate/version.hpp": guarded("fargate/version.hpp", '#define FARGATE_VERSION_STRING "1.2.3"'),
    "fargate/core/low.hpp": guarded("fargate/core/low.hpp", "#include <string>", "", "struct low {};"),
    "fargate/sigv4.hpp": guarded("fargate/sigv4.hpp", "#include <fargate/core/low.hpp>", "#include <fargate/version.hpp>"),
    "fargate/agent.hpp": guarded(
        "fargate/agent.hpp", "#include <fargate/sigv4.hpp>", "#include <fargate/core/low.hpp>", "", "#include <vector>",
        "#include <string>", "", "#if __has_include(<format>)", "#include <format>", "#endif", "", "struct agent {};"),
}


class amalgamation(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "LICENSE").write_text("Free.\n")
        self.plant(GOOD)

    def plant(self, headers):
        for name, text in headers.items():
            path = self.root / "include" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run_script(self, *options, **environment):
        (self.root / "single_include").mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-B", str(SCRIPT), "--root", str(self.root), *options], capture_output=True, text=True,
            check=False, cwd=environment.pop("cwd", self.root), env={**os.environ, **environment})

    def made(self, door="agent.hpp"):
        return (self.root / "single_include/fargate" / door).read_text()

    def refusal(self, headers):
        self.plant(headers)
        done = self.run_script()
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_every_header_comes_once_and_before_its_user(self):
        self.assertEqual(self.run_script().returncode, 0)
        text = self.made()
        self.assertEqual(text.count("struct low {};"), 1)
        self.assertLess(text.index("struct low {};"), text.index("struct agent {};"))
        self.assertNotIn("#include <fargate/", text)

    def test_system_includes_are_gathered_once_and_sorted(self):
        self.run_script()
        text = self.made()
        self.assertIn("#include <string>\n#include <vector>\n", text)
        self.assertEqual(text.count("#include <string>"), 1)
        self.assertLess(text.index("#include <vector>"), text.index("#ifndef"))

    def test_an_include_under_a_condition_stays_there(self):
        self.run_script()
        self.assertIn("#if __has_include(<format>)\n#include <format>\n#endif", self.made())

    def test_guards_and_licence_are_kept(self):
        self.run_script()
        self.assertIn("#ifndef FARGATE_CORE_LOW_HPP", self.made())
        self.assertIn("// Free.", self.made())
        self.assertIn("fargate 1.2.3", self.made())

    def test_a_door_holds_only_what_it_includes(self):
        self.run_script()
        self.assertNotIn("struct agent", self.made("sigv4.hpp"))

    def test_nothing_but_the_tree_decides(self):
        self.run_script()
        first = self.made()
        self.run_script(cwd="/", TZ="FAR-5:45", PYTHONHASHSEED="7", LC_ALL="C")
        self.assertEqual(self.made(), first)

    def test_a_second_run_writes_nothing(self):
        self.assertIn("wrote", self.run_script().stdout)
        self.assertEqual(self.run_script().stdout, "")

    def test_the_check_names_the_stale_file_and_the_remedy(self):
        self.run_script()
        self.assertEqual(self.run_script("--check").returncode, 0)
        before = self.made()
        self.plant({"fargate/core/low.hpp": GOOD["fargate/core/low.hpp"].replace("low {}", "low { int more; }")})
        done = self.run_script("--check")
        self.assertEqual(done.returncode, 1)
        self.assertIn("agent.hpp", done.stdout)
        self.assertIn("python3 single_include/amalgamate.py", done.stdout)
        self.assertEqual(self.made(), before)

    def test_a_missing_header_is_refused_with_its_place(self):
        said = self.refusal({"fargate/core/low.hpp": guarded("fargate/core/low.hpp", "#include <fargate/core/gone.hpp>")})
        self.assertIn("include/fargate/core/low.hpp:4: there is no <fargate/core/gone.hpp>", said)

    def test_testing_is_refused(self):
        said = self.refusal({
            "fargate/testing/fake.hpp": guarded("fargate/testing/fake.hpp"),
            "fargate/core/low.hpp": guarded("fargate/core/low.hpp", "#include <fargate/testing/fake.hpp>")})
        self.assertIn("never part of a single header", said)

    def test_a_circle_is_refused(self):
        said = self.refusal({"fargate/core/low.hpp": guarded("fargate/core/low.hpp", "#include <fargate/sigv4.hpp>")})
        self.assertIn("circle", said)

    def test_own_headers_under_a_condition_are_refused(self):
        said = self.refusal({
            "fargate/core/low.hpp": guarded("fargate/core/low.hpp", "#if 1", "#include <fargate/version.hpp>", "#endif")})
        self.assertIn("under a condition", said)

    def test_short_own_includes_are_refused(self):
        said = self.refusal({"fargate/core/low.hpp": guarded("fargate/core/low.hpp", '#include "version.hpp"')})
        self.assertIn("not an include by full path", said)


if __name__ == "__main__":
    unittest.main()
