#include "dossier/redact/redactor.hpp"

#include "characters.hpp"
#include "document_values.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/redact/decoded.hpp"
#include "dossier/redact/people.hpp"
#include "fields.hpp"
#include "hl7_values.hpp"
#include "ldif_values.hpp"
#include "names.hpp"
#include "plain_texts.hpp"
#include "shape_search.hpp"
#include "sql_values.hpp"
#include "x12_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <system_error>
#include <utility>

namespace dossier::redact {

namespace {

/// `\nalice@…` inside a string that is itself escaped: the n belongs to the line break.
auto without_escape(std::string_view text, Redactor::Span span) -> Redactor::Span {
    if (span.begin == 0 || text[span.begin - 1] != '\\') return span;
    const bool is_escaped_backslash = span.begin >= 2 && text[span.begin - 2] == '\\' && span.kind == "SECRET";
    if (!is_escaped_backslash && std::string_view("ntrbf").find(text[span.begin]) != std::string_view::npos &&
        span.end - span.begin > 1)
        ++span.begin;
    return span;
}

/// In order and without overlap; what overlaps becomes one span, so that no end of either stays readable.
auto merged(std::vector<Redactor::Span> spans) -> std::vector<Redactor::Span> {
    std::ranges::sort(
        spans, [](const auto& a, const auto& b) { return a.begin != b.begin ? a.begin < b.begin : a.end > b.end; });
    std::vector<Redactor::Span> result;
    for (const auto& span : spans) {
        if (result.empty() || span.begin >= result.back().end) {
            result.push_back(span);
            continue;
        }
        auto& last = result.back();
        const bool is_same = span.begin == last.begin && span.end == last.end;
        if (is_same && last.kind == kind_of(KeyMeaning::sample)) last.kind = span.kind; // all of it is known
        last.end = std::max(last.end, span.end);
    }
    return result;
}

/// `export_4111111111111111.csv`: the underscore is a letter to an expression's `\b`, and a joint to a reader. The text
/// with its joints opened, byte for byte as long; "" where it has none.
auto with_joints_open(std::string_view text) -> std::string {
    static constexpr std::string_view token_starts[] = {"AKIA", "ASIA", "eyJ", "ghp_", "gho_",
                                                        "ghs_", "AIza", "xox", "sk-"};
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    std::string opened;
    for (auto at = text.find('_'); at != std::string_view::npos; at = text.find('_', at + 1)) {
        const auto rest = text.substr(at + 1);
        const bool joins_number = (!rest.empty() && is_digit(rest.front())) || (at > 0 && is_digit(text[at - 1]));
        const bool joins_token =
            std::ranges::any_of(token_starts, [&](std::string_view start) { return rest.starts_with(start); });
        if (!joins_number && !joins_token) continue;
        if (opened.empty()) opened = text;
        opened[at] = '|'; // no part of a phone number, as a blank would be
    }
    return opened;
}

/// Appends how one value reads whatever its spelling, so that all its spellings share a pseudonym.
void append_canonical(std::string& result, std::string_view kind, std::string_view value) {
    static constexpr ByteSet separators(" -.()");
    const auto from = result.size();
    if (may_hold_escape(value))
        result += decoded_value(value);
    else
        result += value;
    const auto to_lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    const auto appended = std::ranges::subrange(result.begin() + static_cast<std::ptrdiff_t>(from), result.end());
    if (kind == "EMAIL") {
        std::ranges::transform(appended, appended.begin(), to_lower);
    } else if (kind == "PERSON") {
        const auto folded = folded_name(std::string_view(result).substr(from));
        result.replace(from, std::string::npos, folded);
    } else if (kind == "CARD" || kind == "SSN" || kind == "PHONE" || kind == "IBAN") {
        const auto left = std::ranges::remove_if(appended, [](char c) { return separators.contains(c); });
        result.erase(left.begin(), left.end());
    }
}

/// The size of what reads as a pseudonym, `<EMAIL_1>`, at `at`; else 0.
auto pseudonym_size(std::string_view text, std::size_t at) -> std::size_t {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    auto end = at + 1;
    while (end < text.size() && ((text[end] >= 'A' && text[end] <= 'Z') || text[end] == '_')) ++end;
    const auto number = end;
    while (end < text.size() && is_digit(text[end])) ++end;
    const bool fits =
        number > at + 2 && text[number - 1] == '_' && end > number && end < text.size() && text[end] == '>';
    return fits ? end + 1 - at : 0;
}

/// Appends text that stays. A pseudonym that the text brings along would later be taken for one of the dossier's own,
/// and a value put in its place; so it gets other brackets.
void append_kept(std::string& result, std::string_view text, const auto& is_own) {
    std::size_t from = 0;
    for (auto at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
        const auto size = pseudonym_size(text, at);
        if (size == 0 || is_own(text.substr(at, size))) continue;
        result.append(text.substr(from, at - from)).append("‹").append(text.substr(at + 1, size - 2)).append("›");
        from = at + size;
    }
    result.append(text.substr(from));
}

/// Those of the dossier, and those of the text where it has some.
using Names = std::array<const KnownNames*, 2>;

void add_names(std::string_view text, const Names& names, std::vector<Redactor::Span>& spans) {
    for (const auto* known : names) {
        if (known == nullptr) continue;
        for (const auto& [begin, end] : known->places_in(text))
            spans.push_back({.begin = begin, .end = end, .kind = "PERSON"});
    }
}

void add_display_names(std::string_view text, std::vector<Redactor::Span>& spans) {
    for (std::size_t i = 0, known = spans.size(); i < known; ++i) {
        const auto address = spans[i].begin;
        if (spans[i].kind != "EMAIL" || address == 0 || text[address - 1] != '<') continue;
        const auto [begin, end] = display_name_before(text, address - 1);
        if (end > begin) spans.push_back({.begin = begin, .end = end, .kind = "PERSON"});
    }
}

} // namespace

struct Redactor::Impl {
    RedactionConfig config;
    ShapeSearch shapes;
    PlainTexts plain;

