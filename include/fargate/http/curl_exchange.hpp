#ifndef FARGATE_HTTP_CURL_EXCHANGE_HPP
#define FARGATE_HTTP_CURL_EXCHANGE_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/curl_api.hpp>
#include <fargate/http/head.hpp>
#include <fargate/http/message.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace fargate::inline v0::http::curl_api {

/// One request on its way through one session. The request must stay as it is until `run` returns: its body is sent from
/// where it lies.
class exchange {
public:
    /// `peer` is what messages call the other side.
    exchange(session& session, request const& request, std::string_view peer) :
        session_{session}, request_{request}, peer_{peer.substr(0, 256)} {}
    exchange(exchange const&) = delete;
    exchange& operator=(exchange const&) = delete;

    /// After an error the session is to be thrown away, for its connection may be in the middle of something.
    [[nodiscard]] result<response> run(long connections) {
        auto const fields = write_fields(request_.headers);
        if (!fields) return fail(errc::internal, "out of memory");
        session_.set(CURLOPT_HTTPHEADER, fields.get());
        prepare();
        if (auto joined = session_.join(connections); !joined) return std::move(joined).error();
        sigpipe_guard const guard;
        std::stop_callback const wake{request_.stop, [this]() noexcept { curl_multi_wakeup(session_.multi()); }};
        auto failed = drive();
        if (!failed) failed = judge(session_.outcome());
        session_.leave();
        if (failed) return *std::move(failed);
        return response{head_.status(), std::move(head_).headers(), std::move(body_)};
    }

private:
    using steady = std::chrono::steady_clock;
    using milliseconds = std::chrono::milliseconds;
    static constexpr std::size_t most_fields = 1000;
    enum class refusal : unsigned char { none, long_head, many_fields, long_body, not_http, repetition, sink };

