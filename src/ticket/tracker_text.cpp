#include "tracker_text.hpp"

#include "dossier/base/strings.hpp"

namespace dossier::ticket {
namespace {

constexpr std::string_view ellipsis = "…";

auto is_continuation(char c) -> bool { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

auto units_of(char first) -> std::size_t {
    if (is_continuation(first)) return 0;
    return static_cast<unsigned char>(first) >= 0xF0U ? 2 : 1;
}

/// The longest beginning of at most `max_units`, whole characters only.
auto beginning(std::string_view text, std::size_t max_units) -> std::string_view {
    std::size_t units = 0;
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
        units += units_of(text[at]);
        if (units > max_units) break;
    }
    return text.substr(0, at);
}

/// Where the last sentence ends, behind its stop; 0 = nowhere.
auto sentence_end(std::string_view text) -> std::size_t {
    for (auto at = text.size(); at-- > 1;) {
        const bool is_gap = text[at] == ' ' || text[at] == '\n';
        if (is_gap && std::string_view(".!?").find(text[at - 1]) != std::string_view::npos) return at;
        if (text[at] == '\n' && text[at - 1] == '\n') return at - 1;
    }
    return 0;
}

} // namespace

auto utf16_units(std::string_view text) -> std::size_t {
    std::size_t units = 0;
    for (const char c : text) units += units_of(c);
    return units;
}

auto shorten_text(std::string_view text, std::size_t max_units) -> std::string {
    if (utf16_units(text) <= max_units) return std::string(text);
    if (max_units < 2) return std::string(beginning(text, max_units));
    auto fits = beginning(text, max_units - 2); // room for a blank and the ellipsis
    if (const auto end = sentence_end(fits); end > fits.size() / 2)
        return std::string(fits.substr(0, end)) + " " + std::string(ellipsis);
    fits = beginning(text, max_units - 1);
    if (const auto blank = fits.find_last_of(" \n"); blank != std::string_view::npos && blank > fits.size() / 2)
        fits = fits.substr(0, blank);
    return std::string(trim(fits)) + std::string(ellipsis);
}

} // namespace dossier::ticket
