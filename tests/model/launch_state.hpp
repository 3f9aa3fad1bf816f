#ifndef FARGATE_TESTS_MODEL_LAUNCH_STATE_HPP
#define FARGATE_TESTS_MODEL_LAUNCH_STATE_HPP

#include <cstdint>

namespace model {

/// What the agents do. As it stands here it is the protocol; a test takes one rule away and sees what happens.
struct rules {
    bool derived_token = true;      ///< of run, epoch and attempt; else each agent has random ones
    bool schedule_epoch = true;     ///< the epoch is the Scheduled state's version, read from the run's history;
                                    ///< else it is guessed: one less than that of the Submitted state
    bool same_after_silence = true; ///< no answer: the same token again; else the next attempt
    bool reread_to_claim = true;    ///< what was polled is read again before it is claimed
    bool reread_to_report = true;   ///< no report without a look at the run
    bool report_own_epoch = true;   ///< no report about a schedule that is over
    bool wait_for_stopped = true;   ///< only a task that ECS shows stopped is relaunched; else one that is slow is, too
    bool mind_swept = true;     ///< whoever meets a swept task follows the one for whose sake it was swept: StopTask's
                                ///< reason names it; else it is left alone
    bool reconcile = true;      ///< claimed runs are launched, live tasks adopted
    bool look_when_old = true;  ///< a claim older than a token's life: live tasks are looked for, nothing is launched
    bool look_when_gone = true; ///< likewise before a task that ECS shows no more is reported
    bool launch_ends = true;    ///< so does a launch that began so long ago, however silent ECS was; it begins when the
                                ///< run is last read before the claim
    bool count_attempts =
        true; ///< whoever adopts a task knows which attempt it is; else he relaunches from the first on
    bool relaunch_young = false; ///< a task that never started is relaunched only while the claim is not old; needed
                                 ///< only where tokens do not keep their failures, or attempts are not counted
    bool sweep = true;           ///< of two live tasks of one epoch the one that has not begun is stopped
    bool sweep_late = true;      ///< so is one that has not begun when another of its epoch has begun and ended
};

/// What the agents live in.
struct surroundings {
    bool lock = false;          ///< the server refuses a second Submitted
    bool keeps_failures = true; ///< a token whose answer was failures[] gives it again; else ECS tries once more
    bool at_once = true; ///< nothing comes between reading a run again and writing it: there is no compare-and-set
    bool delays = false; ///< a RunTask that its agent gave up may arrive later, up to an hour
    bool swept_in_time = true; ///< see `launch_protocol::task_steps`
    unsigned schedules = 2;    ///< epochs, at most 2
    unsigned attempts = 2;     ///< at most 3
};

enum class life : std::uint8_t { scheduled, claimed, running, succeeded, failed };
enum class doing : std::uint8_t { nothing, offered, claiming, asked, launching, following, reporting };
enum class fate : std::uint8_t { none, failures, starting, running, never_started, swept, ended };
enum harm : std::uint8_t { unharmed = 0, overwritten = 1, blind = 2, wrong_epoch = 4, failed_alive = 8 };

struct agent {
    doing what;
    std::uint8_t epoch;
    std::uint8_t series; ///< see `token`
    std::uint8_t attempt;
    std::uint8_t late;
    std::uint8_t adopted; ///< without knowing the attempt
};

/// What ECS knows by one token. Tokens of one epoch and attempt that differ nevertheless, because they are random or the
/// epoch was guessed wrongly, differ in their series.
struct token {
    fate what;
    std::uint8_t forgotten; ///< its life is over: a RunTask with it would start another task
};

/// One run, its server, agents A and B, and ECS. Time is two flags: what is `late` is older than the shortest life of a
/// token, one hour. An agent that is down is one that does nothing.
struct launch_state {
    life run;
    std::uint8_t epoch;
    std::uint8_t claims; ///< Submitted states since it was scheduled: each adds one to the run's version
    std::uint8_t late;
    agent agents[2];
    token tokens[2][2][3]; ///< by epoch, series and attempt
    std::uint8_t begun[2]; ///< tasks of the epoch that began user code, up to 2
    agent delayed;         ///< a RunTask on its way that nobody waits for; `doing::nothing`: there is none
    std::uint8_t harmed;
};

template <class State, class Visit>
void each_token(State& s, unsigned epoch, Visit const& visit) {
    for (unsigned series = 0; series < 2; ++series)
        for (unsigned attempt = 0; attempt < 3; ++attempt) visit(s.tokens[epoch][series][attempt], series, attempt);
}

inline bool is_final(launch_state const& s) { return s.run == life::succeeded || s.run == life::failed; }

inline bool is_live(token const& t) { return t.what == fate::starting || t.what == fate::running; }

inline bool has(launch_state const& s, unsigned epoch, fate what) {
    bool found = false;
    each_token(s, epoch, [&](token const& t, unsigned, unsigned) { found = found || t.what == what; });
    return found;
}

inline bool has_live(launch_state const& s, unsigned epoch) {
    return has(s, epoch, fate::starting) || has(s, epoch, fate::running);
}

// What must never be, and what must always be possible.

/// S1: two tasks of one epoch began user code.
inline bool doubled(launch_state const& s) { return s.begun[0] > 1 || s.begun[1] > 1; }

/// S2: an agent wrote over a final state.
inline bool overwrote(launch_state const& s) { return (s.harmed & overwritten) != 0; }

/// S3: a task was launched with a token that ECS had forgotten.
inline bool launched_blindly(launch_state const& s) { return (s.harmed & blind) != 0; }

/// S4: the end of an old epoch's task was reported as that of a newer one.
inline bool reported_wrongly(launch_state const& s) { return (s.harmed & wrong_epoch) != 0; }

/// S5: a run was failed while a task of its epoch was alive.
inline bool failed_while_alive(launch_state const& s) { return (s.harmed & failed_alive) != 0; }

/// L1: the run's epoch has a live task, or its end is known.
inline bool settled(launch_state const& s) { return is_final(s) || s.run == life::running || has_live(s, s.epoch); }

} // namespace model

#endif
