#ifndef FARGATE_SERVICE_DESK_HPP
#define FARGATE_SERVICE_DESK_HPP

#include <fargate/service/agenda.hpp>
#include <fargate/service/health.hpp>
#include <fargate/service/in_flight.hpp>
#include <fargate/service/wake.hpp>
#include <fargate/service/watch_list.hpp>
#include <fargate/system/clock.hpp>

#include <functional>

namespace fargate::inline v0::service {

/// What a deployment shares with the rest of an agent.
template <clock_policy Clock>
struct desk {
    in_flight& busy;
    watch_list& watched;
    agenda<Clock>& when;
    wake& bell;
    health_book& book;
    std::function<void()> attend = [] {}; ///< called when a task was put on `watched`, or a claimed run has to wait
    unsigned lanes = 0;                   ///< how many launches may be under way at a time; 0: any number
};

} // namespace fargate::inline v0::service

#endif