    void prepare() {
        session_.set(CURLOPT_URL, request_.url.c_str());
        session_.set(CURLOPT_PATH_AS_IS, 1L);
        if (request_.method == "HEAD") {
            session_.set(CURLOPT_NOBODY, 1L);
        } else if (request_.body.empty() && request_.method == "GET") {
            session_.set(CURLOPT_HTTPGET, 1L);
        } else if (request_.body.empty() && request_.method == "DELETE") {
            session_.set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
        } else {
            session_.set(CURLOPT_POST, 1L);
            session_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
            session_.set(CURLOPT_POSTFIELDS, request_.body.c_str());
            session_.set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
        }
        auto const connect = request_.limits.connect.count();
        constexpr long longest = std::numeric_limits<int>::max();
        session_.set(CURLOPT_CONNECTTIMEOUT_MS,
                     connect > 0 && connect < longest ? static_cast<long>(connect) : longest);
        session_.set(CURLOPT_HEADERFUNCTION, &on_line);
        session_.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
        session_.set(CURLOPT_WRITEFUNCTION, &on_body);
        session_.set(CURLOPT_WRITEDATA, static_cast<void*>(this));
        session_.set(CURLOPT_SOCKOPTFUNCTION, &on_socket);
        session_.set(CURLOPT_SOCKOPTDATA, static_cast<void*>(this));
        session_.set(CURLOPT_CLOSESOCKETFUNCTION, &session::on_close);
        session_.set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(&session_));
    }

    /// Runs the transfer until libcurl calls it ended, or until a deadline or the stop token ends it.
    [[nodiscard]] std::optional<error> drive() {
        auto const& limits = request_.limits;
        auto const began = steady::now();
        auto heard = began;
        for (;;) {
            int running = 0;
            if (auto const code = curl_multi_perform(session_.multi(), &running); code != CURLM_OK)
                return session::broken(code);
            if (running == 0) return std::nullopt;

            // The idle limit counts once the connection stands; until then the connect limit does.
            auto const now = steady::now();
            if (std::exchange(received_, false) || session_.info<curl_off_t>(CURLINFO_PRETRANSFER_TIME_T) == 0)
                heard = now;
            auto const total = left(limits.total, now - began);
            auto const idle = left(limits.idle, now - heard);
            if (total == milliseconds::zero()) return late("did not finish its answer in", limits.total);
            if (idle == milliseconds::zero()) return late("sent nothing for", limits.idle);
            if (request_.stop.stop_requested()) return fail(errc::cancelled, "stopped while asking " + peer_);

            int active = 0;
            auto const wait = static_cast<int>(std::min({total, idle, milliseconds{60'000}}).count());
            if (auto const code = curl_multi_poll(session_.multi(), nullptr, 0, wait, &active); code != CURLM_OK)
                return session::broken(code);
            received_ = active != 0;
        }
    }

    /// What is left of a limit; a begun millisecond counts as whole, so that a poll never wakes early in vain.
    [[nodiscard]] static milliseconds left(milliseconds limit, steady::duration used) noexcept {
        if (limit <= milliseconds::zero()) return milliseconds::max();
        return std::max(milliseconds::zero(), limit - std::chrono::floor<milliseconds>(used));
    }

    [[nodiscard]] error late(char const* what, milliseconds limit) const {
        return fail(errc::timed_out, peer_ + ' ' + what + ' ' + std::to_string(limit.count()) + " ms", true);
    }

    [[nodiscard]] error lost(std::string_view what) const {
        return fail(errc::connection_failed, "no answer from " + peer_ + ": " + std::string{what}, true);
    }

    [[nodiscard]] error no_http(std::string_view what) const {
        return fail(errc::malformed_response, peer_ + " does not answer in HTTP: " + std::string{what});
    }

    [[nodiscard]] error too_large(std::string_view what, std::size_t limit, std::string_view remedy) const {
        return fail(errc::too_large, "the answer's " + std::string{what} + " from " + peer_ + " is longer than " +
                                         std::to_string(limit) + " bytes: " + std::string{remedy});
    }

    [[nodiscard]] error untrusted(std::string_view why) const {
        return fail(errc::untrusted_peer, "the certificate of " + peer_ + " is refused: " + std::string{why});
    }

    [[nodiscard]] error long_line() const {
        return fail(errc::too_large, "a line of the answer's head from " + peer_ + " is longer than libcurl takes");
    }

    /// The error that an ended transfer amounts to, if it is one.
    [[nodiscard]] std::optional<error> judge(CURLcode code) const {
        switch (refused_) {
        case refusal::long_head: return too_large("head", request_.limits.head, "raise limits.head");
        case refusal::many_fields:
            return fail(errc::too_large, "the answer's head from " + peer_ + " has more than " +
                                             std::to_string(most_fields) + " fields");
        case refusal::long_body: return too_large("body", request_.limits.body, "raise limits.body or ask for less");
        case refusal::not_http: return no_http("its head is malformed");
        case refusal::repetition: return lost("the kept connection closed, and nothing is sent twice");
        case refusal::sink: return fail(errc::cancelled, "the receiver wants no more from " + peer_);
        case refusal::none: break;
        }
        if (constexpr int curle_too_large = 100; static_cast<int>(code) == curle_too_large) return long_line();
        switch (code) {
        case CURLE_OK:
            if (head_.complete()) return std::nullopt;
            return lost("the connection closed inside the answer's head");
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return untrusted(session_.words(code));
        case CURLE_SSL_CONNECT_ERROR: return judge_handshake();
        case CURLE_SSL_CACERT_BADFILE:
            return fail(errc::bad_configuration,
                        "the trusted certificates cannot be read: " +
                            (request_.ca_file.empty() ? session_.words(code) : readable(request_.ca_file)));
        case CURLE_SSL_CERTPROBLEM:
            return fail(errc::bad_configuration,
                        "the client certificate or its key cannot be used: " + session_.words(code));
        case CURLE_OPERATION_TIMEDOUT:
            return fail(errc::timed_out,
                        "no connection to " + peer_ + " in " + std::to_string(request_.limits.connect.count()) + " ms",
                        true);
        case CURLE_COULDNT_CONNECT:
            if (auto const number = session_.info<long>(CURLINFO_OS_ERRNO); number != 0)
                return lost(std::generic_category().message(static_cast<int>(number)));
            return lost(session_.words(code));
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_BAD_CONTENT_ENCODING: return no_http(session_.words(code));
        case CURLE_BAD_FUNCTION_ARGUMENT: // a malformed trailer
        case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9, or https in a libcurl without TLS
            if (sent()) return no_http(session_.words(code));
            return fail(errc::internal, "libcurl cannot ask " + peer_ + ": " + session_.words(code));
        case CURLE_OUT_OF_MEMORY: // until libcurl 8.6 also what it says of a header line of more than 100 KiB
            if (sent()) return long_line();
            return fail(errc::internal, "libcurl is out of memory");
        case CURLE_RECV_ERROR: return judge_reading();
        case CURLE_URL_MALFORMAT: return fail(errc::invalid_argument, "libcurl cannot read the address");
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_PROXY:
        case CURLE_SEND_ERROR: return lost(session_.words(code));
        default:
            return fail(errc::internal, "libcurl fails with code " + std::to_string(static_cast<int>(code)) +
                                            " asking " + peer_ + ": " + session_.words(code));
        }
    }

    /// A certificate whose signature is false, as of a namesake of the authority, comes as a failed handshake; OpenSSL's
    /// words then are of its cryptography and not of the protocol. A server without TLS 1.2 is told by one side or the other.
    [[nodiscard]] error judge_handshake() const {
        auto const words = session_.words(CURLE_SSL_CONNECT_ERROR);
        if (text::contains(words, " routines:") && !text::contains(words, "SSL routines")) return untrusted(words);
        for (char const* const part : {"unsupported protocol", "protocol version", "UNSUPPORTED_PROTOCOL"})
            if (text::contains(words, part))
                return fail(errc::untrusted_peer, peer_ + " speaks no TLS 1.2 or later: " + words);
        return lost(words);
    }

    /// libcurl gives one code to three things, and tells them apart in words only.
    [[nodiscard]] error judge_reading() const {
        auto words = session_.words(CURLE_RECV_ERROR);
        if (text::contains(words, "chunk")) return no_http(words);
        if (text::contains(words, "Too large") || text::contains(words, "Too many"))
            return too_large("head", request_.limits.head, words);
        return lost(words);
    }

    /// Bytes of the request have left.
    [[nodiscard]] bool sent() const noexcept { return session_.info<long>(CURLINFO_REQUEST_SIZE) != 0; }

    // What libcurl calls back. Returning another size than was given ends the transfer.

    static std::size_t on_line(char* bytes, std::size_t unit, std::size_t count, void* self) noexcept {
        return static_cast<exchange*>(self)->take_line({bytes, unit * count}) ? unit * count : 0;
    }
    static std::size_t on_body(char* bytes, std::size_t unit, std::size_t count, void* self) noexcept {
        return static_cast<exchange*>(self)->take_body({bytes, unit * count}) ? unit * count : 0;
    }
    /// libcurl sends a request once more, on a new connection, when a kept one dies before it answered; by then it may
    /// have been acted on. So a socket is refused as soon as any of the request has left.
    static int on_socket(void* self, curl_socket_t socket, curlsocktype) noexcept {
        auto& here = *static_cast<exchange*>(self);
        if (here.sent()) {
            here.refused_ = refusal::repetition;
            return CURL_SOCKOPT_ERROR;
        }
        close_on_exec(socket);
        here.session_.opened(socket);
        return CURL_SOCKOPT_OK;
    }

    [[nodiscard]] bool take_line(std::string_view line) {
        received_ = true;
        head_bytes_ += line.size();
        if (head_bytes_ > request_.limits.head) return refuse(refusal::long_head);
        bool const before = head_.complete();
        if (!head_.take(line)) return refuse(refusal::not_http);
        if (head_.headers().size() > most_fields) return refuse(refusal::many_fields);
        if (head_.complete() == before) return true;
        auto const length = has_body() ? head_.announced().value_or(0) : 0;
        if (request_.sink != nullptr && head_.status() >= 200 && head_.status() <= 299) {
            if (!std::in_range<curl_off_t>(length))
                return refuse(refusal::long_body); // libcurl would read on without end
            sunk_ = true;
            return request_.sink->begin({head_.status(), head_.headers(), {}}) || refuse(refusal::sink);
        }
        if (length > request_.limits.body) return refuse(refusal::long_body);
        body_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(length, 1024 * 1024)));
        return true;
    }

    [[nodiscard]] bool take_body(std::string_view bytes) {
        received_ = true;
        if (sunk_) return request_.sink->take(bytes) || refuse(refusal::sink);
        if (bytes.size() > request_.limits.body - body_.size()) return refuse(refusal::long_body);
        body_ += bytes;
        return true;
    }

    /// A length announced with no body behind it is only information, and a chunked body's is void.
    [[nodiscard]] bool has_body() const noexcept {
        return request_.method != "HEAD" && head_.status() != 204 && head_.status() != 304 &&
               !head_.headers().find("transfer-encoding");
    }

    bool refuse(refusal why) noexcept {
        refused_ = why;
        return false;
    }

    session& session_;
    request const& request_;
    std::string peer_;
    head head_;
    std::string body_;
    std::size_t head_bytes_ = 0;
    bool sunk_ = false;     ///< the body goes to the request's sink
    bool received_ = false; ///< since the loop last looked
    refusal refused_ = refusal::none;
};

} // namespace fargate::inline v0::http::curl_api

#endif
