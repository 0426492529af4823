// National ids in the form that their state prints, whose points, dashes and blanks tell them from counts and sizes;
// each with the state's own check. Sources: Receita Federal (CPF), INSEE (NIR), Registre national of Belgium, ZAS/CdC
// of Switzerland (AHV), RENAPO (CURP), Services Australia (Medicare), GB 11643 (China), Immigration Department of Hong
// Kong.

#include "characters.hpp"
#include "shapes.hpp"
#include "validators.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace dossier::redact {

namespace {

auto number_of(std::string_view digits) -> std::int64_t { return std::stoll(std::string(digits)); }

/// Brazil: two check digits, each by falling weights modulo 11.
auto check_brazilian(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    if (number.find_first_not_of(number[0]) == std::string::npos)
        return false; // 111.111.111-11 passes, and is nobody's
    const auto digit_of = [](int sum) { return sum % 11 < 2 ? 0 : 11 - sum % 11; };
    return digit_of(weighted_sum(number.substr(0, 9), {10, 9, 8, 7, 6, 5, 4, 3, 2})) == number[9] - '0' &&
           digit_of(weighted_sum(number.substr(0, 10), {11, 10, 9, 8, 7, 6, 5, 4, 3, 2})) == number[10] - '0';
}

/// France: 97 less the number modulo 97; Corsica's departments 2A and 2B count as 19 and 18.
auto check_french(Candidate& c) -> bool {
    std::string number;
    for (const char letter : c.value())
        if (is_digit(letter) || letter == 'A' || letter == 'B') number += letter;
    if (number.size() != 15) return false;
    if (number[6] == 'A' || number[6] == 'B') number.replace(5, 2, number[6] == 'A' ? "19" : "18");
    return 97 - number_of(number.substr(0, 13)) % 97 == number_of(number.substr(13));
}

/// Belgium: the same; who was born since 2000 has a 2 put before the number.
auto check_belgian(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    const auto born = number_of(number.substr(0, 9));
    const auto check = number_of(number.substr(9));
    return 97 - born % 97 == check || 97 - (2'000'000'000 + born) % 97 == check;
}

/// Switzerland: EAN-13.
auto check_swiss(Candidate& c) -> bool {
    return weighted_sum(digits_of(c.value()), {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1}) % 10 == 0;
}

/// Australia's Medicare card: weights over the first eight digits name the ninth.
auto check_medicare(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    return weighted_sum(number.substr(0, 8), {1, 3, 7, 9, 1, 3, 7, 9}) % 10 == number[8] - '0';
}

/// China: ISO 7064 MOD 11-2.
auto check_chinese(Candidate& c) -> bool {
    const auto value = c.value();
    const int sum = weighted_sum(digits_of(value.substr(0, 17)), {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2});
    return sum >= 0 && "10X98765432"[sum % 11] == value.back();
}

/// A bank account. A cloud's accounts have numbers, too, and analysts need them: AWS's are of twelve digits.
auto check_account(Candidate& c) -> bool {
    constexpr std::size_t reach = 48;
    const auto told = c.before(reach);
    const bool is_of_bank = has_word(told, {"bank", "checking", "savings", "iban", "routing", "sort code"});
    if (!is_of_bank && has_word(told, {"aws", "azure", "gcp", "cloud", "tenant", "subscription", "project"}))
        return false;
    const auto size = digits_of(c.value()).size();
    constexpr std::size_t aws = 12;
    return size >= 6 && size <= 17 && (is_of_bank || size != aws);
}

/// The American Bankers Association's routing number: weights 3, 7, 1.
auto check_routing(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    return number.size() == 9 && weighted_sum(number, {3, 7, 1, 3, 7, 1, 3, 7, 1}) % 10 == 0;
}

struct PrintedId {
    const char* pattern;
    bool (*check)(Candidate&) = nullptr;
    Lead lead;
};

} // namespace

void add_printed_ids(std::vector<Shape>& rows) {
    constexpr std::array ids{
        PrintedId{R"(\b\d{3}\.\d{3}\.\d{3}-\d{2}\b)",
                  check_brazilian,
                  {.least = 3, .most = 3, .next = ".", .digits_least = 3, .digits_most = 3}},
        PrintedId{R"(\b[12][ .\-]\d{2}[ .\-]\d{2}[ .\-]\d[\dAB][ .\-]\d{3}[ .\-]\d{3}[ .\-]\d{2}\b)",
                  check_french,
                  {.least = 1, .most = 1, .next = " .-", .digits_least = 2, .digits_most = 2}},
        PrintedId{R"(\b\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}\b)",
                  check_belgian,
                  {.least = 2, .most = 2, .next = ".", .digits_least = 2, .digits_most = 2}},
        PrintedId{R"(\b756\.\d{4}\.\d{4}\.\d{2}\b)",
                  check_swiss,
                  {.least = 3, .most = 3, .next = ".", .digits_least = 4, .digits_most = 4}},
        PrintedId{R"(\b[2-6]\d{3} \d{5} \d(?: \d)?\b)",
                  check_medicare,
                  {.least = 4, .most = 4, .next = " ", .digits_least = 5, .digits_most = 5}},
        PrintedId{R"(\b[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9X]\b)",
                  check_chinese,
                  {.least = 17, .most = 18}},
        PrintedId{
            R"(\b[A-Z][AEIOUX][A-Z]{2}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[HMX][A-Z]{5}[0-9A-Z]\d\b)",
            nullptr,
            {.run = Lead::Run::capitals, .least = 4, .most = 4, .next = "0", .digits_least = 6, .digits_most = 6}},
        PrintedId{
            R"(\b[A-Z]{1,2}\d{6}\([0-9A]\))", // Hong Kong
            nullptr,
            {.run = Lead::Run::capitals, .least = 1, .most = 2, .next = "0", .digits_least = 6, .digits_most = 6}},
    };
    for (const auto& id : ids)
        rows.push_back({.kind = "NATIONAL_ID", .leads = {id.lead}, .pattern = id.pattern, .check = id.check});
    rows.push_back({.kind = "NATIONAL_ID", // a driver's licence looks different in each state; its name goes before it
                    .heads = {R"(\bdriver'?s? licen[cs]e)", R"(\bdriving licen[cs]e)"},
                    .pattern =
                        R"((?i:\b(?:driver'?s?|driving) licen[cs]e)(?i: number| no\.?| num)?(?i: is)?[:#= ]{1,3})"
                        R"(([A-Z]{0,5}\d[A-Z0-9\-]{4,18})\b)",
                    .any_case = true});
    rows.push_back({.kind = "BANK_ACCOUNT",
                    .heads = {R"(\baccount n)", R"(\bacct\W)", R"(\bbank account)", R"(\bchecking account)",
                              R"(\bsavings account)"},
                    .pattern = R"((?i:\b(?:(?:bank|checking|savings) )?(?:account|acct)\b\.?))"
                               R"((?i: number| no\b\.?| num\b)?(?i: is)?[:#= ]{1,3}(\d(?:[ \-]?\d){5,16})\b)",
                    .check = check_account,
                    .any_case = true});
    rows.push_back({.kind = "BANK_ACCOUNT",
                    .heads = {R"(\brouting n)", R"(\brouting transit)", R"(\baba\W)"},
                    .pattern = R"((?i:\b(?:routing|aba)(?: routing| transit)?(?: number| no\b\.?| num\b)?))"
                               R"((?i: is)?[:#= ]{1,3}(\d{4}-?\d{4}-?\d)\b)",
                    .check = check_routing,
                    .any_case = true});
    rows.push_back({.kind = "BANK_ACCOUNT", // of a British or Irish branch
                    .heads = {R"(\bsort.code)"},
                    .pattern = R"((?i:\bsort[ \-]code)(?i: is)?[:#= ]{1,3}(\d{2}[ \-]?\d{2}[ \-]?\d{2})\b)",
                    .any_case = true});
}

} // namespace dossier::redact
