#ifndef FARGATE_HTTP_CURL_API_HPP
#define FARGATE_HTTP_CURL_API_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/fields.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/utf8.hpp>

#include <curl/curl.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

static_assert(LIBCURL_VERSION_NUM >= 0x074900, "fargate needs libcurl 7.73 or later");

namespace fargate::inline v0::http::curl_api {

struct easy_deleter {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct multi_deleter {
    void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};
struct list_deleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using easy_handle = std::unique_ptr<CURL, easy_deleter>;
using multi_handle = std::unique_ptr<CURLM, multi_deleter>;
using list = std::unique_ptr<curl_slist, list_deleter>;

/// Sets libcurl up, once in the life of the process, from whichever thread comes first.
[[nodiscard]] inline CURLcode set_up() noexcept {
    static CURLcode const code = curl_global_init(CURL_GLOBAL_DEFAULT);
    return code;
}

/// Keeps a SIGPIPE that this thread causes from reaching the program, and leaves the thread's signal mask and any
/// earlier pending SIGPIPE as they were. (CURLOPT_NOSIGNAL makes this the caller's task.)
class sigpipe_guard {
public:
    sigpipe_guard() noexcept {
        sigemptyset(&sigpipe_);
        sigaddset(&sigpipe_, SIGPIPE);
        was_pending_ = pending();
        pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
    }
    sigpipe_guard(sigpipe_guard const&) = delete;
    sigpipe_guard& operator=(sigpipe_guard const&) = delete;
    ~sigpipe_guard() {
        int taken = 0;
        if (!was_pending_ && pending()) sigwait(&sigpipe_, &taken);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    [[nodiscard]] static bool pending() noexcept {
        sigset_t set;
        sigemptyset(&set);
        return sigpending(&set) == 0 && sigismember(&set, SIGPIPE) == 1;
    }

    sigset_t sigpipe_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

/// Somebody's words as they may stand in one line of a message: at most 1024 bytes, with `?` for control bytes, and for all
/// that is not ASCII when it is no UTF-8.
[[nodiscard]] inline std::string readable(std::string_view words) {
    std::string made{words.substr(0, 1024)};
    bool const utf8 = text::is_utf8(made);
    for (char& c : made) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F || (byte > 0x7F && !utf8)) c = '?';
    }
    return made;
}

/// What sessions learn from one another, on whatever threads: the addresses of names, and the TLS sessions that servers take
/// up again without a whole handshake.
class share {
public:
    share() : handle_{set_up() == CURLE_OK ? curl_share_init() : nullptr} {
        set(CURLSHOPT_LOCKFUNC, &lock);
        set(CURLSHOPT_UNLOCKFUNC, &unlock);
        set(CURLSHOPT_USERDATA, static_cast<void*>(this));
        set(CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
        set(CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    }
    share(share const&) = delete;
    share& operator=(share const&) = delete;
    ~share() { curl_share_cleanup(handle_); }

    /// Null when there was no memory for it: then each session learns for itself.
    [[nodiscard]] CURLSH* handle() const noexcept { return handle_; }

private:
    template <class Value>
    void set(CURLSHoption option, Value value) noexcept {
        if (handle_ != nullptr) curl_share_setopt(handle_, option, value);
    }

    static void lock(CURL*, curl_lock_data kind, curl_lock_access, void* self) noexcept {
        static_cast<share*>(self)->mutexes_[kind].lock();
    }
    static void unlock(CURL*, curl_lock_data kind, void* self) noexcept {
        static_cast<share*>(self)->mutexes_[kind].unlock();
    }

    CURLSH* handle_;
    std::array<std::mutex, CURL_LOCK_DATA_LAST> mutexes_;
};

/// One transfer at a time and the connections it leaves open: an easy handle, alone in a multi handle of its own.
class session {
public:
    /// `shared` must outlive it.
    [[nodiscard]] static result<std::unique_ptr<session>> open(share const& shared) {
        if (auto const code = set_up(); code != CURLE_OK)
            return fail(errc::internal, std::string{"libcurl cannot be set up: "} + curl_easy_strerror(code));
        auto made = std::make_unique<session>();
        if (!made->easy_ || !made->multi_) return fail(errc::internal, "libcurl makes no handle: out of memory");
        curl_easy_setopt(made->easy_.get(), CURLOPT_SHARE, shared.handle()); // stays when options are forgotten
        return made;
    }

    session() : multi_{curl_multi_init()}, easy_{curl_easy_init()} {}
    session(session const&) = delete;
    session& operator=(session const&) = delete;
    ~session() {
        sigpipe_guard const guard; // closing a TLS connection writes to it
        leave();
        easy_.reset();
        multi_.reset();
    }

    [[nodiscard]] CURLM* multi() const noexcept { return multi_.get(); }

    /// The one place where options are set; the first refusal is kept for `join`. A `Value` is what the option's page
    /// says: long, curl_off_t or a pointer.
    template <class Value>
    void set(CURLoption option, Value value) noexcept {
        static_assert(std::is_same_v<Value, long> || std::is_same_v<Value, curl_off_t> || std::is_pointer_v<Value> ||
                      std::is_null_pointer_v<Value>);
        if (code_ != CURLE_OK) return;
        if constexpr (std::is_null_pointer_v<Value>) {
            code_ = curl_easy_setopt(easy_.get(), option, static_cast<void*>(nullptr));
        } else {
            code_ = curl_easy_setopt(easy_.get(), option, value);
        }
        if (code_ != CURLE_OK) refused_ = option;
    }

    /// Hands the transfer to the multi handle, provided that every option was taken.
    [[nodiscard]] result<void> join(long connections) {
        set(CURLOPT_ERRORBUFFER, text_.data());
        if (code_ != CURLE_OK) {
            return fail(errc::internal, "libcurl refuses option " + std::to_string(static_cast<int>(refused_)) + ": " +
                                            curl_easy_strerror(code_));
        }
        auto code = curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, connections);
        if (code == CURLM_OK) code = curl_multi_add_handle(multi_.get(), easy_.get());
        if (code != CURLM_OK) return broken(code);
        joined_ = true;
        return {};
    }

    /// Ends the transfer, finished or not; a connection in mid-exchange is closed by that, a finished one stays open.
    void leave() noexcept {
        if (joined_) curl_multi_remove_handle(multi_.get(), easy_.get());
        joined_ = false;
    }

    /// Forgets every option and leaves the connections open.
    void forget() noexcept {
        leave();
        curl_easy_reset(easy_.get());
        code_ = CURLE_OK;
        text_.front() = '\0';
    }

    void opened(curl_socket_t socket) { sockets_.push_back(socket); }
    static int on_close(void* self, curl_socket_t socket) noexcept {
        std::erase(static_cast<session*>(self)->sockets_, socket);
        return ::close(socket);
    }

    /// No connection that was left open has been closed by the other side or has said a word since: what it said would be
    /// taken for the answer to the next request.
    [[nodiscard]] bool quiet() const noexcept {
        for (auto const socket : sockets_) {
            pollfd watched{socket, POLLIN, 0};
            if (::poll(&watched, 1, 0) != 0) return false;
        }
        return true;
    }

    template <class Value>
    [[nodiscard]] Value info(CURLINFO what) const noexcept {
        Value value{};
        curl_easy_getinfo(easy_.get(), what, &value);
        return value;
    }

    /// How the transfer that has ended did so.
    [[nodiscard]] CURLcode outcome() const noexcept {
        int left = 0;
        while (auto const* message = curl_multi_info_read(multi_.get(), &left))
            if (message->msg == CURLMSG_DONE) return message->data.result;
        return CURLE_FAILED_INIT;
    }

    /// libcurl's own words on what went wrong: one line of at most CURL_ERROR_SIZE bytes, which may quote the peer. They
    /// are left out when they might quote a proxy's password.
    [[nodiscard]] std::string words(CURLcode code) const {
        std::string_view const text{text_.data()};
        if (text.empty() || text::contains(text, "@") || text.starts_with("Unsupported proxy"))
            return curl_easy_strerror(code);
        return readable(text);
    }

    [[nodiscard]] static error broken(CURLMcode code) {
        return fail(errc::internal, std::string{"libcurl's multi interface fails: "} + curl_multi_strerror(code));
    }

private:
    std::vector<curl_socket_t> sockets_; // that connections have open
    multi_handle multi_;
    easy_handle easy_;
    bool joined_ = false;
    CURLcode code_ = CURLE_OK;
    CURLoption refused_{};
    std::array<char, CURL_ERROR_SIZE> text_{};
};

/// Writes exactly these fields, in this order, `Host` at its own place, and none that libcurl would add by itself.
/// (`Name;` sends an empty field and `Name:` sends none; an empty first `Host:` keeps libcurl from moving the given one.)
/// An empty list means out of memory.
[[nodiscard]] inline list write_fields(fields const& headers) {
    list made;
    bool complete = true;
    auto const append = [&](char const* line) {
        auto* const longer = curl_slist_append(made.get(), line);
        if (longer == nullptr) {
            complete = false;
        } else {
            static_cast<void>(made.release());
            made.reset(longer);
        }
    };
    if (headers.find("host")) append("Host:");
    for (char const* name :
         {"User-Agent:", "Accept:", "Accept-Encoding:", "Content-Type:", "Expect:", "Proxy-Connection:"})
        if (!headers.find(std::string_view{name}.substr(0, std::strlen(name) - 1))) append(name);
    std::string line;
    for (auto const& each : headers) {
        bool const empty = text::trim(each.value).empty();
        line = each.name;
        line += empty ? ";" : ": ";
        if (!empty) line += each.value;
        append(line.c_str());
    }
    if (!complete) made.reset();
    return made;
}

/// A socket that no child process inherits.
inline void close_on_exec(curl_socket_t socket) noexcept { fcntl(socket, F_SETFD, FD_CLOEXEC); }

} // namespace fargate::inline v0::http::curl_api

#endif
