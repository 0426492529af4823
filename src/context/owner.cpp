#include "dossier/context/owner.hpp"

#include "dossier/base/strings.hpp"
#include "owner_signals.hpp"
#include "tags.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace dossier::context {

namespace {

constexpr double cmdb_confidence = 0.90;
constexpr double owner_tag_confidence = 0.70;
constexpr double team_tag_confidence = 0.50;
constexpr double platform_confidence = 0.40;
constexpr double creator_tag_confidence = 0.10;
constexpr double most = 0.99;

/// Values of owner-like keys that name a tool or nobody at all.
constexpr std::array nobody{
    "terraform", "cloudformation", "pulumi", "helm", "ansible", "argocd", "crossplane", "none", "n/a",
    "na",        "unknown",        "tbd",    "todo", "-"};

auto names_nobody(std::string_view value) -> bool {
    return trim(value).empty() || std::ranges::any_of(nobody, [&](auto word) { return iequals(trim(value), word); });
}

auto is_group(const OwnerSignal& signal) -> bool { return signal.origin == "tag:team"; }
auto is_creator(const OwnerSignal& signal) -> bool { return signal.origin == "tag:creator"; }

auto tag_signal(const std::pair<std::string, std::string>& tag, std::string_view role, double confidence)
    -> OwnerSignal {
    OwnerSignal signal{
        .person = person_named(tag.second),
        .rule = "tag " + tag.first + "=" + tag.second,
        .origin = "tag:" + std::string(role),
        .confidence = confidence,
    };
    if (role == "team") {
        signal.person.name = trim(tag.second);
        signal.person.groups = {signal.person.name};
    }
    return signal;
}

auto same_person(const Person& a, const Person& b) -> bool {
    const auto same = [](const std::string& x, const std::string& y) { return !x.empty() && iequals(x, y); };
    return same(a.id, b.id) || same(a.email, b.email) || same(a.id, b.email) || same(a.email, b.id) ||
           same(a.name, b.name);
}

/// Rank of the origin: a higher one wins whatever the confidences say.
auto trust(const OwnerSignal& signal) -> int {
    if (signal.origin.starts_with("cmdb:")) return 5;
    if (signal.origin.starts_with("identity:")) return 4;
    if (signal.origin == "tag:owner") return 3;
    if (is_group(signal)) return 2;
    return signal.origin.starts_with("platform:") ? 1 : 0;
}

auto without_repeats(std::vector<OwnerSignal> signals) -> std::vector<OwnerSignal> {
    std::vector<OwnerSignal> kept;
    for (auto& signal : signals) {
        const bool seen = std::ranges::any_of(kept, [&](const OwnerSignal& other) {
            return other.origin == signal.origin && same_person(other.person, signal.person);
        });
        if (!seen) kept.push_back(std::move(signal));
    }
    return kept;
}

/// Most trusted first; equals keep the order in which they came.
auto by_trust(std::vector<OwnerSignal> signals) -> std::vector<OwnerSignal> {
    std::vector<OwnerSignal> sorted;
    for (auto& signal : signals) {
        const auto place = std::ranges::find_if(sorted, [&](const OwnerSignal& other) {
            return std::pair(trust(other), other.confidence) < std::pair(trust(signal), signal.confidence);
        });
        sorted.insert(place, std::move(signal));
    }
    return sorted;
}

void weigh(Owner& owner, const OwnerSignal& winner) {
    owner.confidence = winner.confidence;
    for (const auto& signal : owner.signals) {
        if (&signal == &winner || is_creator(signal) || is_group(signal) != is_group(winner)) continue;
        if (same_person(signal.person, winner.person)) {
            if (signal.origin != winner.origin)
                owner.confidence = 1 - (1 - owner.confidence) * (1 - signal.confidence / 2);
        } else {
            owner.disputed = true;
            owner.confidence *= 1 - 0.35 * signal.confidence;
        }
    }
    owner.confidence = std::clamp(owner.confidence, 0.0, most);
}

} // namespace

auto person_named(std::string_view value) -> Person {
    Person person;
    const std::string text(trim(value));
    (text.find('@') == std::string::npos ? person.id : person.email) = text;
    return person;
}

auto cmdb_signal(const Asset& asset) -> std::optional<OwnerSignal> {
    if (names_nobody(asset.owner)) return std::nullopt;
    auto person = person_named(asset.owner);
    person.name = asset.owner_name;
    return OwnerSignal{
        .person = std::move(person),
        .rule = asset.rule.empty() ? "CMDB owner" : asset.rule,
        .origin = asset.origin.empty() ? "cmdb:" : asset.origin,
        .confidence = cmdb_confidence,
    };
}

auto owner_signals_of(const Finding& finding) -> std::vector<OwnerSignal> {
    std::vector<OwnerSignal> signals;
    const auto from_tags = [&](TagMeaning meaning, std::string_view role, double confidence) {
        for (const auto& tag : finding.resource.tags)
            if (tag_meaning(tag.first) == meaning && !names_nobody(tag.second))
                signals.push_back(tag_signal(tag, role, confidence));
    };
    from_tags(TagMeaning::owner, "owner", owner_tag_confidence);
    from_tags(TagMeaning::team, "team", team_tag_confidence);
    for (const auto& hint : finding.owner_hints) {
        if (names_nobody(hint)) continue;
        signals.push_back({
            .person = person_named(hint),
            .rule = "owner named by " + (finding.platform.empty() ? finding.source : finding.platform),
            .origin = "platform:project",
            .confidence = platform_confidence,
        });
    }
    from_tags(TagMeaning::creator, "creator", creator_tag_confidence);
    return signals;
}

auto decide_owner(std::vector<OwnerSignal> signals, const std::optional<Asset>& asset) -> Owner {
    if (asset) {
        const bool there = std::ranges::any_of(signals, [](const auto& s) { return s.origin.starts_with("cmdb:"); });
        if (auto signal = cmdb_signal(*asset); signal && !there) signals.push_back(std::move(*signal));
    }
    Owner owner;
    owner.signals = by_trust(without_repeats(std::move(signals)));
    if (asset) owner.team = asset->support_group;
    if (const auto team = std::ranges::find_if(owner.signals, is_group);
        owner.team.empty() && team != owner.signals.end())
        owner.team = team->person.name;
    if (owner.signals.empty() || is_creator(owner.signals.front())) return owner;

    const auto& winner = owner.signals.front();
    owner.id = winner.person.id;
    owner.name = winner.person.name;
    owner.email = winner.person.email;
    owner.department = winner.person.department;
    owner.manager = winner.person.manager;
    owner.rule = winner.rule;
    weigh(owner, winner);
    return owner;
}

auto environment_of(const Finding& finding, const std::optional<Asset>& asset) -> std::pair<Environment, std::string> {
    if (asset && asset->environment != Environment::unknown) return {asset->environment, asset->origin};
    std::pair<Environment, std::string> best{Environment::unknown, ""};
    for (const auto& [key, value] : finding.resource.tags) {
        if (tag_meaning(key) != TagMeaning::environment) continue;
        const auto environment = environment_from_text(value);
        if (environment == Environment::unknown) continue;
        // Tags that contradict each other: the one that asks for more care counts.
        if (best.second.empty() || environment < best.first) best = {environment, "tag:" + key};
    }
    return best;
}

} // namespace dossier::context
