#include <fargate/system/environment.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

using fargate::errc;
using fargate::process_environment;

static_assert(fargate::environment_policy<process_environment>);

namespace {

/// A directory that goes away with everything a test put into it.
class scratch {
public:
    scratch() { REQUIRE(mkdtemp(name_.data()) != nullptr); }
    scratch(scratch const&) = delete;
    ~scratch() {
        for (char const* each : {"/file", "/long", "/folder/x"}) std::remove((name_ + each).c_str());
        rmdir((name_ + "/folder").c_str());
        rmdir(name_.c_str());
    }
    [[nodiscard]] std::string path(std::string const& leaf = {}) const { return name_ + leaf; }
    /// What lies in it, but for `.` and `..`.
    [[nodiscard]] std::vector<std::string> leaves() const {
        std::vector<std::string> found;
        DIR* const folder = opendir(name_.c_str());
        REQUIRE(folder != nullptr);
        while (dirent const* const each = readdir(folder))
            if (each->d_name[0] != '.') found.emplace_back(each->d_name);
        closedir(folder);
        std::sort(found.begin(), found.end());
        return found;
    }
    void write(std::string const& leaf, std::string const& text) const {
        std::FILE* const file = std::fopen(path(leaf).c_str(), "wb");
        REQUIRE(file != nullptr);
        REQUIRE(std::fwrite(text.data(), 1, text.size(), file) == text.size());
        REQUIRE(std::fclose(file) == 0);
    }

private:
    std::string name_ = "/tmp/fargate-test-XXXXXX";
};

} // namespace

TEST_CASE("a variable that is not set differs from an empty one") {
    process_environment const environment;
    REQUIRE(setenv("FARGATE_TEST_VARIABLE", "", 1) == 0);
    CHECK(environment.variable("FARGATE_TEST_VARIABLE") == "");
    REQUIRE(setenv("FARGATE_TEST_VARIABLE", "a b", 1) == 0);
    CHECK(environment.variable("FARGATE_TEST_VARIABLE") == "a b");
    CHECK(environment.variable(std::string_view{"FARGATE_TEST_VARIABLE_2"}.substr(0, 21)) == "a b");
    REQUIRE(unsetenv("FARGATE_TEST_VARIABLE") == 0);
    CHECK_FALSE(environment.variable("FARGATE_TEST_VARIABLE").has_value());
}

