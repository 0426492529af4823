#include "dossier/explain/classifier.hpp"

#include "dossier/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

namespace dossier::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto classifier_with(ClassifierConfig config = {}) -> std::unique_ptr<Classifier> {
    auto made = Classifier::load(DOSSIER_SOURCE_DIR "/config", std::move(config));
    if (!made) throw std::runtime_error(made.error().describe());
    return std::move(*made);
}

auto one_field(const std::string& table, const std::string& name, const std::string& type = {},
               const std::vector<std::string>& samples = {}) -> ClassifiedField {
    static const auto classifier = classifier_with();
    StoreSketch store;
    store.fields.push_back({.container = table, .name = name, .type = type});
    if (!samples.empty()) store.samples[name] = samples;
    return classifier->classify(store).fields.front();
}

TEST(Classifier, ReadsNamesAsPeopleWriteThem) {
    struct Row {
        std::string table;
        std::string name;
        std::vector<std::string> classes;
    };
    const Row rows[] = {
        {"", "PSPRT_NBR", {"GOVERNMENT_ID"}},
        {"customers", "ACCT_NBR", {"BANK_ACCOUNT"}},
        {"", "custFirstNm", {"PERSON_NAME"}},
        {"", "lastname", {"PERSON_NAME"}},
        {"", "Geburtsdatum", {"DATE_OF_BIRTH"}},
        {"", "code_postal", {"ADDRESS_PART"}},
        {"", "apellido_paterno", {"PERSON_NAME"}},
        {"", "sozialversicherungsnummer", {"GOVERNMENT_ID"}},
        {"", "endereco", {"ADDRESS"}},
        {"", "contact.phone_numbers.value", {"PHONE"}},
        {"customers", "name", {"PERSON_NAME"}},
        {"plans", "name", {}},
        {"users", "email_verified", {}},
        {"users", "is_email_valid", {}},
        {"users", "email_template", {}},
        {"orders", "address_id", {}},
        {"", "cvv2", {"CARD_CVV"}},
        {"", "exp_month", {"CARD_EXPIRY"}},
        {"", "", {}},
        {"", "::::", {}},
    };
    for (const auto& row : rows)
        EXPECT_EQ(one_field(row.table, row.name).classes, row.classes) << row.table << "." << row.name;
}

TEST(Classifier, FoldsAccents) {
    EXPECT_THAT(one_field("", "Straße").classes, ElementsAre("ADDRESS"));
    EXPECT_THAT(one_field("", "prénom").classes, ElementsAre("PERSON_NAME"));
    EXPECT_THAT(one_field("", "dirección").classes, ElementsAre("ADDRESS"));
}

TEST(Classifier, SamplesSpeakWhereTheNameDoesNotAndFlagsHoldNothing) {
    EXPECT_THAT(one_field("", "blorp", "", {"<EMAIL>", "<EMAIL>"}).classes, ElementsAre("EMAIL"));
    EXPECT_THAT(one_field("", "blorp", "", {"$2b$12$****"}).classes, ElementsAre("CREDENTIAL"));
    EXPECT_THAT(one_field("", "blorp").classes, IsEmpty());
    EXPECT_TRUE(one_field("", "blorp").is_open);
    EXPECT_THAT(one_field("", "phone", "boolean").classes, IsEmpty());
}

TEST(Classifier, AFieldOfAPatientIsHealthDataAndOneLabelIsThePrimary) {
    const auto classifier = classifier_with();
    StoreSketch store{.name = "visits"};
    for (const auto* name : {"patient_dob", "ssn_last4", "transaction_amount"}) store.fields.push_back({.name = name});
    const auto result = classifier->classify(store);
    EXPECT_THAT(result.fields[0].labels, ElementsAre("PHI"));
    EXPECT_THAT(result.fields[0].frameworks, ElementsAre("HIPAA", "GDPR", "CCPA"));
    EXPECT_THAT(result.fields[1].labels, ElementsAre("PII"));
    EXPECT_THAT(result.fields[2].labels, ElementsAre("Financial"));
    EXPECT_EQ(result.primary, "PHI");
    EXPECT_THAT(result.labels, ElementsAre("PHI", "PII", "Financial"));
}

TEST(Classifier, AnOwnTaxonomyNamesTheDomain) {
    const auto classifier = classifier_with({.domains = {{.name = "Wagering", .words = {"bet", "odds"}}}});
    StoreSketch store{.name = "live-odds"};
    store.fields.push_back({.container = "bets", .name = "stake"});
    EXPECT_EQ(classifier->classify(store).domain, "Wagering");
}

TEST(Classifier, TellsTestDataFromRealData) {
    struct Row {
        std::string store;
        std::string table;
        Environment environment;
        bool is_test;
    };
    const Row rows[] = {
        {"", "test_users", Environment::unknown, true},
        {"postgres://qa/test_db", "test_users", Environment::unknown, true},
        {"faker-dumpless", "customers", Environment::unknown, true},
        {"staging/clone_prod", "users", Environment::staging, false},
        {"acme-fixtures", "customers", Environment::prod, false},
        {"latest", "contests", Environment::unknown, false},
    };
    const auto classifier = classifier_with();
    for (const auto& row : rows) {
        StoreSketch store{.name = row.store, .environment = row.environment};
        store.fields.push_back({.container = row.table, .name = "email"});
        const auto result = classifier->classify(store);
        EXPECT_EQ(result.is_test_data, row.is_test) << row.store << " " << row.table;
        EXPECT_EQ(result.test_signs.empty(), !row.is_test);
    }
}

