#include "http_server.hpp"

#include <microhttpd.h>

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// On libmicrohttpd, and not on cpp-httplib, because a server that others sign requests for must see them as they came:
// cpp-httplib 0.11 percent-decodes field values, leaves out empty fields, adds some of its own, sorts them, and has no way
// to close a connection without an answer. libmicrohttpd hands out the raw request line and the fields as received.

namespace {

constexpr std::size_t largest_body = 64 * 1024 * 1024;

/// One request on its way in.
struct incoming {
    std::string target{};
    std::string body{};
    bool begun = false;
    bool too_large = false;
};

/// Called with the request line's target before anything is decoded.
void* begin(void*, char const* target, MHD_Connection*) {
    auto made = std::make_unique<incoming>();
    made->target = target;
    return made.release();
}

void finish(void*, MHD_Connection*, void** slot, MHD_RequestTerminationCode) {
    std::unique_ptr<incoming> const gone{static_cast<incoming*>(*slot)};
    *slot = nullptr;
}

MHD_Result add_field(void* fields, MHD_ValueKind, char const* name, std::size_t name_size, char const* value,
                     std::size_t value_size) {
    static_cast<fargate::http::fields*>(fields)->add(std::string(name, name_size),
                                                     value == nullptr ? std::string{} : std::string(value, value_size));
    return MHD_YES;
}

/// Waits until the caller hangs up or the server goes.
void hold(MHD_Connection* connection, int stop) {
    auto const* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    pollfd both[] = {{info->connect_fd, POLLRDHUP, 0}, {stop, POLLIN, 0}};
    while (poll(both, 2, -1) < 0) {
    }
}

/// Nothing is ever read from it: the length of an answer to HEAD, whose body stays here.
ssize_t no_bytes(void*, std::uint64_t, char*, std::size_t) { return MHD_CONTENT_READER_END_OF_STREAM; }

MHD_Response* respond(fargate::http::request const& request, fargate::http::response& answer) {
    std::uint64_t told = answer.body.size();
    for (auto const& each : answer.headers)
        if (fargate::text::iequals(each.name, "content-length")) told = std::strtoull(each.value.c_str(), nullptr, 10);
    MHD_Response* const made =
        request.method == "HEAD"
            ? MHD_create_response_from_callback(told, 1, &no_bytes, nullptr, nullptr)
            : MHD_create_response_from_buffer(answer.body.size(), answer.body.data(), MHD_RESPMEM_MUST_COPY);
    for (auto const& each : answer.headers)
        if (!fargate::text::iequals(each.name, "content-length"))
            MHD_add_response_header(made, each.name.c_str(), each.value.c_str());
    return made;
}

MHD_Result reply(MHD_Connection* connection, int status, MHD_Response* made) {
    auto const queued = MHD_queue_response(connection, static_cast<unsigned>(status), made);
    MHD_destroy_response(made);
    return queued;
}

/// What `handle` needs of its server.
struct served {
    http_server::handler serve{};
    int stop[2] = {-1, -1}; ///< a pipe whose writing end is closed when the server goes
};

/// Serves one request; called once with the head, then with the body's parts, and once more at its end.
MHD_Result handle(void* server, MHD_Connection* connection, char const*, char const* method, char const*,
                  char const* data, std::size_t* size, void** slot) {
    auto& in = *static_cast<incoming*>(*slot);
    if (!in.begun) {
        in.begun = true;
        return MHD_YES;
    }
    if (*size != 0) {
        in.too_large = in.too_large || in.body.size() + *size > largest_body;
        if (!in.too_large) in.body.append(data, *size);
        *size = 0;
        return MHD_YES;
    }
    auto const& here = *static_cast<served const*>(server);
    fargate::http::request request;
    request.method = method;
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, &add_field, &request.headers);
    bool const absolute = in.target.starts_with("http://") || in.target.starts_with("https://");
    request.url = absolute ? in.target : "http://" + std::string{request.headers.value_of("host")} + in.target;
    request.body = std::move(in.body);
    auto answer = in.too_large ? fargate::result<fargate::http::response>{fargate::http::response{413, {}, {}}}
                               : here.serve(request);
    if (answer) return reply(connection, answer->status, respond(request, *answer));
    if (answer.error().code == fargate::errc::timed_out) hold(connection, here.stop[0]);
    return MHD_NO;
}

