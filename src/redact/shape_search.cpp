#include "shape_search.hpp"

#include "characters.hpp"
#include "leads.hpp"
#include "multi_pattern.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <span>
#include <stdexcept>

namespace dossier::redact {

namespace {

auto options() -> RE2::Options {
    RE2::Options options;
    options.set_log_errors(false);
    // For each pattern: what the e-mail pattern needs to keep its states, and a bound on what hostile text can take.
    options.set_max_mem(8 << 20);
    return options;
}

auto compile(std::string_view pattern) -> std::unique_ptr<RE2> {
    return std::make_unique<RE2>(re2::StringPiece(pattern.data(), pattern.size()), options());
}

/// What is to be masked of the match: the first group where there is one.
auto anchored_match(const RE2& pattern, std::string_view text, std::size_t at, Candidate& candidate) -> bool {
    re2::StringPiece groups[2];
    const int wanted = std::min(pattern.NumberOfCapturingGroups(), 1) + 1;
    if (!pattern.Match({text.data(), text.size()}, at, text.size(), RE2::ANCHOR_START, groups, wanted)) return false;
    const auto& group = wanted == 2 && groups[1].data() != nullptr ? groups[1] : groups[0];
    candidate = {.text = text, .begin = static_cast<std::size_t>(group.data() - text.data())};
    candidate.end = candidate.begin + group.size();
    return !group.empty();
}

auto is_blank(char c) -> bool { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// A shape's pattern is to be tried at a place, and where it doesn't match there, at each that follows up to the last.
struct Trial {
    std::size_t at = 0;
    std::size_t row = 0;
    std::size_t last = 0;

    /// In the order of places, and of rows at each.
    [[nodiscard]] auto comes_before(const Trial& other) const -> bool {
        return at != other.at ? at < other.at : row < other.row;
    }
    auto operator==(const Trial&) const -> bool = default;
};

/// The first trial is to go on at `at`, and the others that come before it now go first.
void put_off(std::span<Trial> trials, std::size_t at) {
    auto trial = trials.front();
    trial.at = at;
    std::size_t place = 0;
    for (; place + 1 < trials.size() && trials[place + 1].comes_before(trial); ++place)
        trials[place] = trials[place + 1];
    trials[place] = trial;
}

/// What may stand before the @ of an address without quotes.
constexpr auto local_bytes = [] {
    std::array<bool, 256> table{};
    for (std::size_t byte = 0; byte < table.size(); ++byte) {
        const char c = static_cast<char>(byte);
        table[byte] = is_word_byte(c) || byte >= 0x80 || c == '.' || c == '%' || c == '+' || c == '-';
    }
    return table;
}();

/// Before the @: 64 characters of up to three bytes, or a quoted word.
void add_before_at_sign(std::string_view text, std::size_t sign, std::size_t row, std::vector<Trial>& trials) {
    const auto is_local = [](char c) { return local_bytes[static_cast<unsigned char>(c)]; };
    auto from = sign;
    while (from > 0 && sign - from < std::size_t{64} * 3 && is_local(text[from - 1])) --from;
    if (from < sign) trials.push_back({.at = from, .row = row, .last = sign - 1});
    if (from < sign || sign < 3 || text[sign - 1] != '"') return;
    for (auto open = sign - 1; open-- > 0 && sign - open < std::size_t{42} * 4;) {
        if (is_blank(text[open])) return;
        if (text[open] != '"') continue;
        trials.push_back({.at = open, .row = row, .last = open});
        return;
    }
}

/// Whether a user and a password stand behind the ://.
auto has_credential(std::string_view text, std::size_t at) -> bool {
    const auto sign = text.substr(at, std::size_t{210} * 4).find_first_of("@ \"'<>\n");
    return sign != std::string_view::npos && text[at + sign] == '@';
}

/// Before the ://, the scheme.
void add_before_colon(std::string_view text, std::size_t colon, std::size_t row, std::vector<Trial>& trials) {
    if (!has_credential(text, colon + 3)) return;
    auto from = colon;
    while (from > 0 && colon - from < 22 &&
           (is_letter(text[from - 1]) || is_digit(text[from - 1]) || std::string_view("+.-").contains(text[from - 1])))
        --from;
    if (from + 1 < colon) trials.push_back({.at = from, .row = row, .last = colon - 2});
}

/// The built-in shapes with all that is made of them, once for the process. Their patterns are compiled when a head of
/// theirs is found first: of two hundred, texts of a cloud's findings call for some tens.
class Catalogue {
public:
    [[nodiscard]] static auto instance() -> const Catalogue& {
        static const Catalogue catalogue;
        return catalogue;
    }

    /// In the order of places, and of rows at each.
    [[nodiscard]] auto trials(std::string_view text) const -> std::vector<Trial> {
        constexpr std::size_t usual_hits = 128;
        std::vector<MultiPattern::Hit> hits;
        hits.reserve(usual_hits);
        heads_.scan(text, hits);
        std::vector<Trial> by_heads;
        by_heads.reserve(hits.size());
        for (const auto& hit : hits) add_trials(text, hit, by_heads);
        std::ranges::sort(by_heads, &Trial::comes_before);
        std::vector<LeadSearch::Place> by_leads;
        by_leads.reserve(usual_hits);
        leads_.find(text, by_leads);

        std::vector<Trial> trials;
        trials.reserve(by_heads.size() + by_leads.size());
        auto lead = by_leads.begin();
        const auto take_leads = [&](const auto& are_next) {
            for (; lead != by_leads.end(); ++lead) {
                const Trial trial{.at = lead->at, .row = lead->row, .last = lead->at};
                if (!are_next(trial)) return;
                trials.push_back(trial);
            }
        };
        for (const auto& trial : by_heads) {
            take_leads([&](const Trial& other) { return other.comes_before(trial); });
            const bool is_known = !trials.empty() && trials.back() == trial; // ends of several widths
            if (!is_known) trials.push_back(trial);
        }
        take_leads([](const Trial&) { return true; });
        return trials;
    }

    [[nodiscard]] auto pattern(std::size_t row) const -> const RE2& {
        auto& lazy = patterns_[row];
        std::call_once(lazy.once, [&] {
            const auto& text = shapes()[row].pattern;
            lazy.pattern = compile(text);
            if (!lazy.pattern->ok()) throw std::logic_error("the built-in pattern '" + text + "' does not compile");
        });
        return *lazy.pattern;
    }

private:
    struct Lazy {
        std::once_flag once;
        std::unique_ptr<RE2> pattern;
    };

    Catalogue() : heads_(compiled_heads(rows_)), patterns_(shapes().size()) {
        for (std::size_t row = 0; row < shapes().size(); ++row)
            for (const auto& lead : shapes()[row].leads) leads_.add(lead, row);
    }

    static auto compiled_heads(std::vector<std::size_t>& rows) -> MultiPattern {
        std::vector<MultiPattern::Pattern> heads;
        for (std::size_t row = 0; row < shapes().size(); ++row) {
            for (const auto& head : shapes()[row].heads) {
                heads.push_back({.text = head, .any_case = shapes()[row].any_case});
                rows.push_back(row);
            }
        }
        auto made = MultiPattern::make(heads);
        if (!made) throw std::logic_error(made.error().message); // built into the binary, so it can't be
        return std::move(*made);
    }

    void add_trials(std::string_view text, const MultiPattern::Hit& hit, std::vector<Trial>& trials) const {
        const auto row = rows_[hit.pattern];
        const auto [least, most] = heads_.width(hit.pattern);
        const auto last = hit.end - least;
        switch (shapes()[row].found) {
        case Found::at_sign:
            return add_before_at_sign(text, last, row, trials);
        case Found::after_scheme:
            return add_before_colon(text, last, row, trials);
        case Found::at_start:
            break;
        }
        if (least == most) {
            trials.push_back({.at = last, .row = row, .last = last});
            return;
        }
        for (auto at = hit.end - std::min(most, hit.end); at <= last; ++at)
            if (is_word_byte(text[at]) && (at == 0 || !is_word_byte(text[at - 1])))
                trials.push_back({.at = at, .row = row, .last = at});
    }

    std::vector<std::size_t> rows_; ///< head by head
    MultiPattern heads_;
    LeadSearch leads_;
    mutable std::vector<Lazy> patterns_; ///< row by row
};

/// The next match of a pattern that can begin anywhere.
struct ExtraCursor {
    const RE2* pattern = nullptr;
    std::size_t match = 0;
    bool is_searched = false;

    [[nodiscard]] auto next(std::string_view text, std::size_t from) -> std::size_t {
        if (!is_searched || match < from) {
            re2::StringPiece whole;
            const bool found =
                pattern->Match({text.data(), text.size()}, from, text.size(), RE2::UNANCHORED, &whole, 1);
            match = found ? static_cast<std::size_t>(whole.data() - text.data()) : std::string_view::npos;
            is_searched = true;
        }
        return match;
    }
};

} // namespace

auto ShapeSearch::make(const std::vector<std::string>& extra, bool with_addresses) -> Result<ShapeSearch> {
    ShapeSearch search;
    search.with_addresses_ = with_addresses;
    for (const auto& pattern : extra) {
        auto compiled = compile(pattern);
        if (!compiled->ok() || RE2::FullMatch("", *compiled))
            return fail(Errc::invalid_argument, "redaction.extra: '" + pattern + "' is no usable RE2 pattern");
        search.extra_.push_back(std::move(compiled));
    }
    return search;
}

auto ShapeSearch::spans(std::string_view text) const -> std::vector<Redactor::Span> {
    std::vector<Redactor::Span> found;
    std::vector<ExtraCursor> extra;
    for (const auto& pattern : extra_) extra.push_back({.pattern = pattern.get()});
    const auto& catalogue = Catalogue::instance();
    auto trials = catalogue.trials(text);

    std::size_t from = 0; // everything before it is decided
    // At one place the patterns of the configuration come first.
    const auto take_extra = [&](std::size_t until) {
        for (;;) {
            const ExtraCursor* first = nullptr;
            for (auto& cursor : extra)
                if (cursor.next(text, from) <= until && (first == nullptr || cursor.match < first->match))
                    first = &cursor;
            Candidate candidate;
            if (first == nullptr || first->match == std::string_view::npos) return;
            const auto at = first->match;
            if (!anchored_match(*first->pattern, text, at, candidate)) {
                from = at + 1;
                continue;
            }
            found.push_back({.begin = candidate.begin, .end = candidate.end, .kind = "CUSTOM"});
            from = std::max(candidate.end, at + 1);
        }
    };
    for (std::size_t next = 0; next < trials.size();) {
        const auto [at, row, last] = trials[next];
        const auto go_on = [&](std::size_t place) {
            if (place > last)
                ++next;
            else
                put_off(std::span(trials).subspan(next), place);
        };
        if (!extra.empty()) take_extra(at);
        if (at < from) {
            go_on(from);
            continue;
        }
        const auto& shape = shapes()[row];
        Candidate candidate;
        const bool is_found = (shape.kind != "IP" || with_addresses_) &&
                              (shape.gate == nullptr || shape.gate(text, at)) &&
                              anchored_match(catalogue.pattern(row), text, at, candidate) &&
                              (shape.check == nullptr || shape.check(candidate));
        if (is_found) {
            if (!shape.kind.empty())
                found.push_back({.begin = candidate.begin, .end = candidate.end, .kind = shape.kind});
            from = std::max(candidate.end, at + 1);
        }
        go_on(is_found ? from : at + 1);
    }
    if (!extra.empty()) take_extra(text.size());
    return found;
}

} // namespace dossier::redact
