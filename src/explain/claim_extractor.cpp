#include "claim_extractor.hpp"

#include "claim_words.hpp"
#include "dossier/base/recent_texts.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

namespace dossier::explain {
namespace {

using re2::StringPiece;

/// Calls `use` for each match and blanks it in `text`, so that later steps don't see it again.
void consume(std::string& text, const RE2& expression, int groups,
             const std::function<void(const std::vector<std::string>&)>& use) {
    std::vector<StringPiece> found(static_cast<std::size_t>(groups) + 1);
    std::size_t at = 0;
    while (at <= text.size() && expression.Match(text, at, text.size(), RE2::UNANCHORED, found.data(), groups + 1)) {
        std::vector<std::string> parts;
        for (const auto& part : found) parts.emplace_back(part.data() ? std::string(part) : std::string());
        const auto begin = static_cast<std::size_t>(found[0].data() - text.data());
        const auto length = found[0].size();
        use(parts);
        // '\x01' keeps "a word stood here" for the sentence-start rule
        text.replace(begin, length, length == 0 ? "" : "\x01" + std::string(length - 1, ' '));
        at = begin + std::max<std::size_t>(length, 1);
    }
}

auto to_int(const std::string& text) -> int {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

auto month_of(std::string_view word) -> int {
    static constexpr std::array months = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
    const auto start = lower(word.substr(0, 3));
    const auto found = std::ranges::find(months, start);
    return found == months.end() ? 0 : static_cast<int>(found - months.begin()) + 1;
}

/// Names and numbers of laws, which then leave the text.
void take_law(std::string& text, Claims& claims) {
    auto law = law_in(text);
    const auto blank = [&](std::size_t begin, std::size_t end) {
        text.replace(begin, end - begin, "\x01" + std::string(end - begin - 1, ' '));
    };
    for (const auto& citation : law.citations) blank(citation.begin, citation.end);
    for (const auto& framework : law.frameworks) {
        claims.frameworks.push_back(framework.framework);
        blank(framework.begin, framework.end);
    }
    claims.citations = std::move(law.citations);
}

void take_dates(std::string& text, Claims& claims) {
    constexpr auto month = "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
                           "Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)";
    static const RE2 iso(
        R"(\b(\d{4})-(\d{2})-(\d{2})(?:(?:T|,? at | )(\d{1,2}):(\d{2})(?::[0-9.]+)?(?: ?(?:Z|UTC|[+-]\d\d:\d\d))?)?)");
    static const RE2 slashed(R"(\b(\d{1,2})/(\d{1,2})/(\d{4})\b)"); // month first, as in the US
    static const RE2 dotted(R"(\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b)");
    static const RE2 day_first(
        fmt::format(R"(\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({})\.?(?:,? (\d{{4}}))?\b)", month));
    static const RE2 month_first(fmt::format(R"(\b({})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}})\b)?)", month));
    static const RE2 month_year(fmt::format(R"(\b({}),? (\d{{4}})\b)", month));
    const auto add = [&](const std::string& year, int in_month, const std::string& day) {
        claims.dates.push_back({.year = to_int(year), .month = in_month, .day = to_int(day)});
    };
    consume(text, iso, 5, [&](const auto& m) {
        add(m[1], to_int(m[2]), m[3]);
        if (!m[4].empty()) claims.dates.back().minute = to_int(m[4]) * 60 + to_int(m[5]);
    });
    consume(text, slashed, 3, [&](const auto& m) { add(m[3], to_int(m[1]), m[2]); });
    consume(text, dotted, 3, [&](const auto& m) { add(m[3], to_int(m[2]), m[1]); });
    consume(text, day_first, 3, [&](const auto& m) { add(m[3], month_of(m[2]), m[1]); });
    consume(text, month_year, 2, [&](const auto& m) { add(m[2], month_of(m[1]), "0"); });
    consume(text, month_first, 3, [&](const auto& m) { add(m[3], month_of(m[1]), m[2]); });
}

struct Token {
    std::string text; ///< without punctuation around it
    std::string lowered;
    bool starts_sentence = false;
    bool joins_last = false; ///< nothing but a blank stands before it
};

auto is_edge_punctuation(char c) -> bool {
    return std::string_view(".,;:!?'\"()[]{}<>*").find(c) != std::string_view::npos;
}

auto tokens_of(std::string_view text) -> std::vector<Token> {
    std::vector<Token> tokens;
    bool start = true;
    bool joins = false;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto separates = [&](std::size_t i) {
            const auto digit = [&](std::size_t k) { return std::isdigit(static_cast<unsigned char>(text[k])) != 0; };
            if (text[i] == ',') return i == 0 || i + 1 == text.size() || !digit(i - 1) || !digit(i + 1); // 1,204
            return std::isspace(static_cast<unsigned char>(text[i])) != 0 ||
                   std::string_view(";()[]{}\"<>`").find(text[i]) != std::string_view::npos;
        };
        if (separates(at)) {
            joins = joins && text[at] == ' ';
            ++at;
            continue;
        }
        auto end = at;
        while (end < text.size() && !separates(end)) ++end;
        auto word = std::string(text.substr(at, end - at));
        at = end;
        for (const auto* typographic : {"“", "”", "‘", "…", "—", "–"})
            word = replace_all(std::move(word), typographic, " ");
        word = replace_all(std::move(word), "’", "'");
        const bool ends = word.ends_with('.') || word.ends_with('!') || word.ends_with('?') || word.ends_with(':');
        for (const auto piece : split(word, ' ')) {
            auto core = piece;
            while (!core.empty() && is_edge_punctuation(core.front())) core.remove_prefix(1);
            while (!core.empty() && is_edge_punctuation(core.back())) core.remove_suffix(1);
            const bool owns = core.ends_with("'s");
            if (owns) core.remove_suffix(2);
            if (core.empty()) continue;
            const bool joins_last = joins && core.data() == piece.data();
            joins = !owns && core.data() + core.size() == piece.data() + piece.size();
            std::string text_of_token(core);
            std::erase(text_of_token, '\x01');
            if (!text_of_token.empty())
                tokens.push_back({.text = text_of_token,
                                  .lowered = lower(text_of_token),
                                  .starts_sentence = start,
                                  .joins_last = joins_last});
            start = false;
        }
        const auto bare = tokens.empty() ? std::string() : tokens.back().lowered;
        if (ends && bare != "e.g" && bare != "i.e" && bare != "vs" && bare != "approx" && bare != "no") start = true;
    }
    return tokens;
}

auto number_word(std::string_view word) -> std::optional<double> {
    static constexpr std::pair<std::string_view, double> words[] = {
        {"two", 2},       {"three", 3},    {"four", 4},      {"five", 5},       {"six", 6},       {"seven", 7},
        {"eight", 8},     {"nine", 9},     {"ten", 10},      {"eleven", 11},    {"twelve", 12},   {"thirteen", 13},
        {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16},  {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
        {"twenty", 20},   {"thirty", 30},  {"forty", 40},    {"fifty", 50},     {"sixty", 60},    {"seventy", 70},
        {"eighty", 80},   {"ninety", 90},  {"hundred", 100}, {"dozen", 12},
    };
    for (const auto& [name, value] : words) {
        if (name == word) return value;
    }
    return std::nullopt;
}

auto magnitude_word(std::string_view word) -> std::optional<double> {
    if (word == "dozens") return 24;
    if (word == "hundreds") return 100;
    if (word == "thousands") return 1'000;
    if (word == "millions") return 1'000'000;
    if (word == "billions") return 1e9;
    return std::nullopt;
}

auto scale_of(std::string_view word) -> double {
    if (word == "k" || word == "thousand") return 1e3;
    if (word == "m" || word == "million" || word == "mn") return 1e6;
    if (word == "bn" || word == "billion") return 1e9;
    if (word == "hundred") return 100;
    return 1;
}

auto kind_after(std::string_view before) -> NumberClaim::Kind {
    for (const auto* word : {"about", "around", "roughly", "approximately", "nearly", "almost", "some", "circa"})
        if (before == word) return NumberClaim::Kind::about;
    for (const auto* word : {"over", "more-than", "least", "exceeding", "above"})
        if (before == word) return NumberClaim::Kind::at_least;
    for (const auto* word : {"fewer-than", "less-than", "under", "below", "most"})
        if (before == word) return NumberClaim::Kind::at_most;
    return NumberClaim::Kind::exact;
}

struct WrittenNumber {
    double value = 0;
    std::string suffix; ///< "k", "%", "days"
};

/// "1,204", "1.2k", "90%", "3rd", "30-day"; nullopt for anything with letters elsewhere.
auto written_number(const std::string& token) -> std::optional<WrittenNumber> {
    static const RE2 form(
        R"(~?([0-9][0-9,'_]*(?:\.[0-9]+)?)(?:-?(%|k|m|bn|x|st|nd|rd|th|gb|mb|kb|tb|gib|mib|days?|hours?|minutes?|weeks?|months?|years?|h|d|s))?)");
    std::string digits;
    std::string suffix;
    if (!RE2::FullMatch(lower(token), form, &digits, &suffix)) return std::nullopt;
    std::erase_if(digits, [](char c) { return c == ',' || c == '\'' || c == '_'; });
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return WrittenNumber{value, suffix};
}

auto is_alphabetic(std::string_view text) -> bool {
    return !text.empty() &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalpha(c) != 0 || c >= 0x80; });
}

/// Letters with - or / between them that are ordinary English: cross-account, read/write.
auto is_plain_compound(std::string_view token, char separator) -> bool {
    const auto parts = split(token, separator);
    if (!std::ranges::all_of(parts, is_alphabetic)) return false;
    return std::ranges::all_of(parts, [](std::string_view part) {
        return is_compound_part(part) || (part != "role" && is_common_word(part)) || looks_like_plain_noun(part);
    });
}

auto is_identifier(const Token& token) -> bool {
    const auto& text = token.lowered;
    if (is_product_word(text) || text == "e.g" || text == "i.e" || text == "24/7") return false;
    if (text.find_first_of("@_=:\\*") != std::string::npos) return true;
    const bool has_digit = std::ranges::any_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
    const bool has_letter = std::ranges::any_of(text, [](unsigned char c) { return std::isalpha(c) != 0; });
    if (has_digit && has_letter) return true;
    if (has_digit && text.find_first_of(".-/") != std::string::npos && !written_number(text)) return true;
    if (text.find('.') != std::string::npos) return has_letter;
    if (text.find('/') != std::string::npos) {
        static constexpr std::array prefixes = {"role/", "user/", "group/", "policy/", "projects/", "serviceaccount/"};
        const bool prefixed =
            std::ranges::any_of(prefixes, [&](const char* prefix) { return text.starts_with(prefix); });
        return prefixed || !is_plain_compound(text, '/') || text.find('-') != std::string::npos;
    }
    if (text.find('-') != std::string::npos) return std::ranges::count(text, '-') > 2 || !is_plain_compound(text, '-');
    static const RE2 azure_region(
        R"((?:north|south|west|east|central|uk|france|germany|japan|canada|australia|brazil|korea|norway|sweden|switzerland|uae|india)*(?:europe|us|asia|india|central|east|west|north|south|southeast|uksouth))");
    return text.size() > 6 && RE2::FullMatch(text, azure_region) && text != "central" && text != "europe" &&
           text != "southeast";
}

/// A capitalised word that names somebody or something, as far as its form tells.
auto is_name(const std::vector<Token>& tokens, std::size_t index) -> bool {
    const auto& token = tokens[index];
    if (!is_alphabetic(token.text) || std::isupper(static_cast<unsigned char>(token.text.front())) == 0) return false;
    if (is_product_word(token.lowered) || is_common_word(token.lowered)) return false;
    if (!token.starts_sentence) return true;
    if (index + 1 == tokens.size()) return false;
    const auto& next = tokens[index + 1];
    static constexpr std::array owning = {"owns", "manages", "maintains", "administers", "leads", "holds"};
    static constexpr std::array verbs = {"is", "was", "has", "can", "and", "should", "must"};
    if (std::ranges::find(owning, next.lowered) != owning.end()) return true;
    return !looks_like_plain_noun(token.lowered) && std::ranges::find(verbs, next.lowered) != verbs.end();
}

void take_words(const std::string& text, Claims& claims) {
    const auto tokens = tokens_of(text);
    bool is_last_a_name = false;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto& token = tokens[i];
        bool is_name_now = false;
        const auto word_before = [&](std::size_t step) { return i >= step ? tokens[i - step].lowered : std::string(); };
        auto before = word_before(1);
        if (before == "than") before = word_before(2) + "-than";
        const auto next = [&](std::size_t step) {
            return i + step < tokens.size() ? tokens[i + step].lowered : std::string();
        };
        static const RE2 score(R"((\d+(?:\.\d+)?)/(\d+))");
        std::string reached;
        std::string most;
        if (RE2::FullMatch(token.text, score, &reached, &most) && token.text != "24/7") {
            for (const auto& part : {reached, most})
                claims.numbers.push_back({.text = part, .value = written_number(part)->value, .unit = next(1)});
        } else if (const auto number = written_number(token.text)) {
            const bool ordinal =
                number->suffix == "st" || number->suffix == "nd" || number->suffix == "rd" || number->suffix == "th";
            if (ordinal) continue;
            double scale = scale_of(number->suffix);
            if (scale == 1 && number->suffix.empty()) scale = scale_of(next(1));
            auto kind = kind_after(before);
            if (scale != 1 && kind == NumberClaim::Kind::exact) kind = NumberClaim::Kind::about;
            claims.numbers.push_back(
                {.text = token.text, .value = number->value * scale, .kind = kind, .unit = next(1)});
        } else if (const auto word = number_word(token.lowered)) {
            if (token.lowered == "hundred" && !before.empty() && (number_word(before) || written_number(before)))
                continue;
            const double scale = scale_of(next(1));
            claims.numbers.push_back({.text = token.text,
                                      .value = *word * scale,
                                      .kind = NumberClaim::Kind::word,
                                      .unit = scale == 1 ? next(1) : next(2)});
        } else if (const auto scale = scale_of(token.lowered);
                   scale > 1 && token.lowered.size() > 2 && !number_word(before) && !written_number(before)) {
            // "a million", "half a million"
            const bool is_half = before == "half" || (before == "a" && word_before(2) == "half");
            auto kind = kind_after(before == "a" || before == "one"
                                       ? (word_before(2) == "than" ? word_before(3) + "-than" : word_before(2))
                                       : before);
            if (kind == NumberClaim::Kind::exact) kind = NumberClaim::Kind::about;
            claims.numbers.push_back(
                {.text = token.text, .value = scale * (is_half ? 0.5 : 1), .kind = kind, .unit = next(1)});
        } else if (const auto magnitude = magnitude_word(token.lowered)) {
            claims.numbers.push_back({.text = token.text,
                                      .value = *magnitude,
                                      .kind = NumberClaim::Kind::magnitude,
                                      .unit = next(1) == "of" ? next(2) : next(1)});
        } else if (is_identifier(token)) {
            claims.identifiers.push_back(token.text);
        } else if (is_name(tokens, i)) {
            // "Robert Ngo" names nobody where there are a Robert Fox and an Alice Ngo
            if (i > 0 && token.joins_last && is_last_a_name) {
                claims.names.back() += " " + token.text;
            } else {
                claims.names.push_back(token.text);
            }
            is_name_now = true;
        }
        is_last_a_name = is_name_now;
    }
}

