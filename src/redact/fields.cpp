#include "fields.hpp"

#include "byte_classes.hpp"
#include "cells.hpp"
#include "characters.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/redact/people.hpp"
#include "text_memo.hpp"
#include "validators.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

namespace dossier::redact {

namespace {

constexpr std::array plain_words{"true",     "false",    "null",     "none",    "nil",     "undefined", "enabled",
                                 "disabled", "required", "optional", "missing", "expired", "yes",       "no",
                                 "string",   "redacted", "masked",   "hidden",  "unset",   "default",   "policy",
                                 "rotation", "active",   "inactive", "weak",    "strong",  "not",       "unknown",
                                 "n/a",      "public",   "private",  "exposed", "found",   "in"};

auto is_word_of_prose(std::string_view value) -> bool {
    return std::ranges::all_of(value, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

/// `fetch_secret(name)`; `/run/secrets/db.txt`; `%DB_PASSWORD%`. A call that is not closed and a path that begins
/// nowhere known could be a password: masked, since a lost word costs less than a leaked one.
auto is_code_or_path(std::string_view value) -> bool {
    static const RE2 pattern(
        R"([A-Za-z_]{2,}(?:\.[A-Za-z_]{2,})*\([A-Za-z_., ]*\)|(?:~|\.{1,2}|/(?:run|etc|var|opt|home|usr|tmp|mnt|srv|secrets|app))(?:/[a-z_.\-]{2,})+|%[A-Za-z_]{3,}%)");
    return RE2::FullMatch(value, pattern);
}

auto is_reference(std::string_view value) -> bool {
    if (value.starts_with("arn:") || value.starts_with("http://") || value.starts_with("https://")) return true;
    if (value.starts_with("${") || value.starts_with("{{") || value.starts_with("$(") || value.starts_with("<"))
        return true;
    if (value.starts_with("$") && value.size() > 1 &&
        value.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", 1) == value.npos)
        return true;
    if (value.starts_with("os.") || value.starts_with("process.env") || value.starts_with("var.") ||
        value.starts_with("env.") || value.find("getenv") != value.npos || value.find("()") != value.npos)
        return true;
    if (is_code_or_path(value)) return true;
    return value.find_first_not_of("xX*.-_#0") == std::string_view::npos;
}

/// What a manual or a template puts where the secret goes: your_token, insert-key-here, a fake. Default passwords
/// (changeme, admin) are no such words: somebody may have left them.
auto is_stand_in(std::string_view value) -> bool {
    static const RE2 pattern(R"((?i).*fake.*|(?:<|your|insert|put|enter|add)[_\-].*|.*[_\-]here)");
    return RE2::FullMatch(value, pattern);
}

auto is_secret(std::string_view value, bool is_delimited) -> bool {
    if (value.size() > 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (value.size() < 4 || is_reference(value) || is_stand_in(value)) return false;
    if (std::ranges::any_of(plain_words, [&](auto word) { return iequals(word, value); })) return false;
    if (!is_delimited && is_word_of_prose(value)) return false;
    return value.size() >= 12 ? entropy_of(value) >= 2.0 : entropy_of(value) >= 1.0;
}

auto has_upper_lower_or_digit_mix(std::string_view value) -> bool {
    const auto any = [&](auto test) { return std::ranges::any_of(value, test); };
    const bool has_digit = any([](char c) { return c >= '0' && c <= '9'; });
    const bool has_letter = any([](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    return has_digit && has_letter;
}

auto is_date(std::string_view value) -> bool {
    static const RE2 pattern(R"(\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}(?:[T ].*)?|\d{1,2}[\-/.]\d{1,2}[\-/.]\d{2,4}|\d{8})");
    return RE2::FullMatch(value, pattern);
}

auto is_name(std::string_view value) -> bool {
    static const RE2 pattern(R"(\p{L}[\p{L}'’.\-]*(?:\\?,)?(?: [\p{L}'’.\-]+){0,4})"); // also Ngo, Alice
    return value.size() >= 2 && RE2::FullMatch(value, pattern);
}

auto is_column_name(std::string_view cell) -> bool {
    const auto word = trim(cell);
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == ' ' || c == '.' || c == '"';
    };
    return !word.empty() && word.size() <= 40 && std::ranges::all_of(word, fits);
}

/// `secret` in arn:aws:secretsmanager:…:secret:db-AbCdEf is part of a name.
auto is_inside_arn(std::string_view text, std::size_t at) -> bool {
    const auto from = at > 120 ? at - 120 : 0;
    static constexpr ByteSet stops(" \"'`,;=\n\t");
    auto start = at;
    while (start > from && !stops.contains(text[start - 1])) --start;
    return text.substr(start, 4) == "arn:";
}

/// Brackets that close what was opened before the value: {"token": null}.
auto without_closing_brackets(std::string_view text, std::size_t begin, std::size_t end) -> std::size_t {
    while (end > begin && std::string_view("}])").find(text[end - 1]) != std::string_view::npos &&
           text.substr(begin, end - begin).find_first_of("{[(") == std::string_view::npos)
        --end;
    return end;
}

auto pattern_options() -> RE2::Options {
    RE2::Options options;
    options.set_max_mem(4 << 20);
    return options;
}

constexpr ByteSet name_bytes("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
auto is_name_byte(char c) -> bool { return name_bytes.contains(c); }
auto is_of_name(ByteBlock block) -> Compared {
    return is_letter_between(block, 'a', 'z') | is_between(block, '0', '9') | is_between(block, '-', '.') |
           is_byte(block, '_');
}

constexpr ByteSet blanks_of_assignments(" \t\n\f\r");
/// And other bytes that tell nothing.
auto may_be_blank(ByteBlock block) -> Compared { return is_between(block, '\t', ' '); }

/// What may stand behind a name that has a value: these, empty brackets, or the type of a string.
constexpr ByteSet signs_behind_names("\\\"'`]:=!|?sS");
auto begins_string(ByteBlock block) -> Compared { return is_letter_between(block, 's', 's'); }

/// The ends of names, in order, but of those that another word follows: behind them stands nothing that gives a value.
class NameEnds {
public:
    /// @param all those, too
    NameEnds(std::string_view text, bool all) : text_(text), all_(all) {}

    /// npos = there is no more.
    auto next() -> std::size_t {
        while (ends_ == 0) {
            if (block_ >= text_.size()) {
                const bool is_open = std::exchange(name_before_, 0) != 0; // a name that ends with the text
                return is_open && all_ ? text_.size() : std::string_view::npos;
            }
            read_block();
        }
        const auto at = read_ + static_cast<std::size_t>(std::countr_zero(ends_));
        ends_ &= ends_ - 1;
        return is_name_byte(text_[at - 1]) ? at : at - 1; // or a blank stands between
    }

private:
    void read_block() {
        const auto names = bits_at<is_of_name>(text_, block_);
        const auto ends = (names << 1U | name_before_) & ~names;
        name_before_ = names >> (bytes_of_bits - 1);
        if (all_) {
            ends_ = ends;
        } else {
            const auto blanks = ends & bits_at<may_be_blank>(text_, block_);
            const auto words = names & ~bits_at<begins_string>(text_, block_);
            ends_ = (ends & ~blanks) | ((blanks << 1U | blank_before_) & ~words);
            blank_before_ = blanks >> (bytes_of_bits - 1);
        }
        // Bits behind the text's end are those of no name, and so may seem to end one.
        if (const auto left = text_.size() - block_; left < bytes_of_bits) {
            if ((ends_ >> left & 1U) != 0) name_before_ = 1;
            ends_ &= (std::uint64_t{1} << left) - 1;
        }
        read_ = block_;
        block_ += bytes_of_bits;
    }

    std::string_view text_;
    bool all_ = false;
    std::size_t block_ = 0; ///< to be read next
    std::size_t read_ = 0;  ///< the one that `ends_` speaks of
    std::uint64_t ends_ = 0;
    std::uint64_t name_before_ = 0;  ///< whether one goes on where the next block begins
    std::uint64_t blank_before_ = 0; ///< whether one ended before the blank at the block's end
};

/// Quotes of any kind, line breaks and backslashes.
auto may_end_quoted(ByteBlock block) -> Compared {
    return is_byte(block, '"') | is_byte(block, '\'') | is_byte(block, '`') | is_byte(block, '\n') |
           is_byte(block, '\\');
}

/// Whether what stands behind a name can lead to a value; the pattern of assignments decides.
auto may_be_assigned(std::string_view text, std::size_t at) -> bool {
    while (at < text.size() && blanks_of_assignments.contains(text[at])) ++at;
    return at < text.size() && (signs_behind_names.contains(text[at]) || text.substr(at, 2) == "[]");
}

/// The literal that a name is compared with, before it: "hunter2" == password. Empty where there is none.
auto compared_before(std::string_view text, std::size_t at) -> Cell {
    constexpr std::size_t longest_operator = 9; // with blanks around it
    constexpr std::size_t longest = 400;
    const auto from = at > longest_operator ? at - longest_operator : 0;
    const auto between = text.substr(from, at - from);
    const auto quote = between.find_last_not_of(" =!");
    if (quote == std::string_view::npos || (between[quote] != '"' && between[quote] != '\'')) return {};
    const auto sign = trim(between.substr(quote + 1));
    if (sign != "==" && sign != "===" && sign != "!=" && sign != "!==") return {};
    const auto end = from + quote;
    const auto limit = end > longest ? end - longest : 0;
    const auto open = text.substr(limit, end - limit).find_last_of(std::string{between[quote], '\n'});
    if (open == std::string_view::npos || text[limit + open] == '\n') return {};
    return {limit + open + 1, end};
}

/// One of these stands in every assignment and comparison that the patterns below know.
constexpr std::string_view signs_of_assignment = ":=\"'";

/// More than an assignment with a value of 400 characters of four bytes takes.
constexpr std::size_t longest_assignment = 1800;
/// More than what stands between a name and the second character of its value, where blanks don't stretch it.
constexpr std::size_t usual_beginning = 96;
/// More than the telling part of a name and what may stand behind it.
constexpr std::size_t longest_name_end = 96;

/// Each telling part of the pattern below holds one of these.
constexpr std::array<std::string_view, 48> telling_parts{
    "pass",   "pwd",    "secret",  "token",   "key",    "auth",    "credential", "sig",     "ssn",     "social",
    "card",   "iban",   "phone",   "mobile",  "oncall", "dob",     "birth",      "mrn",     "name",    "client",
    "owner",  "creat",  "contact", "manager", "street", "address", "holder",     "assign",  "user",    "steward",
    "number", "nation", "nino",    "pesel",   "aadha",  "licen",   "tax",        "patient", "request", "approv",
    "nif",    "dni",    "bsn",     "cpf",     "nric",   "email",   "custod",     "modif"};

/// The three bytes from each on, by the lower bits of letters of either case.
class Triples {
public:
    static constexpr std::size_t count = 4'096;
    static constexpr auto with(std::size_t triple, char c) -> std::size_t {
        return (triple << 4U ^ (static_cast<unsigned char>(c) & 31U)) % count;
    }
};

struct Name {
    Cell cell;
    bool may_tell =
        false; ///< three bytes of it are such as telling parts begin with; only then it is worth the pattern
};

/// The name that ends at `end`, from `from` on.
auto name_before(std::string_view text, std::size_t from, std::size_t end) -> Name {
    static constexpr auto telling = [] {
        std::array<bool, Triples::count> table{};
        for (const auto part : telling_parts) // read backwards, as the name is
            table[Triples::with(Triples::with(Triples::with(0, part[2]), part[1]), part[0])] = true;
        return table;
    }();
    bool may_tell = false;
    std::size_t triple = 0;
    auto begin = end;
    for (; begin > from && is_name_byte(text[begin - 1]); --begin) {
        triple = Triples::with(triple, text[begin - 1]);
        may_tell |= telling[triple];
    }
    return {.cell = {begin, end}, .may_tell = may_tell};
}

/// Where the name with a telling part begins that ends where `name` does; its end = there is none.
auto telling_name_at(std::string_view text, Cell name) -> std::size_t {
    static const RE2 pattern(
        R"re((?i)[a-z0-9_.\-]{0,40}(?:passw|passwd|pwd|passphrase|secret|token|api_?-?key|access_?-?key|private_?-?key|auth|credential|_pass|sig\b|signature|[a-z]key|[_\-]key|ssn|social_?security|card|iban|phone|mobile|oncall|dob|birth|mrn|passport|[a-z_\-]name|client|owner|creat[eo]|contact|manager|steward|assign|custodian|request|approv|modifiedby|street|address|holder|patient|user|national|tax_?id|[a-z]number|nino|pesel|aadha+r|licen[cs]e|email|\bnif\b|\bdni|\bbsn|\bcpf|nric)[a-z0-9_.\-]{0,24}$)re",
        pattern_options());
    constexpr std::size_t shortest = 3;
    if (name.end - name.begin < shortest) return name.end;
    const auto from = name.end - name.begin > longest_name_end ? name.end - longest_name_end : name.begin;
    thread_local TextMemo<std::size_t> known; // where in a run of bytes
    return from + known.get(text.substr(from, name.end - from), [](std::string_view bytes) {
        const re2::StringPiece run(bytes.data(), bytes.size());
        re2::StringPiece found;
        if (!pattern.Match(run, 0, run.size(), RE2::UNANCHORED, &found, 1)) return bytes.size();
        return static_cast<std::size_t>(found.data() - bytes.data());
    });
}

/// `=`, `:`, `:=`, `=>`, `!=`, a comma or a tag's "Value", then the value's opening quote.
constexpr std::string_view before_value =
    R"re((?i)(?:\\{0,3}["'`]?(?:\]|\s?\[\])?\s{0,3}(?::{1,3}=|={1,3}>?|!={1,2}|=>|\|\|:|\?=|:)\s{0,3}|\\{0,3}["']\s{0,3},\s{0,8}\\{0,3}["']\s{0,2}(?:value\\{0,3}["']\s{0,3}:\s{0,3}\\{0,3}["'])?|\s{1,3}string\s{1,3}:?=\s{0,3}|\\{0,3}["']\s+value\s?=\s?))re"
    R"re((@?\\{0,3}["'`]|["'`]?))re";

auto assignment_pattern(std::string_view value) -> RE2 {
    std::string pattern(before_value);
    return RE2(pattern.append("(").append(value).append(")"), pattern_options());
}

struct Assignment {
    Cell value; ///< where it isn't quoted: up to the first quote, blank or separator; 400 characters at most
    char before = 0;
    bool is_quoted = false;
};

/// `": "value`, `: 'value`, as most documents have it: what `before_value` says of it, without an expression.
auto quoted_at(std::string_view text, std::size_t at) -> std::optional<Assignment> {
    static constexpr ByteSet quotes("\"'`");
    static constexpr ByteSet no_beginning(" \t\n\f\r\"'`,;&<>\\");
    const auto is_one_of = [&](const ByteSet& bytes) { return at < text.size() && bytes.contains(text[at]); };
    if (is_one_of(quotes)) ++at;
    if (at >= text.size() || text[at] != ':') return std::nullopt;
    ++at;
    for (int most = 3; most > 0 && is_one_of(blanks_of_assignments); --most) ++at;
    if (!is_one_of(quotes)) return std::nullopt;
    ++at;
    if (at >= text.size() || is_one_of(no_beginning)) return std::nullopt;
    return Assignment{.value = {at, at + 1}, .before = text[at - 1], .is_quoted = true};
}

/// What is assigned to the name that ends at `at`. A pattern that counts to 400 is followed state by state: 11,000
/// cycles a try. So one finds where the value begins, in a few hundred, and the value is run along afterwards.
auto assignment_at(std::string_view text, std::size_t at) -> std::optional<Assignment> {
    static const RE2 beginning = assignment_pattern(R"re("[^"\\]|[^\s"'`,;&<>\\])re");
    static const RE2 whole = assignment_pattern(R"re("[^"\\]{1,400}"|[^\s"'`,;&<>\\]{1,400})re");
    static const RE2 unquoted(R"re([^\s"'`,;&<>\\]*)re", pattern_options());
    constexpr std::size_t most_characters = 400;
    if (const auto quoted = quoted_at(text, at)) return quoted;
    const re2::StringPiece all(text.data(), text.size());
    const auto limit = std::min(text.size(), at + longest_assignment);
    const auto usual_limit = std::min(limit, at + usual_beginning);
    re2::StringPiece groups[3];
    const auto found = [&]() -> Assignment {
        const auto begin = static_cast<std::size_t>(groups[2].data() - text.data());
        // The quote of a tag's "Value" is part of what stands before the value.
        const char before = text[begin - 1];
        const bool is_quoted = !groups[1].empty() || std::string_view("\"'`").contains(before);
        return {.value = {begin, begin + groups[2].size()}, .before = before, .is_quoted = is_quoted};
    };
    const bool begins = beginning.Match(all, at, usual_limit, RE2::ANCHOR_START, groups, 3);
    const bool is_stretched =
        !begins && usual_limit < limit && std::string_view(" \t\n\f\r").contains(text[usual_limit - 1]);
    if (!begins && !is_stretched) return std::nullopt;
    if (is_stretched || groups[2][0] == '"') { // whether that quote is closed decides how the rest is read
        if (!whole.Match(all, at, limit, RE2::ANCHOR_START, groups, 3)) return std::nullopt;
        return found();
    }
    auto assignment = found();
    if (assignment.is_quoted) return assignment;
    auto& value = assignment.value;
    re2::StringPiece run;
    if (unquoted.Match(all, value.begin, limit, RE2::ANCHOR_START, &run, 1)) value.end = value.begin + run.size();
    std::size_t characters = 0;
    for (auto next = value.begin; next < value.end; ++next) {
        const bool continues = (static_cast<unsigned char>(text[next]) & 0xC0U) == 0x80U;
        if (!continues && characters++ == most_characters) value.end = next;
    }
    return assignment;
}

struct Header {
    std::string_view separator;
    std::vector<KeyMeaning> columns;
};

/// Column names and separators, and nothing else.
auto may_be_header(std::string_view line) -> bool {
    const auto fits = [](char c) {
        return is_name_byte(c) || std::string_view(" \",;|\t\\\r\f\v\n").find(c) != std::string_view::npos;
    };
    return std::ranges::all_of(line, fits);
}

auto header_of(std::string_view text, Cell line) -> Header {
    if (line.end - line.begin > 2000 || !may_be_header(text.substr(line.begin, line.end - line.begin))) return {};
    for (const std::string_view separator : {",", ";", "|", "\t", "\\t"}) {
        const auto cells = cells_of(text, line, separator);
        if (cells.size() < 2) continue;
        Header header{.separator = separator, .columns = {}};
        for (const auto& cell : cells) {
            const auto name = text.substr(cell.begin, cell.end - cell.begin);
            if (!is_column_name(name)) return {};
            header.columns.push_back(meaning_of_key(name));
        }
        const auto meant = std::ranges::count_if(header.columns, [](auto m) { return m != KeyMeaning::none; });
        if (meant == 0) return {};
        // `name` is a person in a table of people; elsewhere it is a resource.
        for (std::size_t i = 0; i < cells.size() && meant >= 2; ++i)
            if (iequals(trim(text.substr(cells[i].begin, cells[i].end - cells[i].begin)), "name"))
                header.columns[i] = KeyMeaning::person;
        return header;
    }
    return {};
}

/// `Alice Ngo` without quotes: words with capital letters belong to the name.
auto end_of_name(std::string_view text, std::size_t end) -> std::size_t {
    while (end + 1 < text.size() && text[end] == ' ') {
        const char next = text[end + 1];
        if (!((next >= 'A' && next <= 'Z') || static_cast<unsigned char>(next) >= 0xC3)) break;
        const auto stop = std::min(text.find_first_of(" \"'`,;:&<>=()[]{}\\\n\r\t", end + 1), text.size());
        if (stop == end + 1) break;
        end = stop;
    }
    return end;
}

/// A > inside a password; before a blank or a < it closes a tag.
auto end_of_secret(std::string_view text, std::size_t end) -> std::size_t {
    while (end + 1 < text.size() && text[end] == '>' && !std::string_view(" <\n\t\r\"'").contains(text[end + 1]))
        end = std::min(text.find_first_of(" \"'`,;&<>\\\n\r\t", end + 1), text.size());
    return end;
}

/// A colon comes behind the quote that ends it.
auto is_name_of_field(std::string_view text, std::size_t end) -> bool {
    const auto after = text.find_first_not_of("\\\"' \t", end);
    return after != std::string_view::npos && text[after] == ':';
}

/// The end of a tag's or attribute's name.
auto element_name_end(std::string_view text, std::size_t at) -> std::size_t {
    while (at < text.size() && (is_name_byte(text[at]) || text[at] == ':')) ++at;
    return at;
}

} // namespace

auto element_values(std::string_view text) -> std::vector<FieldValue> {
    std::vector<FieldValue> found;
    constexpr std::size_t longest = 400;
    for (auto open = text.find('<'); open != std::string_view::npos; open = text.find('<', open + 1)) {
        const auto name_end = element_name_end(text, open + 1);
        if (name_end == open + 1 || name_end >= text.size()) continue;
        const auto close = text.substr(name_end, longest).find('>');
        if (close == std::string_view::npos) continue;
        const auto begin = name_end + close + 1;
        const auto size = text.substr(begin, longest).find("</");
        if (size == std::string_view::npos || size == 0) continue;
        auto name = text.substr(open + 1, name_end - open - 1);
        if (!text.substr(begin + size + 2).starts_with(name)) continue;
        if (const auto colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
        const auto meaning = meaning_of_key(name);
        if (meaning == KeyMeaning::none) continue;
        found.push_back({.meaning = meaning, .begin = begin, .end = begin + size, .is_delimited = true});
    }
    return found;
}

auto assigned_values(std::string_view text) -> std::vector<FieldValue> {
    std::vector<FieldValue> found;
    const bool may_assign = std::ranges::any_of(signs_of_assignment, [&](char sign) { return text.contains(sign); });
    if (!may_assign) return found;
    std::size_t at = 0;
    const bool may_compare = text.contains("==") || text.contains("!=");
    NameEnds ends(text, may_compare);
    ByteSearch<may_end_quoted> stops(text);
    for (auto end_of_next = ends.next(); end_of_next != std::string_view::npos; end_of_next = ends.next()) {
        if (end_of_next <= at || (!may_compare && !may_be_assigned(text, end_of_next))) continue;
        const auto [name, may_tell] = name_before(text, at, end_of_next);
        at = name.end; // a name's "value" may be the next name
        const auto compared = may_tell && may_compare ? compared_before(text, name.begin) : Cell{};
        const bool is_compared = compared.end > compared.begin;
        if (!may_tell || (!is_compared && !may_be_assigned(text, name.end))) continue;
        const auto key_at = telling_name_at(text, name);
        if (key_at == name.end) continue;
        const auto meaning = meaning_of_key(text.substr(key_at, name.end - key_at));
        if (meaning == KeyMeaning::none || is_inside_arn(text, key_at)) continue;
        if (is_compared) {
            found.push_back({.meaning = meaning, .begin = compared.begin, .end = compared.end, .is_delimited = true});
            continue;
        }
        const auto assignment = assignment_at(text, name.end);
        if (!assignment) continue;
        const auto& [value, mark, is_quoted] = *assignment;
        auto [begin, end] = value;
        // `password=` with nothing behind it: the next line is another setting.
        const auto between = text.substr(name.end, begin - name.end);
        if (!is_quoted && between.contains('=') && between.contains('\n')) continue;
        if (is_quoted) { // up to the same quote
            const auto limit = std::min(text.size(), begin + 400);
            auto stop = stops.next(begin);
            while (stop < limit && text[stop] != mark && text[stop] != '\n' && text[stop] != '\\')
                stop = stops.next(stop + 1);
            end = std::min(stop, std::max(limit, begin));
        } else {
            if (meaning == KeyMeaning::secret) end = end_of_secret(text, end);
            end = without_closing_brackets(text, begin, end);
            if (meaning != KeyMeaning::secret && text[begin] == '[') ++begin; // an array's first number
            if (meaning == KeyMeaning::person || meaning == KeyMeaning::role) end = end_of_name(text, end);
        }
        // "column": "full_name", "values": … is a name, too: what it names is found as part of the document.
        if (is_quoted && between.contains(',') && is_name_of_field(text, end)) continue;
        const bool is_assigned = begin >= 1 && text.substr(begin > 4 ? begin - 4 : 0, 4).find('=') != text.npos;
        if (end > begin)
            found.push_back({.meaning = meaning, .begin = begin, .end = end, .is_delimited = is_quoted || is_assigned});
        at = end;
    }
    return found;
}

auto table_values(std::string_view text) -> std::vector<FieldValue> {
    std::vector<FieldValue> found;
    const bool has_lines = text.contains('\n') || text.contains("\\n");
    if (!has_lines) return found; // a header alone holds no values
    Header header;
    for (const auto& line : lines_of(text)) {
        if (header.columns.empty()) {
            header = header_of(text, line);
            continue;
        }
        const auto cells = cells_of(text, line, header.separator);
        if (cells.size() != header.columns.size()) {
            header = header_of(text, line);
            continue;
        }
        for (std::size_t i = 0; i < cells.size(); ++i) {
            auto [begin, end] = cells[i];
            // The last cell of a table inside a document ends where the string does.
            end = std::min(end, text.substr(0, end).find_first_of("\"\\", begin));
            if (header.columns[i] == KeyMeaning::none || end <= begin) continue;
            found.push_back({.meaning = header.columns[i], .begin = begin, .end = end, .is_delimited = true});
        }
    }
    return found;
}

auto looks_the_part(KeyMeaning meaning, std::string_view value, bool is_delimited) -> bool {
    const auto text = trim(value);
    const auto digits = [&] { return static_cast<std::size_t>(std::ranges::count_if(text, is_digit)); };
    switch (meaning) {
    case KeyMeaning::none:
        return false;
    case KeyMeaning::secret:
        return is_secret(text, is_delimited);
    case KeyMeaning::weak_secret:
        return text.size() >= 16 && is_secret(text, is_delimited) && has_upper_lower_or_digit_mix(text) &&
               text.find('/') == text.npos && text.find(' ') == text.npos && entropy_of(text) >= 3.0;
    case KeyMeaning::ssn:
        return digits() == 9 && text.size() <= 11;
    case KeyMeaning::card:
        return digits() >= 12 && digits() <= 19 && text.size() <= 2 * digits();
    case KeyMeaning::iban:
        return text.size() >= 15 && text.size() <= 42 && digits() >= 6;
    case KeyMeaning::phone:
        return digits() >= 7 && digits() <= 15 && text.size() <= 2 * digits();
    case KeyMeaning::email:
        return text.find('@') != text.npos;
    case KeyMeaning::birth_date:
        return is_date(text);
    case KeyMeaning::medical_record:
    case KeyMeaning::passport:
        return digits() >= 5 && text.size() <= 20;
    case KeyMeaning::person:
        return is_name(text);
    case KeyMeaning::role:
        return is_delimited && reads_as_person(text);
    case KeyMeaning::address:
        return is_delimited && text.find(' ') != text.npos && digits() > 0 && text.find("://") == text.npos;
    case KeyMeaning::national_id:
        return digits() >= 5 && text.size() <= 24 && !text.starts_with("arn:");
    case KeyMeaning::ip:
        return is_public_ip(text);
    case KeyMeaning::sample:
        return true;
    }
    return false;
}

} // namespace dossier::redact
