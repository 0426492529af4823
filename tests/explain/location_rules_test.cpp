#include "dossier/explain/location_rules.hpp"

#include <gtest/gtest.h>

namespace dossier::explain {
namespace {

TEST(LocationRules, DataMayLieWhereARuleAllowsAndNowhereItForbids) {
    struct Row {
        const char* name;
        LocationRule rule;
        std::string region;
        Environment environment;
        std::size_t violations;
    };
    const LocationRule only_eu{.name = "eu", .data = {"pii"}, .allowed = {"eu-*"}};
    const LocationRule not_in_dev{.name = "dev", .data = {"PHI"}, .environment = {"dev", "test"}, .forbidden = {"*"}};
    const Row rows[] = {
        {"in an allowed region", only_eu, "eu-west-1", Environment::prod, 0},
        {"in another region", only_eu, "us-east-1", Environment::prod, 1},
        {"without case", only_eu, "EU-West-1", Environment::prod, 0},
        {"in a region that nobody knows", only_eu, "", Environment::prod, 0},
        {"a forbidden environment", not_in_dev, "eu-west-1", Environment::dev, 1},
        {"a forbidden environment, region unknown", not_in_dev, "", Environment::test, 1},
        {"another environment", not_in_dev, "eu-west-1", Environment::prod, 0},
        {"other data", {.name = "x", .data = {"pci"}, .forbidden = {"*"}}, "eu-west-1", Environment::prod, 0},
        {"a fine class", {.name = "x", .data = {"EMAIL"}, .forbidden = {"us-*"}}, "us-east-1", Environment::prod, 1},
    };
    for (const auto& row : rows) {
        const auto found =
            location_violations({row.rule}, {"PII", "PHI", "EMAIL"}, {.region = row.region}, row.environment);
        EXPECT_EQ(found.size(), row.violations) << row.name;
        for (const auto& one : found) EXPECT_EQ(one.rule, row.rule.name);
    }
}

} // namespace
} // namespace dossier::explain
