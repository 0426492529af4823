// Recall and precision over the public samples, where they are at hand; prints the figures and holds a floor.
#include "dossier/redact/redactor.hpp"

#include "dossier/base/json.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

namespace dossier::redact {
namespace {

auto shared_file(const std::string& name) -> std::filesystem::path {
    const char* given = std::getenv("DOSSIER_SHARED"); // NOLINT(concurrency-mt-unsafe): tests have one thread
    const std::filesystem::path base = given != nullptr ? given : DOSSIER_SOURCE_DIR "/../shared";
    return base / "redaction" / name;
}

struct Score {
    int planted = 0; ///< structured spans
    int covered = 0;
    int hits = 0;
    int right = 0; ///< hits that touch some planted span
    int kept = 0;
    int broken = 0; ///< strings that must stay and did not
    int clean = 0;
    int clean_touched = 0;
    std::map<std::string, std::pair<int, int>> by_type;

    void print(const std::string& name) const {
        std::cout << name << ": covered " << covered << "/" << planted << ", precision " << right << "/" << hits
                  << ", keep broken " << broken << "/" << kept << ", clean touched " << clean_touched << "/" << clean
                  << "\n";
        for (const auto& [type, counts] : by_type)
            std::cout << "    " << type << " " << counts.first << "/" << counts.second << "\n";
    }
    [[nodiscard]] auto recall() const -> double { return planted == 0 ? 0 : double(covered) / planted; }
    [[nodiscard]] auto precision() const -> double { return hits == 0 ? 0 : double(right) / hits; }
};

auto measure(const std::string& name) -> Score {
    const auto redactor = Redactor::make({}).value();
    const bool is_verbose = std::getenv("DOSSIER_VERBOSE") != nullptr; // NOLINT(concurrency-mt-unsafe)
    Score score;
    std::ifstream in(shared_file(name));
    for (std::string line; std::getline(in, line);) {
        const auto row = Json::parse(line);
        const auto text = row.at("text").get<std::string>();
        const auto spans = redactor->find(text);
        const auto overlaps = [](const auto& a, std::size_t begin, std::size_t end) {
            return a.begin < end && begin < a.end;
        };
        bool has_planted = false;
        for (const auto& span : row.at("spans")) {
            if (span.at("group") != "structured" || span.at("type") == "DOMAIN_NAME") continue;
            const auto begin = span.at("start").get<std::size_t>();
            const auto end = span.at("end").get<std::size_t>();
            const bool is_covered =
                std::ranges::any_of(spans, [&](const auto& s) { return s.begin <= begin && s.end >= end; });
            has_planted = true;
            ++score.planted;
            score.covered += is_covered ? 1 : 0;
            auto& counts = score.by_type[span.at("type").get<std::string>()];
            counts.first += is_covered ? 1 : 0;
            ++counts.second;
            if (!is_covered && is_verbose)
                std::cout << "MISS " << span.at("type") << " " << text.substr(begin > 50 ? begin - 50 : 0, 50) << "[["
                          << text.substr(begin, end - begin) << "]]\n";
        }
        for (const auto& hit : spans) {
            ++score.hits;
            const bool is_right = std::ranges::any_of(row.at("spans"), [&](const Json& span) {
                return overlaps(hit, span.at("start").get<std::size_t>(), span.at("end").get<std::size_t>());
            });
            score.right += is_right ? 1 : 0;
            if (!is_right && is_verbose)
                std::cout << "WRONG " << hit.kind << " "
                          << text.substr(hit.begin > 50 ? hit.begin - 50 : 0, std::min<std::size_t>(50, hit.begin))
                          << "[[" << text.substr(hit.begin, hit.end - hit.begin) << "]]\n";
        }
        for (const auto& keep : row.value("keep", Json::array())) {
            ++score.kept;
            const auto begin = keep.at("start").get<std::size_t>();
            const auto end = keep.at("end").get<std::size_t>();
            const bool is_broken = std::ranges::any_of(spans, [&](const auto& s) { return overlaps(s, begin, end); });
            score.broken += is_broken ? 1 : 0;
            if (is_broken && is_verbose) std::cout << "BROKEN " << text.substr(begin, end - begin) << "\n";
        }
        if (!has_planted && row.value("form", "") == "clean") {
            ++score.clean;
            score.clean_touched += spans.empty() ? 0 : 1;
        }
    }
    score.print(name);
    return score;
}

struct Floor {
    const char* file;
    double recall;
    double precision;
};

TEST(RedactionCorpus, KeepsItsFloors) {
    const Floor floors[] = {{"findings.jsonl", 0.99, 0.95}, {"prose.jsonl", 0.92, 0.95}, {"secrets.jsonl", 0.80, 0.80}};
    for (const auto& floor : floors) {
        if (!std::filesystem::exists(shared_file(floor.file))) GTEST_SKIP() << "public samples are not at hand";
        SCOPED_TRACE(floor.file);
        const auto score = measure(floor.file);
        EXPECT_GE(score.recall(), floor.recall);
        EXPECT_GE(score.precision(), floor.precision);
        EXPECT_EQ(score.broken, 0);
        EXPECT_EQ(score.clean_touched, 0);
    }
}

} // namespace
} // namespace dossier::redact
