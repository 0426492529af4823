#include "dossier_case.hpp"

#include "dossier/finding/json.hpp"

#include <gtest/gtest.h>

namespace dossier::pipeline {
namespace {

/// A dossier with one open finding and the result of its first stage.
auto stored_dossier() -> store::DossierRow {
    Finding finding;
    finding.id = "fnd_1";
    finding.status = Status::open;
    finding.title = "A bucket that anyone can read";
    store::DossierRow row;
    row.id = "dos_1";
    auto& stored = row.findings.emplace_back();
    stored.id = finding.id;
    stored.status = finding.status;
    stored.doc = to_text(finding);
    stored.raw = std::string(20'000, 'r');
    row.results.push_back({.stage = Stage::enriched, .body = to_text(Context{})});
    return row;
}

TEST(DossierCase, HoldsNeitherPayloadsNorResultsOnceItIsOpen) {
    const auto opened = DossierCase::open(stored_dossier(), {});
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_EQ(opened->open_findings().size(), 1U);
    EXPECT_EQ(opened->open_findings().front().title, "A bucket that anyone can read");
    const auto& row = opened->row();
    ASSERT_EQ(row.findings.size(), 1U);
    EXPECT_EQ(row.findings.front().raw.capacity(), std::string().capacity());
    EXPECT_EQ(row.results.capacity(), 0U);
    EXPECT_FALSE(row.findings.front().doc.empty()); // a ticket's record is made of all findings
}

} // namespace
} // namespace dossier::pipeline
