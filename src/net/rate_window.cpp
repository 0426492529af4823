#include "dossier/net/rate_window.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/base/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

namespace dossier::net {
namespace {

constexpr Duration longest_window = std::chrono::hours{24}; ///< what asks for more means "not today"

/// A decimal number without sign or exponent at the front of `text`, which it is taken from.
auto take_number(std::string_view& text) -> std::optional<double> {
    const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
    double value = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + end, value, std::chars_format::fixed);
    if (error != std::errc{} || at != text.data() + end || !std::isfinite(value)) return std::nullopt;
    text.remove_prefix(end);
    return value;
}

auto milliseconds_in(std::string_view unit) -> double {
    static constexpr std::array<std::pair<std::string_view, double>, 7> units{
        {{"ns", 1e-6}, {"us", 1e-3}, {"µs", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}}};
    const auto* const at = std::ranges::find(units, unit, &std::pair<std::string_view, double>::first);
    return at == units.end() ? 0 : at->second;
}

auto bounded(double milliseconds) -> Duration {
    const auto most = static_cast<double>(longest_window.count());
    return Duration(static_cast<Duration::rep>(std::ceil(std::clamp(milliseconds, 0.0, most))));
}

/// A window that told nothing left, and when it begins anew.
auto is_used_up(std::optional<std::string_view> remaining) -> bool {
    if (!remaining) return false;
    auto text = trim(*remaining);
    if (text.starts_with('-')) return true; // overdrawn
    const auto left = take_number(text);
    return left && text.empty() && *left < 1;
}

auto until_reset(std::string_view text, std::chrono::system_clock::time_point now) -> std::optional<Duration> {
    if (const auto span = parse_go_duration(text)) return span;
    if (text.find('-') == std::string_view::npos) return std::nullopt; // a bare number has as many readings as makers
    const auto then = parse_time(text);
    if (!then) return std::nullopt;
    return bounded(std::chrono::duration<double, std::milli>(*then - now).count());
}

} // namespace

auto parse_go_duration(std::string_view text) -> std::optional<Duration> {
    text = trim(text);
    if (text.empty() || text.size() > 40) return std::nullopt;
    double sum = 0;
    while (!text.empty()) {
        const auto value = take_number(text);
        const auto unit_end = std::min(text.find_first_of("0123456789."), text.size());
        const auto unit = milliseconds_in(text.substr(0, unit_end));
        if (!value || unit == 0) return std::nullopt;
        sum += *value * unit;
        text.remove_prefix(unit_end);
    }
    return bounded(sum);
}

auto used_up_for(const Headers& headers, std::chrono::system_clock::time_point now) -> std::optional<Duration> {
    static constexpr std::array<std::pair<const char*, const char*>, 6> windows{
        {{"x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
         {"x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"},
         {"anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"},
         {"anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"},
         {"anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"},
         {"anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"}}};
    std::optional<Duration> longest;
    for (const auto& [remaining, reset] : windows) {
        const auto when = headers.get(reset);
        if (!when || !is_used_up(headers.get(remaining))) continue;
        const auto wait = until_reset(trim(*when), now);
        if (wait && (!longest || *wait > *longest)) longest = wait;
    }
    return longest;
}

} // namespace dossier::net
