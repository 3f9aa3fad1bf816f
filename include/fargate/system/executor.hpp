#ifndef FARGATE_SYSTEM_EXECUTOR_HPP
#define FARGATE_SYSTEM_EXECUTOR_HPP

#include <algorithm>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <new>
#include <pthread.h>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

/// A callable `void()` of any type that can be moved, run at most once by whoever holds it. Captures of up to `room` bytes
/// are kept inside, larger ones on the heap. A call must not throw: an exception that leaves it ends the process.
/// Requires: only a job that was made from a callable and not moved from is run.
class job {
public:
    static constexpr std::size_t room = 6 * sizeof(void*);

    template <class Call>
        requires(!std::same_as<std::remove_cvref_t<Call>, job> && std::move_constructible<std::decay_t<Call>> &&
                 std::is_invocable_v<std::decay_t<Call>&>)
    job(Call&& call) {
        using held = std::decay_t<Call>;
        if constexpr (fits<held>) {
            ::new (at()) held(std::forward<Call>(call));
            ways_ = &inside<held>;
        } else {
            ::new (at()) held*(new held(std::forward<Call>(call)));
            ways_ = &outside<held>;
        }
    }

    job(job&& other) noexcept { take(other); }
    job& operator=(job&& other) noexcept {
        if (this != &other) {
            drop();
            take(other);
        }
        return *this;
    }
    ~job() { drop(); }

    void operator()() noexcept { ways_->run(at()); }

    /// False for a job that was moved from.
    [[nodiscard]] explicit operator bool() const noexcept { return ways_ != nullptr; }

private:
    struct ways {
        void (*run)(void*);
        void (*move)(void* to, void* from) noexcept;
        void (*drop)(void*) noexcept;
    };

    template <class Held>
    static constexpr bool fits = sizeof(Held) <= room &&
                                 alignof(Held) <= alignof(void*) && std::is_nothrow_move_constructible_v<Held>;

    template <class Held>
    static Held& as(void* at) noexcept {
        return *std::launder(static_cast<Held*>(at));
    }

    template <class Held>
    static constexpr ways inside{[](void* at) { static_cast<void>(as<Held>(at)()); },
                                 [](void* to, void* from) noexcept {
                                     ::new (to) Held(std::move(as<Held>(from)));
                                     as<Held>(from).~Held();
                                 },
                                 [](void* at) noexcept { as<Held>(at).~Held(); }};

    template <class Held>
    static constexpr ways outside{[](void* at) { static_cast<void>((*as<Held*>(at))()); },
                                  [](void* to, void* from) noexcept { ::new (to) Held*(as<Held*>(from)); },
                                  [](void* at) noexcept { delete as<Held*>(at); }};

    void* at() noexcept { return bytes_; }

    void take(job& other) noexcept {
        ways_ = std::exchange(other.ways_, nullptr);
        if (ways_ != nullptr) ways_->move(at(), other.at());
    }

    void drop() noexcept {
        if (ways_ != nullptr) std::exchange(ways_, nullptr)->drop(at());
    }

    alignas(void*) std::byte bytes_[room];
    ways const* ways_ = nullptr;
};

/// Who runs jobs.
///
/// | expression    | type       | contract                                                                            |
/// |---------------|------------|-------------------------------------------------------------------------------------|
/// | `x.submit(j)` |            | takes a `job` and runs it once, now or later; never refuses, and never throws        |
/// | `x.drain()`   |            | returns when every submitted job has ended, those included that jobs submitted       |
/// |               |            | meanwhile. Not called from inside a job                                             |
/// | `x.workers()` | `unsigned` | how many jobs run at a time, at most; at least 1                                    |
///
/// `submit` may be called from several threads at once, and from inside a job.
template <class Executor>
concept executor_policy = requires(Executor& x, Executor const& seen, job work) {
    x.submit(std::move(work));
    x.drain();
    { seen.workers() } -> std::same_as<unsigned>;
};

/// No threads: a job runs inside `submit`.
class inline_executor {
public:
    void submit(job work) const noexcept { work(); }
    void drain() const noexcept {}
    [[nodiscard]] unsigned workers() const noexcept { return 1; }
};

/// Runs jobs in the order they came on up to `workers` threads; jobs beyond that wait, however many they are. Threads
/// start when there is work for them, so an unused pool costs none, and stay until the pool goes. Where the system gives
/// no thread at all, `submit` runs the job itself. The destructor drains.
class thread_pool {
public:
    /// Four more than there are processors, within 12 and 32: jobs wait for answers most of the time. Ten launches at a time
    /// are 20 a second, which is what ECS takes, as long as an answer comes within half a second.
    thread_pool() : thread_pool{std::clamp(std::thread::hardware_concurrency() + 4U, 12U, 32U)} {}
    explicit thread_pool(unsigned workers) : limit_{std::max(1U, workers)} {}

    thread_pool(thread_pool const&) = delete;
    thread_pool& operator=(thread_pool const&) = delete;

    ~thread_pool() {
        drain();
        {
            std::scoped_lock const lock{mutex_};
            ending_ = true;
        }
        work_came_.notify_all();
        for (pthread_t const each : threads_) pthread_join(each, nullptr);
    }

    void submit(job work) {
        {
            std::scoped_lock const lock{mutex_};
            queue_.push_back(std::move(work));
            ++unfinished_;
            if (queue_.size() > idle_ && threads_.size() < limit_) start();
            if (!threads_.empty()) {
                work_came_.notify_one();
                return;
            }
        }
        run_one();
    }

    void drain() {
        std::unique_lock lock{mutex_};
        all_ended_.wait(lock, [this] { return unfinished_ == 0; });
    }

    [[nodiscard]] unsigned workers() const noexcept { return limit_; }

    /// How many threads have been started so far.
    [[nodiscard]] std::size_t threads() const {
        std::scoped_lock const lock{mutex_};
        return threads_.size();
    }

private:
    // POSIX threads, because std::thread tells of a lack of threads by throwing.
    void start() {
        threads_.reserve(threads_.size() + 1);
        pthread_t made{};
        if (pthread_create(&made, nullptr, &thread_pool::enter, this) == 0) threads_.push_back(made);
    }

    static void* enter(void* pool) {
        static_cast<thread_pool*>(pool)->serve();
        return nullptr;
    }

    void serve() {
        std::unique_lock lock{mutex_};
        for (;;) {
            ++idle_;
            work_came_.wait(lock, [this] { return ending_ || !queue_.empty(); });
            --idle_;
            if (queue_.empty()) return;
            run_front(lock);
        }
    }

    void run_one() {
        std::unique_lock lock{mutex_};
        if (!queue_.empty()) run_front(lock);
    }

    void run_front(std::unique_lock<std::mutex>& lock) {
        {
            job work = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            work();
        }
        lock.lock();
        if (--unfinished_ == 0) all_ended_.notify_all();
    }

    unsigned const limit_;
    mutable std::mutex mutex_;
    std::condition_variable work_came_;
    std::condition_variable all_ended_;
    std::deque<job> queue_;
    std::vector<pthread_t> threads_;
    std::size_t idle_ = 0;
    std::size_t unfinished_ = 0;
    bool ending_ = false;
};

} // namespace fargate::inline v0

#endif