TEST(Classifier, SaysOfEachTagWhetherItHolds) {
    const auto classifier = classifier_with();
    StoreSketch store{.name = "x", .tags = {"PII", "PCI", "data-classification: public", "team: blue"}};
    store.fields = {{.name = "email"}, {.name = "password"}};
    const auto result = classifier->classify(store);
    ASSERT_EQ(result.platform_tags.size(), 3U);
    EXPECT_EQ(result.platform_tags[0].verdict, "added_to");
    EXPECT_EQ(result.platform_tags[1].verdict, "contradicted");
    EXPECT_EQ(result.platform_tags[2].verdict, "contradicted");
}

TEST(Classifier, ACorrectionCountsForNamesThatSayTheSame) {
    const auto classifier = classifier_with();
    const store::Correction kept{
        .key = classifier->key_of("loyalty_2024", "blorp_code"), .classes = {"USER_ID"}, .by = "sam"};
    StoreSketch store;
    store.fields.push_back({.container = "Loyalty2025", .name = "BlorpCode"});
    auto result = classifier->classify(store, {kept});
    EXPECT_THAT(result.fields[0].classes, ElementsAre("USER_ID"));
    EXPECT_EQ(result.fields[0].by, "correction");
    EXPECT_FALSE(classifier->correct(result, store, {kept})) << "a second time changes nothing";
    store.fields[0].container = "plans";
    EXPECT_THAT(classifier->classify(store, {kept}).fields[0].classes, IsEmpty());
}

TEST(Classifier, AWordOnTheWholeStoreCountsForStoresOfTheSameFields) {
    const auto classifier = classifier_with();
    using Aspect = Classifier::Aspect;
    const auto store_of = [](std::string name, std::vector<std::string> fields) {
        StoreSketch store{.name = std::move(name)};
        for (auto& field : fields) store.fields.push_back({.container = "records", .name = std::move(field)});
        return store;
    };
    const auto first = store_of("a", {"blorp_code", "email"});
    const auto like = store_of("another", {"Email", "BlorpCode"});
    const std::vector<store::Correction> kept = {
        {.key = classifier->store_key(first, Aspect::labels), .classes = {"PHI", "Trade secret"}, .by = "sam"},
        {.key = classifier->store_key(first, Aspect::domain), .classes = {"Claims"}, .by = "sam"}};
    const auto keys = classifier->keys_of(like);
    for (const auto& one : kept) EXPECT_THAT(keys, ::testing::Contains(one.key));
    auto result = classifier->classify(like, kept);
    EXPECT_THAT(result.labels, ElementsAre("PHI", "Trade secret"));
    EXPECT_EQ(result.primary, "PHI");
    EXPECT_EQ(result.sensitivity, "restricted");
    EXPECT_EQ(result.domain, "Claims");
    EXPECT_EQ(result.confidence, 1);
    EXPECT_THAT(result.frameworks, ::testing::Contains("HIPAA"));
    EXPECT_EQ(result.correction.value().why.substr(0, 16), "corrected by sam");
    EXPECT_THAT(result.needs_person, IsEmpty());
    classifier->conclude(result, like);
    EXPECT_THAT(result.labels, ElementsAre("PHI", "Trade secret")) << "also after a model has spoken of fields";
    EXPECT_FALSE(classifier->correct(result, like, kept)) << "a second time changes nothing";
    EXPECT_TRUE(classifier->correct(result, like, {})) << "a word that is taken back counts no longer";
    EXPECT_EQ(result.primary, "PII");

    const auto other = classifier->classify(store_of("a", {"blorp_code", "email", "phone"}), kept);
    EXPECT_FALSE(other.correction) << "one field more is another store";
    EXPECT_EQ(classifier->store_key({.name = "nothing known"}, Aspect::labels), "");
}

TEST(Classifier, AWordOnTheWholeStoreMayBeThatNothingNeedsCareButNotThatNobodyMustLook) {
    const auto classifier = classifier_with({.policy_critical = {"GOVERNMENT_ID"}});
    StoreSketch store{.name = "x"};
    store.fields = {{.name = "passport_number"}};
    const auto say = [&](std::vector<std::string> words) {
        return classifier->classify(store, {{.key = classifier->store_key(store, Classifier::Aspect::labels),
                                             .classes = std::move(words),
                                             .by = "sam"}});
    };
    const auto internal = say({"Internal"});
    EXPECT_THAT(internal.labels, IsEmpty());
    EXPECT_EQ(internal.sensitivity, "internal");
    EXPECT_THAT(internal.needs_person, ElementsAre("GOVERNMENT_ID is policy-critical"));
    const auto tests = say({"Test data"});
    EXPECT_TRUE(tests.is_test_data);
    EXPECT_THAT(tests.labels, IsEmpty());
}

