#include "dossier/explain/live_text.hpp"

#include "dossier/base/strings.hpp"
#include "untrusted_text.hpp"

#include <algorithm>
#include <array>

namespace dossier::explain {
namespace {

constexpr std::size_t answer_read_limit = 256U << 10U; ///< more than any answer that is accepted
constexpr std::size_t held_limit = 2'000;              ///< a "word" without end is shown in parts
constexpr std::size_t piece_limit = 4'000;
constexpr std::size_t key_limit = 64;

auto is_blank(char c) -> bool { return c == ' ' || c == '\n' || c == '\t'; }

auto has_digit(std::string_view word) -> bool {
    return std::ranges::any_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

/// A scheme, a host that browsers complete, or the shape of a Markdown link.
auto is_link(std::string_view word) -> bool {
    static constexpr std::array<std::string_view, 7> marks = {
        "://", "www.", "javascript:", "mailto:", "data:", "](", "&#"};
    const auto small = lower(word);
    return std::ranges::any_of(marks, [&](std::string_view mark) { return small.contains(mark); });
}

/// Markup characters as look-alikes that no renderer knows.
auto without_markup(std::string_view word) -> std::string {
    std::string plain;
    for (const char c : word) {
        switch (c) {
        case '<':
            plain += "‹";
            break;
        case '>':
            plain += "›";
            break;
        case '`':
            plain += '\'';
            break;
        case '[':
            plain += '(';
            break;
        case ']':
            plain += ')';
            break;
        case '|':
            plain += '/';
            break;
        default:
            plain += c;
        }
    }
    return plain;
}

/// What may go out now: whole words, and none of a run of words with digits at the end.
auto releasable(std::string_view held) -> std::size_t {
    std::size_t end = held.find_last_of(" \n\t");
    if (end == std::string_view::npos) return 0;
    ++end;
    while (end > 0) {
        std::size_t last = end;
        while (last > 0 && is_blank(held[last - 1])) --last;
        std::size_t begin = last;
        while (begin > 0 && !is_blank(held[begin - 1])) --begin;
        if (!has_digit(held.substr(begin, last - begin))) break;
        end = begin;
    }
    return end;
}

auto masked(std::string_view text, const redact::Redactor& redactor) -> std::string {
    std::string clean;
    std::size_t at = 0;
    for (const auto& span : redactor.find(text)) {
        if (span.begin < at || span.end > text.size()) continue;
        clean += text.substr(at, span.begin - at);
        clean += "<";
        clean += span.kind;
        clean += ">";
        at = span.end;
    }
    clean += text.substr(at);
    return clean;
}

} // namespace

void LiveText::feed(std::string_view delta) {
    if (!show_) return;
    for (const char c : delta) {
        if (++read_ > answer_read_limit) return;
        take(c);
    }
    release(false);
}

void LiveText::take(char c) {
    if (place_ != Place::outside) {
        take_in_string(c);
    } else if (c == '"') {
        place_ = Place::in_string;
        string_.clear();
        is_shown_ = is_value_ && (key_ == "summary" || key_ == "text");
        high_surrogate_ = 0;
    } else if (c == ':') {
        is_value_ = true;
        key_ = string_;
    } else if (c == ',' || c == '{' || c == '[' || c == '}' || c == ']') {
        // An array of strings under a shown key is none of ours; its elements have no colon before them.
        is_value_ = false;
    }
}

void LiveText::take_in_string(char c) {
    const auto append = [this](char one) {
        if (is_shown_)
            held_ += one;
        else if (string_.size() < key_limit)
            string_ += one;
    };
    switch (place_) {
    case Place::in_string:
        if (c == '\\')
            place_ = Place::escaped;
        else if (c == '"')
            end_string();
        else
            append(c);
        return;
    case Place::escaped:
        place_ = Place::in_string;
        if (c == 'u') {
            place_ = Place::in_hex;
            hex_digits_ = 0;
            hex_ = 0;
        } else if (c == 'n' || c == 'r' || c == 't') {
            append(' ');
        } else if (c != 'b' && c != 'f') {
            append(c);
        }
        return;
    case Place::in_hex: {
        const auto digit = std::string_view("0123456789abcdef").find(lower(std::string_view(&c, 1)));
        hex_ = hex_ * 16 + (digit == std::string_view::npos ? 0 : static_cast<std::uint32_t>(digit));
        if (++hex_digits_ < 4) return;
        place_ = Place::in_string;
        append_code_point(hex_);
        return;
    }
    case Place::outside:
        return;
    }
}

void LiveText::append_code_point(std::uint32_t code_point) {
    if (!is_shown_) return;
    if (code_point >= 0xD800 && code_point < 0xDC00) {
        high_surrogate_ = code_point;
        return;
    }
    if (code_point >= 0xDC00 && code_point < 0xE000) {
        if (high_surrogate_ == 0) return;
        code_point = 0x10000 + ((high_surrogate_ - 0xD800) << 10U) + (code_point - 0xDC00);
    }
    high_surrogate_ = 0;
    const auto byte = [this](std::uint32_t value) { held_ += static_cast<char>(value); };
    if (code_point < 0x80) {
        byte(code_point);
    } else if (code_point < 0x800) {
        byte(0xC0U | (code_point >> 6U));
        byte(0x80U | (code_point & 0x3FU));
    } else if (code_point < 0x10000) {
        byte(0xE0U | (code_point >> 12U));
        byte(0x80U | ((code_point >> 6U) & 0x3FU));
        byte(0x80U | (code_point & 0x3FU));
    } else {
        byte(0xF0U | (code_point >> 18U));
        byte(0x80U | ((code_point >> 12U) & 0x3FU));
        byte(0x80U | ((code_point >> 6U) & 0x3FU));
        byte(0x80U | (code_point & 0x3FU));
    }
}

void LiveText::end_string() {
    place_ = Place::outside;
    if (is_shown_) {
        release(true);
        emit("\n");
    }
    is_shown_ = false;
    is_value_ = false;
}

void LiveText::release(bool all) {
    if (!is_shown_ && !all) return;
    auto end = all ? held_.size() : releasable(held_);
    if (end == 0 && held_.size() > held_limit) end = held_.size();
    if (end == 0) return;
    const auto text = masked(to_valid_utf8(std::string_view(held_).substr(0, end)), redactor_);
    held_.erase(0, end);
    std::string safe;
    std::size_t at = 0;
    while (at < text.size()) {
        if (is_blank(text[at])) {
            safe += ' ';
            ++at;
            continue;
        }
        auto stop = text.find_first_of(" \n\t", at);
        if (stop == std::string::npos) stop = text.size();
        const auto word = std::string_view(text).substr(at, stop - at);
        safe += is_link(word) ? "(link left out)" : without_markup(clean_text(word, piece_limit));
        at = stop;
    }
    emit(safe);
}

void LiveText::emit(std::string_view text) {
    if (text.empty() || !show_) return;
    if (text != "\n") anything_shown_ = true;
    show_(text);
}

auto LiveText::restart() -> bool {
    place_ = Place::outside;
    string_.clear();
    key_.clear();
    held_.clear();
    is_value_ = is_shown_ = false;
    read_ = 0;
    return std::exchange(anything_shown_, false);
}

void LiveText::finish() {
    if (is_shown_) release(true);
}

} // namespace dossier::explain
