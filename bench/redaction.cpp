// How well and how fast the gate redacts, on the files of a directory in the form of $DOSSIER_SHARED/redaction:
// recall, precision, broken keep-strings, clean findings touched, and MB/s on one core. scripts/redaction builds and
// runs it. Only kinds that the gate promises to find count as planted; any annotated span makes a hit right.
//
//   redaction DIRECTORY [--misses] [--half 0|1] [--seconds S]

#include "dossier/redact/redactor.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace dossier;
using redact::Redactor;

struct Options {
    std::filesystem::path directory;
    bool shows_misses = false;
    std::optional<std::size_t> half; ///< every other row alone: tune on one half, look at the other
    double seconds = 1.0;
};

struct Share {
    std::size_t right = 0;
    std::size_t all = 0;
    void add(bool is_right) {
        right += is_right ? 1 : 0;
        ++all;
    }
    [[nodiscard]] auto text() const -> std::string {
        const double percent = all == 0 ? 100 : 100.0 * static_cast<double>(right) / static_cast<double>(all);
        return fmt::format("{:6.2f} % ({}/{})", percent, right, all);
    }
};

struct Score {
    Share recall;
    Share precision;
    std::size_t keep = 0;
    std::size_t broken = 0;
    std::size_t clean = 0;
    std::size_t clean_touched = 0;
    std::map<std::string, Share> by_type;
};

auto rows_of(const std::filesystem::path& file, const Options& options) -> std::vector<Json> {
    std::vector<Json> rows;
    std::ifstream in(file);
    std::size_t number = 0;
    for (std::string line; std::getline(in, line); ++number) {
        if (line.empty() || (options.half && number % 2 != *options.half)) continue;
        rows.push_back(Json::parse(line));
    }
    return rows;
}

auto overlaps(const Redactor::Span& hit, const Json& span) -> bool {
    return hit.begin < span.at("end").get<std::size_t>() && span.at("start").get<std::size_t>() < hit.end;
}

auto covers(const Redactor::Span& hit, const Json& span) -> bool {
    return hit.begin <= span.at("start").get<std::size_t>() && span.at("end").get<std::size_t>() <= hit.end;
}

/// Kinds of the recognisers' rows that the gate knows, too.
constexpr std::array promised{"EMAIL_ADDRESS", "CREDIT_CARD",    "IBAN_CODE",       "US_SSN",
                              "PHONE_NUMBER",  "IP_ADDRESS",     "US_ITIN",         "UK_NINO",
                              "ES_NIE",        "ES_NIF",         "IN_AADHAAR",      "IN_PAN",
                              "CA_SIN",        "IT_FISCAL_CODE", "SE_PERSONNUMMER", "SG_NRIC_FIN",
                              "KR_RRN",        "US_PASSPORT",    "PL_PESEL",        "FI_PERSONAL_IDENTITY_CODE",
                              "UK_NHS",        "US_MBI",         "MAC_ADDRESS"};

auto is_promised(const std::string& type, std::string_view file) -> bool {
    if (type == "DOMAIN_NAME" || type == "MAC_ADDRESS") return false;
    return file != "recognizers.jsonl" || std::ranges::find(promised, type) != promised.end();
}

void show(const char* what, const std::string& type, const std::string& text, std::size_t begin, std::size_t end) {
    const auto from = begin > 60 ? begin - 60 : 0;
    fmt::print("{} {}: {}[[{}]]{}\n", what, type, text.substr(from, begin - from), text.substr(begin, end - begin),
               text.substr(end, 20));
}

auto measure(const Redactor& redactor, const std::vector<Json>& rows, std::string_view file, bool shows_misses)
    -> Score {
    Score score;
    for (const auto& row : rows) {
        const auto text = row.at("text").get<std::string>();
        const auto hits = redactor.find(text);
        const auto& spans = row.at("spans");
        for (const auto& span : spans) {
            const auto type = span.at("type").get<std::string>();
            if (span.at("group") != "structured" || !is_promised(type, file) || span.value("score", 1.0) <= 0.3)
                continue;
            const bool is_covered = std::ranges::any_of(hits, [&](const auto& hit) { return covers(hit, span); });
            score.recall.add(is_covered);
            score.by_type[row.contains("rule") ? type + " " + row.value("form", "") : type].add(is_covered);
            if (!is_covered && shows_misses)
                show("MISSED", type + " " + row.value("rule", ""), text, span.at("start").get<std::size_t>(),
                     span.at("end").get<std::size_t>());
        }
        // Rows of recognisers annotate one kind only: other hits there are neither right nor wrong.
        for (const auto& hit : hits) {
            if (file == "recognizers.jsonl") break;
            const bool is_right = std::ranges::any_of(spans, [&](const Json& span) { return overlaps(hit, span); });
            score.precision.add(is_right);
            if (!is_right && shows_misses)
                show("WRONG", std::string(hit.kind) + " " + row.value("rule", ""), text, hit.begin, hit.end);
        }
        for (const auto& keep : row.value("keep", Json::array())) {
            ++score.keep;
            const bool is_broken = std::ranges::any_of(hits, [&](const auto& hit) { return overlaps(hit, keep); });
            score.broken += is_broken ? 1 : 0;
            if (is_broken && shows_misses)
                show("BROKEN", keep.value("type", ""), text, keep.at("start").get<std::size_t>(),
                     keep.at("end").get<std::size_t>());
        }
        if (row.value("form", "") == "clean") {
            ++score.clean;
            score.clean_touched += hits.empty() ? 0 : 1;
        }
    }
    return score;
}

