// One draft for each group of like stores, with a legal basis that exists.

#include "dossier/explain/compliance.hpp"
#include "dossier/explain/governance.hpp"

#include "dossier/base/json.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace dossier::explain {
namespace {

auto governor() -> const Governor& {
    static const auto loaded = Governor::load(DOSSIER_SOURCE_DIR "/config").value();
    return *loaded;
}

auto now_of_test() -> Timestamp { return *parse_time("2026-11-25T00:00:00Z"); }

TEST(Governance, DraftsOnePolicyForEachGroupOfLikeStores) {
    const auto stores = read_inventory(R"([
        {"name":"CUSTOMER_2019","type":"table","cloud":"snowflake","environment":"prod","data_classes":["Customer","pii"],"archived":true,"date_column":"CLOSED_AT","owner":"dana@acme.example"},
        {"name":"CUSTOMER_2018","type":"table","cloud":"snowflake","environment":"production","data_classes":["PII","customer"],"last_access":"2024-01-01"},
        {"id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/acme/blobServices/default/containers/dump","name":"dump","type":"blob container","cloud":"azure"},
        {"name":"notes-phi","type":"bucket","cloud":"aws","data_classes":["phi"],"access_patterns":["daily"]},
        {"name":"logs","type":"bucket","cloud":"gcp","data_classes":["internal"]},
        {"name":"p:d.t","type":"bigquery table","cloud":"gcp","data_classes":["pii"]},
        {"name":"disk","type":"volume","cloud":"oci"}])");
    ASSERT_TRUE(stores) << stores.error().describe();
    const auto result = governor().draft(*stores, now_of_test());
    ASSERT_EQ(result.drafts.size(), 5U);
    ASSERT_EQ(result.not_covered.size(), 1U);
    EXPECT_NE(result.not_covered.front().find("oci"), std::string::npos);

    const auto& snowflake = result.drafts.front(); // the largest group first
    EXPECT_EQ(snowflake.policy.id, "snowflake-archived-records");
    EXPECT_EQ(snowflake.stores.size(), 2U);
    ASSERT_EQ(snowflake.policy.texts.size(), 2U);
    const auto& sql = snowflake.policy.texts.front().text;
    EXPECT_NE(
        sql.find(
            R"(ALTER TABLE "CUSTOMER_2019" ADD STORAGE LIFECYCLE POLICY "RETENTION_customer_2019" ON ("CLOSED_AT");)"),
        std::string::npos)
        << sql;
    EXPECT_NE(sql.find(R"(ON ("DATE_COLUMN"))"), std::string::npos) << "a column that nobody named";
    EXPECT_TRUE(
        std::ranges::any_of(snowflake.policy.assumptions, [](const auto& one) { return one.contains("DATE_COLUMN"); }));

    for (const auto& draft : result.drafts) {
        EXPECT_EQ(draft.policy.proof, "unproven");
        EXPECT_GE(draft.policy.reach.size(), 2U);
        EXPECT_FALSE(draft.basis.empty());
        for (const auto& basis : draft.basis)
            EXPECT_TRUE(is_known_citation(basis.framework, basis.citation)) << basis.framework << ' ' << basis.citation;
        for (const auto& text : draft.policy.texts)
            if (text.language == "json") EXPECT_TRUE(parse_json(text.text)) << text.text;
    }
    const auto azure =
        std::ranges::find_if(result.drafts, [](const auto& one) { return one.policy.id == "azure-blob-unclassified"; });
    ASSERT_NE(azure, result.drafts.end());
    EXPECT_EQ(azure->policy.texts.size(), 2U);
    const auto phi =
        std::ranges::find_if(result.drafts, [](const auto& one) { return one.policy.id == "s3-retention"; });
    ASSERT_NE(phi, result.drafts.end());
    EXPECT_TRUE(std::ranges::any_of(phi->policy.controls, [](const auto& one) {
        return one.contains("NIST 800-53 r5 AC-");
    })) << "health data brings its controls";
}

TEST(Governance, QuotesHostileTableNames) {
    const auto stores = read_inventory(
        R"([{"name":"a\"; DROP TABLE x; --","type":"table","cloud":"snowflake","data_classes":["pii"],"archived":true}])");
    const auto result = governor().draft(*stores, now_of_test());
    ASSERT_EQ(result.drafts.size(), 1U);
    EXPECT_NE(result.drafts.front().policy.texts.front().text.find(R"("a""; DROP TABLE x; --")"), std::string::npos);
}

TEST(Governance, RefusesWhatIsNoInventoryAndSaysWhy) {
    struct BadInventory {
        const char* json;
        const char* why;
    };
    for (const auto& bad :
         {BadInventory{"{", ""}, BadInventory{"{}", "list of stores"}, BadInventory{"[]", "list of stores"},
          BadInventory{"[7]", "store 1 is no object"}, BadInventory{R"([{"type":"x"}])", "neither id nor name"},
          BadInventory{R"([{"name":7}])", "name must be text"},
          BadInventory{R"([{"name":"x","nmae":"y"}])", "unknown member nmae"},
          BadInventory{R"([{"name":"x","archived":"yes"}])", "archived must be"},
          BadInventory{R"([{"name":"x","last_access":"lately"}])", "last_access must be"},
          BadInventory{R"([{"name":"x","data_classes":[1]}])", "data_classes must be"}}) {
        const auto read = read_inventory(bad.json);
        ASSERT_FALSE(read) << bad.json;
        EXPECT_NE(read.error().describe().find(bad.why), std::string::npos) << read.error().describe();
    }
}

} // namespace
} // namespace dossier::explain