TEST_CASE("a file is read byte for byte") {
    scratch const here;
    process_environment const environment;
    for (std::string const& text :
         {std::string{}, std::string{"one\r\ntwo\0three\xff", 14}, std::string(100'000, 'x')}) {
        here.write("/file", text);
        auto const read = environment.read_file(here.path("/file"));
        REQUIRE(read);
        CHECK((*read == text));
    }
}

TEST_CASE("a file that is not there is told apart from one that cannot be read") {
    scratch const here;
    process_environment const environment;
    auto const missing = environment.read_file(here.path("/none"));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == errc::not_found);
    CHECK(missing.error().message.find("/none") != std::string::npos);

    here.write("/file", "");
    auto const below_a_file = environment.read_file(here.path("/file/x"));
    REQUIRE_FALSE(below_a_file);
    CHECK(below_a_file.error().code == errc::not_found);

    auto const directory = environment.read_file(here.path());
    REQUIRE_FALSE(directory);
    CHECK(directory.error().code == errc::bad_configuration);
    CHECK(directory.error().message.find(here.path()) != std::string::npos);
}

TEST_CASE("a file of one MiB is read, a longer one is refused") {
    scratch const here;
    process_environment const environment;
    here.write("/long", std::string(process_environment::largest_file, 'x'));
    auto const longest = environment.read_file(here.path("/long"));
    REQUIRE(longest);
    CHECK(longest->size() == process_environment::largest_file);

    here.write("/long", std::string(process_environment::largest_file + 1, 'x'));
    auto const longer = environment.read_file(here.path("/long"));
    REQUIRE_FALSE(longer);
    CHECK(longer.error().code == errc::bad_configuration);

    auto const endless = environment.read_file("/dev/zero");
    REQUIRE_FALSE(endless);
    CHECK(endless.error().code == errc::bad_configuration);
}

TEST_CASE("a file without permission is an error, one in a directory that is not ours to see is not there") {
    if (geteuid() == 0) {
        WARN("skipped: the superuser may read everything");
        return;
    }
    scratch const here;
    process_environment const environment;
    here.write("/file", "text");
    REQUIRE(chmod(here.path("/file").c_str(), 0) == 0);
    auto const closed = environment.read_file(here.path("/file"));
    REQUIRE_FALSE(closed);
    CHECK(closed.error().code == errc::bad_configuration);

    REQUIRE(chmod(here.path().c_str(), 0) == 0);
    auto const hidden = environment.read_file(here.path("/file"));
    REQUIRE(chmod(here.path().c_str(), 0700) == 0);
    REQUIRE_FALSE(hidden);
    CHECK(hidden.error().code == errc::not_found);
}

TEST_CASE("the user's home is known without a variable, as far as the system knows it") {
    auto const home = process_environment{}.home_directory();
    if (home) CHECK(home->starts_with('/'));
}

TEST_CASE("the variables of one prefix are listed with their texts") {
    process_environment const environment;
    REQUIRE(setenv("FARGATE_LISTED__A", "x=y", 1) == 0);
    REQUIRE(setenv("FARGATE_LISTED__B", "", 1) == 0);
    REQUIRE(setenv("FARGATE_LISTEDNOT", "1", 1) == 0);
    auto found = environment.variables("FARGATE_LISTED__");
    std::sort(found.begin(), found.end());
    CHECK(found ==
          std::vector<std::pair<std::string, std::string>>{{"FARGATE_LISTED__A", "x=y"}, {"FARGATE_LISTED__B", ""}});
    CHECK(environment.variables("FARGATE_LISTED__A=").empty());
    for (char const* each : {"FARGATE_LISTED__A", "FARGATE_LISTED__B", "FARGATE_LISTEDNOT"})
        REQUIRE(unsetenv(each) == 0);
    CHECK(environment.variables("FARGATE_LISTED__").empty());
}

TEST_CASE("a file is written for its owner alone, in place of the one before") {
    scratch const here;
    process_environment const environment;
    auto const old_mask = umask(0);
    for (std::string const& text : {std::string{"one\0two", 7}, std::string{}, std::string(100'000, 'x')}) {
        REQUIRE(environment.write_file(here.path("/file"), text));
        CHECK((*environment.read_file(here.path("/file")) == text));
        struct stat found {};
        REQUIRE(stat(here.path("/file").c_str(), &found) == 0);
        CHECK((found.st_mode & 0777U) == 0600U);
        REQUIRE(chmod(here.path("/file").c_str(), 0644) == 0);
    }
    umask(old_mask);
    CHECK(here.leaves() == std::vector<std::string>{"file"});
}

TEST_CASE("whoever has the old file open goes on reading it") {
    scratch const here;
    here.write("/file", "old");
    std::FILE* const reader = std::fopen(here.path("/file").c_str(), "rb");
    REQUIRE(reader != nullptr);
    REQUIRE(process_environment{}.write_file(here.path("/file"), "new"));
    char text[8] = {};
    CHECK(std::fread(text, 1, sizeof text, reader) == 3);
    CHECK(std::string{text} == "old");
    std::fclose(reader);
    CHECK(*process_environment{}.read_file(here.path("/file")) == "new");
}

TEST_CASE("a write that fails leaves nothing behind and the old file alone") {
    scratch const here;
    process_environment const environment;
    auto const nowhere = environment.write_file(here.path("/none/file"), "text");
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().code == errc::bad_configuration);
    CHECK(nowhere.error().message.find("/none/file") != std::string::npos);

    REQUIRE(mkdir(here.path("/folder").c_str(), 0700) == 0);
    here.write("/folder/x", "");
    CHECK_FALSE(environment.write_file(here.path("/folder"), "text"));
    CHECK(here.leaves() == std::vector<std::string>{"folder"});

    here.write("/file", "old");
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    rlimit small = before;
    small.rlim_cur = 1000;
    auto* const signal_before = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    auto const full = environment.write_file(here.path("/file"), std::string(2000, 'x'));
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, signal_before);
    CHECK_FALSE(full);
    CHECK(*environment.read_file(here.path("/file")) == "old");
    CHECK(here.leaves() == std::vector<std::string>{"file", "folder"});
}

TEST_CASE("programs of the PATH are run") {
    auto const done = process_environment{}.run({"printf", "%s", "text"}, {});
    REQUIRE(done);
    CHECK(done->output == "text");
    CHECK(process_environment{}.run({"fargate-no-such-program"}).error().code == errc::not_found);
}
