#include "compliance_catalogue.hpp"

#include "control_failure.hpp"
#include "dossier/base/json.hpp"
#include "knowledge_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace dossier::explain {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

auto catalogue() -> ComplianceCatalogue {
    return ComplianceCatalogue::parse(knowledge_files(DOSSIER_SOURCE_DIR "/config", "compliance").value()).value();
}

TEST(Compliance, KnowsThePlaceFromRegionAndTags) {
    struct Row {
        const char* region;
        Tags tags;
        bool is_eu;
        bool is_us;
    };
    const Row rows[] = {
        {"eu-west-1", {}, true, false},
        {"EU-Central-1", {}, true, false},
        {"europe-west3", {}, true, false},
        {"westeurope", {}, true, false},
        {"germanywestcentral", {}, true, false},
        {"eu-west-2", {}, false, false},
        {"europe-west2", {}, false, false},
        {"uksouth", {}, false, false},
        {"switzerlandnorth", {}, false, false},
        {"us-east-1", {}, false, true},
        {"us-central1", {}, false, true},
        {"eastus2", {}, false, true},
        {"westus", {}, false, true},
        {"EU", {}, true, false},
        {"ap-southeast-2", {}, false, false},
        {"", {}, false, false},
        {"", {{"data-residency", "EU"}}, true, false},
        {"ap-southeast-2", {{"compliance", "gdpr,ccpa"}}, true, true},
        {"", {{"gdpr", "false"}}, false, false},
        {"", {{"team", "eu"}}, false, false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.region) + (row.tags.empty() ? "" : " " + row.tags[0].first));
        const auto place = place_of({.region = row.region, .tags = row.tags});
        EXPECT_EQ(place.is_eu, row.is_eu);
        EXPECT_EQ(place.is_us, row.is_us);
        EXPECT_EQ(place.why.empty(), !row.is_eu && !row.is_us);
    }
}

TEST(Compliance, NamesEachRequirementOnce) {
    const Resource resource{.id = "arn:aws:s3:::x", .type = "bucket", .cloud = "aws", .region = "eu-west-1"};
    const auto references = catalogue().select(
        {.controls = {"public_access", "no_encryption_at_rest"}, .data = {"pii", "phi", "pci"}, .resource = &resource});
    std::map<std::string, std::set<std::string>> seen;
    for (const auto& reference : references) {
        EXPECT_TRUE(seen[reference.framework].insert(reference.citation).second) << "each once";
        EXPECT_FALSE(reference.title.empty() || reference.reason.empty());
    }
    EXPECT_LE(seen["CIS AWS Foundations 3.0.0"].size(), 1U) << "its most";
}

