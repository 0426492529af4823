#pragma once
// Identifiers and secrets that can be told by their own shape: one row each with kind, heads or leads, RE2 pattern and
// a check. Heads are searched for by the engine in one pass, leads of numbers in another; they name the few places
// where the pattern is tried, anchored; a row's first capturing group, where it has one, is what gets masked. Order
// matters: at one place the first row whose check agrees wins. A row of kind "" consumes what must stay (UUIDs, times).

#include "leads.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::redact {

struct Candidate {
    std::string_view text; ///< the whole text
    std::size_t begin = 0;
    std::size_t end = 0; ///< a check may shorten the span
    [[nodiscard]] auto value() const -> std::string_view { return text.substr(begin, end - begin); }
    /// Up to `count` bytes before the span.
    [[nodiscard]] auto before(std::size_t count) const -> std::string_view {
        const auto from = begin > count ? begin - count : 0;
        return text.substr(from, begin - from);
    }
    [[nodiscard]] auto after(std::size_t count) const -> std::string_view { return text.substr(end, count); }
};

/// What a head that was found says of the place where the pattern begins.
enum class Found {
    at_start,    ///< the pattern begins where the head does: where widths vary, at a word boundary
    at_sign,     ///< the head is the @ of an address, whose local part stands before it
    after_scheme ///< the head is the :// of a URL, whose scheme stands before it
};

struct Shape {
    std::string_view kind;
    std::vector<std::string> heads; ///< in the syntax that the engine and RE2 share
    std::vector<Lead> leads;        ///< how the pattern begins, where that is a number or a word in capitals
    std::string pattern;
    bool (*check)(Candidate& candidate) = nullptr; ///< null = the pattern is proof enough
    /// A look around the place that costs less than the pattern; null = the pattern is tried.
    bool (*gate)(std::string_view text, std::size_t at) = nullptr;
    bool any_case = false; ///< of the heads
    Found found = Found::at_start;
};

/// All rows, in order.
[[nodiscard]] auto shapes() -> const std::vector<Shape>&;

// The rows of each file, in this order.
void add_what_stays(std::vector<Shape>& rows);
void add_credentials(std::vector<Shape>& rows);
void add_provider_keys(std::vector<Shape>& rows);
void add_service_keys(std::vector<Shape>& rows);
void add_people(std::vector<Shape>& rows);
void add_printed_ids(std::vector<Shape>& rows);
void add_national_ids(std::vector<Shape>& rows);
void add_contacts(std::vector<Shape>& rows);

/// Does any of these stand in the text, whatever its case?
[[nodiscard]] auto has_word(std::string_view text, std::initializer_list<std::string_view> words) -> bool;
/// ${NAME}, <password>, xxxx: what stands for a value.
[[nodiscard]] auto is_placeholder(std::string_view value) -> bool;
/// No placeholder, no example, and as random as a token.
[[nodiscard]] auto check_token(Candidate& candidate) -> bool;

} // namespace dossier::redact
