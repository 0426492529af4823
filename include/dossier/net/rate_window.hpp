#pragma once
// Rate limits that an LLM's server tells beside its answers: OpenAI's and its relatives'
// `x-ratelimit-{remaining,reset}-{requests,tokens}` (reset as a span, "6m0s"), Anthropic's
// `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{remaining,reset}` (reset as an RFC 3339 time).

#include "dossier/base/units.hpp"
#include "dossier/net/http_message.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace dossier::net {

/// How long until the last of the used-up windows begins anew; nullopt where every window has room, or none is told.
/// At most a day.
[[nodiscard]] auto used_up_for(const Headers& headers, std::chrono::system_clock::time_point now)
    -> std::optional<Duration>;
/// "1s", "6m0s", "2m59.56s", "20ms", "1h": a span as Go prints it; nullopt for anything else.
[[nodiscard]] auto parse_go_duration(std::string_view text) -> std::optional<Duration>;

} // namespace dossier::net
