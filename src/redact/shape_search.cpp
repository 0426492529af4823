#include "shape_search.hpp"

#include "characters.hpp"
#include "leads.hpp"
#include "multi_pattern.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <mutex>
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

/// A shape's pattern is to be tried at a place.
using Trial = LeadSearch::Place;

/// Before the @: 64 characters of up to three bytes, or a quoted word.
void add_before_at_sign(std::string_view text, std::size_t sign, std::size_t row, std::vector<Trial>& trials) {
    const auto is_local = [](char c) {
        return is_word_byte(c) || static_cast<unsigned char>(c) >= 0x80 || std::string_view(".%+-").contains(c);
    };
    auto from = sign;
    while (from > 0 && sign - from < std::size_t{64} * 3 && is_local(text[from - 1])) --from;
    for (auto at = from; at < sign; ++at) trials.push_back({.at = at, .row = row});
    if (from < sign || sign < 3 || text[sign - 1] != '"') return;
    for (auto open = sign - 1; open-- > 0 && sign - open < std::size_t{42} * 4;) {
        if (is_blank(text[open])) return;
        if (text[open] != '"') continue;
        trials.push_back({.at = open, .row = row});
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
    for (auto at = from; at + 1 < colon; ++at) trials.push_back({.at = at, .row = row});
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
        std::vector<MultiPattern::Hit> hits;
        heads_.scan(text, hits);
        std::vector<Trial> trials;
        trials.reserve(hits.size() * 2);
        for (const auto& hit : hits) add_trials(text, hit, trials);
        leads_.find(text, trials);
        std::ranges::sort(trials);
        const auto [first, last] = std::ranges::unique(trials);
        trials.erase(first, last);
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
            trials.push_back({.at = last, .row = row});
            return;
        }
        for (auto at = hit.end - std::min(most, hit.end); at <= last; ++at)
            if (is_word_byte(text[at]) && (at == 0 || !is_word_byte(text[at - 1])))
                trials.push_back({.at = at, .row = row});
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
    const auto trials = catalogue.trials(text);

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
    for (const auto& [at, row] : trials) {
        if (!extra.empty()) take_extra(at);
        if (at < from) continue;
        const auto& shape = shapes()[row];
        if (shape.kind == "IP" && !with_addresses_) continue;
        if (shape.gate != nullptr && !shape.gate(text, at)) continue;
        Candidate candidate;
        if (!anchored_match(catalogue.pattern(row), text, at, candidate)) continue;
        if (shape.check != nullptr && !shape.check(candidate)) continue;
        if (!shape.kind.empty()) found.push_back({.begin = candidate.begin, .end = candidate.end, .kind = shape.kind});
        from = std::max(candidate.end, at + 1);
    }
    if (!extra.empty()) take_extra(text.size());
    return found;
}

} // namespace dossier::redact
