#ifndef FARGATE_AWS_XML_HPP
#define FARGATE_AWS_XML_HPP

#include <fargate/core/result.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::aws {

/// An element of a small XML document: its name without a name-space prefix, the text directly inside it, and the
/// elements directly inside it. Attributes are read over.
struct xml_element {
    std::string name{};
    std::string text{};
    std::vector<xml_element> children{};

    /// The first child of that name.
    [[nodiscard]] xml_element const* child(std::string_view of_name) const noexcept {
        for (auto const& each : children)
            if (each.name == of_name) return &each;
        return nullptr;
    }

    /// The text of the first child of that name, or empty text.
    [[nodiscard]] std::string_view text_of(std::string_view of_name) const noexcept {
        auto const* const found = child(of_name);
        return found != nullptr ? std::string_view{found->text} : std::string_view{};
    }
};

namespace detail {

/// Reads the XML that services answer with. What they never send is refused: document types and with them entities of
/// one's own, deep nesting, very many elements.
class xml_reader {
public:
    static constexpr std::size_t deepest = 32;
    static constexpr std::size_t most_elements = 2000;

    explicit xml_reader(std::string_view text) : text_{text} {}

    [[nodiscard]] bool document(xml_element& root) {
        if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
        return misc() && element(root, 0) && misc() && at_ == text_.size();
    }

private:
    [[nodiscard]] bool next_is(std::string_view what) const noexcept { return text_.substr(at_).starts_with(what); }

    [[nodiscard]] bool take(std::string_view what) noexcept {
        if (!next_is(what)) return false;
        at_ += what.size();
        return true;
    }

    /// Moves behind the next `end` and gives what stands before it.
    [[nodiscard]] bool until(std::string_view end, std::string_view& before) noexcept {
        std::size_t const found = text_.find(end, at_);
        if (found == std::string_view::npos) return false;
        before = text_.substr(at_, found - at_);
        at_ = found + end.size();
        return true;
    }

    void space() noexcept {
        while (at_ < text_.size() && text::is_space(text_[at_])) ++at_;
    }

    /// Space, comments and processing instructions around the root element.
    [[nodiscard]] bool misc() noexcept {
        std::string_view skipped;
        for (;;) {
            space();
            if (take("<?")) {
                if (!until("?>", skipped)) return false;
            } else if (take("<!--")) {
                if (!until("-->", skipped)) return false;
            } else {
                return true;
            }
        }
    }

    [[nodiscard]] std::string_view name() noexcept {
        std::size_t const start = at_;
        while (at_ < text_.size() && text_.substr(at_, 1).find_first_of(" \t\r\n/>=<&\"'") == std::string_view::npos)
            ++at_;
        return text_.substr(start, at_ - start);
    }

    /// A name with at most one prefix, and no markup of another kind.
    [[nodiscard]] static bool is_tag(std::string_view tag) noexcept {
        std::size_t const colon = tag.find(':');
        bool const prefixed = colon != std::string_view::npos;
        if (tag.empty() || tag.front() == '!') return false;
        return !prefixed || (colon != 0 && colon + 1 != tag.size() && tag.rfind(':') == colon);
    }

    [[nodiscard]] bool attributes() noexcept {
        for (;;) {
            space();
            if (next_is(">") || next_is("/>")) return true;
            if (name().empty()) return false;
            space();
            if (!take("=")) return false;
            space();
            std::string_view skipped;
            if (take("\"") ? !until("\"", skipped) : !(take("'") && until("'", skipped))) return false;
        }
    }

    [[nodiscard]] bool element(xml_element& made, std::size_t depth) {
        if (depth == deepest || ++count_ > most_elements || !take("<")) return false;
        std::string_view const tag = name();
        if (!is_tag(tag) || !attributes()) return false;
        made.name = tag.substr(tag.find(':') == std::string_view::npos ? 0 : tag.find(':') + 1);
        if (take("/>")) return true;
        if (!take(">") || !content(made, depth)) return false;
        if (name() != tag) return false;
        space();
        return take(">");
    }

    /// What stands between the tags, the `</` of the end tag included.
    [[nodiscard]] bool content(xml_element& made, std::size_t depth) {
        std::string_view part;
        while (at_ < text_.size()) {
            if (take("</")) return true;
            if (take("<![CDATA[")) {
                if (!until("]]>", part)) return false;
                made.text += part;
            } else if (take("<!--")) {
                if (!until("-->", part)) return false;
            } else if (take("<?")) {
                if (!until("?>", part)) return false;
            } else if (next_is("<")) {
                if (!element(made.children.emplace_back(), depth + 1)) return false;
            } else if (take("&")) {
                if (!until(";", part) || !entity(part, made.text)) return false;
            } else {
                std::size_t const end = std::min(text_.find_first_of("<&", at_), text_.size());
                made.text += text_.substr(at_, end - at_);
                at_ = end;
            }
        }
        return false;
    }

    [[nodiscard]] static bool entity(std::string_view of_name, std::string& out) {
        constexpr std::pair<std::string_view, char> known[] = {
            {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
        for (auto const& [name, character] : known) {
            if (of_name == name) {
                out += character;
                return true;
            }
        }
        if (!of_name.starts_with('#')) return false;
        bool const hex = of_name.starts_with("#x");
        std::string_view const digits = of_name.substr(hex ? 2 : 1);
        if (digits.empty() || digits.size() > 8) return false;
        unsigned point = 0;
        for (char const each : digits) {
            char const c = text::to_lower(each);
            bool const letter = hex && c >= 'a' && c <= 'f';
            if (!text::is_digit(c) && !letter) return false;
            point = point * (hex ? 16U : 10U) + static_cast<unsigned>(letter ? c - 'a' + 10 : c - '0');
        }
        return append_code_point(point, out);
    }

    [[nodiscard]] static bool append_code_point(unsigned point, std::string& out) {
        auto const follower = [point](unsigned shift) { return static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
        bool const control = point < 0x20 && point != '\t' && point != '\n' && point != '\r';
        if (control || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
        if (point < 0x80) {
            out += static_cast<char>(point);
        } else if (point < 0x800) {
            out += static_cast<char>(0xC0U | (point >> 6U));
            out += follower(0);
        } else if (point < 0x10000) {
            out += static_cast<char>(0xE0U | (point >> 12U));
            out += follower(6);
            out += follower(0);
        } else {
            out += static_cast<char>(0xF0U | (point >> 18U));
            out += follower(12);
            out += follower(6);
            out += follower(0);
        }
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
};

} // namespace detail

/// Reads an XML document as services write them: elements, text, CDATA, the five named and the numeric entities; a
/// document type is refused. `errc::malformed_response` when it is none. Time and memory stay in proportion to `text`.
[[nodiscard]] inline result<xml_element> read_xml(std::string_view text) {
    xml_element root;
    if (!detail::xml_reader{text}.document(root)) return fail(errc::malformed_response, "not an XML document");
    return root;
}

} // namespace fargate::inline v0::aws

#endif
