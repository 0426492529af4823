#include "aws_clock.hpp"

#include "dossier/base/log.hpp"

#include <curl/curl.h>

#include <string>

namespace dossier::net {
namespace {

/// Less than this no service refuses, so that it is not worth correcting.
constexpr Duration least_skew{30'000};

} // namespace

auto date_of(const HttpResponse& response) -> std::optional<Timestamp> {
    const auto date = response.headers.get("date");
    if (!date) return std::nullopt;
    const auto seconds = curl_getdate(std::string(*date).c_str(), nullptr);
    if (seconds < 0) return std::nullopt;
    return Timestamp(std::chrono::seconds(seconds));
}

auto AwsClock::correct(const HttpResponse& response, Duration used) -> bool {
    const auto theirs = date_of(response);
    if (!theirs) return false;
    const auto right = *theirs - SystemClock().now();
    if (std::chrono::abs(right - used) < least_skew) return false;
    // Of several requests that were refused at the same time, the first says so.
    const auto before = Duration(offset_ms_.exchange(right.count()));
    if (std::chrono::abs(right - before) >= least_skew)
        log::warn("aws.clock_corrected",
                  {{"seconds", std::chrono::duration_cast<std::chrono::seconds>(right).count()}});
    return true;
}

} // namespace dossier::net
