#include "remarks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// "id|email|text|status" of each.
auto written(const std::vector<Remark>& remarks) -> std::vector<std::string> {
    std::vector<std::string> lines;
    for (const auto& one : remarks) lines.push_back(one.id + "|" + one.email + "|" + one.text + "|" + one.status);
    return lines;
}

auto wiz(const std::string& issue) -> std::vector<std::string> {
    const auto document = JsonDocument::parse(issue);
    return document ? written(wiz_remarks(document->root())) : std::vector<std::string>{"no JSON"};
}

TEST(Remarks, OfWizAreItsOwnNotesAndAStatusOfNobody) {
    const std::string good = R"({"id":"n1","text":"fine","createdAt":"2026-11-22T10:00:00Z","user":{"email":"a@x.y"}})";
    EXPECT_THAT(wiz(R"({"id":"i","notes":[)" + good + "]}"), ElementsAre("n1|a@x.y|fine|"));
    EXPECT_THAT(wiz(R"({"id":"i","status":"IN_PROGRESS","statusChangedAt":"1970-01-01T00:00:01Z"})"),
                ElementsAre("i:in_progress:1000|||in_progress"));
    const char* nothing[] = {
        R"({"id":"i","resource":{"notes":[{"id":"n1","text":"t","createdAt":"2026-11-22T10:00:00Z"}]}})",
        R"({"id":"i","notes":[7,null,"fine",{"text":["fine"]}]})",
        R"({"id":"i","notes":{"text":"fine"}})",
        R"({"id":"i","notes":[{"id":"n1","text":"fine","createdAt":"soon"}]})",
        R"({"id":"i","notes":[{"text":"fine","createdAt":"2026-11-22T10:00:00Z"}]})",
        R"({"id":"i","status":"OPEN"})",
        R"({"status":"OPEN","statusChangedAt":"2026-11-22T10:00:00Z"})",
        R"({"id":"i","status":["OPEN"],"statusChangedAt":7})",
        "[]",
        "null",
    };
    for (const auto* issue : nothing) EXPECT_THAT(wiz(issue), IsEmpty()) << issue;
}

TEST(Remarks, OfOrcaAreCommentsAndChangesOfStatusInTheEventLog) {
    const struct {
        const char* entry;
        const char* remark; ///< "" = none
    } rows[] = {
        {R"({"unique_id":"u1","user_email":"a@x.y","create_time":"2026-11-22T10:00:00+00:00","type":"comment",)"
         R"("details":{"description":"Added comment","comment":"fine"}})",
         "u1|a@x.y|fine|"},
        {R"({"unique_id":"u1","user_email":"a@x.y","create_time":"2026-11-22T10:00:00+00:00","type":"set_status",)"
         R"("sub_type":"in_progress","details":{"from":"open","to":"IN_PROGRESS"}})",
         "u1|a@x.y||in_progress"},
        {R"({"unique_id":"u1","create_time":"2026-11-22T10:00:00+00:00","type":"set_status","sub_type":"closed"})",
         "u1|||closed"},
        {R"({"unique_id":"u1","user_email":"a@x.y","create_time":"2026-11-22T10:00:00+00:00","type":"scan"})", ""},
        {R"({"unique_id":"u1","user_email":"a@x.y","type":"comment","details":{"comment":"no time"}})", ""},
        {R"({"user_email":"a@x.y","create_time":"2026-11-22T10:00:00Z","details":{"comment":"no id"}})", ""},
        {R"({"unique_id":{},"create_time":[],"details":"x","type":7})", ""},
        {"7", ""},
    };
    for (const auto& row : rows) {
        const auto document = JsonDocument::parse(row.entry);
        ASSERT_TRUE(document) << row.entry;
        const auto remark = orca_remark(document->root());
        EXPECT_EQ(remark ? written({*remark})[0] : "", row.remark) << row.entry;
    }
}

TEST(Remarks, OfPrismaAreItsHistoryAndTheNoteOfADismissal) {
    const struct {
        const char* alert;
        std::vector<std::string> remarks;
    } rows[] = {
        {R"({"id":"P-1","dismissalNote":"known","dismissedBy":"old@x.y","history":[)"
         R"({"status":"DISMISSED","modifiedBy":"a@x.y","modifiedOn":1700000002000},)"
         R"({"status":"open","modifiedBy":"b@x.y","modifiedOn":"1700000001000"}]})",
         {"P-1:dismissed:1700000002000|a@x.y||dismissed", "P-1:open:1700000001000|b@x.y||open",
          "P-1:note:1700000002000|a@x.y|known|"}},
        {R"({"id":"P-1","dismissalNote":"known","dismissedBy":"c@x.y","history":[)"
         R"({"status":"snoozed","modifiedOn":1700000002000}]})",
         {"P-1:snoozed:1700000002000|||snoozed", "P-1:note:1700000002000|c@x.y|known|"}},
        {R"({"id":"P-1","dismissalNote":"nobody knows when"})", {}},
        {R"({"history":[{"status":"open","modifiedOn":1000}]})", {}},
        {R"({"id":"P-1","history":[7,{"status":[]},{"modifiedOn":1},{"status":"open","modifiedOn":"soon"}]})", {}},
        {R"({"id":"P-1","history":{"status":"open"}})", {}},
    };
    for (const auto& row : rows) {
        const auto document = JsonDocument::parse(row.alert);
        ASSERT_TRUE(document) << row.alert;
        EXPECT_EQ(written(prisma_remarks(document->root())), row.remarks) << row.alert;
    }
}

} // namespace
} // namespace dossier::ingest