TEST(Classifier, WhatIsLessSureThanAskedForGoesToTheStewardOfItsDomain) {
    struct Row {
        const char* name;
        double min_confidence;
        const char* steward; ///< "" = nobody has to look
    };
    const Row rows[] = {{"sure enough", 0.5, ""}, {"not sure enough", 0.99, "health@acme.example"}};
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto classifier = classifier_with({.min_confidence = row.min_confidence,
                                                 .policy_critical = {},
                                                 .steward = "any@acme.example",
                                                 .stewards = {{"health", "health@acme.example"}}});
        StoreSketch store{.name = "clinic"};
        store.fields = {{.container = "patients", .name = "diagnosis_code"}};
        const auto result = classifier->classify(store);
        EXPECT_EQ(result.steward, row.steward) << result.domain << " " << result.confidence;
        EXPECT_EQ(result.needs_person.empty(), *row.steward == '\0');
    }
}

TEST(Classifier, HostileNamesAreReadInTime) {
    StoreSketch store{.name = std::string(100'000, 'a')};
    for (int i = 0; i < 300; ++i)
        store.fields.push_back({.container = std::string(5'000, '_'), .name = std::string(300, 'e')});
    EXPECT_EQ(classifier_with()->classify(store).fields.size(), 300U);
}

// Public column names, where the shared data is there. The rules were tuned on the systems and schemas whose name has
// an even MD5, as scripts/classification splits them; the floors are for the others.
class CorpusTest : public ::testing::Test {
protected:
    static auto directory() -> std::filesystem::path {
        if (const char* shared = std::getenv("DOSSIER_SHARED")) return std::filesystem::path(shared) / "classification";
        return std::filesystem::path(DOSSIER_SOURCE_DIR) / "../shared/classification";
    }

    static auto rows(const char* name) -> std::vector<Json> {
        std::vector<Json> all;
        std::ifstream in(directory() / name);
        for (std::string line; std::getline(in, line);)
            if (auto json = parse_json(line)) all.push_back(std::move(*json));
        return all;
    }

    static auto is_reported(const std::string& name) -> bool {
        std::array<unsigned char, 16> digest{};
        if (EVP_Q_digest(nullptr, "MD5", nullptr, name.data(), name.size(), digest.data(), nullptr) != 1)
            throw std::runtime_error("no MD5");
        return digest.back() % 2 == 1;
    }

    void count(const StoreSketch& store, const std::vector<std::set<std::string>>& expected) {
        const auto result = classifier_->classify(store);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            std::set<std::string> found;
            if (!result.is_test_data) found.insert(result.fields[i].classes.begin(), result.fields[i].classes.end());
            for (const auto& one : found) (expected[i].contains(one) ? hits_ : wrong_) += 1;
            for (const auto& one : expected[i])
                if (!found.contains(one)) ++missed_;
        }
    }

    static auto labels(const Json& row) -> std::set<std::string> {
        std::set<std::string> classes;
        for (const auto& one : row["classes"]) classes.insert(one.get<std::string>());
        classes.erase("NONE");
        return classes;
    }

    [[nodiscard]] auto f1() const -> double { return 2.0 * hits_ / std::max(1.0, 2.0 * hits_ + wrong_ + missed_); }

    std::unique_ptr<Classifier> classifier_ = classifier_with();
    double hits_ = 0;
    double wrong_ = 0;
    double missed_ = 0;
};

TEST_F(CorpusTest, SchemasOfEnterprises) {
    const auto all = rows("schemas.jsonl");
    if (all.empty()) GTEST_SKIP() << "no shared data";
    for (const auto& row : all) {
        if (!is_reported(text_at(row, "schema"))) continue;
        StoreSketch store{.name = row["store"]};
        std::vector<std::set<std::string>> expected;
        for (const auto& column : row["columns"]) {
            store.fields.push_back({.container = row["table"], .name = column["name"]});
            if (column.contains("sample") && column["sample"].is_string())
                store.samples[column["name"]].push_back(column["sample"]);
            expected.push_back(labels(column));
        }
        count(store, expected);
    }
    std::cout << "F1 " << f1() << '\n';
    EXPECT_GE(f1(), 0.78);
}

TEST_F(CorpusTest, FieldsOfConnectors) {
    const auto all = rows("columns.jsonl");
    if (all.empty()) GTEST_SKIP() << "no shared data";
    std::map<std::string, std::pair<StoreSketch, std::vector<std::set<std::string>>>> tables;
    for (const auto& row : all) {
        if (!is_reported(text_at(row, "system"))) continue;
        auto& [store, expected] = tables[text_at(row, "system") + "." + text_at(row, "table")];
        store.fields.push_back(
            {.container = text_at(row, "table"), .name = text_at(row, "path"), .type = text_at(row, "type")});
        expected.push_back(labels(row));
    }
    for (const auto& [name, table] : tables) count(table.first, table.second);
    std::cout << "F1 " << f1() << '\n';
    EXPECT_GE(f1(), 0.66);
}

} // namespace
} // namespace dossier::explain
