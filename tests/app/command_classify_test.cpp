// `dossier classify` on each form that it reads.

#include "dossier/app/commands.hpp"
#include "dossier/base/json.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace dossier::app {
namespace {

class CommandClassify : public ::testing::Test {
protected:
    CommandClassify() { std::filesystem::create_directories(place_); }
    ~CommandClassify() override { std::filesystem::remove_all(place_); }
    auto file(const std::string& name, const std::string& text) -> std::string {
        const auto path = place_ / name;
        std::ofstream(path) << text;
        return path.string();
    }
    /// The stores of a file, as JSON.
    static auto stores_in(const ClassifyOptions& options) -> Json {
        auto as_json = options;
        as_json.json = true;
        std::ostringstream out;
        EXPECT_EQ(classify(as_json, out), exit_done);
        return parse_json(out.str()).value_or(Json::array());
    }
    static auto classes_of(const Json& store) -> std::string {
        std::string all;
        for (const auto& field : store["classification"]["fields"]) {
            all += field["name"].get<std::string>() + ":";
            for (const auto& one : field["classes"]) all += " " + one.get<std::string>();
            all += "; ";
        }
        return all;
    }

private:
    std::filesystem::path place_ = std::filesystem::temp_directory_path() / "dossier-command-classify-test";
};

TEST_F(CommandClassify, ReadsACsvFileByItsHeaderAndShowsNoCell) {
    const auto path = file(
        "visits.csv", "patient_dob,\"ssn_last4\",transaction_amount\n1980-01-02,\"6789\",12.50\n1971-03-04,1234,9\n");
    const auto stores = stores_in({.file = path});
    ASSERT_EQ(stores.size(), 1U);
    EXPECT_EQ(stores[0]["name"], "visits");
    EXPECT_EQ(stores[0]["classification"]["primary_class"], "PHI");
    EXPECT_EQ(stores[0]["classification"]["classes"], Json({"PHI", "PII", "Financial"}));
    std::ostringstream text;
    EXPECT_EQ(classify({.file = path}, text), exit_done);
    EXPECT_NE(text.str().find("patient_dob"), std::string::npos);
    for (const auto* cell : {"1980-01-02", "6789", "12.50"}) {
        EXPECT_EQ(text.str().find(cell), std::string::npos);
        EXPECT_EQ(stores.dump().find(cell), std::string::npos);
    }
}

TEST_F(CommandClassify, ReadsAnInventoryWithTablesDocumentsAndTags) {
    const auto path = file("stores.json", R"([
        {"name": "crm", "tables": [{"name": "customers", "columns": [{"name": "email"}, {"name": "full_name"}]},
                                   {"name": "plans", "columns": [{"name": "price"}]}], "tags": ["public"]},
        {"name": "acme-finance", "documents": ["Q3_plan.docx"]}])");
    const auto stores = stores_in({.file = path});
    ASSERT_EQ(stores.size(), 2U);
    EXPECT_EQ(stores[0]["classification"]["classes"], Json({"PII"}));
    EXPECT_EQ(stores[0]["classification"]["platform_tags"][0]["verdict"], "contradicted");
    EXPECT_EQ(stores[1]["classification"]["documents"][0]["name"], "Q3_plan.docx");
    EXPECT_EQ(stores[1]["classification"]["classes"], Json({"PII", "Financial"}));
}

TEST_F(CommandClassify, ReadsSqlThatCreatesTables) {
    const auto path = file("schema.sql", "-- the shop\nCREATE TABLE shop.customers (id BIGINT PRIMARY KEY, email "
                                         "VARCHAR(200) NOT NULL, card_number CHAR(16));\nCREATE TABLE IF NOT EXISTS "
                                         "\"metrics\" (cpu_load FLOAT);\n");
    const auto stores = stores_in({.file = path});
    std::string all;
    for (const auto& store : stores) all += classes_of(store);
    EXPECT_NE(all.find("email: EMAIL"), std::string::npos) << all;
    EXPECT_NE(all.find("card_number: CARD_NUMBER"), std::string::npos) << all;
    EXPECT_NE(all.find("cpu_load:;"), std::string::npos) << all;
}

TEST_F(CommandClassify, FollowsTheConfiguration) {
    const auto config = file("dossier.yaml", "classification: { policy_critical: [EMAIL], domains: [{ name: Claims, "
                                             "words: [customer] }] }\n");
    const auto path = file("customers.csv", "email,customer_name\n");
    const auto stores = stores_in({.config_path = config, .file = path});
    ASSERT_EQ(stores.size(), 1U);
    EXPECT_EQ(stores[0]["classification"]["domain"], "Claims");
    EXPECT_EQ(stores[0]["classification"]["needs_person"][0], "EMAIL is policy-critical");
}

TEST_F(CommandClassify, SaysWhatItCannotRead) {
    std::ostringstream out;
    EXPECT_EQ(classify({.file = "/nowhere/x.json"}, out), exit_failed);
    EXPECT_EQ(classify({.file = file("x.json", "no JSON")}, out), exit_failed);
    EXPECT_EQ(classify({.file = file("y.sql", "SELECT 1;")}, out), exit_failed);
    EXPECT_EQ(classify({.config_path = file("bad.yaml", "classification: {min_confidence: 7}"), .file = "-"}, out),
              exit_usage);
    EXPECT_EQ(out.str(), "");
}

} // namespace
} // namespace dossier::app
