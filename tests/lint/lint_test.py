"""The lint finds what it is there to find: each case plants a tree and expects the named offence, and no other."""

import pathlib
import tempfile
import unittest

import lint

HEADER = """#ifndef {guard}
#define {guard}

{body}

namespace fargate::inline v0::{floor} {{}}

#endif
"""


def header(name, body=""):
    path = f"include/fargate/{name}"
    return path, HEADER.format(guard=lint.guard_of(pathlib.PurePosixPath(path)), body=body, floor="planted")


def including(name, *targets):
    return header(name, "\n".join(f"#include <{each}>" for each in targets))


GOOD = dict([
    header("version.hpp"), header("core/result.hpp"), header("text/hex.hpp"), including("crypto/openssl.hpp", "openssl/evp.h"),
    header("system/clock.hpp"),
    including("sigv4/sign.hpp", "fargate/crypto/openssl.hpp", "fargate/text/hex.hpp", "string"),
    including("sigv4.hpp", "fargate/sigv4/sign.hpp"), including("aws/client.hpp", "fargate/sigv4/sign.hpp"),
    including("aws/ecs.hpp", "fargate/aws/client.hpp"), including("prefect/server.hpp", "fargate/text/hex.hpp"),
    including("deploy/launcher.hpp", "fargate/aws/ecs.hpp", "functional"), including("aws.hpp", "fargate/aws/ecs.hpp"),
    including("agent.hpp", "fargate/aws.hpp", "fargate/deploy/launcher.hpp"),
    including("testing/fake_ecs.hpp", "fargate/aws/ecs.hpp", "fargate/sigv4.hpp", "functional"),
    ("tests/text/hex.test.cpp", "#include <fargate/text/hex.hpp>\n\n#include <string>\n"),
    ("README.md", "# fargate\n"),
])


class planted(unittest.TestCase):
    def offences(self, *files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in {**GOOD, **dict(files)}.items():
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text.replace("{root}", str(pathlib.Path(root).resolve())), encoding="utf-8")
            return list(lint.check(root))

    def expect(self, offence, *files):
        found = self.offences(*files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(offence, found[0])

    def test_a_good_tree_is_clean(self):
        self.assertEqual(self.offences(), [])

    def test_an_upward_edge_is_named(self):
        self.expect(
            "include/fargate/text/hex.hpp: includes <fargate/aws/client.hpp>: upward: text (1) does not see aws (5)",
            including("text/hex.hpp", "fargate/aws/client.hpp"))

    def test_a_sideways_edge_is_named(self):
        self.expect(
            "include/fargate/sigv4/sign.hpp: includes <fargate/system/clock.hpp>: sideways: sigv4 (2) does not see system (2)",
            including("sigv4/sign.hpp", "fargate/system/clock.hpp"))

    def test_a_lower_file_does_not_see_a_higher_one_of_its_folder(self):
        self.expect("includes <fargate/aws/ecs.hpp>: it lies higher in the same folder",
                    including("aws/client.hpp", "fargate/aws/ecs.hpp"), including("aws/ecs.hpp"))

    def test_prefect_does_not_see_aws(self):
        self.expect("<fargate/aws/client.hpp>: prefect does not see aws",
                    including("prefect/server.hpp", "fargate/aws/client.hpp"))

    def test_no_floor_includes_testing(self):
        self.expect("no floor includes it", including("deploy/launcher.hpp", "fargate/testing/fake_ecs.hpp"))

    def test_no_front_door_includes_testing(self):
        self.expect("no floor includes it", including("agent.hpp", "fargate/testing/fake_ecs.hpp"))

    def test_no_floor_goes_through_a_front_door(self):
        self.expect("a front door is for users", including("deploy/launcher.hpp", "fargate/aws.hpp"))

    def test_an_unknown_floor_is_refused(self):
        self.expect("not in the table", header("attic/box.hpp"))

    def test_a_missing_header_is_named(self):
        self.expect("<fargate/core/gone.hpp>: there is no such header", including("text/hex.hpp", "fargate/core/gone.hpp"))

    def test_own_headers_are_included_by_full_path(self):
        self.expect('includes "clock.hpp"', header("system/executor.hpp", '#include "clock.hpp"'))

    def test_the_guard_follows_the_path(self):
        path, text = header("core/result.hpp")
        self.expect("include guard FARGATE_CORE_RESULT_HPP", (path, text.replace("RESULT", "OUTCOME")))

    def test_pragma_once_is_no_guard(self):
        self.expect("include guard", ("include/fargate/core/error.hpp", "#pragma once\n"))

    def test_costly_headers_are_banned_below_deploy(self):
        self.expect("includes <functional>: too costly", including("aws/client.hpp", "functional"))

    def test_dependencies_stay_in_their_files(self):
        self.expect("only http/curl*.hpp may", including("aws/client.hpp", "curl/curl.h"))
        self.expect("only crypto/openssl.hpp may", including("sigv4/scope.hpp", "openssl/sha.h"))
        self.expect("only json/json.hpp may", including("testing/fake_s3.hpp", "nlohmann/json.hpp"))

    def test_macros_are_prefixed(self):
        self.expect("defines LOUD", header("core/error.hpp", "#define LOUD 1"))

    def test_names_live_in_the_versioned_namespace(self):
        self.expect("opens namespace fargate::core", header("core/error.hpp", "namespace fargate::core {}"))

    def test_a_test_mirrors_a_header(self):
        self.expect("mirrors nothing", ("tests/text/octal.test.cpp", "#include <fargate/text/octal.hpp>\n"))

    def test_a_test_may_be_named_after_its_data(self):
        self.assertEqual(self.offences(
            ("tests/text/octal_cases.test.cpp", "#include <fargate/text/hex.hpp>\n"),
            ("tests/vectors/octal-cases.json", "{}\n")), [])

    def test_a_test_includes_its_header_first(self):
        self.expect("the first include", ("tests/text/hex.test.cpp", "#include <string>\n#include <fargate/text/hex.hpp>\n"))

    def test_a_test_may_be_about_one_side_of_its_header(self):
        self.assertEqual(self.offences(("tests/text/hex_cases.test.cpp", "#include <fargate/text/hex.hpp>\n")), [])
        self.expect("<fargate/text/hex.hpp>", ("tests/text/hex_cases.test.cpp", "#include <fargate/core/result.hpp>\n"))

    def test_long_files_are_refused(self):
        self.expect("401 lines", ("examples/long.cpp", "\n" * 401))
        self.expect("801 lines", ("tests/text/hex.test.cpp", "#include <fargate/text/hex.hpp>\n" * 801))

    def test_folders_of_the_machine_are_refused(self):
        self.expect("README.md:1: names a folder of this machine", ("README.md", "see {root}/build\n"))

    def test_unfinished_work_is_refused(self):
        self.expect("leaves something to do", ("README.md", "TO" "DO: all of it\n"))

    def test_documents_that_are_not_here_are_refused(self):
        self.expect("README.md:1: names notes" ".md", ("README.md", "see notes" ".md\n"))

    def test_stray_spaces_are_refused(self):
        self.expect("ends in spaces", ("README.md", "so \n"))

    def test_what_fuzzers_begin_with_is_as_it_is(self):
        self.assertEqual(self.offences(("tests/fuzz/corpus/uri/001", "a \nb")), [])


if __name__ == "__main__":
    unittest.main()
