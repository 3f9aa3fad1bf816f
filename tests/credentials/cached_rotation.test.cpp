#include <fargate/credentials/cached.hpp>

#include <fargate/aws/client.hpp>
#include <fargate/aws/parts.hpp>
#include <fargate/credentials/standard.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/retry/standard.hpp>
#include <fargate/testing/map_environment.hpp>
#include <fargate/testing/signature_check.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

// Sixteen threads call a service that verifies every signature and turns three calls in ten away, while the keys of the whole
// search turn over every 100 ms. The requests themselves move the clock. FARGATE_STRESS_SECONDS makes it last so long.

using namespace std::chrono_literals;
using fargate::errc;
using fargate::fail;
using fargate::result;
using fargate::time_point;
namespace aws = fargate::aws;
namespace http = fargate::http;
namespace json = fargate::json;
namespace text = fargate::text;

namespace {

constexpr int callers = 16;
constexpr auto turn = 100ms;
constexpr auto step = 500us; ///< what a request takes
constexpr time_point start{std::chrono::seconds{1'704'164'645}};

/// Every copy shows the same time. A sleep moves it, and takes none.
class common_clock {
public:
    [[nodiscard]] time_point now() const { return start + fargate::duration{passed_->load()}; }
    bool sleep_for(fargate::duration time, std::stop_token const& stop) const {
        advance(std::min<fargate::duration>(time, 1ms));
        return !stop.stop_requested();
    }
    void advance(fargate::duration time) const { passed_->fetch_add(time.count()); }

private:
    std::shared_ptr<std::atomic<fargate::duration::rep>> passed_ =
        std::make_shared<std::atomic<fargate::duration::rep>>(0);
};

/// When this thread last asked for a key, which is the moment that the key must be good for.
thread_local time_point asked_at{};

/// The agent beside a container, and a service that holds its callers to the keys it hands out.
class world_of_turns {
public:
    common_clock clock{};
    bool refuses_early = false; ///< keys say that they last for hours, and the service ends them at every turn

    result<http::response> send(http::request const& request) {
        if (request.stop.stop_requested()) return fail(errc::cancelled, "stopped");
        clock.advance(step);
        auto const now = clock.now();
        auto const number = static_cast<std::uint64_t>((now - start) / turn);
        if (request.url == "http://169.254.170.2/keys") return hand_out(number, now);
        ++requests;
        auto const name = fargate::testing::detail::read_authorization(request.headers.value_of("authorization"));
        if (!name || name->key_id.substr(0, 1) != "K") {
            ++badly_signed;
            return refuse("UnrecognizedClientException");
        }
        auto const used = static_cast<std::uint64_t>(std::atoll(std::string{name->key_id.substr(1)}.c_str()));
        if (signatures.inspect(request, {.service = "turns", .region = "eu-west-1"}, now)) ++badly_signed;
        if (refuses_early && used != number) {
            ++refused_as_expired;
            return refuse("ExpiredTokenException");
        }
        if (!refuses_early && end_of(used) <= asked_at) ++signed_with_an_ended_key;
        if (requests * 2654435761U % 1000 < 300) {
            ++turned_away;
            return refuse("ThrottlingException");
        }
        return http::response{200, {}, "{}"};
    }

    [[nodiscard]] std::map<std::uint64_t, int> handed_out() const {
        std::scoped_lock const lock{mutex_};
        return handed_out_;
    }

    std::atomic<std::uint32_t> requests{0};
    std::atomic<int> turned_away{0};
    std::atomic<int> badly_signed{0};
    std::atomic<int> signed_with_an_ended_key{0};
    std::atomic<int> refused_as_expired{0};

private:
    /// A key lasts for the turn that it is made in and the next one.
    static time_point end_of(std::uint64_t number) { return start + (number + 2) * turn; }

    static http::response refuse(std::string const& code) {
        return {400, {}, R"({"__type": ")" + code + R"(", "message": "no"})"};
    }

    result<http::response> hand_out(std::uint64_t number, time_point now) {
        std::string const id = "K" + std::to_string(number);
        std::scoped_lock const lock{mutex_};
        ++handed_out_[number];
        last_.insert(last_.begin(), {id, "secret-of-" + id, "token", std::nullopt});
        if (last_.size() > 200) last_.pop_back(); // a thread may sleep through some turns
        signatures.accept_only(last_);
        auto const ends = refuses_early ? now + 6h : end_of(number);
        auto const whole = std::chrono::floor<std::chrono::seconds>(ends);
        auto fraction = std::to_string(1'000'000 + (ends - whole).count());
        fraction.front() = '.';
        return http::response{200,
                              {},
                              R"({"AccessKeyId": ")" + id + R"(", "SecretAccessKey": ")" + last_.front().secret_key +
                                  R"(", "Token": "token", "Expiration": ")" + text::iso8601(whole).substr(0, 19) +
                                  fraction + R"(Z"})"};
    }

    fargate::testing::signature_check signatures{};
    mutable std::mutex mutex_{};
    std::map<std::uint64_t, int> handed_out_{};
    std::vector<fargate::testing::known_key> last_{};
};

/// The standard search, with a note of when it was asked.
class noted {
public:
    template <class Http, class Clock, class Environment>
    result<aws::access_key> fetch(Http& over, Clock& clock, Environment const& environment) {
        asked_at = clock.now();
        return keys_.fetch(over, clock, environment);
    }
    void invalidate(std::uint64_t generation) { keys_.invalidate(generation); }

private:
    fargate::credentials::standard keys_{};
};

struct bundle {
    using http = world_of_turns;
    using credentials = noted;
    using clock = common_clock;
    using environment = fargate::testing::map_environment;
    using retry = fargate::retry::standard;
    using hash = fargate::crypto::openssl_hash;
};

struct endings {
    std::atomic<int> well{0};
    std::atomic<int> turned_away{0};
    std::atomic<int> expired{0};
    std::atomic<int> otherwise{0};
};

/// Everybody calls at once, at least `calls` times each.
void call_from_all_sides(aws::parts<bundle>& parts, endings& how, int calls) {
    aws::service const service{"turns", "turns", "turns"};
    aws::client<bundle> client{parts, service, {.region = "eu-west-1", .endpoint_url = "https://turns.example.com"}};
    std::chrono::steady_clock::duration longer{};
    if (char const* const seconds = std::getenv("FARGATE_STRESS_SECONDS"))
        longer = std::chrono::seconds{std::max(0, std::atoi(seconds))};
    auto const until = std::chrono::steady_clock::now() + longer;
    std::latch ready{callers};
    std::vector<std::thread> threads;
    for (int i = 0; i != callers; ++i)
        threads.emplace_back([&] {
            ready.arrive_and_wait();
            for (int k = 0; k < calls || (longer.count() != 0 && std::chrono::steady_clock::now() < until); ++k) {
                auto const said = client.call_json("Turn", "Turns", json::value::object());
                if (said)
                    ++how.well;
                else if (said.error().service_code == "ThrottlingException")
                    ++how.turned_away;
                else if (said.error().service_code == "ExpiredTokenException")
                    ++how.expired;
                else
                    ++how.otherwise;
            }
        });
    for (auto& each : threads) each.join();
}

} // namespace

