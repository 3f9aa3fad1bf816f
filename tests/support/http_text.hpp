#ifndef FARGATE_TESTS_SUPPORT_HTTP_TEXT_HPP
#define FARGATE_TESTS_SUPPORT_HTTP_TEXT_HPP

#include "support/loopback.hpp"

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace testing_support {

/// The bytes of one well-formed request as a document; `url` becomes `http://<Host><target>`.
inline fargate::http::request read_request(std::string_view bytes) {
    auto const cut = [](std::string_view& from, std::string_view mark) {
        auto const at = from.find(mark);
        auto const piece = from.substr(0, at);
        from.remove_prefix(at == std::string_view::npos ? from.size() : at + mark.size());
        return piece;
    };
    fargate::http::request made;
    std::string_view head = cut(bytes, "\r\n\r\n");
    std::string_view line = cut(head, "\r\n");
    made.method = cut(line, " ");
    std::string const target{cut(line, " ")};
    while (!head.empty()) {
        std::string_view field = cut(head, "\r\n");
        std::string name{cut(field, ":")};
        if (field.starts_with(' ')) field.remove_prefix(1);
        made.headers.add(std::move(name), std::string{field});
    }
    made.url = "http://" + std::string{made.headers.value_of("Host")} + target;
    made.body = bytes;
    return made;
}

inline std::string write_response(fargate::http::response const& answer) {
    std::string made = "HTTP/1.1 " + std::to_string(answer.status) + " Answer\r\n";
    for (auto const& [name, value] : answer.headers) made += name + ": " + value + "\r\n";
    return made + "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
}

/// Answers of a function as a script for `loopback`; an error is a connection that closes without an answer.
inline loopback::script
answers_of(std::function<fargate::result<fargate::http::response>(fargate::http::request const&)> answer) {
    return [answer = std::move(answer)](loopback::peer& peer) {
        while (auto const bytes = peer.request()) {
            auto const made = answer(read_request(*bytes));
            if (!made || !peer.send(write_response(*made))) return;
        }
    };
}

} // namespace testing_support

#endif
