#include "dossier/net/in_flight_limit.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dossier::net {
namespace {

using namespace std::chrono_literals;

auto pass_through(InFlightLimit& limit, std::vector<std::string>& order, std::string name, Flow flow) -> Task<void> {
    const auto place = co_await limit.acquire(deadline_in(10s), std::move(flow));
    if (place) order.push_back(std::move(name));
}

TEST(InFlightLimit, AWorseFindingAndAnotherSourceOvertakeWhatWaits) {
    asio::io_context loop;
    InFlightLimit limit(1);
    std::vector<std::string> order;
    const auto wait = [&](const std::string& name, Flow flow) {
        asio::co_spawn(loop, pass_through(limit, order, name, std::move(flow)), asio::detached);
    };
    {
        std::optional<InFlightLimit::Permit> held;
        asio::co_spawn(
            loop,
            [&]() -> Task<void> {
                auto place = co_await limit.acquire(deadline_in(10s));
                held.emplace(std::move(*place));
            },
            asio::detached);
        loop.poll();
        loop.restart();
        ASSERT_TRUE(held);
        for (int i = 0; i < 4; ++i) wait("noise", {.source = "noisy", .severity = 1});
        wait("quiet", {.source = "quiet", .severity = 1});
        wait("worse", {.source = "noisy", .severity = 4});
        wait("person", {});
        loop.poll();
        loop.restart();
        EXPECT_TRUE(order.empty());
    } // the place is given back
    loop.run();
    const std::vector<std::string> expected = {"person", "worse", "noise", "quiet", "noise", "noise", "noise"};
    EXPECT_EQ(order, expected);
}

TEST(InFlightLimit, WhoGivesUpLeavesNoGap) {
    asio::io_context loop;
    InFlightLimit limit(1);
    std::vector<std::string> order;
    std::optional<Errc> gave_up;
    asio::co_spawn(
        loop,
        [&]() -> Task<void> {
            auto place = co_await limit.acquire(deadline_in(10s));
            auto late = co_await limit.acquire(deadline_in(10ms), {.source = "late", .severity = 0});
            if (!late) gave_up = late.error().code;
            asio::co_spawn(loop, pass_through(limit, order, "next", {.source = "next", .severity = 0}), asio::detached);
        },
        asio::detached);
    loop.run();
    EXPECT_EQ(gave_up, Errc::timeout);
    EXPECT_EQ(order, std::vector<std::string>{"next"});
}

} // namespace
} // namespace dossier::net
