#include "store_suite.hpp"

namespace dossier::store {
namespace {

/// What tickets know, who says that they changed, and who shares one.
class TicketSuite : public StoreSuite {
protected:
    static auto row_of(const std::string& dossier, const std::string& key, int generation = 1) -> TicketRow {
        TicketRow row;
        row.dossier_id = dossier;
        row.generation = generation;
        row.ticket = {.sink = "jira", .key = key, .url = "https://j/" + key, .id = "id-" + key};
        row.told = "told-" + key;
        return row;
    }
    static auto planned(const std::string& dossier, const std::string& key) -> Intent {
        Intent intent;
        intent.key = key;
        intent.dossier_id = dossier;
        intent.sink = "jira";
        intent.body = R"({"what":"comment"})";
        return intent;
    }
    auto hear(std::vector<TicketSighting> sightings, Timestamp at = minute(5)) -> TicketNewsCount {
        TicketNews news;
        news.sink = "jira";
        news.sightings = std::move(sightings);
        news.at = at;
        return value_of(store().note_ticket_news(std::move(news)));
    }
    auto claim_of(const std::string& dossier, Timestamp at) -> Claim {
        for (auto& one : claim(at))
            if (one.dossier_id == dossier) return one;
        throw std::runtime_error("not ready: " + dossier);
    }
    auto wish(std::size_t min) -> GroupWish {
        GroupWish wanted;
        wanted.key = "k";
        wanted.window = std::chrono::minutes(10);
        wanted.min = min;
        wanted.facts = "{}";
        return wanted;
    }
};

TEST_P(TicketSuite, WhatATicketKnowsAndWhatItIsToldBecomeTrueTogether) {
    const auto id = deliver({}).dossier_id;
    const auto held = claim(minute(1)).at(0);
    auto row = row_of(id, "SEC-1");
    value_of(store().plan_ticket(held, row, {planned(id, "lifecycle:1")}, {entry("ticket.update_planned")}));
    reopen();
    auto kept = value_of(store().tickets_of(id)).at(0);
    EXPECT_EQ(kept.told, "told-SEC-1");
    EXPECT_EQ(kept.ticket.id, "id-SEC-1");
    const auto intents = value_of(store().intents_of(id));
    ASSERT_EQ(intents.size(), 1U);
    EXPECT_EQ(intents[0].body, R"({"what":"comment"})");

    auto done = intents[0];
    done.state = Intent::State::done;
    value_of(store().save_intent(done, {}));
    value_of(store().plan_ticket(held, row, {planned(id, "lifecycle:1")}, {}));
    EXPECT_EQ(value_of(store().intents_of(id)).at(0).state, Intent::State::done) << "what is done isn't planned again";
}

TEST_P(TicketSuite, WhoHasLostTheClaimPlansNothing) {
    const auto id = deliver({}).dossier_id;
    const auto lost = claim(minute(1)).at(0);
    const auto held = claim(minute(3)).at(0); // another replica, after the lease
    EXPECT_EQ(error_of(store().plan_ticket(lost, row_of(id, "SEC-1"), {planned(id, "lifecycle:1")}, {})),
              Errc::conflict);
    EXPECT_EQ(error_of(store().join_group(lost, wish(2), minute(3))), Errc::conflict);
    EXPECT_TRUE(value_of(store().tickets_of(id)).empty());
    EXPECT_TRUE(value_of(store().intents_of(id)).empty());
    value_of(store().plan_ticket(held, row_of(id, "SEC-1"), {planned(id, "lifecycle:1")}, {}));
    EXPECT_EQ(value_of(store().intents_of(id)).size(), 1U);
}

TEST_P(TicketSuite, NewsMakesADossierReadyOnceAndALookAnswersWhatWasAskedBeforeIt) {
    const auto id = deliver({}).dossier_id;
    auto held = claim(minute(1)).at(0);
    value_of(store().plan_ticket(held, row_of(id, "SEC-1"), {}, {}));
    value_of(store().release({.claim = held, .at = minute(1)}));
    EXPECT_TRUE(claim(minute(2)).empty());

    const auto count = hear({{.key = "SEC-1", .remote_id = "", .event_id = "e1"},
                             {.key = "", .remote_id = "id-SEC-1", .event_id = "e1"},
                             {.key = "OPS-9", .remote_id = "", .event_id = "e1"}});
    EXPECT_EQ(count.noted, 1U);
    EXPECT_EQ(count.repeated, 1U);
    EXPECT_EQ(count.unknown, 1U);
    EXPECT_EQ(hear({{.key = "SEC-1", .remote_id = "", .event_id = "e1"}}).repeated, 1U);

    held = claim_of(id, minute(6));
    auto row = value_of(store().tickets_of(id)).at(0);
    EXPECT_TRUE(row.wants_look());
    hear({{.key = "SEC-1", .remote_id = "", .event_id = "e2"}}); // while the look is under way
    row.looks_done = row.looks_wanted;
    value_of(store().plan_ticket(held, row, {}, {}));
    EXPECT_TRUE(value_of(store().tickets_of(id)).at(0).wants_look()) << "what came after the look began wants another";
    value_of(store().release({.claim = held, .at = minute(6)}));
    EXPECT_EQ(claim(minute(6)).size(), 1U);

    EXPECT_EQ(hear({{.key = "SEC-1", .remote_id = "", .event_id = "e1"}}, minute(60 * 24 * 4)).noted, 1U)
        << "names of events are not kept for ever";
}

TEST_P(TicketSuite, ACursorMovesWithItsNewsAndOnlyForWhoHoldsIt) {
    const auto held = value_of(store().acquire_singleton("tracker:jira", "one", minute(0), std::chrono::minutes(1)));
    const auto taken = value_of(store().acquire_singleton("tracker:jira", "two", minute(2), std::chrono::minutes(1)));
    TicketNews news;
    news.sink = "jira";
    news.at = minute(2);
    news.cursor = CursorMove{.name = "tracker:jira", .value = "late", .fence = held->fence};
    EXPECT_EQ(error_of(store().note_ticket_news(news)), Errc::conflict);
    news.cursor->fence = taken->fence;
    news.cursor->value = "now";
    value_of(store().note_ticket_news(news));
    EXPECT_EQ(value_of(store().get_cursor("tracker:jira"))->value, "now");
}

TEST_P(TicketSuite, AGroupFormsWithTheLastThatWasMissing) {
    std::vector<std::string> dossiers;
    for (int number = 1; number <= 4; ++number)
        dossiers.push_back(
            deliver({.id = std::to_string(number), .title = "Bucket " + std::to_string(number)}).dossier_id);
    auto claims = claim(minute(1));
    ASSERT_EQ(claims.size(), 4U);
    EXPECT_EQ(value_of(store().join_group(claims[0], wish(3), minute(1))).dossier_id, "");
    EXPECT_EQ(value_of(store().join_group(claims[0], wish(3), minute(1))).members, 1U) << "joining is done once";
    value_of(store().join_group(claims[1], wish(3), minute(2)));
    const auto formed = value_of(store().join_group(claims[2], wish(3), minute(3)));
    ASSERT_NE(formed.dossier_id, "");
    EXPECT_EQ(formed.members, 3U);
    EXPECT_EQ(formed.open, 3U);
    EXPECT_EQ(formed.key, "k");
    EXPECT_EQ(formed.begins_at, minute(1));
    EXPECT_EQ(formed.ends_at, minute(11));
    const auto late = value_of(store().join_group(claims[3], wish(3), minute(12)));
    EXPECT_NE(late.dossier_id, formed.dossier_id) << "the window of the first is over";
    EXPECT_EQ(late.ends_at, minute(22));
    EXPECT_EQ(value_of(store().group_of(claims[0].dossier_id))->dossier_id, formed.dossier_id);
    EXPECT_EQ(value_of(store().group_of(formed.dossier_id))->members, 3U);
    EXPECT_FALSE(value_of(store().group_of("dos_none")));
    EXPECT_EQ(value_of(store().group_members(formed.dossier_id, 2)).size(), 2U);
    for (const auto& one : claims) value_of(store().release({.claim = one, .at = minute(13)}));
    EXPECT_EQ(claim(minute(13)).size(), 4U) << "the group, and its members, who may give up drafts of their own";
}

INSTANTIATE_TEST_SUITE_P(Stores, TicketSuite, testing::ValuesIn(store_kinds()), kind_name);

} // namespace
} // namespace dossier::store
