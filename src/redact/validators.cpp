#include "validators.hpp"
#include "characters.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

#include <arpa/inet.h>

namespace dossier::redact {

namespace {

auto leading(std::string_view digits, std::size_t count) -> int {
    int value = 0;
    std::from_chars(digits.data(), digits.data() + std::min(count, digits.size()), value);
    return value;
}

struct Issuer {
    int low; ///< first four digits
    int high;
    std::size_t shortest;
    std::size_t longest;
};

// Visa, Mastercard (both ranges), American Express, Discover, Diners Club, JCB (old and new), UnionPay, Dankort, Mir,
// Maestro.
constexpr std::array issuers{
    Issuer{4000, 4999, 16, 16}, Issuer{4000, 4999, 13, 13}, Issuer{4000, 4999, 19, 19}, Issuer{5100, 5599, 16, 16},
    Issuer{2221, 2720, 16, 16}, Issuer{3400, 3499, 15, 15}, Issuer{3700, 3799, 15, 15}, Issuer{6011, 6011, 16, 19},
    Issuer{6440, 6599, 16, 19}, Issuer{3000, 3059, 14, 14}, Issuer{3600, 3699, 14, 14}, Issuer{3800, 3999, 14, 14},
    Issuer{3528, 3589, 16, 19}, Issuer{1800, 1800, 15, 15}, Issuer{2131, 2131, 15, 15}, Issuer{6200, 6299, 16, 19},
    Issuer{5019, 5019, 16, 16}, Issuer{2200, 2204, 16, 19}, Issuer{5018, 5018, 16, 19}, Issuer{5020, 5038, 16, 19},
    Issuer{6304, 6304, 16, 19}, Issuer{6759, 6763, 16, 19},
};

constexpr std::array<std::pair<std::string_view, std::size_t>, 80> iban_lengths{{
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
    {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18}, {"DO", 28},
    {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23},
    {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
    {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MR", 27}, {"MT", 31}, {"MU", 30},
    {"NL", 18}, {"NO", 15}, {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22},
    {"SA", 24}, {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"ST", 25}, {"SV", 28},
    {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"BI", 27},
}};

auto is_public_v4(std::uint32_t address) -> bool {
    struct Range {
        std::uint32_t network;
        int bits;
    };
    // This network, private, shared, loopback, link-local, multicast and reserved.
    constexpr std::array ranges{Range{0x00000000, 8},  Range{0x0A000000, 8},  Range{0x64400000, 10},
                                Range{0x7F000000, 8},  Range{0xA9FE0000, 16}, Range{0xAC100000, 12},
                                Range{0xC0A80000, 16}, Range{0xE0000000, 3}};
    return std::ranges::none_of(
        ranges, [&](const Range& range) { return (address ^ range.network) >> (32 - range.bits) == 0; });
}

} // namespace

auto digits_of(std::string_view text) -> std::string {
    std::string digits;
    std::ranges::copy_if(text, std::back_inserter(digits), is_digit);
    return digits;
}

auto passes_luhn(std::string_view digits) -> bool {
    int sum = 0;
    bool is_doubled = false;
    for (auto i = digits.size(); i-- > 0; is_doubled = !is_doubled) {
        int value = digits[i] - '0';
        if (is_doubled) value = value > 4 ? 2 * value - 9 : 2 * value;
        sum += value;
    }
    return !digits.empty() && sum % 10 == 0;
}

auto passes_verhoeff(std::string_view digits) -> bool {
    // Multiplication in the dihedral group of order ten, and the permutation applied place by place.
    constexpr std::array<std::string_view, 10> product{"0123456789", "1234067895", "2340178956", "3401289567",
                                                       "4012395678", "5987604321", "6598710432", "7659821043",
                                                       "8765932104", "9876543210"};
    constexpr std::array<std::string_view, 8> permutation{"0123456789", "1576283094", "5803796142", "8916043527",
                                                          "9453126870", "4286573901", "2793806415", "7046913258"};
    std::size_t state = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const auto digit = static_cast<std::size_t>(digits[digits.size() - 1 - i] - '0');
        state =
            static_cast<std::size_t>(product[state][static_cast<std::size_t>(permutation[i % 8][digit] - '0')] - '0');
    }
    return !digits.empty() && state == 0;
}

auto weighted_sum(std::string_view digits, std::initializer_list<int> weights) -> int {
    if (digits.size() != weights.size()) return -1;
    int sum = 0;
    std::size_t at = 0;
    for (const int weight : weights) sum += weight * (digits[at++] - '0');
    return sum;
}

auto is_day_of_year(int month, int day) -> bool {
    constexpr std::array days{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month >= 1 && month <= 12 && day >= 1 && day <= days[static_cast<std::size_t>(month - 1)];
}

auto is_card_number(std::string_view digits) -> bool {
    const int prefix = leading(digits, 4);
    const bool has_issuer = std::ranges::any_of(issuers, [&](const Issuer& issuer) {
        return prefix >= issuer.low && prefix <= issuer.high && digits.size() >= issuer.shortest &&
               digits.size() <= issuer.longest;
    });
    return has_issuer && passes_luhn(digits);
}

auto iban_length(std::string_view country) -> std::size_t {
    const auto found = std::ranges::find(iban_lengths, country, &std::pair<std::string_view, std::size_t>::first);
    return found == iban_lengths.end() ? 0 : found->second;
}

auto is_iban(std::string_view compact) -> bool {
    if (compact.size() < 15 || compact.size() != iban_length(compact.substr(0, 2))) return false;
    int rest = 0;
    for (std::size_t i = 0; i < compact.size(); ++i) {
        const char c = compact[(i + 4) % compact.size()];
        if (is_digit(c))
            rest = (rest * 10 + (c - '0')) % 97;
        else if (c >= 'A' && c <= 'Z')
            rest = (rest * 100 + (c - 'A' + 10)) % 97;
        else
            return false;
    }
    return rest == 1;
}

auto is_ssn(std::string_view digits) -> bool {
    if (digits.size() != 9) return false;
    const auto area = digits.substr(0, 3);
    if (area == "000" || area == "666" || area[0] == '9') return false;
    if (digits.substr(3, 2) == "00" || digits.substr(5) == "0000") return false;
    if (digits.find_first_not_of(digits[0]) == std::string_view::npos) return false;
    return digits != "123456789" && digits != "078051120";
}

auto is_nanp_number(std::string_view digits) -> bool {
    if (digits.size() == 11 && digits[0] == '1') digits.remove_prefix(1);
    return digits.size() == 10 && digits[0] >= '2' && digits[3] >= '2';
}

auto is_public_ip(std::string_view text) -> bool {
    const std::string address(text);
    in_addr v4{};
    if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return is_public_v4(ntohl(v4.s_addr));
    in6_addr v6{};
    // Global unicast is 2000::/3; the rest is loopback, link-local, unique-local, multicast.
    return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && (v6.s6_addr[0] & 0xE0) == 0x20;
}

auto entropy_of(std::string_view text) -> double {
    std::array<int, 256> counts{};
    for (const unsigned char c : text) ++counts[c];
    double bits = 0;
    for (const int count : counts) {
        if (count == 0) continue;
        const double share = static_cast<double>(count) / static_cast<double>(text.size());
        bits -= share * std::log2(share);
    }
    return bits;
}

} // namespace dossier::redact
