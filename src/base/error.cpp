#include "dossier/base/error.hpp"

namespace dossier {

auto name_of(Errc code) -> std::string_view {
    switch (code) {
    case Errc::invalid_argument:
        return "invalid_argument";
    case Errc::malformed:
        return "malformed";
    case Errc::not_found:
        return "not_found";
    case Errc::conflict:
        return "conflict";
    case Errc::unauthenticated:
        return "unauthenticated";
    case Errc::forbidden:
        return "forbidden";
    case Errc::too_large:
        return "too_large";
    case Errc::rate_limited:
        return "rate_limited";
    case Errc::quota_exhausted:
        return "quota_exhausted";
    case Errc::unavailable:
        return "unavailable";
    case Errc::timeout:
        return "timeout";
    case Errc::outcome_unknown:
        return "outcome_unknown";
    case Errc::rejected:
        return "rejected";
    case Errc::cancelled:
        return "cancelled";
    case Errc::overloaded:
        return "overloaded";
    case Errc::storage:
        return "storage";
    case Errc::internal:
        return "internal";
    }
    return "internal";
}

auto Error::describe() const -> std::string {
    if (context.empty()) return message;
    std::string text = message + " (";
    for (std::size_t i = 0; i < context.size(); ++i) {
        if (i > 0) text += ", ";
        text += context[i].first + "=" + context[i].second;
    }
    return text + ")";
}

auto is_retryable(Errc code) -> bool {
    switch (code) {
    case Errc::rate_limited:
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::overloaded:
    case Errc::storage:
        return true;
    default:
        return false;
    }
}

} // namespace dossier
