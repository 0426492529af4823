#include "dossier/base/units.hpp"

#include "dossier/base/strings.hpp"

#include <openssl/crypto.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace dossier {

namespace {

struct Quantity {
    double value = 0;
    std::string_view unit;
};

auto parse_quantity(std::string_view text) -> std::optional<Quantity> {
    text = trim(text);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || value < 0 || !std::isfinite(value)) return std::nullopt;
    return Quantity{value, trim(text.substr(static_cast<std::size_t>(end - text.data())))};
}

} // namespace

auto parse_duration(std::string_view text) -> Result<Duration> {
    static constexpr std::array<std::pair<std::string_view, double>, 5> units{
        {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}}};
    const auto quantity = parse_quantity(text);
    if (quantity) {
        for (const auto& [unit, factor] : units) {
            if (quantity->unit == unit && quantity->value * factor < 1e15)
                return Duration{static_cast<std::int64_t>(std::llround(quantity->value * factor))};
        }
        if (quantity->value == 0 && quantity->unit.empty()) return Duration{0};
    }
    return fail(Errc::malformed, "expected a duration such as 500ms, 60s, 5m, 2h or 30d");
}

auto parse_byte_size(std::string_view text) -> Result<ByteSize> {
    static constexpr std::array<std::pair<std::string_view, double>, 8> units{{{"", 1},
                                                                               {"B", 1},
                                                                               {"KiB", 1024.0},
                                                                               {"MiB", 1048576.0},
                                                                               {"GiB", 1073741824.0},
                                                                               {"KB", 1e3},
                                                                               {"MB", 1e6},
                                                                               {"GB", 1e9}}};
    if (const auto quantity = parse_quantity(text)) {
        for (const auto& [unit, factor] : units) {
            if (quantity->unit == unit && quantity->value * factor < 1e15)
                return ByteSize{static_cast<std::uint64_t>(std::llround(quantity->value * factor))};
        }
    }
    return fail(Errc::malformed, "expected a size such as 4MiB, 64KiB or 1048576");
}

auto parse_rate(std::string_view text) -> Result<Rate> {
    if (const auto quantity = parse_quantity(text)) {
        if (quantity->unit == "/s") return Rate{quantity->value};
        if (quantity->unit == "/m" || quantity->unit == "/min") return Rate{quantity->value / 60};
        if (quantity->unit == "/h") return Rate{quantity->value / 3600};
    }
    return fail(Errc::malformed, "expected a rate such as 200/s, 60/m or 1000/h");
}

Secret::~Secret() {
    if (!value_.empty()) OPENSSL_cleanse(value_.data(), value_.size());
}

} // namespace dossier