void print(std::string_view file, const Score& score) {
    fmt::print("{:<20} recall {}  precision {}", file, score.recall.text(), score.precision.text());
    if (score.keep > 0) fmt::print("  keep-strings broken {}/{}", score.broken, score.keep);
    if (score.clean > 0) fmt::print("  clean findings touched {}/{}", score.clean_touched, score.clean);
    fmt::print("\n");
    for (const auto& [type, share] : score.by_type) fmt::print("    {:<40} {}\n", type, share.text());
}

/// Lines that hold a secret or not, without a span.
void measure_lines(const Redactor& redactor, const std::vector<Json>& rows, bool shows_misses) {
    Share flagged;
    Share spared;
    for (const auto& row : rows) {
        const auto text = row.at("text").get<std::string>();
        const bool is_hit = !redactor.find(text).empty();
        const bool is_secret = row.at("flag").get<bool>();
        (is_secret ? flagged : spared).add(is_hit == is_secret);
        if (is_hit != is_secret && shows_misses)
            fmt::print("{} {}: {}\n", is_secret ? "MISSED" : "WRONG", row.value("plugin", ""), text);
    }
    fmt::print("{:<20} lines with a secret flagged {}  others left alone {}\n", "secret-lines.jsonl", flagged.text(),
               spared.text());
}

/// Values of the kinds that stand without context.
void measure_values(const Redactor& redactor, const std::vector<Json>& rows, bool shows_misses) {
    Share valid;
    Share invalid;
    for (const auto& row : rows) {
        const auto type = row.at("type").get<std::string>();
        if (type != "IBAN_CODE" && type != "CREDIT_CARD") continue;
        const auto value = row.at("value").get<std::string>();
        const auto hits = redactor.find(value);
        const bool is_hit = hits.size() == 1 && hits[0].begin == 0 && hits[0].end == value.size();
        const bool is_valid = row.at("valid").get<bool>();
        (is_valid ? valid : invalid).add(is_hit == is_valid);
        if (is_hit != is_valid && shows_misses) fmt::print("{} {}: {}\n", is_valid ? "MISSED" : "WRONG", type, value);
    }
    fmt::print("{:<20} valid IBANs and cards masked {}  invalid ones left alone {}\n", "validators.jsonl", valid.text(),
               invalid.text());
}

/// Seconds that this thread has computed: what else runs on the machine doesn't count.
auto computed_seconds() -> double {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void measure_speed(const Redactor& redactor, const std::vector<Json>& rows, double seconds) {
    std::vector<std::string> texts;
    std::size_t size = 0;
    for (const auto& row : rows) size += texts.emplace_back(row.at("text").get<std::string>()).size();
    if (size == 0) return;
    double best = 0;
    const double start = computed_seconds();
    std::size_t masked = 0;
    do {
        const double round = computed_seconds();
        for (const auto& text : texts) {
            redact::Redaction state;
            masked += redactor.redact(text, state).size();
        }
        best = std::max(best, static_cast<double>(size) / (computed_seconds() - round));
    } while (computed_seconds() - start < seconds);
    fmt::print("{:<20} {:.1f} MB/s on one core ({} findings, {} bytes, best round{})\n", "speed", best / 1e6,
               texts.size(), size, masked == 0 ? "; nothing stayed" : "");
}

auto options_of(int count, char** arguments) -> Options {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string_view argument = arguments[i];
        const char* next = i + 1 < count ? arguments[i + 1] : "";
        if (argument == "--misses")
            options.shows_misses = true;
        else if (argument == "--half")
            options.half = std::strtoul(next, nullptr, 10), ++i;
        else if (argument == "--seconds")
            options.seconds = std::strtod(next, nullptr), ++i;
        else
            options.directory = argument;
    }
    return options;
}

} // namespace

auto main(int count, char** arguments) -> int {
    const auto options = options_of(count, arguments);
    if (!std::filesystem::is_directory(options.directory)) {
        fmt::print(stderr, "usage: redaction DIRECTORY [--misses] [--half 0|1] [--seconds S]\n");
        return 2;
    }
    const auto made = Redactor::make({});
    if (!made) {
        fmt::print(stderr, "{}\n", made.error().message);
        return 1;
    }
    const auto& redactor = **made;
    const auto rows = [&](const char* file) { return rows_of(options.directory / file, options); };
    for (const auto* file : {"findings.jsonl", "prose.jsonl", "secrets.jsonl", "recognizers.jsonl"})
        if (const auto all = rows(file); !all.empty()) print(file, measure(redactor, all, file, options.shows_misses));
    if (const auto all = rows("secret-lines.jsonl"); !all.empty()) measure_lines(redactor, all, options.shows_misses);
    if (const auto all = rows("validators.jsonl"); !all.empty()) measure_values(redactor, all, options.shows_misses);
    measure_speed(redactor, rows("findings.jsonl"), options.seconds);
    return 0;
}
