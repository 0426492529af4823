#include "shapes.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"
#include "validators.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace dossier::redact {

namespace {

auto is_alnum(char c) -> bool { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

auto has_word(std::string_view text, std::initializer_list<std::string_view> words) -> bool {
    return std::ranges::any_of(words, [&](auto word) { return icontains(text, word); });
}

auto is_placeholder(std::string_view value) -> bool {
    return value.starts_with("${") || value.starts_with("{{") || value.starts_with("<") || value.starts_with("$(") ||
           (value.starts_with("[") && value.ends_with("]")) ||
           value.find_first_not_of("xX*.-_") == std::string_view::npos;
}

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

auto check_iban(Candidate& c) -> bool {
    const auto value = c.value();
    const auto length = iban_length(value.substr(0, 2));
    std::string compact;
    std::size_t size = 0;
    for (; size < value.size() && compact.size() < length; ++size)
        if (value[size] != ' ') compact.push_back(value[size]);
    if (size < value.size() && value[size] != ' ') return false;
    if (!is_iban(compact)) return false;
    c.end = c.begin + size;
    return true;
}

auto check_ssn(Candidate& c) -> bool {
    const bool has_dashes = c.value()[3] == '-';
    if (!has_dashes && !has_word(c.before(40), {"ssn", "social"})) return false;
    return is_ssn(digits_of(c.value()));
}

auto check_international_phone(Candidate& c) -> bool {
    const auto digits = digits_of(c.value());
    const auto before = c.before(1);
    return digits.size() >= 8 && digits.size() <= 15 && digits[0] != '0' && (before.empty() || !is_alnum(before[0]));
}

auto check_nanp_phone(Candidate& c) -> bool {
    const auto before = c.before(1);
    if (before == "-" || before == "." || before == "/") return false;
    auto digits = digits_of(c.value().substr(0, c.value().find_first_of("xX")));
    if (digits.starts_with("00")) digits.erase(0, 2);
    return is_nanp_number(digits);
}

auto check_bracketed_phone(Candidate& c) -> bool {
    const auto digits = digits_of(c.value().substr(0, c.value().find_first_of("xX")));
    return digits.size() >= 8 && digits.size() <= 12;
}

auto check_phone_by_context(Candidate& c) -> bool {
    const auto digits = digits_of(c.value());
    if (digits.size() < 7 || digits.size() > 13) return false;
    const auto before = c.before(28);
    const auto after = c.after(8);
    return has_word(before, {"phone", "mobile", "tel:", "tel.", "desk:", "fax", "call me", "can call", "call +",
                             "answering at", "messages to", "my registered", "oncall", "reach me"}) ||
           has_word(after, {"-office", "-fax", "-mobile"});
}

auto check_address(Candidate& c) -> bool {
    const auto after = c.after(3);
    const auto before = c.before(12);
    // 203.0.113.0/24 is configuration; 203.0.113.7/32 is one machine.
    if (after.size() > 1 && after[0] == '/' && after[1] >= '0' && after[1] <= '9' && !after.starts_with("/32"))
        return false;
    if (after.starts_with(".") && after.size() > 1 && after[1] >= '0' && after[1] <= '9') return false;
    if (has_word(before, {"version", "ver ", "release"}) || before.ends_with("v") || before.ends_with("."))
        return false;
    return is_public_ip(c.value());
}

auto check_birth_date(Candidate& c) -> bool { return has_word(c.before(28), {"dob", "birth", "born on", "born "}); }

auto check_credential(Candidate& c) -> bool { return !is_placeholder(c.value()); }

/// The id of a key that could be one: not AKIAXXXXXXXXXXXXXXXX.
auto check_key_id(Candidate& c) -> bool { return !icontains(c.value(), "xxxxxxxx"); }

auto check_basic(Candidate& c) -> bool {
    const auto decoded = base64_decode(c.value());
    return decoded && decoded->find(':') != std::string::npos && is_valid_utf8(*decoded);
}

auto check_token(Candidate& c) -> bool {
    return !is_placeholder(c.value()) && !icontains(c.value(), "xxxx") && !icontains(c.value(), "example") &&
           entropy_of(c.value()) >= 2.5;
}

/// Letters and digits mixed without a pattern; names of resources have words between dashes.
auto check_told_secret(Candidate& c) -> bool {
    const auto value = c.value();
    const auto count = [&](auto test) { return std::ranges::count_if(value, test); };
    const auto digits_in = count([](char x) { return x >= '0' && x <= '9'; });
    const auto separators = count([](char x) { return x == '-' || x == '.' || x == '/'; });
    return digits_in >= 2 && separators <= 2 && digits_in < static_cast<std::ptrdiff_t>(value.size()) &&
           entropy_of(value) >= 3.4 && !is_placeholder(value);
}

/// Spain's control letter: the number modulo 23, where X, Y, Z of residents stand for 0, 1, 2.
auto check_spanish_id(Candidate& c) -> bool {
    const auto value = c.value();
    const auto first = value[0];
    auto number = digits_of(value);
    if (first >= 'X' && first <= 'Z') number.insert(0, 1, static_cast<char>('0' + (first - 'X')));
    return number.size() == 8 && "TRWAGMYFPDXBNJZSQVHLCKE"[std::stoul(number) % 23] == value.back();
}

/// Finland's: nine digits modulo 31 name the last character.
auto check_finnish_id(Candidate& c) -> bool {
    const auto number = digits_of(c.value().substr(0, 10));
    return number.size() == 9 && "0123456789ABCDEFHJKLMNPRSTUVWXY"[std::stoul(number) % 31] == c.value().back();
}

/// Digits that a card's issuer may have given, said to be a card.
auto check_told_card(Candidate& c) -> bool {
    const auto number = digits_of(c.value());
    return number.size() >= 12 && number.size() <= 19;
}

// First bytes.
constexpr std::string_view digits = "0 1 2 3 4 5 6 7 8 9";
constexpr std::string_view hex_digits = "0 1 2 3 4 5 6 7 8 9 a b c d e f A B C D E F";
constexpr std::string_view alphabet = "0 1 2 3 4 5 6 7 8 9 a b c d e f g h i j k l m n o p q r s t u v w x y z "
                                      "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z _ ~ .";
constexpr std::string_view capitals = "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z";

constexpr std::array table{
    // What must stay, though parts of it look like something.
    Shape{"",
          {.words = hex_digits, .place = Start::word_boundary, .looks_right = begins_uuid},
          R"(\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)",
          nullptr},
    Shape{"",
          {.words = digits, .place = Start::word_boundary, .looks_right = begins_time},
          R"(\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+\-]\d{2}:?\d{2})?\b)",
          nullptr},

    // Keys and credentials.
    Shape{
        "PRIVATE_KEY",
        {.words = "-----BEGIN"},
        R"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)",
        nullptr},
    Shape{"PRIVATE_KEY",
          {.words = "-----BEGIN"},
          R"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\\\s:,.\-]*)",
          nullptr},
    Shape{"JWT",
          {.words = "eyJ", .place = Start::word_boundary},
          R"(\beyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*)?)",
          nullptr},
    Shape{"AWS_KEY",
          {.words = "AKIA ASIA ABIA ACCA A3T", .place = Start::word_boundary},
          R"(\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}\b)",
          check_key_id},
    Shape{"SECRET",
          {.words = "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", .place = Start::word_boundary},
          R"(\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}))",
          check_token},
    Shape{"SECRET",
          {.words = "glpat- gldt- glrt- glptt- glsoat- glcbt- glimt- glft- glagent- gloas- glffct- GR1348941",
           .place = Start::word_boundary},
          R"(\b(?:gl(?:pat|dt|rt|ptt|soat|cbt|imt|ft|agent|oas|ffct)-[A-Za-z0-9_\-.]{18,}|GR1348941[\w\-]{20}))",
          check_token},
    Shape{"SECRET",
          {.words = "xox xapp-", .place = Start::word_boundary},
          R"(\bxox[abeoprs]-[A-Za-z0-9\-]{10,}|\bxapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+)",
          check_token},
    Shape{"SECRET",
          {.words = "https://hooks.slack.com/"},
          R"(https://hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{20,}))",
          check_token},
    Shape{"SECRET",
          {.words = "AIza ya29. GOCSPX-", .place = Start::word_boundary},
          R"(\b(?:AIza[A-Za-z0-9_\-]{35}|ya29\.[A-Za-z0-9_\-]{20,}|GOCSPX-[A-Za-z0-9_\-]{20,}))",
          check_token},
    Shape{"SECRET",
          {.words = "sk_ rk_ pk_ whsec_", .place = Start::word_boundary},
          R"(\b(?:(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{20,}))",
          check_token},
    Shape{"SECRET",
          {.words = "sk-", .place = Start::word_boundary},
          R"(\bsk-(?:proj-|ant-|svcacct-|admin-|or-)?[A-Za-z0-9_\-]{20,})",
          check_token},
    Shape{
        "SECRET",
        {.words = "npm_ pypi- doo_v1_ dop_v1_ dor_v1_ SG. hf_ hvs. hvb. shpat_ shpca_ shppa_ shpss_ sq0atp- sq0csp- "
                  "sq0idp- dapi dckr_pat_ glsa_ lin_api_ NRAK- ATATT3 ATCTT3 PMAK- pul- AGE-SECRET-KEY-1 LTAI AKCp "
                  "cmVmd EAA sntryu sntrys sgp rdme pnu ops fio-u duffel_test duffel_live shippo_live shippo_test tfp "
                  "figd lip flb FLWSECK_TEST FLWPUBK_TEST EZAK EZTK",
         .place = Start::word_boundary},
        R"(\b(?:npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_\-]{30,}|do[opr]_v1_[a-f0-9]{40,}|SG\.[\w\-.]{40,}|hf_[A-Za-z]{30,}|hv[sb]\.[\w\-]{20,}|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{30,}|sq0(?:atp|csp|idp)-[\w\-]{20,}|dapi[a-f0-9]{32}|dckr_pat_[\w\-]{20,}|glsa_[A-Za-z0-9_]{32,}|lin_api_[A-Za-z0-9]{30,}|NRAK-[A-Za-z0-9]{20,}|AT[AC]TT3[A-Za-z0-9_\-=]{40,}|PMAK-[a-f0-9\-]{40,}|pul-[a-f0-9]{40}|AGE-SECRET-KEY-1[A-Z0-9]{58}|LTAI[A-Za-z0-9]{16,20}|AKCp[A-Za-z0-9]{60,}|cmVmd[A-Za-z0-9]{59}|EAA[A-Za-z0-9]{60,}|(?:sntryu|sntrys|sgp|rdme|pnu|ops|fio-u|duffel_(?:test|live)|shippo_(?:live|test)|tfp|figd|lip|flb|FLWSECK_TEST|FLWPUBK_TEST|EZ[AT]K)[_\-]?[A-Za-z0-9_=\-]{30,}))",
        check_token},
    Shape{
        "SECRET",
        {.words = "API- pplx- sgp_ s-s4t2ud- s-s4t2af- _gitlab_session=", .place = Start::word_boundary},
        R"(\b(?:API-[A-Z0-9]{26}\b|pplx-[A-Za-z0-9]{40,}|sgp_[A-Fa-f0-9_]{30,}|s-s4t2(?:ud|af)-[a-f0-9]{64}|_gitlab_session=[a-z0-9]{30,}))",
        check_token},
    Shape{"SECRET",
          {.words = digits, .place = Start::word_boundary, .looks_right = begins_bot_token},
          R"(\b\d{5,16}(?::A[A-Za-z0-9_\-]{34}|(?:\||%7C)[A-Za-z0-9_\-]{27})\b)",
          check_token},
    Shape{
        "SECRET",
        {.words = "p8e- pat ABSK 4b1d HRKU-AA sha256~ pscale_ rubygems_ tk-us- xkeysib- sm_aat_ sm_pat_ sm_sat_ xoxe- "
                  "dt0c01. FLWSECK_TEST- SK AC key- EAAA sc_ ext_ scauth_ authress_",
         .place = Start::word_boundary},
        R"(\b(?:p8e-[A-Za-z0-9]{32}|pat[A-Za-z0-9]{14}\.[a-f0-9]{64}|ABSK[A-Za-z0-9+/]{100,280}={0,2}|4b1d[A-Za-z0-9]{38}|HRKU-AA[\w\-]{58}|sha256~[\w\-]{43}|pscale_(?:oauth|pw|tkn)_[\w=.\-]{32,64}|rubygems_[a-f0-9]{48}|tk-us-[\w\-]{48}|xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}|sm_[aps]at_[A-Za-z0-9]{16}|xoxe-\d-[A-Z0-9]{100,200}|dt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}|FLWSECK_TEST-[A-Ha-h0-9]{12}|(?:SK|AC)[a-f0-9]{32}\b|key-[a-f0-9]{32}\b|EAAA[\w\-]{22,60}|(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[A-Za-z0-9]{4,6}\.acc[_\-][a-z0-9\-]{10,32}\.[A-Za-z0-9+/_=\-]{30,120}))",
        check_token},
    Shape{"SECRET",
          {.words = "AGE-SECRET-KEY-1", .place = Start::word_boundary},
          R"(\bAGE-SECRET-KEY-1[A-Z0-9]{58})",
          nullptr},
    Shape{"SECRET",
          {.words = alphabet, .looks_right = begins_entra_secret},
          R"([A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.\-]{31,34})",
          check_token},
    // A word for it, then something that is no word: "holds the trello token YYxX4D… in clear text".
    Shape{
        "SECRET",
        {.words = "token secret password apikey key credential", .place = Start::word_boundary, .letters = Start::any},
        R"((?i:\b(?:token|secret|password|api ?key|key|credential))(?: is| was)?:? ["']?([A-Za-z0-9_\-+/=.]{20,200})["']?(?:\s|$|[.,;]))",
        check_told_secret},
    Shape{"SECRET",
          {.words = "bearer", .place = Start::word_boundary, .letters = Start::any},
          R"((?i:\bbearer)\s+([A-Za-z0-9._~+/=\-]{16,}))",
          check_token},
    Shape{"SECRET",
          {.words = "basic", .place = Start::word_boundary, .letters = Start::any},
          R"((?i:\bbasic)\s+([A-Za-z0-9+/]{8,}={0,2}))",
          check_basic},
    Shape{"SECRET",
          {.words = "", .middle = Start::url},
          R"([A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s:/@"'<>]{0,80}:([^\s@"'<>/][^\s@"'<>]{2,127})@)",
          check_credential},
    Shape{"SECRET",
          {.words = "-u --user", .looks_right = follows_blank},
          R"((?:-u|--user)[ =]["']?[^\s:"']{1,80}:([^\s"']{3,100}))",
          check_credential},

    // People. Letters beyond ASCII stand as two plain ranges: \p{L} in a counted repeat compiles to a hundred times as
    // much.
    Shape{
        "EMAIL",
        {.words = "", .middle = Start::at_sign},
        R"((?:[A-Za-z0-9_\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}][A-Za-z0-9\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}._%+\-]{0,63}|"[^"\s]{1,40}")(?:@|\\u0040|%40|&#64;|%2540)(?:[A-Za-z0-9\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}][A-Za-z0-9\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}\-]{0,62}\.){1,6}[A-Za-z\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}]{2,24})",
        nullptr},
    Shape{"IBAN",
          {.words = capitals, .place = Start::word_boundary, .looks_right = begins_iban},
          R"(\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,34}\b)",
          check_iban},
    Shape{"CARD",
          {.words = digits, .place = Start::word_boundary, .looks_right = begins_card},
          R"(\b\d(?:[ \-]?\d){12,22}\b)",
          check_card},
    Shape{"CARD",
          {.words = "card cc", .place = Start::word_boundary, .letters = Start::any},
          R"((?i:\b(?:card|cc))(?: number| no\.?| num)?(?: is)?[:# ]{1,3}(\d{12,19})\b)",
          check_told_card},
    Shape{"SSN",
          {.words = digits, .place = Start::word_boundary, .looks_right = begins_ssn},
          R"(\b(?:\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4}|\d{9})\b)",
          check_ssn},
    Shape{"PASSPORT",
          {.words = "passport", .letters = Start::any},
          R"((?i:passport)[\s_#:.=\-"'\\]{0,6}(?i:number|num|no\.?)?(?: is)?[\s_#:.=\-"'\\]{0,6}([A-Z]{0,2}\d{6,9}))",
          nullptr},
    Shape{"NATIONAL_ID",
          {.words = "0 1 2 3", .place = Start::word_boundary, .looks_right = begins_finnish_id},
          R"(\b[0-3]\d[01]\d{3}[\-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]\b)",
          check_finnish_id},
    Shape{"NATIONAL_ID",
          {.words = "0 1 2 3 4 5 6 7 8 9 X Y Z", .place = Start::word_boundary, .looks_right = begins_spanish_id},
          R"(\b[XYZ0-9]-?\d{7}-?[A-HJ-NP-TV-Z]\b)",
          check_spanish_id},
    Shape{"MRN", {.words = "MRN", .place = Start::word_boundary}, R"(\bMRN[\-:# ]{0,3}\d{5,12}\b)", nullptr},
    Shape{"BIRTH_DATE",
          {.words = digits, .place = Start::word_boundary, .looks_right = begins_date},
          R"(\b(?:\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}|\d{1,2}[\-/.]\d{1,2}[\-/.]\d{4})\b)",
          check_birth_date},
    Shape{"PHONE",
          {.words = "+ %2B", .looks_right = begins_plus_phone},
          R"((?:\+|%2B)\d{1,3}[ .\-]?(?:\(0?\d{1,4}\)[ .\-]?)?\d{1,12}(?:[ .\-]\d{2,8}){0,5})",
          check_international_phone},
    Shape{"PHONE",
          {.words = "(", .looks_right = begins_bracketed_phone},
          R"(\(\d{2,4}\)[ .\-]?\d{3,4}[ .\-]\d{3,4}(?:x\d{1,6})?\b)",
          check_bracketed_phone},
    Shape{"PHONE",
          {.words = digits, .place = Start::word_boundary, .looks_right = begins_nanp_phone},
          R"(\b(?:(?:001|1)[ .\-])?\d{3}[.\-]\d{3}[.\-]\d{4}(?:x\d{1,6})?\b)",
          check_nanp_phone},
    Shape{"IP",
          {.words = digits, .place = Start::word_boundary, .looks_right = begins_ipv4},
          R"(\b(?:\d{1,3}\.){3}\d{1,3}\b)",
          check_address},
    Shape{"IP",
          {.words = hex_digits, .place = Start::word_boundary, .looks_right = begins_ipv6},
          R"(\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}\b)",
          check_address},
    Shape{"PHONE",
          {.words = digits, .place = Start::word_boundary, .looks_right = begins_loose_phone},
          R"(\b\d{2,10}(?:[ .\-]\d{2,9}){0,5}\b)",
          check_phone_by_context},
    Shape{"PHONE",
          {.words = "(", .looks_right = begins_bracketed_phone},
          R"(\(\d{2,4}\)[ .\-]?\d{2,10}(?:[ .\-]\d{2,9}){0,5}\b)",
          check_phone_by_context},
};

} // namespace

auto shapes() -> std::span<const Shape> { return table; }

} // namespace dossier::redact
