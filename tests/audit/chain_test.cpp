#include "dossier/audit/chain.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "fake_audit_store.hpp"
#include "support/run_task.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <functional>
#include <regex>

namespace dossier::audit {
namespace {

using test::run_task;
using testing::HasSubstr;

auto chain_of(int length) -> FakeAuditStore {
    FakeAuditStore store;
    for (int i = 1; i <= length; ++i) EXPECT_TRUE(run_task(store.append_audit({sample_entry(i)})));
    return store;
}

auto head_of(const FakeAuditStore& store) -> SignedHead {
    return {.seq = store.rows.back().seq, .hash = store.rows.back().hash, .time = {}, .signature = {}};
}

/// The hash by the documented format alone: cut the member `hash` out of the text, SHA-256 over the rest.
auto independent_hash(const std::string& record) -> std::string {
    const auto cut = std::regex_replace(record, std::regex(R"("hash":"[0-9a-f]{64}",)"), "");
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(cut.data()), cut.size(), digest);
    std::string hex;
    for (const auto byte : digest) hex += fmt::format("{:02x}", byte);
    return hex;
}

/// Somebody who knows the format: changes a record and makes its hash right again.
void forge(store::AuditRow& row, const std::string& from, const std::string& to) {
    row.record = std::regex_replace(row.record, std::regex(from), to);
    const auto hash = independent_hash(row.record);
    row.record = std::regex_replace(row.record, std::regex(R"("hash":"[0-9a-f]{64}")"), "\"hash\":\"" + hash + "\"");
    row.hash = hash;
}

/// The record as a document that is built first: what chains of earlier versions were sealed with.
auto record_as_document(const store::AuditEntry& entry, std::int64_t seq, const std::string& prev) -> Json {
    Json record = {{"seq", seq},
                   {"time", format_time(entry.time)},
                   {"actor", {{"type", entry.actor_type}, {"id", to_valid_utf8(entry.actor_id)}}},
                   {"action", entry.action},
                   {"finding_id", entry.finding_id},
                   {"dossier_id", entry.dossier_id},
                   {"prev", prev}};
    const auto details = parse_json(entry.details, 64);
    if (!details || !details->is_object()) {
        record["details"] = to_valid_utf8(entry.details);
        return record;
    }
    for (const auto& [name, value] : details->items()) {
        if (record.contains(name) || name == "hash" || name == "details")
            record["details"][name] = value;
        else
            record[name] = value;
    }
    return record;
}

TEST(Seal, WritesTheSameBytesAsEver) {
    const std::string rows[] = {
        "{}",
        "",
        "nonsense",
        "[1,2]",
        "null",
        "\xff\xfe",
        R"({"source":"wiz","request_id":"r","fingerprint":"f"})",
        R"({"z":1,"a":2,"z":[3,{"y":1,"x":2,"y":3}]})",
        R"({"seq":9,"hash":"h","prev":"p","details":{"b":1,"a":[]},"zeta":1.50,"Actor":0,"i":18446744073709551616})",
        R"({"text":"line\nquote\" \u0007 é 😀","😀":1,"ﬀ":2,"":3,"gap":null,"half":0.5,"minus":-0.0})",
        R"({"lone":"\ud800"})",
        R"({"deep":)" + std::string(60, '[') + std::string(60, ']') + "}",
        R"({"deeper":)" + std::string(63, '[') + std::string(63, ']') + "}",
        R"({"too_deep":)" + std::string(64, '[') + std::string(64, ']') + "}",
    };
    for (const auto& details : rows) {
        SCOPED_TRACE(details);
        auto entry = sample_entry(3);
        entry.actor_id = "o'neil \"x\" \xff";
        entry.details = details;
        auto document = record_as_document(entry, 12, "before");
        const auto hash = sha256_hex(canonical_json(document));
        document["hash"] = hash;
        const auto sealed = seal(entry, 12, "before");
        EXPECT_EQ(sealed.hash, hash);
        EXPECT_EQ(sealed.record, canonical_json(document));
    }
}

TEST(Seal, TakesCanonicalMembersAsTheyAre) {
    auto entry = sample_entry(3);
    entry.details = R"({"zeta":1,"details":[]})";
    entry.members = {
        {"text", R"("quote \" and \n")"}, {"Beta", "0.5"}, {"seq", "7"}, {"request", R"([{"a":1,"b":2}])"}};
    auto in_details = sample_entry(3);
    in_details.details =
        R"({"text":"quote \" and \n","Beta":0.5,"seq":7,"request":[{"b":2,"a":1}],"zeta":1,"details":[]})";
    EXPECT_EQ(seal(entry, 12, "before").record, seal(in_details, 12, "before").record);
}

