// What tells a person by its own shape: addresses, cards, accounts, numbers of health and travel.

#include "shapes.hpp"
#include "validators.hpp"

#include "dossier/base/strings.hpp"

namespace dossier::redact {

namespace {

/// The longest prefix of whole digit groups that is a card number.
auto check_card(Candidate& c) -> bool {
    const auto value = c.value();
    for (auto size = value.size(); size >= 13; --size) {
        const bool cuts_a_group = size < value.size() && value[size] != ' ' && value[size] != '-';
        if (cuts_a_group || value[size - 1] == ' ' || value[size - 1] == '-') continue;
        if (!is_card_number(digits_of(value.substr(0, size)))) continue;
        c.end = c.begin + size;
        return true;
    }
    return false;
}

/// Digits that a card's issuer may have given, said to be a card.
auto check_told_card(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    return number.size() >= 12 && number.size() <= 19;
}

auto check_iban(Candidate& c) -> bool {
    const auto value = c.value();
    const auto length = iban_length(value.substr(0, 2));
    std::string compact;
    std::size_t size = 0;
    for (; size < value.size() && compact.size() < length; ++size)
        if (value[size] != ' ' && value[size] != '-') compact.push_back(value[size]);
    if (size < value.size() && value[size] != ' ') return false;
    if (!is_iban(compact)) return false;
    c.end = c.begin + size;
    return true;
}

auto check_ssn(Candidate& c) -> bool {
    const char separator = c.value()[3];
    const bool stands_alone = separator == '-' || separator == '.' || separator == ' ';
    if (!stands_alone && !has_word(c.before(40), {"ssn", "social"})) return false;
    return is_ssn(digits_of(c.value()));
}

/// Fillers stand between the names and behind them.
auto check_holders_line(Candidate& c) -> bool { return c.value().contains("<<"); }

auto follows_birth(std::string_view text, std::size_t at) -> bool {
    const auto from = at > 28 ? at - 28 : 0;
    return has_word(text.substr(from, at - from), {"dob", "birth", "born ", "geb.", "geboren", "naissance", "née le",
                                                   "né le", "nacido", "nacida", "nacimiento", "nato il", "nata il"});
}

} // namespace

void add_people(std::vector<Shape>& rows) {
    // Letters beyond ASCII stand as two plain ranges: \p{L} in a counted repeat compiles to a hundred times as much.
    rows.push_back(
        {.kind = "EMAIL",
         .heads = {R"(@[0-9A-Za-z\x80-\xff])", R"(\\u0040[0-9A-Za-z\x80-\xff])", R"(%40[0-9A-Za-z\x80-\xff])",
                   R"(&#64;[0-9A-Za-z\x80-\xff])", R"(%2540[0-9A-Za-z\x80-\xff])"},
         .pattern = R"((?:[A-Za-z0-9_\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}])"
                    R"([A-Za-z0-9\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}._%+\-]{0,63}|"[^"\s]{1,40}"))"
                    R"((?:@|\\u0040|%40|&#64;|%2540))"
                    R"((?:[A-Za-z0-9\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}])"
                    R"([A-Za-z0-9\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}\-]{0,62}\.){1,6})"
                    R"((?:xn--[a-z0-9\-]{2,59}|[A-Za-z\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}]{2,24}))",
         .found = Found::at_sign});
    rows.push_back({.kind = "IBAN",
                    .leads = {{.run = Lead::Run::capitals, .least = 2, .most = 2, .next = "0", .digits_least = 2}},
                    .pattern = R"(\b[A-Z]{2}\d{2}(?:[ \-]?[A-Z0-9]){11,34}\b)",
                    .check = check_iban});
    rows.push_back({.kind = "CARD",
                    .leads = {{.least = 7}, // all issuers print four digits first
                              {.least = 4, .most = 4, .next = " -", .digits_least = 3}},
                    .pattern = R"(\b\d(?:[ \-]?\d){12,22}\b)",
                    .check = check_card});
    rows.push_back({.kind = "CARD",
                    .heads = {R"(\bcard\W)", R"(\bcc\W)", R"(\bcard n)", R"(\bcc n)"},
                    .pattern = R"((?i:\b(?:card|cc))(?: number| no\.?| num)?(?: is)?[:# ]{1,3}(\d{12,19})\b)",
                    .check = check_told_card,
                    .any_case = true});
    rows.push_back({.kind = "SSN",
                    .leads = {{.least = 3, .most = 3, .next = "- .", .digits_least = 2, .digits_most = 2},
                              {.least = 9, .most = 9}},
                    .pattern = R"(\b(?:\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4}|\d{3}\.\d{2}\.\d{4}|\d{9})\b)",
                    .check = check_ssn});
    rows.push_back({.kind = "PASSPORT",
                    .heads = {"passport"},
                    .pattern = R"((?i:passport)[\s_#:.=\-"'\\]{0,6}(?i:number|num|no\.?)?(?: is)?)"
                               R"([\s_#:.=\-"'\\]{0,6}([A-Z]{0,2}\d{6,9}))",
                    .any_case = true});
    // The machine-readable zone of a passport (ICAO Doc 9303, part 4): the holder's line, with that of numbers and
    // dates.
    rows.push_back({.kind = "PASSPORT",
                    .heads = {R"(\bP<[A-Z])"},
                    .pattern = R"(\bP<[A-Z<]{3}[A-Z][A-Z<]{36,38}(?:(?:\s|\\n){1,2}[A-Z0-9<]{40,44})?)",
                    .check = check_holders_line});
    rows.push_back({.kind = "MRN", .heads = {R"(\bMRN)"}, .pattern = R"(\bMRN[\-:# ]{0,3}\d{5,12}\b)"});
    rows.push_back({.kind = "BIRTH_DATE",
                    .leads = {{.least = 4, .most = 4, .next = "-/.", .digits_least = 1},
                              {.least = 1, .most = 2, .next = "-/.", .digits_least = 1}},
                    .pattern = R"(\b(?:\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}|\d{1,2}[\-/.]\d{1,2}[\-/.]\d{4})\b)",
                    .gate = follows_birth});
}

} // namespace dossier::redact
