// Telephone numbers and addresses of machines. They come last: much else looks like them in part.

#include "characters.hpp"
#include "shapes.hpp"
#include "validators.hpp"

#include "dossier/base/strings.hpp"

namespace dossier::redact {

namespace {

/// Without the extension.
auto line_of(std::string_view phone) -> std::string { return digits_of(phone.substr(0, phone.find_first_of("xX"))); }

auto check_international_phone(Candidate& c) -> bool {
    const auto digits = line_of(c.value());
    const auto before = c.before(1);
    return digits.size() >= 8 && digits.size() <= 15 && digits[0] != '0' &&
           (before.empty() || !(is_letter(before[0]) || is_digit(before[0])));
}

auto check_nanp_phone(Candidate& c) -> bool {
    const auto before = c.before(1);
    if (before == "-" || before == "." || before == "/") return false;
    auto digits = line_of(c.value());
    if (digits.starts_with("00")) digits.erase(0, 2);
    return is_nanp_number(digits);
}

auto check_bracketed_phone(Candidate& c) -> bool {
    const auto digits = line_of(c.value());
    return digits.size() >= 8 && digits.size() <= 12;
}

auto is_said_to_be_a_phone(std::string_view text, std::size_t at) -> bool {
    const auto from = at > 28 ? at - 28 : 0;
    return has_word(text.substr(from, at - from),
                    {"phone", "mobile", "tel:", "tel.", "desk:", "fax", "call me", "can call", "call +", "answering at",
                     "messages to", "my registered", "oncall", "reach me"}) ||
           has_word(text.substr(at, 36), {"-office", "-fax", "-mobile"});
}

auto check_told_phone(Candidate& c) -> bool {
    const auto digits = line_of(c.value()).size();
    return digits >= 7 && digits <= 13;
}

/// The last word before it, whatever marks stand between: of "(release: " it is "release".
auto word_before(const Candidate& c) -> std::string {
    auto before = c.before(16);
    while (!before.empty() && !is_letter(before.back())) before.remove_suffix(1);
    auto from = before.size();
    while (from > 0 && is_letter(before[from - 1])) --from;
    return lower(before.substr(from));
}

auto check_address(Candidate& c) -> bool {
    const auto after = c.after(3);
    // 203.0.113.0/24 is configuration; 203.0.113.7/32 is one machine.
    if (after.size() > 1 && after[0] == '/' && is_digit(after[1]) && !after.starts_with("/32")) return false;
    if (after.starts_with(".") && after.size() > 1 && is_digit(after[1])) return false;
    const auto before = c.before(1);
    if (before == "v" || before == ".") return false;
    if (const auto word = word_before(c); word == "version" || word == "ver" || word == "release") return false;
    return is_public_ip(c.value());
}

} // namespace

void add_contacts(std::vector<Shape>& rows) {
    rows.push_back(
        {.kind = "PHONE",
         .heads = {R"(\+\d)", R"(%2B\d)"},
         .pattern = R"((?:\+|%2B)\d{1,3}[ .\-]?(?:\(0?\d{1,4}\)[ .\-]?)?\d{1,12}(?:[ .\-]\d{2,8}){0,5}(?:x\d{1,6}\b)?)",
         .check = check_international_phone});
    rows.push_back({.kind = "PHONE",
                    .heads = {R"(\(\d{2})"},
                    .pattern = R"(\(\d{2,4}\)[ .\-]?\d{3,4}[ .\-]\d{3,4}(?:x\d{1,6})?\b)",
                    .check = check_bracketed_phone});
    rows.push_back({.kind = "PHONE",
                    .leads = {{.least = 3, .most = 3, .next = " .-", .digits_least = 3, .digits_most = 3},
                              {.least = 1, .most = 1, .next = " .-", .digits_least = 3, .digits_most = 3}},
                    .pattern = R"(\b(?:(?:001|1)[ .\-])?\d{3}[.\-]\d{3}[.\-]\d{4}(?:x\d{1,6})?\b)",
                    .check = check_nanp_phone});
    rows.push_back({.kind = "PHONE", // with the zero of trunk calls
                    .leads = {{.least = 2, .most = 4, .next = "-", .digits_least = 3}},
                    .pattern = R"(\b0\d{1,3}-\d{3,4}-?\d{3,4}\b)"});
    rows.push_back({.kind = "IP",
                    .leads = {{.least = 1, .most = 3, .next = ".", .digits_least = 1, .digits_most = 3}},
                    .pattern = R"(\b(?:\d{1,3}\.){3}\d{1,3}\b)",
                    .check = check_address});
    rows.push_back({.kind = "IP",
                    .leads = {{.run = Lead::Run::hex, .least = 1, .most = 4, .next = ":"}},
                    .pattern = R"(\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}\b)",
                    .check = check_address});
    rows.push_back({.kind = "PHONE",
                    .leads = {{.least = 7}, {.least = 2, .most = 10, .next = " .-", .digits_least = 2}},
                    .pattern = R"(\b\d{2,10}(?:[ .\-]\d{2,9}){0,5}(?:x\d{1,6})?\b)",
                    .check = check_told_phone,
                    .gate = is_said_to_be_a_phone});
    rows.push_back({.kind = "PHONE",
                    .heads = {R"(\(\d{2})"},
                    .pattern = R"(\(\d{2,4}\)[ .\-]?\d{2,10}(?:[ .\-]\d{2,9}){0,5}\b)",
                    .check = check_told_phone,
                    .gate = is_said_to_be_a_phone});
}

} // namespace dossier::redact
