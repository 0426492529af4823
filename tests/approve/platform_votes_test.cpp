#include "dossier/approve/platform_votes.hpp"

#include <gtest/gtest.h>

namespace dossier::approve {
namespace {

auto note(const std::string& text, const std::string& email = "paul@acme.example",
          const std::string& at = "2026-11-22T10:00:00Z") -> std::string {
    return R"({"id":"n1","text":")" + text + R"(","createdAt":")" + at + R"(","user":{"email":")" + email + R"("}})";
}

TEST(PlatformVotes, OnlyNotesThatBeginWithTheWordsAndNameAPersonCount) {
    const struct {
        const char* name;
        std::string raw;
        std::vector<DraftState> decisions;
        std::string reason;
    } rows[] = {
        {"the words", R"({"notes":[)" + note("dossier approve") + "]}", {DraftState::approved}, ""},
        {"whatever case, with a reason",
         R"({"notes":[)" + note("  Dossier Approve: agreed with Bob") + "]}",
         {DraftState::approved},
         ": agreed with Bob"},
        {"a rejection",
         R"({"notes":[)" + note("dossier reject known risk") + "]}",
         {DraftState::rejected},
         "known risk"},
        {"in the middle of a sentence", R"({"notes":[)" + note("should dossier approve this?") + "]}", {}, ""},
        {"another word", R"({"notes":[)" + note("dossier approved this last week") + "]}", {}, ""},
        {"nobody's", R"({"notes":[)" + note("dossier approve", "") + "]}", {}, ""},
        {"without a time", R"({"notes":[)" + note("dossier approve", "a@x.example", "") + "]}", {}, ""},
        {"elsewhere in the object", R"({"resource":{"notes":[)" + note("dossier approve") + "]}}", {}, ""},
        {"a list of other things", R"({"notes":[7,null,"dossier approve",{"text":["dossier approve"]}]})", {}, ""},
        {"no list", R"({"notes":{"text":"dossier approve"}})", {}, ""},
        {"no JSON", "dossier approve", {}, ""},
        {"nothing", "", {}, ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto votes = votes_in(row.raw, {});
        ASSERT_EQ(votes.size(), row.decisions.size());
        for (std::size_t i = 0; i < votes.size(); ++i) {
            EXPECT_EQ(votes[i].decision, row.decisions[i]);
            EXPECT_EQ(votes[i].email, "paul@acme.example");
            EXPECT_EQ(votes[i].reason, row.reason);
        }
    }
}

TEST(PlatformVotes, TheEarlierWordComesFirst) {
    const auto votes = votes_in(R"({"notes":[)" + note("dossier reject", "b@x.example", "2026-11-22T11:00:00Z") + "," +
                                    note("dossier approve", "a@x.example") + "]}",
                                {});
    ASSERT_EQ(votes.size(), 2U);
    EXPECT_EQ(votes[0].email, "a@x.example");
}

} // namespace
} // namespace dossier::approve
