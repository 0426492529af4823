#include "admission.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace dossier::ingest {
namespace {

using namespace std::chrono_literals;

/// A backlog that a test sets; nothing else of it is asked.
class CountedStore final : public store::IntakeStore {
public:
    std::map<std::string, std::int64_t, std::less<>> held;

    auto backlog() const -> std::size_t override {
        std::int64_t total = 0;
        for (const auto& [source, count] : held) total += count;
        return static_cast<std::size_t>(total);
    }
    auto backlog_by_source() const -> std::map<std::string, std::int64_t, std::less<>> override { return held; }
    auto commit_intake(store::Intake, std::vector<store::AuditEntry>)
        -> Task<Result<std::vector<store::IntakeResult>>> override {
        co_return fail(Errc::internal, "not here");
    }
    auto list_quarantine(store::Page) -> Task<Result<store::Listing<store::QuarantineRow>>> override {
        co_return fail(Errc::internal, "not here");
    }
    auto get_quarantine(std::string) -> Task<Result<store::QuarantineRow>> override {
        co_return fail(Errc::internal, "not here");
    }
    auto accept_quarantined(std::string, store::IntakeItem, Timestamp, std::vector<store::AuditEntry>)
        -> Task<Result<store::IntakeResult>> override {
        co_return fail(Errc::internal, "not here");
    }
};

TEST(Admission, LetsInWhatItsRuleSays) {
    struct Row {
        std::string name;
        std::map<std::string, std::int64_t, std::less<>> held;
        std::size_t items;
        std::string expected; ///< "" = gets in
        Patience patience = Patience::pushed;
    };
    const std::vector<Row> rows = {
        {"an empty queue", {}, 1, ""},
        {"all of it at once", {}, 100, ""},
        {"more than all of it, when nothing else waits", {}, 500, ""},
        {"more than all of it beside others", {{"quiet", 1}}, 500, "queue_full"},
        {"the last place, alone", {{"noisy", 99}}, 1, ""},
        {"one too many", {{"noisy", 100}}, 1, "queue_full"},
        {"an array that would exceed", {{"noisy", 95}}, 6, "queue_full"},
        {"its share beside one other", {{"noisy", 80}, {"quiet", 5}}, 1, "over_share"},
        {"what others took of theirs is not kept twice", {{"noisy", 70}, {"quiet", 25}}, 5, ""},
        {"nothing held, more than its share", {{"quiet", 5}}, 95, ""},
        {"pulled: up to half", {{"noisy", 49}}, 1, "", Patience::pulled},
        {"pulled: no more", {{"noisy", 50}}, 1, "queue_full", Patience::pulled},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        CountedStore store;
        store.held = row.held;
        Admission admission(100, store);
        const auto looked = admission.look("noisy", row.items, row.patience, {});
        const auto taken = admission.take("noisy", row.items, row.patience, {});
        EXPECT_EQ(taken.has_value(), row.expected.empty());
        EXPECT_EQ(looked.has_value(), row.expected.empty());
        if (!taken && !row.expected.empty()) EXPECT_EQ(why_refused(taken.error()), row.expected);
    }
}

TEST(Admission, WhatIsBeingCommittedCountsUntilItIsGivenBack) {
    CountedStore store;
    Admission admission(10, store);
    {
        const auto place = admission.take("noisy", 10, Patience::pushed, {});
        ASSERT_TRUE(place);
        EXPECT_FALSE(admission.take("quiet", 1, Patience::pushed, {}));
    }
    EXPECT_TRUE(admission.take("quiet", 1, Patience::pushed, {}));
}

TEST(Admission, SaysWhenToComeBackByThePaceOfTheWork) {
    CountedStore store;
    Admission admission(100, store);
    Admission::Time now{};
    const auto wait = [&](std::size_t items) {
        return admission.look("noisy", items, Patience::pushed, now).error().retry_after.value();
    };
    store.held = {{"noisy", 100}};
    EXPECT_EQ(wait(1), 2s) << "nothing is known yet";
    for (int i = 0; i < 10; ++i) { // ten are done and ten come in each second
        now += 1s;
        admission.accepted(10);
        std::ignore = admission.look("noisy", 1, Patience::pushed, now);
    }
    EXPECT_EQ(wait(1), 1s);
    EXPECT_EQ(wait(50), 5s);
    EXPECT_EQ(wait(10'000), 30s) << "come back and see";
    now += 1h; // what was then says nothing about now, but is all there is
    EXPECT_EQ(wait(50), 5s);
}

} // namespace
} // namespace dossier::ingest
