#ifndef FARGATE_TESTS_SUPPORT_LOOPBACK_HPP
#define FARGATE_TESTS_SUPPORT_LOOPBACK_HPP

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace testing_support {

/// Something one thread waits for and another says once.
class gate {
public:
    void open() {
        std::scoped_lock const lock{mutex_};
        is_open_ = true;
        opened_.notify_all();
    }
    void wait() {
        std::unique_lock lock{mutex_};
        opened_.wait(lock, [this] { return is_open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable opened_;
    bool is_open_ = false;
};

/// A listening socket on a free port of 127.0.0.1; nothing accepts unless somebody asks for it.
class listener {
public:
    explicit listener(int backlog = 64) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        if (socket_ < 0 || ::bind(socket_, generic, size) != 0 || ::listen(socket_, backlog) != 0 ||
            ::getsockname(socket_, generic, &size) != 0) {
            std::perror("a loopback listener");
            std::exit(2);
        }
        port_ = ntohs(address.sin_port);
    }
    listener(listener const&) = delete;
    listener& operator=(listener const&) = delete;
    ~listener() { ::close(socket_); }

    [[nodiscard]] int accept() const { return ::accept(socket_, nullptr, nullptr); }
    /// Makes `accept` return -1, now and from now on.
    void end() const { ::shutdown(socket_, SHUT_RDWR); }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    int socket_;
    std::uint16_t port_ = 0;
};

/// How long the first request in `bytes` is, head and `Content-Length` body; npos when its head is not yet there.
inline std::size_t request_size(std::string_view bytes) {
    auto const end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::string_view::npos;
    std::string lower{bytes.substr(0, end)};
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    auto const at = lower.find("\r\ncontent-length:");
    return end + 4 + (at == std::string::npos ? 0 : std::strtoul(lower.c_str() + at + 17, nullptr, 10));
}

/// A server that says what a test wants, byte for byte. Every connection runs the script on a thread of its own; when the
/// script returns the connection is closed. The server ends with the object: sockets are shut, threads joined.
class loopback {
public:
    /// One accepted connection, in the hands of the script.
    class peer {
    public:
        explicit peer(loopback& home, int socket, std::size_t number) : home_{home}, socket_{socket}, number_{number} {}

        /// How many connections were accepted before this one.
        [[nodiscard]] std::size_t number() const { return number_; }

        [[nodiscard]] int native() const { return socket_; }

        /// The next request, head and `Content-Length` body, exactly as it came; nothing when the other side has closed.
        std::optional<std::string> request() {
            std::size_t whole = std::string::npos;
            while (whole > pending_.size()) {
                whole = request_size(pending_);
                if (whole > pending_.size() && !receive()) return std::nullopt;
            }
            auto made = pending_.substr(0, whole);
            pending_.erase(0, whole);
            std::scoped_lock const lock{home_.mutex_};
            home_.requests_.push_back(made);
            return made;
        }

        /// Waits for one byte at least.
        bool receive() {
            char bytes[16 * 1024];
            auto const size = ::recv(socket_, bytes, sizeof bytes, 0);
            if (size <= 0 || pending_.size() > most_bytes) return false;
            pending_.append(bytes, static_cast<std::size_t>(size));
            return true;
        }

        /// False when the other side does not take it.
        bool send(std::string_view bytes) const {
            while (!bytes.empty()) {
                auto const size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (size <= 0) return false;
                bytes.remove_prefix(static_cast<std::size_t>(size));
            }
            return true;
        }

        /// Returns when the other side's machine has all that was sent.
        void wait_for_delivery() const {
            for (int left = 1; left != 0; std::this_thread::yield())
                if (::ioctl(socket_, SIOCOUTQ, &left) != 0) return;
        }

        /// Says nothing until the other side hangs up or the server ends.
        void stall() {
            while (receive()) pending_.clear();
        }

        /// Says and reads nothing for that long, or less when the other side hangs up or speaks.
        void pause(int milliseconds) const {
            pollfd watched{socket_, POLLIN, 0};
            ::poll(&watched, 1, milliseconds);
        }

        /// Reads nothing until the other side hangs up or the server ends.
        void ignore() const {
            pollfd watched{socket_, POLLRDHUP, 0};
            ::poll(&watched, 1, -1);
        }

        /// Makes the close at the script's end a reset (RST).
        void reset() const {
            linger const at_once{1, 0};
            ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }

    private:
        static constexpr std::size_t most_bytes = 64 * 1024 * 1024;

        loopback& home_;
        int socket_;
        std::size_t number_;
        std::string pending_;
    };

    using script = std::function<void(peer&)>;

    explicit loopback(script each) : script_{std::move(each)}, acceptor_{[this] { accept(); }} {}

    /// Gives every request on every connection the same bytes for an answer.
    explicit loopback(std::string answer) :
        loopback{[answer = std::move(answer)](peer& other) {
            while (other.request())
                if (!other.send(answer)) return;
        }} {}

    loopback(loopback const&) = delete;
    loopback& operator=(loopback const&) = delete;
    ~loopback() {
        listener_.end();
        acceptor_.join();
        {
            std::scoped_lock const lock{mutex_};
            for (int const socket : sockets_) ::shutdown(socket, SHUT_RDWR);
        }
        for (auto& each : threads_) each.join();
    }

    [[nodiscard]] std::string authority() const { return listener_.authority(); }
    [[nodiscard]] std::string url(std::string_view target = "/", std::string_view scheme = "http") const {
        return std::string{scheme} + "://" + authority() + std::string{target};
    }

    /// The bytes of every request, in the order in which they were read to their end.
    [[nodiscard]] std::vector<std::string> requests() const {
        std::scoped_lock const lock{mutex_};
        return requests_;
    }
    /// How many connections were accepted.
    [[nodiscard]] std::size_t connections() const {
        std::scoped_lock const lock{mutex_};
        return accepted_;
    }
    /// Returns when so many connections are closed on this side.
    void wait_for_closed(std::size_t count) const {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return closed_ >= count; });
    }

private:
    static constexpr std::size_t most_connections = 256;

    void accept() {
        while (threads_.size() < most_connections) {
            int const socket = listener_.accept();
            if (socket < 0) return;
            std::scoped_lock const lock{mutex_};
            sockets_.push_back(socket);
            threads_.emplace_back([this, socket, number = accepted_++] { serve(socket, number); });
        }
    }

    void serve(int socket, std::size_t number) {
        peer with{*this, socket, number};
        script_(with);
        std::scoped_lock const lock{mutex_};
        std::erase(sockets_, socket);
        ::close(socket);
        ++closed_;
        changed_.notify_all();
    }

    listener listener_;
    script script_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<std::string> requests_;
    std::vector<int> sockets_;
    std::size_t accepted_ = 0;
    std::size_t closed_ = 0;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

/// An answer with a body.
inline std::string answer(int status, std::string_view body, std::string_view fields = {}) {
    return "HTTP/1.1 " + std::to_string(status) + " Reason\r\n" + std::string{fields} +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

} // namespace testing_support

#endif
