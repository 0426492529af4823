#pragma once
// The Condition block of a policy statement, decided as far as the circumstances of a request are known. AWS' rules for
// absent keys, negated operators, `IfExists`, `ForAllValues` and `ForAnyValue` hold; what is not known is "maybe".

#include "dossier/base/json_view.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::aws {

/// An answer that may depend on what nobody here knows.
enum class Tri { no, maybe, yes };
[[nodiscard]] auto both(Tri a, Tri b) -> Tri;
[[nodiscard]] auto either(Tri a, Tri b) -> Tri;
[[nodiscard]] auto inverse(Tri value) -> Tri;

struct Condition {
    std::string op;  ///< "StringNotEqualsIfExists", "ForAnyValue:StringLike"
    std::string key; ///< "aws:PrincipalOrgID"
    std::vector<std::string> values;
};

/// What is known of a request: keys in lower case. A key that isn't here is unknown, one without values is absent.
using Circumstances = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Somebody without credentials, over TLS, from anywhere.
[[nodiscard]] auto anonymous_circumstances() -> const Circumstances&;

[[nodiscard]] auto holds(const Condition& condition, const Circumstances& circumstances) -> Tri;
[[nodiscard]] auto all_hold(const std::vector<Condition>& conditions, const Circumstances& circumstances) -> Tri;
/// "aws:SourceIp IpAddress 192.0.2.0/24".
[[nodiscard]] auto describe(const std::vector<Condition>& conditions) -> std::string;

} // namespace dossier::aws