    [[nodiscard]] auto is_allowed(std::string_view value) const -> bool {
        return std::ranges::any_of(config.allow, [&](const auto& glob) { return glob_match(glob, value); });
    }

    static void add_fields(std::string_view text, std::string_view key, std::vector<Span>& spans) {
        const auto add = [&](const FieldValue& field) {
            const auto value = text.substr(field.begin, field.end - field.begin);
            if (looks_the_part(field.meaning, value, field.is_delimited))
                spans.push_back({.begin = field.begin, .end = field.end, .kind = kind_of(field.meaning)});
        };
        if (const auto meaning = meaning_of_key(key); meaning != KeyMeaning::none)
            add({.meaning = meaning, .begin = 0, .end = text.size(), .is_delimited = true});
        std::ranges::for_each(assigned_values(text), add);
        std::ranges::for_each(element_values(text), add);
        std::ranges::for_each(table_values(text), add);
        std::ranges::for_each(document_values(text), add);
        std::ranges::for_each(sql_values(text), add);
        std::ranges::for_each(hl7_values(text), add);
        std::ranges::for_each(x12_values(text), add);
        std::ranges::for_each(ldif_values(text), add);
    }

    /// What shows in the text as it stands. @return whether runs in it hold another text
    auto add_reading(std::string_view text, std::string_view key, const Names& names, std::vector<Span>& spans) const {
        std::ranges::move(shapes.spans(text), std::back_inserter(spans));
        if (const auto opened = with_joints_open(text); !opened.empty())
            std::ranges::move(shapes.spans(opened), std::back_inserter(spans));
        add_display_names(text, spans);
        add_fields(text, key, spans);
        add_names(text, names, spans);
        // What base64 or hex holds can't be masked in part.
        const auto runs = encoded_runs(text);
        for (const auto& run : runs) {
            std::vector<Span> inside;
            std::ranges::move(shapes.spans(run.text), std::back_inserter(inside));
            add_fields(run.text, key, inside);
            add_names(run.text, names, inside);
            if (!inside.empty()) spans.push_back({.begin = run.begin, .end = run.end, .kind = inside.front().kind});
        }
        return !runs.empty();
    }

    /// What shows once escapes are taken off, layer by layer, at its place in the source. @return whether there is one
    auto add_layers(std::string_view text, std::string_view key, const Names& names, std::vector<Span>& spans) const {
        constexpr int most = 3;
        std::vector<std::uint32_t> source;
        std::string reading(text);
        for (int layer = 0; layer < most; ++layer) {
            auto decoded = decode_layer(reading);
            if (!decoded) break;
            if (!source.empty())
                for (auto& at : decoded->source) at = source[at];
            source = std::move(decoded->source);
            reading = std::move(decoded->text);
            std::vector<Span> inside;
            add_reading(reading, key, names, inside);
            for (const auto& span : inside)
                spans.push_back({.begin = source[span.begin], .end = source[span.end], .kind = span.kind});
        }
        return !source.empty();
    }

