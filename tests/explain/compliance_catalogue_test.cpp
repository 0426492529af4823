#include "compliance_catalogue.hpp"

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

TEST(Compliance, NamesAFewOfEachFramework) {
    const Resource resource{.id = "arn:aws:s3:::x", .type = "bucket", .cloud = "aws", .region = "eu-west-1"};
    const auto references = catalogue().select({.controls = {ControlFamily::public_access, ControlFamily::encryption},
                                                .data = {"pii", "phi", "pci"},
                                                .resource = &resource});
    std::map<std::string, std::set<std::string>> seen;
    for (const auto& reference : references) {
        EXPECT_TRUE(seen[reference.framework].insert(reference.citation).second) << "each once";
        EXPECT_FALSE(reference.title.empty() || reference.reason.empty());
    }
    for (const auto& [framework, ids] : seen) EXPECT_LE(ids.size(), 4U) << framework;
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

// The closed lists of ids, where they are at hand.

auto lists() -> fs::path {
    const char* given = std::getenv("DOSSIER_SHARED"); // NOLINT(concurrency-mt-unsafe): tests have one thread
    return fs::path(given != nullptr ? given : DOSSIER_SOURCE_DIR "/../shared") / "compliance";
}

void add_item(const Json& item, std::set<std::string>& ids) {
    if (item.is_string()) {
        ids.insert(item.get<std::string>());
        return;
    }
    if (item.contains("withdrawn") && item.at("withdrawn") != Json(false)) return;
    const auto id = item.at("id").get<std::string>();
    ids.insert(id);
    for (const auto& part : item.value("subdivisions", Json::array())) ids.insert(id + part.get<std::string>());
    for (const auto& paragraph : item.value("paragraphs", Json::array()))
        ids.insert(id + "(" + std::to_string(paragraph.get<int>()) + ")");
    for (const auto& [paragraph, letters] : item.value("points", Json::object()).items())
        for (const char letter : letters.get<std::string>())
            ids.insert(id + "(" + paragraph + ")(" + std::string(1, letter) + ")");
}

auto closed_list(const Framework& framework) -> std::set<std::string> {
    static const std::map<std::string, std::string> files{
        {"GDPR", "gdpr.json"},
        {"CCPA", "ccpa.json"},
        {"HIPAA", "hipaa.json"},
        {"PCI DSS 4.0.1", "pci-dss-4.0.1.json"},
        {"SOC 2", "soc2-tsc-2017.json"},
        {"NIST 800-53 r5", "nist-800-53-r5.json"},
        {"ISO 27001:2022", "iso-27001-2022.json"},
    };
    const bool is_cis = framework.list.starts_with("cis-");
    std::ifstream in(lists() / (is_cis ? "cis-foundations.json" : files.at(framework.name)));
    const auto document = Json::parse(in);
    std::set<std::string> ids;
    for (const auto& item : is_cis ? document.at("items").at(framework.list) : document.at("items"))
        add_item(item, ids);
    return ids;
}

TEST(Compliance, EveryCitationExists) {
    if (!fs::exists(lists() / "gdpr.json")) GTEST_SKIP() << "the closed lists are not at hand";
    for (const auto& framework : catalogue().frameworks()) {
        SCOPED_TRACE(framework.name);
        const auto ids = closed_list(framework);
        ASSERT_FALSE(ids.empty());
        EXPECT_FALSE(ids.contains("Art. 999")) << "the check can fail";
        EXPECT_FALSE(ids.contains("AC-3(1)")) << "withdrawn controls are not citable";
        for (const auto& requirement : framework.requirements)
            EXPECT_TRUE(ids.contains(requirement.id)) << requirement.id;
    }
}

} // namespace
} // namespace dossier::explain
