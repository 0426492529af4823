#include "starts.hpp"
#include "characters.hpp"

#include <algorithm>
#include <array>

namespace dossier::redact {

namespace {

auto is_upper(char c) -> bool { return c >= 'A' && c <= 'Z'; }
auto is_beyond_ascii(char c) -> bool { return static_cast<unsigned char>(c) >= 0x80; }
auto is_blank(char c) -> bool { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'); }
auto is_any_of(char c, std::string_view set) -> bool { return set.find(c) != std::string_view::npos; }

/// '\0' behind the end.
auto byte_at(std::string_view text, std::size_t at) -> char { return at < text.size() ? text[at] : '\0'; }

/// Length of the run of bytes that fit, `most` at the most.
template <typename Fits>
auto run(std::string_view text, std::size_t at, std::size_t most, Fits fits) -> std::size_t {
    std::size_t size = 0;
    while (size < most && at + size < text.size() && fits(text[at + size])) ++size;
    return size;
}

auto digits_at(std::string_view text, std::size_t at, std::size_t most) -> std::size_t {
    return run(text, at, most, is_digit);
}

/// Digits with at most one of `separators` between two of them; counts to `most`.
auto chained_digits(std::string_view text, std::size_t at, std::string_view separators, std::size_t most)
    -> std::size_t {
    std::size_t count = 0;
    while (count < most && at < text.size()) {
        if (is_any_of(text[at], separators)) ++at;
        if (!is_digit(byte_at(text, at))) break;
        ++count;
        ++at;
    }
    return count;
}

auto is_local_byte(char c) -> bool { return is_word_byte(c) || is_any_of(c, ".%+-") || is_beyond_ascii(c); }

/// The ways an @ is written; 0 = none here.
auto at_sign_size(std::string_view text, std::size_t at) -> std::size_t {
    for (const std::string_view spelling : {"@", "\\u0040", "%40", "&#64;", "%2540"})
        if (text.substr(at, spelling.size()) == spelling) return spelling.size();
    return 0;
}

auto has_domain(std::string_view text, std::size_t at) -> bool {
    const auto label =
        run(text, at, 63 * 3, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || is_beyond_ascii(c); });
    return label > 0 && byte_at(text, at + label) == '.';
}

auto add_address_reach(std::string_view text, std::size_t sign, std::vector<Reach>& found) -> void {
    // 64 characters of up to three bytes.
    auto from = sign;
    while (from > 0 && sign - from < std::size_t{64} * 3 && is_local_byte(text[from - 1])) --from;
    if (from < sign) {
        found.push_back({.from = from, .to = sign});
        return;
    }
    if (sign < 3 || text[sign - 1] != '"') return;
    for (auto open = sign - 1; open-- > 0 && sign - open < std::size_t{42} * 4;) {
        if (is_blank(text[open])) return;
        if (text[open] != '"') continue;
        found.push_back({.from = open, .to = open + 1});
        return;
    }
}

auto has_credential(std::string_view text, std::size_t at) -> bool {
    const auto is_user = [](char c) { return !is_blank(c) && !is_any_of(c, ":/@\"'<>"); };
    const auto colon = at + run(text, at, std::size_t{80} * 4, is_user);
    if (byte_at(text, colon) != ':') return false;
    const auto is_password = [](char c) { return !is_blank(c) && !is_any_of(c, "@\"'<>"); };
    const auto sign = colon + 1 + run(text, colon + 1, std::size_t{128} * 4, is_password);
    return byte_at(text, sign) == '@';
}

auto add_url_reach(std::string_view text, std::size_t colon, std::vector<Reach>& found) -> void {
    auto from = colon;
    while (from > 0 && colon - from < 21 + 1 &&
           (is_letter(text[from - 1]) || is_digit(text[from - 1]) || is_any_of(text[from - 1], "+.-")))
        --from;
    if (colon - from >= 2) found.push_back({.from = from, .to = colon - 1});
}

} // namespace

auto reaches(std::string_view text, Start::Middle middle) -> std::vector<Reach> {
    std::vector<Reach> found;
    if (middle == Start::at_sign) {
        for (std::size_t at = 0; at < text.size(); ++at) {
            const char c = text[at];
            if (c != '@' && c != '\\' && c != '%' && c != '&') continue;
            const auto size = at_sign_size(text, at);
            if (size > 0 && has_domain(text, at + size)) add_address_reach(text, at, found);
        }
        // A quoted local part begins before an address inside of it.
        std::ranges::sort(
            found, [](const Reach& a, const Reach& b) { return a.from != b.from ? a.from < b.from : a.to < b.to; });
    } else if (middle == Start::url) {
        for (auto at = text.find("://"); at != text.npos; at = text.find("://", at + 3))
            if (has_credential(text, at + 3)) add_url_reach(text, at, found);
    }
    return found;
}

auto begins_uuid(std::string_view text, std::size_t at) -> bool {
    return byte_at(text, at + 8) == '-' && byte_at(text, at + 13) == '-' && byte_at(text, at + 18) == '-';
}

auto begins_time(std::string_view text, std::size_t at) -> bool {
    return byte_at(text, at + 4) == '-' && byte_at(text, at + 7) == '-' && byte_at(text, at + 13) == ':';
}

auto begins_date(std::string_view text, std::size_t at) -> bool {
    const auto size = digits_at(text, at, 5);
    return (size == 1 || size == 2 || size == 4) && is_any_of(byte_at(text, at + size), "-/.") &&
           is_digit(byte_at(text, at + size + 1));
}

auto begins_iban(std::string_view text, std::size_t at) -> bool {
    return is_upper(byte_at(text, at + 1)) && is_digit(byte_at(text, at + 2)) && is_digit(byte_at(text, at + 3));
}

auto begins_bot_token(std::string_view text, std::size_t at) -> bool {
    const auto size = digits_at(text, at, 17);
    const auto next = byte_at(text, at + size);
    return size >= 5 && (next == '|' || next == '%' || (next == ':' && byte_at(text, at + size + 1) == 'A'));
}

auto begins_card(std::string_view text, std::size_t at) -> bool { return chained_digits(text, at, " -", 13) == 13; }

auto begins_ssn(std::string_view text, std::size_t at) -> bool {
    const auto size = digits_at(text, at, 10);
    if (size == 9) return true;
    const char separator = byte_at(text, at + 3);
    return size == 3 && (separator == '-' || separator == ' ') && byte_at(text, at + 6) == separator;
}

auto begins_plus_phone(std::string_view text, std::size_t at) -> bool {
    return is_digit(byte_at(text, text[at] == '+' ? at + 1 : at + 3));
}

auto begins_bracketed_phone(std::string_view text, std::size_t at) -> bool {
    const auto size = digits_at(text, at + 1, 5);
    return size >= 2 && size <= 4 && byte_at(text, at + 1 + size) == ')';
}

auto begins_nanp_phone(std::string_view text, std::size_t at) -> bool {
    const auto size = digits_at(text, at, 4);
    if (size != 1 && size != 3) return false;
    return is_any_of(byte_at(text, at + size), " .-") && digits_at(text, at + size + 1, 4) == 3;
}

auto begins_loose_phone(std::string_view text, std::size_t at) -> bool {
    if (text[at] == '(') return begins_bracketed_phone(text, at);
    const auto size = digits_at(text, at, 11);
    if (size < 2 || size > 10 || is_word_byte(byte_at(text, at + size))) return false;
    return chained_digits(text, at, " .-", 7) == 7;
}

auto begins_ipv4(std::string_view text, std::size_t at) -> bool {
    const auto size = digits_at(text, at, 4);
    if (size > 3 || byte_at(text, at + size) != '.') return false;
    const auto second = digits_at(text, at + size + 1, 4);
    return second >= 1 && second <= 3 && byte_at(text, at + size + 1 + second) == '.';
}

auto begins_ipv6(std::string_view text, std::size_t at) -> bool {
    const auto size = run(text, at, 5, is_hex);
    if (size > 4 || byte_at(text, at + size) != ':') return false;
    const auto second = run(text, at + size + 1, 5, is_hex);
    return second <= 4 && byte_at(text, at + size + 1 + second) == ':';
}

auto begins_entra_secret(std::string_view text, std::size_t at) -> bool {
    if (byte_at(text, at + 5) != '~' || text[at + 4] != 'Q' || !is_digit(text[at + 3])) return false;
    return at == 0 || !(is_word_byte(text[at - 1]) || is_any_of(text[at - 1], "~.-"));
}

auto begins_finnish_id(std::string_view text, std::size_t at) -> bool {
    const auto century = byte_at(text, at + 6);
    return (is_upper(century) || century == '-' || century == '+') && digits_at(text, at, 7) == 6;
}

auto begins_spanish_id(std::string_view text, std::size_t at) -> bool {
    const auto first = at + (byte_at(text, at + 1) == '-' ? 2U : 1U);
    if (digits_at(text, first, 8) != 7) return false;
    return is_upper(byte_at(text, first + 7 + (byte_at(text, first + 7) == '-' ? 1U : 0U)));
}

auto follows_blank(std::string_view text, std::size_t at) -> bool { return at > 0 && is_blank(text[at - 1]); }

} // namespace dossier::redact