TEST(Compliance, RefusesWrongKnowledgeWithFileAndLine) {
    struct Row {
        const char* name;
        const char* yaml;
        const char* message;
    };
    const Row rows[] = {
        {"no framework", "jurisdiction: any\n", "framework is missing"},
        {"unknown place", "framework: X\njurisdiction: mars\n", "x.yaml:2: 'mars' is no place"},
        {"unknown key", "framework: X\njurisdiction: any\nrefs: []\n", "x.yaml:3: unknown key 'refs'"},
        {"unknown control",
         "framework: X\njurisdiction: any\nreferences:\n  - { id: a, title: b, reason: c, controls: [q] }\n",
         "x.yaml:4: 'q' is no control family"},
        {"a number that doesn't exist",
         "framework: GDPR\njurisdiction: eu\nreferences:\n  - { id: Art. 105, title: b, reason: c }\n",
         "x.yaml:4: GDPR has no Art. 105"},
        {"no id", "framework: X\njurisdiction: any\nreferences:\n  - { title: b, reason: c }\n", "id is missing"},
        {"no YAML", "framework: [", "x.yaml:"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto parsed = ComplianceCatalogue::parse({{.name = "x.yaml", .content = row.yaml}});
        ASSERT_FALSE(parsed);
        EXPECT_THAT(parsed.error().message, HasSubstr(row.message));
    }
    EXPECT_FALSE(ComplianceCatalogue::parse({}));
}

TEST(Compliance, TellsFailuresAndDataApart) {
    struct Row {
        const char* title;
        ControlFamily control;
        std::vector<std::string> failures;
        std::vector<std::string> others;
    };
    const Row rows[] = {
        {"Bucket is not encrypted at rest",
         ControlFamily::encryption,
         {"no_encryption_at_rest"},
         {"no_encryption_in_transit"}},
        {"Load balancer allows plain HTTP",
         ControlFamily::encryption,
         {"no_encryption_in_transit"},
         {"no_encryption_at_rest"}},
        {"Encryption", ControlFamily::encryption, {"no_encryption_at_rest", "no_encryption_in_transit"}, {}},
        {"Role unused for 90 days", ControlFamily::excessive_access, {"dormant_access"}, {"excessive_permissions"}},
        {"Role has wildcard permissions",
         ControlFamily::excessive_access,
         {"excessive_permissions"},
         {"dormant_access"}},
        {"Bucket shared with an external account", ControlFamily::excessive_access, {"cross_account_access"}, {}},
        {"Versioning is off", ControlFamily::backup_retention, {"no_backup_or_versioning"}, {"retention_exceeded"}},
        {"Records older than the retention period",
         ControlFamily::backup_retention,
         {"retention_exceeded"},
         {"no_backup_or_versioning"}},
        {"Customer data stored outside the EU", ControlFamily::data_at_risk, {"cross_border_transfer"}, {}},
        {"Suspicious download", ControlFamily::threat, {"unauthorised_access"}, {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.title);
        Finding finding;
        finding.title = row.title;
        finding.control = row.control;
        const auto failures = failed_controls({finding}, Exposure::unknown, Environment::prod);
        for (const auto& word : row.failures) EXPECT_TRUE(failures.contains(word)) << word;
        for (const auto& word : row.others) EXPECT_FALSE(failures.contains(word)) << word;
    }
    Finding finding;
    finding.data.identifiers = {"US Social Security Number", "CVV"};
    EXPECT_THAT(data_facets({finding}), testing::UnorderedElementsAre("government_id", "pii", "pci_sad", "pci"));
    finding.data = {.classes = {"pii"}};
    EXPECT_TRUE(failed_controls({finding}, Exposure::none, Environment::test).contains("nonproduction_real_data"));
    EXPECT_FALSE(failed_controls({finding}, Exposure::none, Environment::unknown).contains("nonproduction_real_data"));
}

// The table of what to select for which data and failure, where it is at hand.

auto selector() -> fs::path {
    const char* given = std::getenv("DOSSIER_SHARED"); // NOLINT(concurrency-mt-unsafe): tests have one thread
    return fs::path(given != nullptr ? given : DOSSIER_SOURCE_DIR "/../shared") / "compliance" / "selector.json";
}

/// Not selected, and why.
auto is_left_out(const std::string& data, const std::string& framework) -> bool {
    // A standard on card data, or a law on personal data, is named only where such data was found: a leaked password
    // alone touches neither.
    return data == "credentials" && framework == "pci_dss_4";
}

TEST(Compliance, SelectsWhatThePublishedTableExpects) {
    if (!fs::exists(selector())) GTEST_SKIP() << "the table is not at hand";
    const std::map<std::string, std::string> names = {
        {"gdpr", "GDPR"},
        {"nist_800_53_r5", "NIST 800-53 r5"},
        {"pci_dss_4", "PCI DSS 4.0.1"},
        {"hipaa", "HIPAA"},
        {"ccpa", "CCPA"},
        {"soc2", "SOC 2"},
        {"iso_27001_2022", "ISO 27001:2022"},
    };
    std::ifstream in(selector());
    const auto table = Json::parse(in);
    const auto knowledge = catalogue();
    const Resource resource{
        .id = "arn:aws:s3:::x", .type = "bucket", .cloud = "aws", .tags = {{"compliance", "gdpr,ccpa"}}};
    const std::map<std::string, std::string> parents = {{"sensitive_pii", "pii"},
                                                        {"government_id", "pii"},
                                                        {"children", "pii"},
                                                        {"pci_sad", "pci"},
                                                        {"credentials", "secrets"}};
    int expected = 0;
    const auto expect = [&](const Json& ids, const std::string& framework, const std::set<std::string>& chosen) {
        for (const auto& id : ids) {
            ++expected;
            const auto wanted = names.at(framework) + " " + id.get<std::string>();
            EXPECT_TRUE(chosen.contains(wanted)) << wanted;
        }
    };
    for (const auto& [data, of_data] : table.at("by_data_class").items()) {
        for (const auto& [failure, of_failure] : table.at("by_control_failure").items()) {
            SCOPED_TRACE(data + " × " + failure);
            ComplianceQuery query{.controls = {failure}, .data = {data}, .resource = &resource};
            if (const auto parent = parents.find(data); parent != parents.end()) query.data.insert(parent->second);
            std::set<std::string> chosen;
            for (const auto& one : knowledge.select(query)) chosen.insert(one.framework + " " + one.citation);
            for (const auto& applies : of_data.at("applies")) {
                const auto framework = applies.get<std::string>();
                if (is_left_out(data, framework)) continue;
                expect(of_data.at("adds").value(framework, Json::array()), framework, chosen);
                expect(of_failure.value(framework, Json::array()), framework, chosen);
            }
        }
    }
    EXPECT_GT(expected, 1'000);
    std::set<std::string> chosen;
    for (const auto& one : knowledge.select(
             {.controls = {"unauthorised_access"}, .data = {"pii", "phi", "pci"}, .resource = &resource})) {
        chosen.insert(one.framework + " " + one.citation);
    }
    for (const auto& [framework, ids] : table.at("breach_notification").items()) expect(ids, framework, chosen);
}

} // namespace
} // namespace dossier::explain
