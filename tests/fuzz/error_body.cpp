// What AWS answers with an error status, in JSON and in XML. The first line of an input is the header field that may name
// the error, the rest the body.
#include "fuzz/fuzz.hpp"

#include <fargate/aws/call.hpp>
#include <fargate/aws/failure.hpp>
#include <fargate/aws/xml.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/utf8.hpp>

#include <string>

namespace aws = fargate::aws;
namespace http = fargate::http;
namespace json = fargate::json;
namespace text = fargate::text;
using fuzz::promise;

namespace {

void write(std::string& out, aws::xml_element const& element) {
    out += '<' + element.name + '>';
    for (char const c : element.text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else
            out += c;
    }
    for (auto const& each : element.children) write(out, each);
    out += "</" + element.name + '>';
}

bool same(aws::xml_element const& left, aws::xml_element const& right) {
    if (left.name != right.name || left.text != right.text || left.children.size() != right.children.size())
        return false;
    for (std::size_t i = 0; i != left.children.size(); ++i)
        if (!same(left.children[i], right.children[i])) return false;
    return true;
}

bool same(aws::service_failure const& left, aws::service_failure const& right) {
    return left.status == right.status && left.code == right.code && left.message == right.message &&
           left.request_id == right.request_id && left.host_id == right.host_id && left.resources == right.resources &&
           json::write(left.members) == json::write(right.members);
}

/// What a failure may be, whoever sent it.
void any_failure(aws::service_failure const& said, aws::protocol how) {
    promise(!said.code.empty(), "a failure has a code, if only its status");
    promise(said.code.size() <= 128 && said.message.size() <= 2048, "what is kept of a failure is bounded");
    aws::call what;
    what.speaks = how;
    auto const why = aws::error_of(said, what);
    promise(fuzz::is_one_line(why.message) && fuzz::is_one_line(why.service_code) && fuzz::is_one_line(why.request_id),
            "an error's texts are one line each");
    promise(text::is_utf8(why.message) && text::is_utf8(why.service_code), "an error's texts are UTF-8");
    promise(!why.message.empty() && why.message.size() < 2048, "an error's message can be read");
    promise(why.http_status == said.status, "an error keeps its status");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const [field, body] = fuzz::split(fuzz::text_of(data, size));
    for (int const status : {400, 404, 503}) {
        http::response answer;
        answer.status = status;
        if (!field.empty()) answer.headers.add("x-amzn-ErrorType", std::string{field});
        answer.body = body;
        auto const from_json = aws::read_failure(aws::protocol::json, answer);
        auto const from_xml = aws::read_failure(aws::protocol::xml, answer);
        any_failure(from_json, aws::protocol::json);
        any_failure(from_xml, aws::protocol::xml);

        if (auto const document = json::parse(body); document && document->is_object()) {
            answer.body = json::write(*document);
            promise(same(aws::read_failure(aws::protocol::json, answer), from_json),
                    "a JSON failure is the document's, however it is spelled");
        }
        if (auto const document = aws::read_xml(body)) {
            answer.body.clear();
            write(answer.body, *document);
            auto const again = aws::read_xml(answer.body);
            promise(again && same(*again, *document), "XML that is written out reads back as the same");
            promise(same(aws::read_failure(aws::protocol::xml, answer), from_xml),
                    "an XML failure is the document's, however it is spelled");
        }
    }
    return 0;
}
