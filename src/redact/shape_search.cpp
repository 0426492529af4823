#include "shape_search.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <bit>

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

auto is_at_word_boundary(std::string_view text, std::size_t at) -> bool {
    return is_word_byte(text[at]) != (at > 0 && is_word_byte(text[at - 1]));
}

auto begins_with(std::string_view text, const Start& start, std::string_view word) -> bool {
    const auto head = text.substr(0, word.size());
    return start.letters == Start::any ? iequals(head, word) : head == word;
}

/// The reaches of one middle, while a scan goes through them.
class ReachCursor {
public:
    ReachCursor(std::string_view text, Start::Middle middle) : reaches_(reaches(text, middle)) {}
    [[nodiscard]] auto holds(std::size_t at) -> bool {
        while (next_ < reaches_.size() && reaches_[next_].to <= at) ++next_;
        return next_ < reaches_.size() && reaches_[next_].from <= at;
    }

private:
    std::vector<Reach> reaches_;
    std::size_t next_ = 0;
};

/// The next match of a pattern that can begin anywhere.
struct ExtraCursor {
    const RE2* pattern = nullptr;
    std::size_t match = 0;
    bool is_searched = false;

    [[nodiscard]] auto begins_at(std::string_view text, std::size_t at) -> bool {
        if (!is_searched || match < at) {
            re2::StringPiece whole;
            const bool found = pattern->Match({text.data(), text.size()}, at, text.size(), RE2::UNANCHORED, &whole, 1);
            match = found ? static_cast<std::size_t>(whole.data() - text.data()) : std::string_view::npos;
            is_searched = true;
        }
        return match == at;
    }
};

} // namespace

struct ShapeSearch::Scan {
    std::string_view text;
    std::vector<ExtraCursor> extra;
};

auto ShapeSearch::make(const std::vector<std::string>& extra, bool with_addresses) -> Result<ShapeSearch> {
    ShapeSearch search;
    for (const auto& pattern : extra) {
        auto compiled = compile(pattern);
        if (!compiled->ok() || RE2::FullMatch("", *compiled))
            return fail(Errc::invalid_argument, "redaction.extra: '" + pattern + "' is no usable RE2 pattern");
        search.extra_.push_back(std::move(compiled));
    }
    for (std::size_t row = 0; row < shapes().size(); ++row) {
        const auto& shape = shapes()[row];
        auto& compiled = search.patterns_.emplace_back();
        if (shape.kind == "IP" && !with_addresses) continue;
        compiled = compile(shape.pattern);
        if (!compiled->ok())
            return fail(Errc::internal, "built-in pattern of " + std::string(shape.kind) + " does not compile");
        if (shape.start.middle == Start::at_sign) search.at_sign_rows_ |= Rows{1} << row;
        if (shape.start.middle == Start::url) search.url_rows_ |= Rows{1} << row;
        for (const auto word : split(shape.start.words, ' ')) {
            if (word.empty()) continue;
            const Entry entry{.shape = row, .word = word, .start = &shape.start};
            const auto first = static_cast<unsigned char>(word[0]);
            search.entries_[first].push_back(entry);
            const bool has_other_case = shape.start.letters == Start::any && first >= 'a' && first <= 'z';
            if (has_other_case) search.entries_[first - 'a' + 'A'].push_back(entry);
        }
    }
    return search;
}

auto ShapeSearch::rows_at(std::string_view text, std::size_t at) const -> Rows {
    Rows rows = 0;
    const auto& entries = entries_[static_cast<unsigned char>(text[at])];
    if (entries.empty()) return rows;
    const bool is_boundary = is_at_word_boundary(text, at);
    for (const auto& [row, word, start] : entries) {
        if (start->place == Start::word_boundary && !is_boundary) continue;
        if (word.size() > 1 && !begins_with(text.substr(at), *start, word)) continue;
        if (start->looks_right != nullptr && !start->looks_right(text, at)) continue;
        rows |= Rows{1} << row;
    }
    return rows;
}

auto ShapeSearch::match_at(Scan& scan, std::size_t at, Rows rows) const -> Redactor::Span {
    Candidate candidate;
    for (auto& extra : scan.extra)
        if (extra.begins_at(scan.text, at) && anchored_match(*extra.pattern, scan.text, at, candidate))
            return {.begin = candidate.begin, .end = candidate.end, .kind = "CUSTOM"};
    for (; rows != 0; rows &= rows - 1) {
        const auto row = static_cast<std::size_t>(std::countr_zero(rows));
        const auto& shape = shapes()[row];
        if (!anchored_match(*patterns_[row], scan.text, at, candidate)) continue;
        if (shape.check != nullptr && !shape.check(candidate)) continue;
        return {.begin = candidate.begin, .end = candidate.end, .kind = shape.kind};
    }
    return {};
}

auto ShapeSearch::spans(std::string_view text) const -> std::vector<Redactor::Span> {
    std::vector<Redactor::Span> found;
    Scan scan{.text = text, .extra = {}};
    for (const auto& pattern : extra_) scan.extra.push_back({.pattern = pattern.get()});
    ReachCursor before_at_sign(text, Start::at_sign);
    ReachCursor before_url(text, Start::url);
    for (std::size_t at = 0; at < text.size();) {
        auto rows = rows_at(text, at);
        if (before_at_sign.holds(at)) rows |= at_sign_rows_;
        if (before_url.holds(at)) rows |= url_rows_;
        const auto span = rows != 0 || !scan.extra.empty() ? match_at(scan, at, rows) : Redactor::Span{};
        if (!span.kind.empty()) found.push_back(span);
        at = std::max(span.end, at + 1);
    }
    return found;
}

} // namespace dossier::redact
