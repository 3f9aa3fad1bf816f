#include "model/search.hpp"

#include "support/catch.hpp"

namespace {

/// A walk from 0 to 9 by ones and threes, with a pit at 7 that only an accident leads into.
struct walk {
    struct state {
        int at;
    };
    struct action {
        int by = 0;
        bool progress = false;
        [[nodiscard]] std::string text() const { return (progress ? "walks " : "slips ") + std::to_string(by); }
    };

    bool rescued = true;

    [[nodiscard]] static state start() { return {0}; }

    template <class Take>
    void steps(state const& now, Take const& take) const {
        if (now.at == 7 && !rescued) return;
        for (int const by : {1, 3})
            if (now.at + by <= 9) take(action{by, now.at + by != 7}, state{now.at + by});
    }
};

bool at_the_end(walk::state const& s) { return s.at == 9; }

} // namespace

TEST_CASE("a search looks at every state that can be reached, once") {
    model::search<walk> const found{walk{}};
    CHECK(found.whole());
    CHECK(found.states() == 10);
    CHECK(found.reaches(at_the_end));
    CHECK_FALSE(found.reaches([](walk::state const& s) { return s.at > 9; }));
}

TEST_CASE("a search tells a shortest way") {
    model::search<walk> const found{walk{}};
    CHECK(found.way_to([](walk::state const& s) { return s.at == 4; }) == model::trace{"walks 1", "walks 3"});
    CHECK(found.way_to(at_the_end) == model::trace{"walks 3", "walks 3", "walks 3"});
    CHECK(found.way_to([](walk::state const& s) { return s.at == 0; }) == model::trace{"at the start"});
    CHECK(found.way_to([](walk::state const&) { return false; }).empty());
}

TEST_CASE("a search finds where progress alone leads no further") {
    CHECK(model::search<walk>{walk{true}}.way_to_stuck(at_the_end).empty());
    CHECK(model::search<walk>{walk{false}}.way_to_stuck(at_the_end) == model::trace{"walks 1", "walks 3", "slips 3"});
    CHECK(model::search<walk>{walk{true}}.way_to_stuck([](walk::state const& s) { return s.at == 7; }) ==
          model::trace{"at the start"});
}

TEST_CASE("a search that was cut short says so") {
    model::search<walk> const found{walk{}, 5};
    CHECK_FALSE(found.whole());
    CHECK(found.states() < 10);
}
