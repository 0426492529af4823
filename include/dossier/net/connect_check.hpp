#pragma once
// What `dossier check --connect` found out about one outside system, by reading only: can it be reached, does it take
// the credentials, which permission is missing.

#include "dossier/base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::net {

struct ConnectCheck {
    enum class Verdict {
        ok,
        unreachable, ///< not resolved, refused, TLS failed, timed out
        credentials, ///< refused as unauthenticated
        permission,  ///< credentials good, some right missing
        failed,      ///< answered, but not as it should
        skipped,     ///< nothing to try (a file, an outbox)
    };
    std::string what; ///< as in the configuration: "sources[wiz].api", "identity[okta]"
    std::string url;  ///< without credentials
    Verdict verdict = Verdict::ok;
    std::vector<std::string> missing; ///< permissions, in the other side's own words
    std::string detail;               ///< one sentence for a person: who we are there, or what went wrong
};

[[nodiscard]] auto to_string(ConnectCheck::Verdict verdict) -> std::string_view;
/// The verdict that an error stands for: `unauthenticated` → credentials, `forbidden` → permission, `unavailable`,
/// `timeout`, `outcome_unknown` → unreachable, anything else → failed.
[[nodiscard]] auto failed_check(std::string what, std::string url, const Error& error) -> ConnectCheck;

} // namespace dossier::net
