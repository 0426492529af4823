#include "match.hpp"

#include <gtest/gtest.h>

namespace dossier::context {
namespace {

auto payments_bucket() -> Resource {
    return {
        .id = "arn:aws:s3:::acme-payments-exports",
        .name = "acme-payments-exports",
        .type = "bucket",
        .cloud = "aws",
        .account = "111122223333",
        .region = "eu-west-1",
        .tags = {{"Team", "data-platform"}, {"empty", ""}},
    };
}

TEST(Match, TakesAResourceOnlyWhenEveryConditionHolds) {
    struct Row {
        const char* name;
        Match match;
        bool accepts;
    };
    const Row rows[] = {
        {"whole id", {.fields = {{"resource", "arn:aws:s3:::acme-payments-exports"}}}, true},
        {"glob over id", {.fields = {{"resource", "arn:aws:s3:::acme-*"}}}, true},
        {"glob must cover the whole id", {.fields = {{"resource", "acme-*"}}}, false},
        {"name", {.fields = {{"name", "*-exports"}}}, true},
        {"case is ignored", {.fields = {{"name", "ACME-Payments-*"}}}, true},
        {"type and account", {.fields = {{"type", "bucket"}, {"account", "111122223333"}}}, true},
        {"one of two fails", {.fields = {{"type", "bucket"}, {"account", "999900001111"}}}, false},
        {"region", {.fields = {{"region", "eu-*"}}}, true},
        {"tag value, key in another case", {.tags = {{"team", "data-*"}}}, true},
        {"tag with another value", {.tags = {{"team", "payments"}}}, false},
        {"tag that is not there", {.tags = {{"owner", "*"}}}, false},
        {"star wants some value", {.tags = {{"empty", "*"}}}, false},
        {"field and tag", {.fields = {{"region", "us-*"}}, .tags = {{"team", "data-*"}}}, false},
        {"no condition takes nothing", {}, false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(row.match.accepts(payments_bucket()), row.accepts);
    }
}

TEST(Match, NeverTakesAnUnknownFieldByStar) {
    const Match match{.fields = {{"resource", "*"}}};
    EXPECT_FALSE(match.accepts(Resource{}));
}

} // namespace
} // namespace dossier::context
