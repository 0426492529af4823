// Keys and credentials that say themselves what they are, by their frame or by the word before them.

#include "characters.hpp"
#include "shapes.hpp"
#include "validators.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>

namespace dossier::redact {

auto is_placeholder(std::string_view value) -> bool {
    return value.starts_with("${") || value.starts_with("{{") || value.starts_with("<") || value.starts_with("$(") ||
           (value.starts_with("[") && value.ends_with("]")) ||
           value.find_first_not_of("xX*.-_") == std::string_view::npos;
}

auto check_token(Candidate& candidate) -> bool {
    const auto value = candidate.value();
    return !is_placeholder(value) && !icontains(value, "xxxx") && !icontains(value, "example") &&
           entropy_of(value) >= 2.5;
}

namespace {

auto check_credential(Candidate& c) -> bool { return !is_placeholder(c.value()); }

/// The id of a key that could be one: not AKIAXXXXXXXXXXXXXXXX.
auto check_key_id(Candidate& c) -> bool { return !icontains(c.value(), "xxxxxxxx"); }

auto check_basic(Candidate& c) -> bool {
    const auto decoded = base64_decode(c.value());
    return decoded && decoded->find(':') != std::string::npos && is_valid_utf8(*decoded);
}

/// Microsoft writes these into longer words, too: no letter of one may stand before it.
auto check_entra_secret(Candidate& c) -> bool {
    const auto before = c.before(1);
    const bool is_inside = !before.empty() && (is_letter(before[0]) || is_digit(before[0]) || before == "_" ||
                                               before == "~" || before == "." || before == "-");
    return !is_inside && check_token(c);
}

/// Letters and digits mixed without a pattern; names of resources have words between dashes, and years at their end.
auto check_told_secret(Candidate& c) -> bool {
    const auto value = c.value();
    const auto digits = std::ranges::count_if(value, is_digit);
    const auto separators = std::ranges::count_if(value, [](char x) { return x == '-' || x == '.' || x == '/'; });
    std::size_t digit_runs = 0;
    for (std::size_t at = 0; at < value.size(); ++at)
        if (is_digit(value[at]) && (at == 0 || !is_digit(value[at - 1]))) ++digit_runs;
    const bool is_long = value.size() >= 20;
    return digits >= 2 && digits < static_cast<std::ptrdiff_t>(value.size()) && !is_placeholder(value) &&
           separators <= (is_long ? 2 : 0) && (is_long || digit_runs >= 2) && entropy_of(value) >= 3.2;
}

/// A string behind the word: `the policy "password 'rotation'"` has one of prose.
auto check_quoted_password(Candidate& c) -> bool {
    const auto value = c.value();
    return !is_placeholder(value) && !std::ranges::all_of(value, is_letter) && entropy_of(value) >= 1.6;
}

/// user:password of a command line; the examples of manuals stay.
auto check_user(Candidate& c) -> bool {
    const auto value = c.value();
    const auto password = value.substr(value.find(':') + 1);
    return !is_placeholder(value) && !is_placeholder(password) && !password.starts_with('$') &&
           !has_word(password, {"password", "token", "pass"}) && entropy_of(password) >= 1.6;
}

} // namespace

void add_credentials(std::vector<Shape>& rows) {
    rows.push_back({.kind = "PRIVATE_KEY",
                    .heads = {"-----BEGIN "},
                    .pattern = R"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?)"
                               R"(-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)"});
    rows.push_back({.kind = "PRIVATE_KEY", // cut off before its end
                    .heads = {"-----BEGIN "},
                    .pattern = R"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\\\s:,.\-]*)"});
    rows.push_back({.kind = "JWT",
                    .heads = {R"(\beyJ[A-Za-z0-9_\-]{8})"},
                    .pattern = R"(\beyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*)?)"});
    rows.push_back({.kind = "AWS_KEY",
                    .heads = {R"(\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16})"},
                    .pattern = R"(\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}\b)",
                    .check = check_key_id});
    rows.push_back({.kind = "SECRET",
                    .heads = {R"([A-Za-z0-9_~.]{3}\dQ~)"},
                    .pattern = R"([A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.\-]{31,34})",
                    .check = check_entra_secret});
    // A word for it, then something that is no word: "holds the trello token YYxX4D… in clear text".
    rows.push_back(
        {.kind = "SECRET",
         .heads = {R"(\btoken)", R"(\bsecret)", R"(\bpassword)", R"(\bapi ?key)", R"(\bkey)", R"(\bcredential)"},
         .pattern = R"((?i:\b(?:token|secret|password|api ?key|key|credential))(?: is| was)?:? ["']?)"
                    R"(([A-Za-z0-9_\-+/=.]{14,200})["']?(?:\s|$|[.,;]))",
         .check = check_told_secret,
         .any_case = true});
    rows.push_back({.kind = "SECRET",
                    .heads = {R"(\bbearer\s)"},
                    .pattern = R"((?i:\bbearer)\s+([A-Za-z0-9._~+/=\-]{16,}))",
                    .check = check_token,
                    .any_case = true});
    rows.push_back({.kind = "SECRET",
                    .heads = {R"(\bbasic\s)"},
                    .pattern = R"((?i:\bbasic)\s+([A-Za-z0-9+/]{8,}={0,2}))",
                    .check = check_basic,
                    .any_case = true});
    // SQL: CREATE USER … IDENTIFIED BY '…', ALTER ROLE … PASSWORD '…', SET PASSWORD FOR … = '…'.
    rows.push_back({.kind = "SECRET",
                    .heads = {R"(\bidentified by)", R"(\bpassword)"},
                    .pattern = R"((?i:\b(?:identified\sby|password(?: for [^=\n]{1,80}=)?))\s{1,3}'([^'\n]{3,200})')",
                    .check = check_quoted_password,
                    .any_case = true});
    // Command lines that take it right behind the option.
    rows.push_back({.kind = "SECRET",
                    .heads = {R"(\bsshpass)", R"(\bmysql)"},
                    .pattern = R"(\b(?:sshpass\s{1,3}-p\s{0,3}|mysql(?:dump|admin)?\s(?:[^\n|;]{0,80}\s)?-p)["']?)"
                               R"(([^\s"']{3,100}))",
                    .check = check_quoted_password});
    // Whoever has it is logged in.
    rows.push_back({.kind = "SECRET",
                    .heads = {R"(\bcookie:)"},
                    .pattern = R"((?i:\bcookie):\s*[^\s=;,"']{1,64}=([^\s;,"']{12,512}))",
                    .check = check_token,
                    .any_case = true});
    rows.push_back({.kind = "SECRET",
                    .heads = {R"(\bsession=)", R"(\bsession_?id=)", R"(\bjsessionid=)", R"(\bphpsessid=)"},
                    .pattern = R"((?i:\b(?:session|session_?id|jsessionid|phpsessid))=([A-Za-z0-9%._~+/\-]{16,512}))",
                    .check = check_token,
                    .any_case = true});
    rows.push_back({.kind = "SECRET",
                    .heads = {"://"},
                    .pattern = R"([A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s:/@"'<>]{0,80}:([^\s@"'<>/][^\s@"'<>]{2,127})@)",
                    .check = check_credential,
                    .found = Found::after_scheme});
    rows.push_back({.kind = "SECRET",
                    .heads = {R"(\s-u[ =])", R"(\s--user[ =])"},
                    .pattern = R"(\s(?:-u|--user)[ =]{1,2}["']?([^\s:"']{1,80}:[^\s"']{3,100}))",
                    .check = check_user});
}

} // namespace dossier::redact
