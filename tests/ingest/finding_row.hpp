#pragma once
// Expected canonical fields of one item of a payload, in short words, and the helpers that read payload files and
// compare.

#include "dossier/base/strings.hpp"
#include "dossier/ingest/adapter.hpp"
#include "dossier/ingest/envelope.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace dossier::ingest {

struct FindingRow {
    const char* kind;
    const char* file;
    std::size_t item;
    const char* source_id;
    const char* title;
    const char* words; ///< severity status finding_type exposure control
    const char* resource_id;
    const char* resource_name;
    const char* place; ///< cloud/account/region
    const char* classes;
};

inline auto read_text(const std::filesystem::path& path) -> std::string {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline auto fixtures() -> std::filesystem::path {
    return std::filesystem::path(DOSSIER_SOURCE_DIR) / "tests/ingest/fixtures";
}

/// Public samples, where somebody has them; "" elsewhere.
inline auto shared_payloads() -> std::filesystem::path {
    const char* const set = std::getenv("DOSSIER_SHARED");
    const auto root =
        set != nullptr ? std::filesystem::path(set) : std::filesystem::path(DOSSIER_SOURCE_DIR) / "../shared";
    return std::filesystem::exists(root / "payloads/index.json") ? root / "payloads" : std::filesystem::path();
}

inline auto config_for(std::string_view kind, std::string_view file) -> SourceConfig {
    SourceConfig config;
    config.name = kind;
    config.kind = kind;
    if (file.starts_with("lacework-webhook")) {
        config.map = {{"id", "/event_id"},
                      {"title", "/event_title"},
                      {"description", "/event_description"},
                      {"url", "/event_link"},
                      {"rule.id", "/rec_id"},
                      {"severity", "/event_severity"},
                      {"account", "/lacework_account"}};
    } else if (file.starts_with("lacework-api")) {
        config.map = {{"items", "/data"},
                      {"id", "/alertId"},
                      {"title", "/alertName"},
                      {"severity", "/severity"},
                      {"status", "/status"},
                      {"exposure", "/internetExposure"},
                      {"first_seen", "/startTime"},
                      {"last_seen", "/endTime"},
                      {"rule.id", "/policyId"},
                      {"resource.id", "/entityMap/Machine/id"},
                      {"account", "/entityMap/Machine/acct"}};
    }
    return config;
}

/// All findings of a payload; what is none is an error in its place.
inline auto normalise_text(const SourceConfig& config, std::string_view text) -> std::vector<Result<Finding>> {
    std::vector<Result<Finding>> findings;
    const auto adapter = make_adapter(config);
    const auto document = JsonDocument::parse(text);
    if (!document) return {fail(document.error())};
    for (const auto& item : adapter->items(document->root())) findings.push_back(adapter->normalise(item));
    return findings;
}

inline auto normalise_file(std::string_view kind, const std::filesystem::path& path) -> std::vector<Result<Finding>> {
    return normalise_text(config_for(kind, path.filename().string()), read_text(path));
}

/// "high open threat none threat": severity, status, type, exposure and control.
inline auto words_of(const Finding& finding) -> std::string {
    return std::string(to_string(finding.severity)) + " " + std::string(to_string(finding.status)) + " " +
           std::string(to_string(finding.finding_type)) + " " + std::string(to_string(finding.exposure)) + " " +
           std::string(to_string(finding.control));
}

/// cloud/account/region.
inline auto place_of(const Resource& resource) -> std::string {
    return resource.cloud + "/" + resource.account + "/" + resource.region;
}

/// What a source of events makes of a body: envelopes opened, every item read by the adapter its content names.
inline auto read_events(std::string_view text) -> std::vector<Result<Finding>> {
    const auto document = JsonDocument::parse(text);
    if (!document) return {fail(document.error())};
    SourceConfig config;
    config.name = "bus";
    config.kind = "eventbridge";
    const auto adapter = make_adapter(config);
    EnvelopeOpener opener;
    auto enclosed = opener.open(document->root());
    if (enclosed.empty()) enclosed.push_back({.content = document->root(), .envelope = {}, .problem = {}});
    std::vector<Result<Finding>> findings;
    for (const auto& inner : enclosed) {
        if (!inner.problem.empty()) {
            findings.emplace_back(fail(Errc::malformed, inner.problem));
            continue;
        }
        for (const auto& item : adapter->items(inner.content)) findings.push_back(adapter->normalise(item));
    }
    return findings;
}

inline void expect_row(const FindingRow& row, const std::filesystem::path& directory) {
    SCOPED_TRACE(std::string(row.file) + " item " + std::to_string(row.item));
    const auto findings = normalise_file(row.kind, directory / row.file);
    ASSERT_GT(findings.size(), row.item);
    const auto& result = findings[row.item];
    ASSERT_TRUE(result) << result.error().describe();
    const auto& finding = *result;
    const auto& resource = finding.resource;
    EXPECT_EQ(finding.source_id, row.source_id);
    EXPECT_EQ(finding.title, row.title);
    EXPECT_EQ(words_of(finding), row.words);
    EXPECT_EQ(resource.id, row.resource_id);
    EXPECT_EQ(resource.name, row.resource_name);
    EXPECT_EQ(place_of(resource), row.place);
    EXPECT_EQ(join(finding.data.classes, ","), row.classes);
    EXPECT_FALSE(finding.fingerprint.empty());
    EXPECT_FALSE(finding.exposure_key.empty());
    EXPECT_EQ(finding.platform, row.kind);
}

} // namespace dossier::ingest
