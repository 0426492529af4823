#pragma once
// The second look at what a pattern found: checksums, lengths and ranges that tell an identifier from a number that
// merely looks like one. Sources: ISO/IEC 7812 (Luhn, issuer ranges), ISO 13616 (IBAN), SSA randomisation rules, E.164
// and the North American numbering plan, RFC 6890 (address ranges).

#include <initializer_list>
#include <string>
#include <string_view>

namespace dossier::redact {

[[nodiscard]] auto digits_of(std::string_view text) -> std::string;
[[nodiscard]] auto passes_luhn(std::string_view digits) -> bool;
/// J. Verhoeff, "Error Detecting Decimal Codes" (1969): the check digit comes last.
[[nodiscard]] auto passes_verhoeff(std::string_view digits) -> bool;
/// Digit by digit; -1 where there are not as many digits as weights.
[[nodiscard]] auto weighted_sum(std::string_view digits, std::initializer_list<int> weights) -> int;
/// In any year.
[[nodiscard]] auto is_day_of_year(int month, int day) -> bool;
/// An issuer's prefix with a length that this issuer uses, and Luhn.
[[nodiscard]] auto is_card_number(std::string_view digits) -> bool;
/// Without blanks; country length and mod 97.
[[nodiscard]] auto is_iban(std::string_view compact) -> bool;
/// Characters of an IBAN of this country; 0 = no IBAN country.
[[nodiscard]] auto iban_length(std::string_view country) -> std::size_t;
[[nodiscard]] auto is_ssn(std::string_view digits) -> bool;
/// Ten digits, or eleven with a leading 1, with area and exchange as the plan has them.
[[nodiscard]] auto is_nanp_number(std::string_view digits) -> bool;
/// IPv4 or IPv6 that can be routed on the internet, documentation ranges included.
[[nodiscard]] auto is_public_ip(std::string_view text) -> bool;
/// Shannon entropy in bits a byte.
[[nodiscard]] auto entropy_of(std::string_view text) -> double;

} // namespace dossier::redact
