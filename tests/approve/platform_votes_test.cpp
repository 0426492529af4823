#include "dossier/approve/platform_votes.hpp"

#include <gtest/gtest.h>

namespace dossier::approve {
namespace {

using ingest::Remark;

auto note(std::string text, std::string email = "paul@acme.example", std::int64_t second = 10) -> Remark {
    return {.id = "n1", .email = std::move(email), .at = Timestamp(Duration{second * 1000}), .text = std::move(text)};
}

auto setting(std::string status, std::string email = "paul@acme.example") -> Remark {
    return {.id = "s1", .email = std::move(email), .at = Timestamp(Duration{10'000}), .text = {}, .status = status};
}

TEST(PlatformVotes, OnlyRemarksThatBeginWithTheWordsAndNameAPersonCount) {
    const struct {
        const char* name;
        Remark remark;
        std::vector<DraftState> decisions;
        std::string reason;
    } rows[] = {
        {"the words", note("dossier approve"), {DraftState::approved}, ""},
        {"whatever case, with a reason",
         note("  Dossier Approve: agreed with Bob"),
         {DraftState::approved},
         ": agreed with Bob"},
        {"a rejection", note("dossier reject known risk"), {DraftState::rejected}, "known risk"},
        {"in the middle of a sentence", note("should dossier approve this?"), {}, ""},
        {"another word", note("dossier approved this last week"), {}, ""},
        {"nobody's", note("dossier approve", ""), {}, ""},
        {"nothing", {}, {}, ""},
        {"a status, where none decides", setting("in_progress"), {}, ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto votes = votes_in({row.remark}, {});
        ASSERT_EQ(votes.size(), row.decisions.size());
        for (std::size_t i = 0; i < votes.size(); ++i) {
            EXPECT_EQ(votes[i].decision, row.decisions[i]);
            EXPECT_EQ(votes[i].email, "paul@acme.example");
            EXPECT_EQ(votes[i].reason, row.reason);
            EXPECT_EQ(votes[i].means, "a note");
        }
    }
}

TEST(PlatformVotes, StatusesThatAreNamedDecideForWhoeverSetThem) {
    PlatformVoteConfig config;
    config.approving = {"IN_PROGRESS"};
    config.rejecting = {"dismissed", "rejected"};
    const struct {
        const char* name;
        Remark remark;
        std::string by; ///< `status.by`
        std::vector<DraftState> decisions;
        std::string email;
    } rows[] = {
        {"approves", setting("in_progress"), "", {DraftState::approved}, "paul@acme.example"},
        {"rejects", setting("dismissed"), "", {DraftState::rejected}, "paul@acme.example"},
        {"decides nothing", setting("snoozed"), "", {}, ""},
        {"by nobody", setting("in_progress", ""), "", {}, ""},
        {"by nobody, answered for", setting("rejected", ""), "lea@x.example", {DraftState::rejected}, "lea@x.example"},
        {"whoever set it answers first",
         setting("in_progress"),
         "lea@x.example",
         {DraftState::approved},
         "paul@acme.example"},
        {"nobody's note stays nobody's", note("dossier approve", ""), "lea@x.example", {}, ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        config.status_by = row.by;
        const auto votes = votes_in({row.remark}, config);
        ASSERT_EQ(votes.size(), row.decisions.size());
        if (votes.empty()) continue;
        EXPECT_EQ(votes[0].decision, row.decisions[0]);
        EXPECT_EQ(votes[0].email, row.email);
        EXPECT_EQ(votes[0].means, "the status " + row.remark.status);
    }
}

TEST(PlatformVotes, TheEarlierWordComesFirst) {
    const auto votes =
        votes_in({note("dossier reject", "b@x.example", 11), note("dossier approve", "a@x.example")}, {});
    ASSERT_EQ(votes.size(), 2U);
    EXPECT_EQ(votes[0].email, "a@x.example");
}

} // namespace
} // namespace dossier::approve
