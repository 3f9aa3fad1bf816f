#ifndef FARGATE_TESTS_MODEL_SEARCH_HPP
#define FARGATE_TESTS_MODEL_SEARCH_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace model {

/// What happened, first to last; empty: nothing was found.
using trace = std::vector<std::string>;

/// Every state that a model can reach, breadth first, so that the first way found to a state is a shortest one.
///
/// A `Model` has a `state` (bytes without padding), an `action` with a member `progress` and a `text()`, `start()`, and
/// `steps(state, take)`, which calls `take(action, next)` for all that may happen next. A step that is progress happens
/// if only everybody does his work; any other is a mishap, and nothing good may depend on it.
template <class Model>
class search {
public:
    using state = typename Model::state;
    using action = typename Model::action;
    static_assert(std::has_unique_object_representations_v<state> && std::is_trivially_copyable_v<state>);

    /// Looks at every state, or at most at `limit`: see `whole`.
    explicit search(Model const& model, std::size_t limit = 2'000'000) : table_(1U << 12U, 0) {
        enter(model.start(), 0, action{});
        for (std::uint32_t at = 0; at < states_.size() && states_.size() <= limit; ++at, ++looked_at_) {
            state const now = states_[at].what;
            model.steps(now, [&](action const& by, state const& next) {
                std::uint32_t const to = enter(next, at, by);
                if (by.progress && to != at) onward_.emplace_back(at, to);
            });
        }
    }

    [[nodiscard]] std::size_t states() const { return states_.size(); }

    /// Nothing was left out.
    [[nodiscard]] bool whole() const { return looked_at_ == states_.size(); }

    template <class Predicate>
    [[nodiscard]] bool reaches(Predicate const& wanted) const {
        for (auto const& each : states_)
            if (wanted(each.what)) return true;
        return false;
    }

    /// A shortest way to a state of this kind.
    template <class Predicate>
    [[nodiscard]] trace way_to(Predicate const& wanted) const {
        for (std::uint32_t at = 0; at < states_.size(); ++at)
            if (wanted(states_[at].what)) return way(at);
        return {};
    }

    /// A shortest way to a state from which progress alone leads to no state of this kind. The goal is walked back from,
    /// along the steps that are progress: what is never met is stuck.
    template <class Predicate>
    [[nodiscard]] trace way_to_stuck(Predicate const& goal) const {
        std::vector<std::uint32_t> first(states_.size() + 1,
                                         0); // where the predecessors of each state begin in `before`
        for (auto const& [from, to] : onward_) ++first[to + 1];
        for (std::size_t at = 1; at < first.size(); ++at) first[at] += first[at - 1];
        std::vector<std::uint32_t> before(onward_.size());
        std::vector<std::uint32_t> end(first.begin(), first.end() - 1);
        for (auto const& [from, to] : onward_) before[end[to]++] = from;

        std::vector<char> leads(states_.size(), 0);
        std::vector<std::uint32_t> todo;
        auto const met = [&](std::uint32_t at) {
            if (leads[at] != 0) return;
            leads[at] = 1;
            todo.push_back(at);
        };
        for (std::uint32_t at = 0; at < states_.size(); ++at)
            if (goal(states_[at].what)) met(at);
        while (!todo.empty()) {
            std::uint32_t const at = todo.back();
            todo.pop_back();
            for (std::uint32_t each = first[at]; each < first[at + 1]; ++each) met(before[each]);
        }
        for (std::uint32_t at = 0; at < states_.size(); ++at)
            if (leads[at] == 0) return way(at);
        return {};
    }

private:
    struct visited {
        state what;
        std::uint32_t from;
        action by;
    };

    /// The state's number; new ones are put at the end of the queue, which is `states_` itself.
    std::uint32_t enter(state const& what, std::uint32_t from, action const& by) {
        if (2 * states_.size() >= table_.size()) grow();
        std::uint32_t& place = table_[place_of(what)];
        if (place == 0) {
            states_.push_back({what, from, by});
            place = static_cast<std::uint32_t>(states_.size()); // one more than the number: zero is a free place
        }
        return place - 1;
    }

    /// Where it is in the table, or the free place where it belongs.
    [[nodiscard]] std::size_t place_of(state const& what) const {
        std::size_t at = hash(what) & (table_.size() - 1);
        while (table_[at] != 0 && std::memcmp(&states_[table_[at] - 1].what, &what, sizeof what) != 0)
            at = (at + 1) & (table_.size() - 1);
        return at;
    }

    [[nodiscard]] static std::size_t hash(state const& what) {
        std::uint64_t words[(sizeof what + 7) / 8] = {};
        std::memcpy(words, &what, sizeof what);
        std::uint64_t mixed = 0;
        for (std::uint64_t const word : words) {
            mixed = (mixed ^ word) * 0x9E3779B97F4A7C15U;
            mixed ^= mixed >> 29U;
        }
        return static_cast<std::size_t>(mixed);
    }

    void grow() {
        table_.assign(2 * table_.size(), 0);
        for (std::uint32_t at = 0; at < states_.size(); ++at) table_[place_of(states_[at].what)] = at + 1;
    }

    [[nodiscard]] trace way(std::uint32_t to) const {
        trace made;
        for (; to != 0; to = states_[to].from) made.insert(made.begin(), states_[to].by.text());
        if (made.empty()) made.emplace_back("at the start");
        return made;
    }

    std::vector<visited> states_;
    std::vector<std::uint32_t> table_;                            ///< numbers of states, plus one; open addressing
    std::vector<std::pair<std::uint32_t, std::uint32_t>> onward_; ///< the steps that are progress
    std::size_t looked_at_ = 0;
};

} // namespace model

#endif
