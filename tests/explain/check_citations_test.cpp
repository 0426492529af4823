// How often the requirement that we name for a platform's rule is one that the field's own mapping of that check names.
// Rules of words are tuned on the even rows of the public mapping alone; the odd ones tell how well they carry over.
#include "dossier/base/json.hpp"
#include "dossier/explain/assessor.hpp"

#include "control_failure.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>

namespace dossier::explain {
namespace {

using ::testing::Contains;
using ::testing::Not;

auto base_of(std::string control) -> std::string { return control.substr(0, control.find('(')); }

auto finding_of(const Json& row) -> Finding {
    Finding finding;
    finding.rule = {.id = text_at(row, "check"), .name = text_at(row, "title")};
    finding.title = finding.rule.name;
    finding.resource = {.id = "r-1", .name = "r-1", .type = text_at(row, "resource"), .cloud = text_at(row, "cloud")};
    finding.control = control_family_of(finding);
    return finding;
}

auto is_hit(const Json& row, const Assessor& assessor) -> bool {
    std::set<std::string> mapped;
    for (const auto& one : row["maps"]["nist_800_53_r5"]) mapped.insert(base_of(one.get<std::string>()));
    const auto assessment = assessor.assess({finding_of(row)}, {});
    return std::ranges::any_of(assessment.regulations, [&](const RegulationRef& named) {
        return named.framework == "NIST 800-53 r5" && mapped.contains(base_of(named.citation));
    });
}

struct Score {
    int rows = 0;
    int hits = 0;
    [[nodiscard]] auto share() const -> double { return rows == 0 ? 0 : static_cast<double>(hits) / rows; }
};

TEST(CheckCitations, NameARequirementOfTheFieldsMapping) {
    namespace fs = std::filesystem;
    const char* given = std::getenv("DOSSIER_SHARED"); // NOLINT(concurrency-mt-unsafe): tests have one thread
    const fs::path shared = given != nullptr ? given : DOSSIER_SOURCE_DIR "/../shared";
    std::ifstream file(shared / "compliance/check-map.jsonl");
    if (!file) GTEST_SKIP() << "the public mapping is not at hand";
    const auto assessor = Assessor::load("");
    ASSERT_TRUE(assessor) << assessor.error().message;
    Score even;
    Score odd;
    const bool tells = std::getenv("DOSSIER_TELL_MISSES") != nullptr; // NOLINT(concurrency-mt-unsafe)
    int number = 0;
    for (std::string line; std::getline(file, line); ++number) {
        const auto row = parse_json(line);
        ASSERT_TRUE(row);
        if (!(*row)["maps"].contains("nist_800_53_r5")) continue;
        auto& score = number % 2 == 0 ? even : odd;
        ++score.rows;
        const bool hit = is_hit(*row, **assessor);
        score.hits += hit ? 1 : 0;
        if (tells && !hit && number % 2 == 0) std::cout << line << "\n";
    }
    std::cout << fmt::format("checks cited as the field does: {}/{} even rows, {}/{} odd rows\n", even.hits, even.rows,
                             odd.hits, odd.rows);
    ASSERT_GT(odd.rows, 20);
    EXPECT_GE(even.share(), 0.85);
    EXPECT_GE(odd.share(), 0.70);
}

TEST(CheckCitations, ReadTheIdOfARuleWhereItsNameSaysNothing) {
    struct Row {
        const char* id;
        const char* failure;
    };
    const Row rows[] = {
        {"elbv2_insecure_ssl_ciphers", "no_encryption_in_transit"},
        {"iamUserMFAEnabled-consoleAccess", "weak_authentication"},
        {"IAM.UserAccessKeyUnused", "dormant_access"},
        {"iam-inline-policy-no-administrative-privileges", "excessive_permissions"},
        {"Ec2NetworkACLAllowIngressAnyPort", "network_exposure"},
        {"rds_instance_deletion_protection", "no_backup_or_versioning"},
        {"s3_bucket_server_access_logging_enabled", "no_access_logging"},
        {"redshift_cluster_automatic_upgrades", "vulnerability"},
    };
    for (const auto& row : rows) {
        Finding finding;
        finding.title = finding.rule.name = "Rule 17";
        EXPECT_THAT(failed_controls({finding}, Exposure::unknown, Environment::prod), Not(Contains(row.failure)));
        finding.rule.id = row.id;
        EXPECT_THAT(failed_controls({finding}, Exposure::unknown, Environment::prod), Contains(row.failure)) << row.id;
    }
    Finding finding;
    finding.title = "S3 bucket with card data is publicly readable";
    finding.rule = {.id = "wc-id-1184", .name = "Bucket containing PCI data is public"};
    finding.description = "See https://docs.example/public for what to do.";
    finding.control = ControlFamily::public_access;
    EXPECT_THAT(failed_controls({finding}, Exposure::public_, Environment::prod),
                ::testing::UnorderedElementsAre("public_access"));
}

} // namespace
} // namespace dossier::explain
