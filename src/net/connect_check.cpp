#include "dossier/net/connect_check.hpp"

namespace dossier::net {

auto to_string(ConnectCheck::Verdict verdict) -> std::string_view {
    switch (verdict) {
    case ConnectCheck::Verdict::ok:
        return "ok";
    case ConnectCheck::Verdict::unreachable:
        return "unreachable";
    case ConnectCheck::Verdict::credentials:
        return "credentials refused";
    case ConnectCheck::Verdict::permission:
        return "permission missing";
    case ConnectCheck::Verdict::failed:
        return "failed";
    case ConnectCheck::Verdict::skipped:
        return "nothing to try";
    }
    return "failed";
}

auto failed_check(std::string what, std::string url, const Error& error) -> ConnectCheck {
    ConnectCheck check{.what = std::move(what),
                       .url = std::move(url),
                       .verdict = ConnectCheck::Verdict::failed,
                       .missing = {},
                       .detail = error.message};
    switch (error.code) {
    case Errc::unauthenticated:
        check.verdict = ConnectCheck::Verdict::credentials;
        break;
    case Errc::forbidden:
        check.verdict = ConnectCheck::Verdict::permission;
        break;
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::outcome_unknown:
        check.verdict = ConnectCheck::Verdict::unreachable;
        break;
    default:
        break;
    }
    return check;
}

} // namespace dossier::net
