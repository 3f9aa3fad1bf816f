// ~/.aws/config and ~/.aws/credentials.
#include "fuzz/fuzz.hpp"

#include <fargate/aws/profile_file.hpp>
#include <fargate/core/result.hpp>
#include <fargate/text/ascii.hpp>

#include <string>

namespace aws = fargate::aws;
namespace text = fargate::text;
using aws::file_kind;
using fuzz::promise;

namespace {

fargate::result<aws::profile_file> read(std::string_view file, file_kind kind) {
    return aws::parse_profile_file(file, kind, "the-file");
}

/// The lines of a value; those behind the first are indented, so that they continue it.
std::string indented(std::string_view value) {
    std::string made;
    for (char const c : value) {
        made += c;
        if (c == '\n') made += ' ';
    }
    return made;
}

void write(std::string& out, aws::sections const& sections, std::string_view type) {
    for (auto const& [name, section] : sections) {
        bool const blanks = name.find(' ') != std::string::npos;
        out += '[';
        if (!type.empty()) out += std::string{type} + ' ';
        out += blanks ? '"' + name + '"' : name;
        out += "]\n";
        for (auto const& [key, setting] : section.settings()) {
            out += key + '=' + indented(setting.value.reveal()) + '\n';
            for (auto const& [part, value] : setting.parts)
                out += ' ' + part + '=' + std::string{value.reveal()} + '\n';
        }
    }
}

bool same(aws::sections const& left, aws::sections const& right) {
    if (left.size() != right.size()) return false;
    auto other = right.begin();
    for (auto const& [name, section] : left) {
        auto const& theirs = other->second.settings();
        if (name != other->first || section.settings().size() != theirs.size()) return false;
        auto their = theirs.begin();
        for (auto const& [key, setting] : section.settings()) {
            if (key != their->first || setting.value.reveal() != their->second.value.reveal()) return false;
            if (setting.origin != their->second.origin || setting.parts.size() != their->second.parts.size())
                return false;
            auto part = their->second.parts.begin();
            for (auto const& [part_name, value] : setting.parts) {
                if (part_name != part->first || value.reveal() != part->second.reveal()) return false;
                ++part;
            }
            ++their;
        }
        ++other;
    }
    return true;
}

bool same(aws::profile_file const& left, aws::profile_file const& right) {
    return same(left.profiles, right.profiles) && same(left.sso_sessions, right.sso_sessions) &&
           same(left.services, right.services);
}

void one_kind(std::string const& input, file_kind kind) {
    auto const file = read(input, kind);
    std::string with_returns;
    for (char const c : input) {
        if (c == '\n') with_returns += '\r';
        with_returns += c;
    }
    auto const other_ends = read(with_returns, kind);
    promise(file.has_value() == other_ends.has_value() && (!file || same(*file, *other_ends)),
            "either line end is one");
    if (!file) {
        auto const& why = file.error();
        promise(why.code == fargate::errc::bad_configuration, "a file that cannot be read is a bad configuration");
        promise(why.message.starts_with("the-file line ") && fuzz::is_one_line(why.message),
                "a refusal names the line");
        promise(why.message == other_ends.error().message, "a refusal names the same line with either line end");
        return;
    }
    for (auto const& each : file->warnings)
        promise(each.starts_with("the-file") && fuzz::is_one_line(each), "a warning is one line that names the file");
    for (auto const& [name, section] : file->profiles) {
        for (auto const& [key, setting] : section.settings()) {
            promise(key == text::lower(key) && section.has(key), "names of settings are lower case");
            promise(section.find(key).has_value() != aws::is_secret_setting(key), "secrets are not for reading");
            promise(setting.value.empty() || setting.parts.empty(), "a setting has a value or parts");
        }
    }

    std::string written;
    write(written, file->profiles, kind == file_kind::config ? "profile" : "");
    write(written, file->sso_sessions, "sso-session");
    write(written, file->services, "services");
    auto const again = read(written, kind);
    promise(again && same(*file, *again), "a file that is written out reads back as the same");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const input{fuzz::text_of(data, size)};
    for (auto const kind : {file_kind::config, file_kind::credentials}) one_kind(input, kind);
    return 0;
}
