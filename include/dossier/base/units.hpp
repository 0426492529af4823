#pragma once
// Strong types of the configuration: sizes, durations, rates and secrets, each parsed once.

#include "dossier/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace dossier {

using Duration = std::chrono::milliseconds;

/// "500ms", "60s", "5m", "2h", "30d".
[[nodiscard]] auto parse_duration(std::string_view text) -> Result<Duration>;

struct ByteSize {
    std::uint64_t bytes = 0;
    friend auto operator<=>(ByteSize, ByteSize) = default;
};
/// "4MiB", "64KiB", "1GiB", "10MB", "1024", "512B".
[[nodiscard]] auto parse_byte_size(std::string_view text) -> Result<ByteSize>;

/// Events per second; 0 = no limit.
struct Rate {
    double per_second = 0;
    friend auto operator<=>(Rate, Rate) = default;
};
/// "200/s", "60/m", "1000/h".
[[nodiscard]] auto parse_rate(std::string_view text) -> Result<Rate>;

/// A value that must never be printed: no stream operator, no formatter, wiped when it goes.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&&) = default;
    auto operator=(const Secret&) -> Secret& = default;
    auto operator=(Secret&&) -> Secret& = default;
    ~Secret();
    /// The only way to the text; call it where it is sent or compared, nowhere else.
    [[nodiscard]] auto reveal() const -> const std::string& { return value_; }
    [[nodiscard]] auto empty() const -> bool { return value_.empty(); }

private:
    std::string value_;
};

} // namespace dossier
