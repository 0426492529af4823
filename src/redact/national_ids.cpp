// Numbers that states give to people. Those with a check character or a strict shape stand alone; bare runs of digits
// need the name of the id before them, since counts, sizes and account numbers look alike. Sources: each state's own
// description of the number (GOV.UK, NHS data dictionary, SSA and CMS of the US, UIDAI, ICA, Skatteverket, DVV, …).

#include "characters.hpp"
#include "shapes.hpp"
#include "validators.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace dossier::redact {

namespace {

constexpr std::size_t reach = 40; ///< how far before a number its name may stand, bytes

auto told_by(Candidate& c, std::initializer_list<std::string_view> names) -> bool {
    return has_word(c.before(reach), names);
}

/// All of a value, as of a column or a sample.
auto is_alone(const Candidate& c) -> bool { return c.begin == 0 && c.end == c.text.size(); }

auto has_separator(std::string_view value) -> bool { return value.find_first_of(" -./:") != value.npos; }

/// Finland's: nine digits modulo 31 name the last character.
auto check_finnish(Candidate& c) -> bool {
    const auto number = digits_of(c.value().substr(0, 10));
    return number.size() == 9 && "0123456789ABCDEFHJKLMNPRSTUVWXY"[std::stoul(number) % 31] == c.value().back();
}

/// Spain's control letter: the number modulo 23, where X, Y, Z of residents stand for 0, 1, 2.
auto check_spanish(Candidate& c) -> bool {
    const auto value = c.value();
    auto number = digits_of(value);
    if (value[0] >= 'X' && value[0] <= 'Z') number.insert(0, 1, static_cast<char>('0' + (value[0] - 'X')));
    if (number.size() == 7) number.insert(0, 1, '0');
    const char letter = static_cast<char>(value.back() >= 'a' ? value.back() - 'a' + 'A' : value.back());
    return number.size() == 8 && "TRWAGMYFPDXBNJZSQVHLCKE"[std::stoul(number) % 23] == letter;
}

/// Canada's social insurance number: Luhn; 0 and 8 are not given.
auto check_canadian(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    if (!has_separator(c.value()) && !told_by(c, {"sin ", "sin:", "sin#", "social insurance"})) return false;
    return number.size() == 9 && number[0] != '0' && number[0] != '8' && passes_luhn(number);
}

/// The UK's NHS number: weights 10 to 2, modulo 11.
auto check_nhs(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    if (!has_separator(c.value()) && !told_by(c, {"nhs", "patient"})) return false;
    return number.size() == 10 && weighted_sum(number, {10, 9, 8, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
}

/// India's Aadhaar: Verhoeff, never a palindrome.
auto check_aadhaar(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    if (!has_separator(c.value()) && !told_by(c, {"aadhaar", "aadhar", "uidai"})) return false;
    const bool is_palindrome = std::equal(number.begin(), number.begin() + 6, number.rbegin());
    return number.size() == 12 && number[0] >= '2' && !is_palindrome && passes_verhoeff(number);
}

/// Poland's PESEL: a date of birth whose month tells the century, and a sum modulo 10.
auto check_pesel(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    const int month = std::stoi(number.substr(2, 2)) % 20;
    const int day = std::stoi(number.substr(4, 2));
    return (told_by(c, {"pesel"}) || is_alone(c)) && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
           weighted_sum(number, {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1}) % 10 == 0;
}

/// Sweden's: a date of birth (day + 60 for a coordination number) and Luhn over the last ten digits.
auto check_swedish(Candidate& c) -> bool {
    auto number = digits_of(c.value());
    const bool has_century = number.size() == 12 && (number.starts_with("19") || number.starts_with("20"));
    if (!has_century && !has_separator(c.value()) && c.value().find('+') == std::string_view::npos &&
        !told_by(c, {"personnummer", "personal identity", "samordningsnummer"}))
        return false;
    if (has_century) number.erase(0, 2);
    if (number.size() != 10) return false;
    const int day = std::stoi(number.substr(4, 2)) % 60;
    return is_day_of_year(std::stoi(number.substr(2, 2)), day) && passes_luhn(number);
}

/// Korea's registration number: date of birth, then sex and century (5 to 8: foreigners).
auto check_korean(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    if (!has_separator(c.value()) && !told_by(c, {"rrn", "frn", "resident", "주민", "외국인"})) return false;
    return is_day_of_year(std::stoi(number.substr(2, 2)), std::stoi(number.substr(4, 2)));
}

/// South Africa's: date of birth, citizenship, Luhn.
auto check_south_african(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    return told_by(c, {"south african", "rsa id", "sa id", "id number", "identity number"}) &&
           is_day_of_year(std::stoi(number.substr(2, 2)), std::stoi(number.substr(4, 2))) && number[10] <= '2' &&
           passes_luhn(number);
}

/// Thailand's: weights 13 to 2, modulo 11.
auto check_thai(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    if (!has_separator(c.value()) && !told_by(c, {"thai", "tnin", "citizen id", "เลข"})) return false;
    const auto sum = weighted_sum(number.substr(0, 12), {13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2});
    return number[0] != '0' && (11 - sum % 11) % 10 == number.back() - '0';
}

/// Turkey's: the tenth digit weighs odd places against even ones, the eleventh is the sum of the ten.
auto check_turkish(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    if (number[0] == '0' || !told_by(c, {"tckn", "kimlik", "tc no", "t.c.", "turkish id", "tc id"})) return false;
    int odd = 0;
    int even = 0;
    for (std::size_t i = 0; i < 9; ++i) (i % 2 == 0 ? odd : even) += number[i] - '0';
    const int tenth = ((odd * 7 - even) % 10 + 10) % 10;
    return tenth == number[9] - '0' && (odd + even + tenth) % 10 == number[10] - '0';
}

/// Germany's tax id: ISO 7064 MOD 11, 10.
auto check_german_tax(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    if (!told_by(c, {"steuer", "idnr", "tax id", "tin"}) || number[0] == '0') return false;
    int product = 10;
    for (std::size_t i = 0; i < 10; ++i) {
        const int sum = (number[i] - '0' + product) % 10;
        product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return (11 - product) % 10 == number[10] - '0';
}

/// Germany's health insurance number: the letter as two digits, weights 1 and 2 in turn, cross sums.
auto check_german_health(Candidate& c) -> bool {
    const auto value = c.value();
    const int letter = value[0] - 'A' + 1;
    std::string number{static_cast<char>('0' + letter / 10), static_cast<char>('0' + letter % 10)};
    number.append(value.substr(1, 8));
    int sum = 0;
    for (std::size_t i = 0; i < number.size(); ++i) {
        const int product = (number[i] - '0') * (i % 2 == 0 ? 1 : 2);
        sum += product / 10 + product % 10;
    }
    return sum % 10 == value.back() - '0';
}

/// Germany's pension insurance number: area, date of birth, initial, serial number, check digit.
auto check_german_pension(Candidate& c) -> bool {
    const auto value = c.value();
    const int day = std::stoi(std::string(value.substr(2, 2)));
    if (!is_day_of_year(std::stoi(std::string(value.substr(4, 2))), day)) return false;
    const int letter = value[8] - 'A' + 1;
    std::string number(value.substr(0, 8));
    number += static_cast<char>('0' + letter / 10);
    number += static_cast<char>('0' + letter % 10);
    number.append(value.substr(9, 2));
    constexpr std::array weights{2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
    int sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const int product = (number[i] - '0') * weights[i];
        sum += product / 10 + product % 10;
    }
    return sum % 10 == value.back() - '0';
}

/// German passports and cards: digits and letters by ICAO 9303's weights 7, 3, 1.
auto check_german_document(Candidate& c) -> bool {
    if (!told_by(c, {"reisepass", "pass", "ausweis", "id card"})) return false;
    const auto value = c.value();
    constexpr std::array weights{7, 3, 1};
    int sum = 0;
    for (std::size_t i = 0; i + 1 < value.size(); ++i)
        sum += (is_digit(value[i]) ? value[i] - '0' : value[i] - 'A' + 10) * weights[i % 3];
    return sum % 10 == value.back() - '0';
}

/// Australia's tax file number: weights, modulo 11.
auto check_australian_tax(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    if (!has_separator(c.value()) && !told_by(c, {"tfn", "tax file"})) return false;
    return number.size() == 9 && weighted_sum(number, {1, 4, 3, 7, 5, 8, 6, 9, 10}) % 11 == 0;
}

/// The Netherlands' citizen service number: weights 9 to 2 and -1, modulo 11.
auto check_dutch(Candidate& c) -> bool {
    return told_by(c, {"bsn", "burgerservice", "sofinummer"}) &&
           weighted_sum(digits_of(c.value()), {9, 8, 7, 6, 5, 4, 3, 2, -1}) % 11 == 0;
}

/// Norway's birth number: two check digits modulo 11.
auto check_norwegian(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    return told_by(c, {"fødselsnummer", "fodselsnummer", "fnr", "personnummer"}) &&
           weighted_sum(number.substr(0, 10), {3, 7, 6, 1, 8, 9, 4, 5, 2, 1}) % 11 == 0 &&
           weighted_sum(number, {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
}

/// A registration of the US drug enforcement agency: two sums and the last digit.
auto check_drug_registration(Candidate& c) -> bool {
    const auto digits = c.value().substr(2);
    const auto at = [&](std::size_t i) { return digits[i] - '0'; };
    return (at(0) + at(2) + at(4) + 2 * (at(1) + at(3) + at(5))) % 10 == at(6);
}

/// Runs of digits alone: their length says what they could be, words before them and sums what they are.
auto check_digits(Candidate& c) -> bool {
    switch (c.value().size()) {
    case 9:
        return check_canadian(c) || check_australian_tax(c) || check_dutch(c);
    case 10:
        return check_nhs(c) || check_swedish(c);
    case 11:
        return check_pesel(c) || check_turkish(c) || check_german_tax(c) || check_norwegian(c);
    case 12:
        return check_aadhaar(c) || check_swedish(c);
    case 13:
        return check_korean(c) || check_south_african(c) || check_thai(c);
    default:
        return false;
    }
}

struct NationalId {
    std::string pattern;
    Lead lead;
    bool (*check)(Candidate&) = nullptr;
};

/// A word that begins with so many capitals, and so many digits behind them.
constexpr auto capitals(std::uint8_t least, std::uint8_t most, std::uint8_t digits_least = 1,
                        std::uint8_t digits_most = Lead::no_limit) -> Lead {
    return {.run = Lead::Run::capitals,
            .least = least,
            .most = most,
            .next = "0",
            .digits_least = digits_least,
            .digits_most = digits_most};
}

/// A number that begins with so many digits, what comes behind them, and so many digits more.
constexpr auto digits(std::uint8_t count, std::string_view next, std::uint8_t more_least = 0,
                      std::uint8_t more_most = Lead::no_limit) -> Lead {
    return {.least = count, .most = count, .next = next, .digits_least = more_least, .digits_most = more_most};
}

} // namespace

void add_national_ids(std::vector<Shape>& rows) {
    // Letters that Medicare ids use: no S, L, O, I, B, Z.
    const std::string letter = "[AC-HJKMNP-RT-Y]";
    const std::string either = "[AC-HJKMNP-RT-Y0-9]";
    const std::array ids{
        NationalId{R"(\b[0-3]\d[01]\d{3}[\-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]\b)", digits(6, "-+A", 3), check_finnish},
        NationalId{
            R"(\b[XYZ]-?\d{7}-?[A-HJ-NP-TV-Za-hj-np-tv-z]\b)",
            {.run = Lead::Run::capitals, .least = 1, .most = 1, .next = "0-", .digits_least = 7, .digits_most = 7},
            check_spanish},
        NationalId{R"(\b\d{7,8}-?[A-HJ-NP-TV-Za-hj-np-tv-z]\b)", {.least = 7, .most = 8, .next = "-A"}, check_spanish},
        NationalId{R"(\b\d{3}[\- ]\d{3}[\- ]\d{3}\b)", digits(3, "- ", 3, 3), check_canadian},
        NationalId{R"(\b\d{3}[\- ]\d{3}[\- ]\d{4}\b)", digits(3, "- ", 3, 3), check_nhs},
        NationalId{R"(\b\d{4}[\- :]\d{4}[\- :]\d{4}\b)", digits(4, "- :", 4, 4), check_aadhaar},
        NationalId{R"(\b(?:19|20)?\d{6}[\-+]\d{4}\b)",
                   {.least = 6, .most = 8, .next = "-+", .digits_least = 4, .digits_most = 4},
                   check_swedish},
        NationalId{R"(\b\d{6}-[1-8]\d{6}\b)", digits(6, "-", 7, 7), check_korean},
        NationalId{R"(\b\d-\d{4}-\d{5}-\d{2}-\d\b)", digits(1, "-", 4, 4), check_thai},
        NationalId{R"(\b[A-Z]\d{9}\b)", capitals(1, 1, 9, 9), check_german_health},
        NationalId{R"(\b\d{8}[A-Z]\d{3}\b)", digits(8, "A", 3, 3), check_german_pension},
        NationalId{R"(\b[CFGHJKLTZ][CFGHJKLMNPRTVWXYZ0-9]{7}\d\b)", capitals(1, 8), check_german_document},
        NationalId{R"(\b[STFGM]\d{7}[A-Z]\b)", capitals(1, 1, 7, 7)}, // Singapore
        NationalId{R"(\b\d{3} \d{3} \d{3}\b)", digits(3, " ", 3, 3), check_australian_tax},
        NationalId{R"(\b[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}\b)", capitals(1, 2, 7, 8), check_drug_registration},
        // UK national insurance: letters that were never given stay out; the last tells the quarter.
        NationalId{R"(\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b)",
                   {.run = Lead::Run::capitals, .least = 2, .most = 2, .next = "0 ", .digits_least = 2}},
        // UK driving licence: name, date of birth, initials.
        NationalId{R"(\b[A-Z]{2,5}9{0,3}\d[0156]\d[0-3]\d{2}[A-Z]{1,2}9?[0-9][A-Z]{2}\b)", capitals(2, 5, 6, 9)},
        NationalId{R"(\b9\d{2}[\- ](?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[\- ]\d{4}\b)",
                   digits(3, "- ", 2, 2)}, // US taxpayers without an SSN
        NationalId{"\\b[1-9]" + letter + either + "\\d-?" + letter + either + "\\d-?" + letter + letter + "\\d{2}\\b",
                   digits(1, "A")},                                                     // US Medicare beneficiary
        NationalId{R"(\b[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]\b)", capitals(5, 5, 4, 4)}, // India, PAN
        NationalId{R"(\b(?:0[1-9]|[12]\d|3[0-8])[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]\b)",
                   digits(2, "A")}, // India, GST of a person or firm
        NationalId{R"(\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b)", capitals(6, 6, 2, 2)}, // Italy, fiscal code
        NationalId{R"(\b(?:1[1-9]|2[0-8])-\d{2}-\d{6}-\d{2}\b)", digits(2, "-", 2, 2)}, // Korea, driving licence
    };
    rows.push_back({.kind = "NATIONAL_ID",
                    .leads = {{.least = 9, .most = 13}},
                    .pattern = R"(\b\d{9,13}\b)",
                    .check = check_digits});
    for (const auto& id : ids)
        rows.push_back({.kind = "NATIONAL_ID", .leads = {id.lead}, .pattern = id.pattern, .check = id.check});
}

} // namespace dossier::redact
