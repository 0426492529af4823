#include "dossier/redact/sample_mask.hpp"

#include <gtest/gtest.h>

namespace dossier::app {
namespace {

TEST(SampleMask, ShowsKindOrShapeAndNothingOfTheValue) {
    const auto redactor = redact::Redactor::make({});
    ASSERT_TRUE(redactor);
    struct Row {
        std::string_view field;
        std::string_view value;
        std::string_view expected;
    };
    const Row rows[] = {
        {"email", "ada@acme.example", "<EMAIL>"},
        {"note", "please write to ada@acme.example soon", "<TEXT 37 with EMAIL>"},
        {"name", "Ada Lovelace", "<TEXT 12>"},
        {"name", "Zoë", "<TEXT 3>"},
        {"customer_no", "483920175", "<DIGITS 9>"},
        {"price", "-12.50", "<NUMBER>"},
        {"day", "1815-12-10T10:00:00Z", "<TEXT 20>"},
        {"day", "2026-11-22T10:00:00Z", "<DATE>"},
        {"id", "7d0f3c52-9a1b-4c3d-8e2f-001122334455", "<UUID>"},
        {"active", "TRUE", "<BOOLEAN>"},
        {"blank", "  ", "<EMPTY>"},
        {"bytes", "\xff\xfe", "<TEXT 2>"},
    };
    for (const auto& row : rows) EXPECT_EQ(mask_sample(**redactor, row.field, row.value), row.expected) << row.value;
}

TEST(SampleMask, MasksAlsoWhatTheConfigurationLetsThrough) {
    redact::RedactionConfig config;
    config.allow = {"*@acme.example"};
    const auto redactor = redact::Redactor::make(config);
    ASSERT_TRUE(redactor);
    EXPECT_EQ(mask_sample(**redactor, "email", "ada@acme.example"), "<TEXT 16>");
}

} // namespace
} // namespace dossier::app