    [[nodiscard]] auto spans(std::string_view text, std::string_view key, const Names& names) const
        -> std::vector<Span>;
};

void Redactor::prepare() {
    const auto any = make({});
    if (any) static_cast<void>((*any)->find("nothing: here")); // reaches both engines and no expression
}

Redactor::Redactor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Redactor::~Redactor() = default;

auto Redactor::make(const RedactionConfig& config) -> Result<std::unique_ptr<Redactor>> {
    auto shapes = ShapeSearch::make(config.extra, config.ip_addresses);
    if (!shapes) return std::unexpected(shapes.error());
    auto impl = std::make_unique<Impl>(Impl{.config = config, .shapes = std::move(*shapes), .plain = {}});
    return std::unique_ptr<Redactor>(new Redactor(std::move(impl)));
}

auto Redactor::find(std::string_view text, std::string_view key) const -> std::vector<Span> {
    return impl_->spans(text, key, Names{});
}

auto Redactor::Impl::spans(std::string_view text, std::string_view key, const Names& names) const -> std::vector<Span> {
    std::vector<Span> spans;
    if (text.empty()) return spans;
    if (PlainTexts::fits(text) && plain.knows(text, key)) {
        add_names(text, names, spans);
    } else {
        const bool has_runs = add_reading(text, key, names, spans);
        const bool has_layers = add_layers(text, key, names, spans);
        if (PlainTexts::fits(text) && spans.empty() && !has_runs && !has_layers) plain.keep(text, key);
    }
    for (auto& span : spans) span = without_escape(text, span);
    spans = merged(std::move(spans));
    std::erase_if(spans, [&](const Span& s) { return is_allowed(text.substr(s.begin, s.end - s.begin)); });
    return spans;
}

auto Redactor::redact(std::string_view text, Redaction& state, std::string_view key) const -> std::string {
    return masked(text, state, key, nullptr, Pseudonyms::foreign);
}

auto Redactor::redact(std::string_view text, Redaction& state, std::string_view key, const KnownNames& people) const
    -> std::string {
    return masked(text, state, key, &people, Pseudonyms::foreign);
}

auto Redactor::redact_answer(std::string_view text, Redaction& state) const -> std::string {
    return masked(text, state, {}, nullptr, Pseudonyms::own);
}

void Redaction::remember_person(std::string_view name) {
    if (has_several_words(trim(name))) names_.add(trim(name));
}

auto Redactor::masked(std::string_view text, Redaction& state, std::string_view key, const KnownNames* people,
                      Pseudonyms found) const -> std::string {
    const auto is_own = [&](std::string_view pseudonym) {
        return found == Pseudonyms::own && state.original_of(pseudonym) != nullptr;
    };
    const auto spans = impl_->spans(text, key, {&state.names_, people});
    std::string result;
    result.reserve(text.size() + text.size() / 8);
    std::size_t at = 0;
    for (const auto& span : spans) {
        append_kept(result, text.substr(at, span.begin - at), is_own);
        at = span.end;
        if (impl_->config.pseudonymise)
            result.append(state.pseudonym_of(span.kind, text.substr(span.begin, span.end - span.begin)));
        else
            result.append(1, '<').append(span.kind).append(1, '>');
    }
    append_kept(result, text.substr(at), is_own);
    return result;
}

auto Redaction::pseudonym_of(std::string_view kind, std::string_view value) -> const std::string& {
    std::string key;
    key.reserve(kind.size() + 1 + value.size());
    key.append(kind).append(1, '\0');
    append_canonical(key, kind, value);
    auto& pseudonym = pseudonyms_[std::move(key)];
    if (!pseudonym.empty()) return pseudonym;
    auto given = originals_.find(kind);
    if (given == originals_.end()) given = originals_.emplace(kind, std::vector<std::string>()).first;
    given->second.emplace_back(value);
    pseudonym.append(1, '<').append(kind).append(1, '_').append(std::to_string(given->second.size())).append(1, '>');
    return pseudonym;
}

auto Redaction::original_of(std::string_view pseudonym) const -> const std::string* {
    const auto joint = pseudonym.rfind('_');
    if (joint == std::string_view::npos || !pseudonym.starts_with('<') || !pseudonym.ends_with('>')) return nullptr;
    const auto given = originals_.find(pseudonym.substr(1, joint - 1));
    const auto digits = pseudonym.substr(joint + 1, pseudonym.size() - joint - 2);
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool is_number = error == std::errc() && end == digits.data() + digits.size() && !digits.starts_with('0');
    if (given == originals_.end() || !is_number || number > given->second.size()) return nullptr;
    return &given->second[number - 1];
}

auto Redaction::restore(std::string text) const -> std::string {
    if (originals_.empty()) return text;
    std::string result;
    std::size_t at = 0;
    for (auto open = text.find('<'); open != std::string::npos; open = text.find('<', at)) {
        result.append(text, at, open - at);
        const auto close = text.find('>', open);
        const auto* const original =
            close == std::string::npos ? nullptr : original_of(std::string_view(text).substr(open, close - open + 1));
        result += original == nullptr ? "<" : *original;
        at = original == nullptr ? open + 1 : close + 1;
    }
    return result.append(text, at);
}

} // namespace dossier::redact
