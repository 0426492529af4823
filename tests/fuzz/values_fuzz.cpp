// The small readers beneath everything: times, sizes, encodings, text made whole. What they read they write back the
// same, and what they cut is still text.

#include "fuzz.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/base/time.hpp"
#include "dossier/base/units.hpp"
#include "dossier/net/url.hpp"

#include <string>

namespace {

using namespace dossier;
using fuzz::require;

/// The plainest way to say what a glob means.
auto glob_matches(std::string_view pattern, std::string_view text) -> bool {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '*')
        return glob_matches(pattern.substr(1), text) || (!text.empty() && glob_matches(pattern, text.substr(1)));
    return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
           glob_matches(pattern.substr(1), text.substr(1));
}

void check_numbers(std::string_view text) {
    if (const auto time = parse_time(text)) {
        const auto written = format_time(*time);
        require(parse_time(written) == time, "a time reads back as it was written");
    }
    if (const auto span = parse_duration(text)) require(span->count() >= 0, "a duration is not negative");
    static_cast<void>(parse_byte_size(text));
    if (const auto rate = parse_rate(text)) require(rate->per_second >= 0, "a rate is not negative");
}

void check_encodings(std::string_view text) {
    require(base64_decode(base64_encode(text)).value_or("!") == text, "base64 carries any bytes");
    require(from_hex(to_hex(text)).value_or("!") == text, "hex carries any bytes");
    require(percent_decode(percent_encode(text)) == text, "percent-encoding carries any bytes");
    static_cast<void>(base64_decode(text));
    static_cast<void>(from_hex(text));
    static_cast<void>(percent_decode(text));
}

void check_text(std::string_view text, std::size_t most) {
    const auto whole = to_valid_utf8(text);
    require(is_valid_utf8(whole), "text made valid is valid");
    require(is_valid_utf8(text) == (whole == text), "valid text stays as it is");
    const auto cut = shorten(whole, most);
    require(cut.size() <= most && is_valid_utf8(cut), "shortened text fits and is text");
    require(whole.size() > most || cut == whole, "what fits is not shortened");
    require(iequals(text, lower(text)), "letters of either case are equal");
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto text = fuzz::text_of(data, size);
    check_numbers(text);
    check_encodings(text);
    check_text(text, size == 0 ? 8 : 3 + data[0] % 61U);
    auto rest = text;
    const auto pattern = fuzz::take_line(rest);
    const auto subject = fuzz::take_line(rest);
    if (pattern.size() <= 12 && subject.size() <= 24)
        require(glob_match(pattern, subject) == glob_matches(pattern, subject), "a glob means what it says");
    const auto origin = net::origin_of(text);
    require(origin.empty() || net::same_origin(text, text), "an address is of its own origin");
    return 0;
}