TEST(Seal, WritesTheDocumentedFormat) {
    auto entry = sample_entry(7);
    const auto first = seal(entry, 1, "");
    EXPECT_EQ(first.record, R"({"action":"draft.approved","actor":{"id":"alice","type":"user"},"dossier_id":"dos_1",)"
                            R"("draft_id":"drf_7","finding_id":"fnd_7","hash":")" +
                                first.hash +
                                R"(","prev":"","seq":1,"share":0.5,"time":"2023-11-14T22:13:20.007Z","tokens":12})");
    EXPECT_EQ(first.hash, independent_hash(first.record));
    const auto second = seal(entry, 2, first.hash);
    EXPECT_THAT(second.record, HasSubstr("\"prev\":\"" + first.hash + "\""));
    EXPECT_EQ(second.hash, independent_hash(second.record));
}

TEST(Seal, DetailsNeverOverwriteTheNamedMembers) {
    const struct {
        const char* name;
        std::string details;
        const char* kept;
    } rows[] = {
        {"named members", R"({"seq":99,"hash":"x","prev":"y","action":"z","free":1})",
         R"("details":{"action":"z","hash":"x","prev":"y","seq":99})"},
        {"a member called details", R"({"details":{"a":1},"actor":"b"})",
         R"("details":{"actor":"b","details":{"a":1}})"},
        {"no object", "[1]", R"("details":"[1]")"},
        {"no JSON", "{broken", R"("details":"{broken")"},
        {"nothing", "", R"("details":"")"},
        {"invalid UTF-8", "\xFF", "\"details\":\"\uFFFD\""},
        {"too deep", std::string(1000, '[') + std::string(1000, ']'), R"("details":"[[[)"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto entry = sample_entry(1);
        entry.details = row.details;
        const auto sealed = seal(entry, 5, "p");
        const auto record = parse_json(sealed.record);
        ASSERT_TRUE(record);
        EXPECT_EQ((*record)["seq"], 5);
        EXPECT_EQ((*record)["prev"], "p");
        EXPECT_EQ((*record)["action"], "draft.approved");
        EXPECT_EQ((*record)["hash"], sealed.hash);
        EXPECT_EQ(sealed.hash, independent_hash(sealed.record));
        EXPECT_THAT(sealed.record, HasSubstr(row.kept));
    }
}

TEST(VerifyChain, AcceptsWhatSealMade) {
    for (const int length : {0, 1, 2, 500, 501, 1203}) {
        SCOPED_TRACE(length);
        auto store = chain_of(length);
        const auto bare = run_task(verify_chain(store, std::nullopt));
        ASSERT_TRUE(bare);
        EXPECT_TRUE(bare->ok);
        EXPECT_EQ(bare->records, length);
        EXPECT_EQ(bare->completeness, Verdict::unknown);
        EXPECT_EQ(bare->first_broken_seq, std::nullopt);
        if (length == 0) continue;
        const auto headed = run_task(verify_chain(store, head_of(store)));
        EXPECT_TRUE(headed->ok);
        EXPECT_EQ(headed->completeness, Verdict::ok);
    }
}

TEST(VerifyChain, AcceptsRecordsWithStrangeContent) {
    FakeAuditStore store;
    const char* details[] = {"[1]", R"({"seq":7,"hash":"h"})", R"({"n":1e21,"m":-0.0,"k":123456789012345678})", "\xFF",
                             R"({"\u20ac":"\ud83d\ude00\u0000"})"};
    for (const auto* text : details) {
        auto entry = sample_entry(1);
        entry.details = text;
        entry.actor_id = "a\xFF\n\"b";
        ASSERT_TRUE(run_task(store.append_audit({entry})));
    }
    const auto verified = run_task(verify_chain(store, std::nullopt));
    EXPECT_TRUE(verified->ok) << verified->reason;
}

TEST(VerifyChain, NamesTheFirstRecordThatCantBeTrusted) {
    using Rows = std::vector<store::AuditRow>;
    const struct {
        const char* name;
        std::function<void(Rows&)> tamper;
        std::int64_t first_broken;
        const char* reason;
    } rows[] = {
        {"altered text", [](Rows& r) { r[3].record.replace(r[3].record.find("alice"), 5, "mallo"); }, 4, "record 4"},
        {"altered and hashed again", [](Rows& r) { forge(r[3], "drf_4", "drf_x"); }, 4, "record 5 does not follow"},
        {"first altered and hashed again", [](Rows& r) { forge(r[0], "drf_1", "drf_x"); }, 1, "record 2"},
        {"hash column altered", [](Rows& r) { r[3].hash = std::string(64, '0'); }, 4, "does not match its hash"},
        {"prev altered and hashed again", [](Rows& r) { forge(r[0], "\"prev\":\"\"", "\"prev\":\"x\""); }, 1,
         "record 1 does not follow"},
        {"one removed", [](Rows& r) { r.erase(r.begin() + 4); }, 5, "record 5 is missing"},
        {"three removed", [](Rows& r) { r.erase(r.begin() + 4, r.begin() + 7); }, 5, "record 5 is missing"},
        {"the first removed", [](Rows& r) { r.erase(r.begin()); }, 1, "record 1 is missing"},
        {"removed and renumbered",
         [](Rows& r) {
             r.erase(r.begin() + 4);
             for (std::size_t i = 4; i < r.size(); ++i) {
                 r[i].seq = static_cast<std::int64_t>(i) + 1;
                 forge(r[i], R"("seq":\d+)", "\"seq\":" + std::to_string(i + 1));
             }
         },
         4, "record 5 does not follow"},
        {"two exchanged",
         [](Rows& r) {
             std::swap(r[5], r[6]);
             std::swap(r[5].seq, r[6].seq);
         },
         6, "stands in another record's place"},
        {"action column altered", [](Rows& r) { r[2].action = "nothing.happened"; }, 3, "filed under other words"},
        {"actor column altered", [](Rows& r) { r[2].actor_id = "bob"; }, 3, "filed under other words"},
        {"finding column emptied", [](Rows& r) { r[2].finding_id = ""; }, 3, "filed under other words"},
        {"a member twice", [](Rows& r) { r[2].record.insert(1, R"("action":"nothing",)"); }, 3, "canonical"},
        {"a blank more", [](Rows& r) { r[2].record += " "; }, 3, "canonical"},
        {"no JSON", [](Rows& r) { r[2].record = "gone"; }, 3, "no JSON object"},
        {"other JSON", [](Rows& r) { r[2].record = "{}"; }, 3, "record 3"},
        {"seq of another type", [](Rows& r) { forge(r[2], R"("seq":3)", R"("seq":"3")"); }, 3, "record 3"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto store = chain_of(10);
        const auto head = head_of(store);
        row.tamper(store.rows);
        const auto verified = run_task(verify_chain(store, head));
        ASSERT_TRUE(verified);
        EXPECT_FALSE(verified->ok);
        EXPECT_EQ(verified->integrity, Verdict::broken);
        EXPECT_EQ(verified->first_broken_seq, row.first_broken);
        EXPECT_THAT(verified->reason, HasSubstr(row.reason));
    }
}

TEST(VerifyChain, JudgesCompletenessApartFromIntegrity) {
    const auto whole = chain_of(10);
    const auto head = head_of(whole);
    const struct {
        const char* name;
        std::function<void(FakeAuditStore&)> tamper;
        Verdict completeness;
        std::optional<std::int64_t> first_broken;
    } rows[] = {
        {"untouched", [](FakeAuditStore&) {}, Verdict::ok, std::nullopt},
        {"grown since", [](FakeAuditStore& s) { run_task(s.append_audit({sample_entry(11)})).value(); }, Verdict::ok,
         std::nullopt},
        {"cut tail", [](FakeAuditStore& s) { s.rows.resize(7); }, Verdict::broken, 8},
        {"emptied", [](FakeAuditStore& s) { s.rows.clear(); }, Verdict::broken, 1},
        {"last record forged",
         [](FakeAuditStore& s) {
             forge(s.rows[9], "alice", "bobby");
             s.rows[9].actor_id = "bobby";
         },
         Verdict::broken, 10},
        {"old backup that has grown again",
         [](FakeAuditStore& s) {
             s.rows.resize(7);
             for (int i = 20; i < 25; ++i) run_task(s.append_audit({sample_entry(i)})).value();
         },
         Verdict::broken, 10},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto store = whole;
        row.tamper(store);
        const auto verified = run_task(verify_chain(store, head));
        EXPECT_EQ(verified->integrity, Verdict::ok) << verified->reason;
        EXPECT_EQ(verified->completeness, row.completeness);
        EXPECT_EQ(verified->ok, row.completeness == Verdict::ok);
        EXPECT_EQ(verified->first_broken_seq, row.first_broken);
        EXPECT_EQ(verified->reason.empty(), verified->ok);
    }
}

} // namespace
} // namespace dossier::audit
