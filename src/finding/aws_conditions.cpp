#include "dossier/finding/aws_conditions.hpp"

#include "dossier/base/strings.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <functional>
#include <optional>

namespace dossier::aws {
namespace {

struct Operator {
    std::string base; ///< lower case, without prefix and suffix
    bool if_exists = false;
    bool for_all = false;
    bool for_any = false;
};

auto operator_of(std::string_view text) -> Operator {
    auto word = lower(text);
    Operator op;
    const auto cut_front = [&](std::string_view prefix) {
        const bool there = word.starts_with(prefix);
        if (there) word.erase(0, prefix.size());
        return there;
    };
    op.for_all = cut_front("forallvalues:");
    op.for_any = cut_front("foranyvalue:");
    if (word.ends_with("ifexists")) {
        op.if_exists = true;
        word.resize(word.size() - std::string_view("ifexists").size());
    }
    op.base = word;
    return op;
}

struct Network {
    std::array<unsigned char, 16> address{};
    int family = AF_INET;
    int bits = 0;
};

auto network_of(const std::string& text) -> std::optional<Network> {
    const auto slash = text.find('/');
    const auto host = text.substr(0, slash);
    Network network;
    network.family = host.contains(':') ? AF_INET6 : AF_INET;
    if (::inet_pton(network.family, host.c_str(), network.address.data()) != 1) return std::nullopt;
    const int most = network.family == AF_INET ? 32 : 128;
    network.bits = most;
    if (slash != std::string::npos) {
        const auto* end = text.data() + text.size();
        const auto [at, error] = std::from_chars(text.data() + slash + 1, end, network.bits);
        if (error != std::errc{} || at != end || network.bits < 0 || network.bits > most) return std::nullopt;
    }
    return network;
}

auto is_inside(const std::string& address, const std::string& range) -> bool {
    const auto inner = network_of(address);
    const auto outer = network_of(range);
    if (!inner || !outer || inner->family != outer->family || inner->bits < outer->bits) return false;
    const auto whole = static_cast<std::size_t>(outer->bits / 8);
    if (std::memcmp(inner->address.data(), outer->address.data(), whole) != 0) return false;
    const int rest = outer->bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<unsigned char>(0xffU << (8 - rest));
    return (inner->address[whole] & mask) == (outer->address[whole] & mask);
}

using Compare = std::function<bool(const std::string& value, const std::string& pattern)>;

struct Comparison {
    Compare matches;
    bool negated = false;
};

auto comparison_of(const std::string& base) -> std::optional<Comparison> {
    static const auto equals = [](const std::string& a, const std::string& b) { return a == b; };
    static const auto same_word = [](const std::string& a, const std::string& b) { return iequals(a, b); };
    static const auto like = [](const std::string& a, const std::string& b) { return glob_match(b, a); };
    static const std::map<std::string, Comparison, std::less<>> table = {
        {"stringequals", {equals, false}},
        {"stringnotequals", {equals, true}},
        {"stringequalsignorecase", {same_word, false}},
        {"stringnotequalsignorecase", {same_word, true}},
        {"stringlike", {like, false}},
        {"stringnotlike", {like, true}},
        {"arnequals", {like, false}},
        {"arnlike", {like, false}},
        {"arnnotequals", {like, true}},
        {"arnnotlike", {like, true}},
        {"bool", {same_word, false}},
        {"ipaddress", {is_inside, false}},
        {"notipaddress", {is_inside, true}},
    };
    const auto at = table.find(base);
    if (at == table.end()) return std::nullopt;
    return at->second;
}

auto tri(bool value) -> Tri { return value ? Tri::yes : Tri::no; }

/// Every address there is: a condition that restricts nothing.
auto is_everywhere(const std::string& range) -> bool { return range == "0.0.0.0/0" || range == "::/0"; }

auto of_absent_key(const Operator& op, const Comparison& comparison) -> Tri {
    if (op.if_exists || op.for_all) return Tri::yes;
    if (op.for_any) return Tri::no;
    return tri(comparison.negated);
}

} // namespace

auto both(Tri a, Tri b) -> Tri { return std::min(a, b); }
auto either(Tri a, Tri b) -> Tri { return std::max(a, b); }
auto inverse(Tri value) -> Tri {
    if (value == Tri::maybe) return value;
    return tri(value == Tri::no);
}

auto anonymous_circumstances() -> const Circumstances& {
    static const Circumstances circumstances = [] {
        Circumstances known;
        for (const auto* key : {"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount",
                                "aws:principalarn", "aws:principaltype", "aws:userid", "aws:username", "aws:sourcevpce",
                                "aws:sourcevpc", "aws:sourceaccount", "aws:sourcearn", "aws:multifactorauthpresent"})
            known[key] = {};
        known["aws:securetransport"] = {"true"};
        known["aws:principalisawsservice"] = {"false"};
        known["aws:viaawsservice"] = {"false"};
        return known;
    }();
    return circumstances;
}

auto holds(const Condition& condition, const Circumstances& circumstances) -> Tri {
    const auto op = operator_of(condition.op);
    const auto known = circumstances.find(lower(condition.key));
    if (op.base == "null") {
        if (known == circumstances.end() || condition.values.empty()) return Tri::maybe;
        return tri(iequals(condition.values.front(), "true") == known->second.empty());
    }
    const auto comparison = comparison_of(op.base);
    if (!comparison) return Tri::maybe; // numbers and dates depend on what nobody knows beforehand
    if (op.base == "ipaddress" && std::ranges::any_of(condition.values, is_everywhere)) return Tri::yes;
    if (known == circumstances.end()) return Tri::maybe;
    if (known->second.empty()) return of_absent_key(op, *comparison);
    const auto one_matches = [&](const std::string& value) {
        const bool found = std::ranges::any_of(
            condition.values, [&](const std::string& pattern) { return comparison->matches(value, pattern); });
        return found != comparison->negated;
    };
    return tri(op.for_all ? std::ranges::all_of(known->second, one_matches)
                          : std::ranges::any_of(known->second, one_matches));
}

auto all_hold(const std::vector<Condition>& conditions, const Circumstances& circumstances) -> Tri {
    auto verdict = Tri::yes;
    for (const auto& condition : conditions) verdict = both(verdict, holds(condition, circumstances));
    return verdict;
}

auto describe(const std::vector<Condition>& conditions) -> std::string {
    std::vector<std::string> parts;
    for (const auto& condition : conditions)
        parts.push_back(condition.key + " " + condition.op + " " + shorten(join(condition.values, " or "), 120));
    return join(parts, " and ");
}

} // namespace dossier::aws