/// Why an address cannot be had, in the program's own language.
char const* reason_of(int number) {
    switch (number) {
    case EADDRINUSE: return "it is in use";
    case EADDRNOTAVAIL: return "it is not an address of this machine";
    case EACCES: return "this user may not take it (ports below 1024 are root's)";
    default: return std::strerror(number);
    }
}

/// A listening socket on one address; -1, and `problem` says why.
int listen_on(addrinfo const& where, std::string& problem) {
    int const made = socket(where.ai_family, where.ai_socktype | SOCK_CLOEXEC, where.ai_protocol);
    int const on = 1;
    int const off = 0;
    if (made != -1) setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (made != -1 && where.ai_family == AF_INET6) setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (made != -1 && bind(made, where.ai_addr, where.ai_addrlen) == 0 && listen(made, SOMAXCONN) == 0) return made;
    problem = reason_of(errno);
    if (made != -1) close(made);
    return -1;
}

/// A listening socket on the first address of `host` that can be had, IPv6 before IPv4.
int listen_on(std::string const& host, std::uint16_t port, std::string& problem) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    int const failure =
        getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &wanted, &found);
    if (failure != 0) {
        problem = gai_strerror(failure);
        return -1;
    }
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> const all{found, &freeaddrinfo};
    for (int const family : {AF_INET6, AF_INET}) {
        for (addrinfo const* each = all.get(); each != nullptr; each = each->ai_next) {
            int const made = each->ai_family == family ? listen_on(*each, problem) : -1;
            if (made != -1) return made;
        }
    }
    return -1;
}

std::uint16_t port_of(int socket) {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
    return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6 const&>(bound).sin6_port
                                             : reinterpret_cast<sockaddr_in const&>(bound).sin_port);
}

} // namespace

struct http_server::state : served {
    std::string url{};
    std::string problem{};
    std::uint16_t port = 0;
    MHD_Daemon* daemon = nullptr;
};

http_server::http_server(handler serve, std::string const& host, std::uint16_t port) :
    state_{std::make_unique<state>()} {
    state_->serve = std::move(serve);
    int const listening = listen_on(host, port, state_->problem);
    if (listening == -1) return;
    auto const bound = port_of(listening);
    if (pipe(state_->stop) == 0) {
        state_->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                                              MHD_USE_POLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
                                          0, nullptr, nullptr, &handle, static_cast<served*>(state_.get()),
                                          MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_URI_LOG_CALLBACK, &begin,
                                          nullptr, MHD_OPTION_NOTIFY_COMPLETED, &finish, nullptr,
                                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, std::size_t{512 * 1024}, MHD_OPTION_END);
    }
    if (state_->daemon == nullptr) {
        state_->problem = "the system gave no thread or no pipe";
        close(listening);
        return;
    }
    state_->problem.clear();
    state_->port = bound;
    bool const bracketed = host.find(':') != std::string::npos;
    state_->url = "http://" +
                  (bracketed      ? "[" + host + "]"
                   : host.empty() ? "127.0.0.1"
                                  : host) +
                  ":" + std::to_string(bound);
}

http_server::~http_server() {
    if (state_->stop[1] != -1) close(state_->stop[1]);
    if (state_->daemon != nullptr) MHD_stop_daemon(state_->daemon);
    if (state_->stop[0] != -1) close(state_->stop[0]);
}

std::string const& http_server::url() const noexcept { return state_->url; }
std::string const& http_server::problem() const noexcept { return state_->problem; }
std::uint16_t http_server::port() const noexcept { return state_->port; }