auto claims_in(const std::string& text) -> Claims {
    static const RE2 pseudonym(R"((<[A-Z][A-Z_]*(?:_\d+)?>))");
    static const RE2 evidence_id(R"([\[(](E\d+(?:,? ?(?:and )?E\d+)*)[\])])");
    static const RE2 bare_id(R"(\bE(\d+)\b)");
    static const RE2 long_identifier(
        R"((?i)\b(arn:[^\s,;"'()<>]+|CVE-\d{4}-\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|s3://[^\s,;"'()<>]+)|(/subscriptions/[^\s,;"'()<>]+))");
    Claims claims;
    std::string rest = text;
    consume(rest, pseudonym, 1, [&](const auto& m) { claims.pseudonyms.push_back(m[1]); });
    consume(rest, evidence_id, 1, [&](const auto& m) {
        const auto& list = m[1];
        StringPiece input(list);
        std::string number;
        while (RE2::FindAndConsume(&input, bare_id, &number)) claims.evidence_ids.push_back("E" + number);
    });
    consume(rest, long_identifier, 2, [&](const auto& m) {
        auto identifier = m[1].empty() ? m[2] : m[1];
        while (!identifier.empty() && is_edge_punctuation(identifier.back()) && identifier.back() != '*')
            identifier.pop_back();
        claims.identifiers.push_back(identifier);
    });
    take_dates(rest, claims);
    take_law(rest, claims);
    take_words(rest, claims);
    return claims;
}

} // namespace

auto extract_claims(std::string_view text) -> Claims {
    thread_local RecentTexts<Claims> recent(256 << 10, 512);
    return recent.of(text, claims_in);
}

} // namespace dossier::explain