TEST_CASE("no call is signed with a key that ended, and every turn costs one renewal at most") {
    aws::parts<bundle> parts;
    parts.environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/keys");
    parts.http.clock = parts.clock;
    endings how;
    call_from_all_sides(parts, how, 250);

    CHECK(parts.http.badly_signed == 0);
    CHECK(parts.http.signed_with_an_ended_key == 0);
    auto const renewals = parts.http.handed_out();
    CHECK(renewals.size() > 10);
    for (auto const& [number, times] : renewals) {
        INFO("turn " << number);
        CHECK(times == 1);
    }
    CHECK(how.otherwise == 0);
    CHECK(how.expired == 0);
    CHECK(how.well > 0);
    double const share = static_cast<double>(parts.http.turned_away) / parts.http.requests;
    CHECK(share > 0.25);
    CHECK(share < 0.35);
}

TEST_CASE("keys that the service ends before their time are renewed once, however many were refused") {
    aws::parts<bundle> parts;
    parts.environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/keys");
    parts.http.clock = parts.clock;
    parts.http.refuses_early = true;
    endings how;
    call_from_all_sides(parts, how, 250);

    CHECK(parts.http.badly_signed == 0);
    auto const renewals = parts.http.handed_out();
    CHECK(renewals.size() > 10);
    for (auto const& [number, times] : renewals) {
        INFO("turn " << number);
        CHECK(times == 1);
    }
    CHECK(parts.http.refused_as_expired >= static_cast<int>(renewals.size()) - 1);
    CHECK(how.expired < parts.http.refused_as_expired); // most were sent again
    CHECK(how.otherwise == 0);
    CHECK(how.well > 0);
}
