#include "dossier/context/owner.hpp"

#include "dossier/base/strings.hpp"
#include "person_names.hpp"
#include "tags.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace dossier::context {

namespace {

struct Trust {
    std::string_view origin; ///< a whole origin, or with ':' at its end a family of them
    double confidence;
};
/// The order of trust of the header. Families that a longer entry names first come after it.
constexpr Trust order_of_trust[] = {
    {"cmdb:", 0.90},    {"identity:", 0.85}, {"tag:owner", 0.70},     {"account:owner", 0.60}, {"backstage:", 0.55},
    {"tag:team", 0.50}, {"platform:", 0.40}, {"account:email", 0.25}, {"tag:creator", 0.10},   {"creator:", 0.10},
};
constexpr std::string_view group_owner = ":group_owner";
constexpr double share_of_group_owner = 0.8;
constexpr double most = 0.99;

auto trust_of(std::string_view origin) -> const Trust* {
    if (origin.starts_with("cmdb:backstage")) origin.remove_prefix(5);
    const bool is_backstage = origin.starts_with("backstage");
    const auto found = std::ranges::find_if(order_of_trust, [&](const Trust& trust) {
        if (is_backstage) return trust.origin == "backstage:";
        if (trust.origin.ends_with(':')) return origin.starts_with(trust.origin);
        return origin.starts_with(trust.origin) &&
               (origin.size() == trust.origin.size() || origin[trust.origin.size()] == ':');
    });
    return found == std::end(order_of_trust) ? nullptr : &*found;
}

/// Place in the order of trust, the most trusted having the least; a stranger comes after all of them.
auto rank(const OwnerSignal& signal) -> std::ptrdiff_t {
    const auto* trust = trust_of(signal.origin);
    return trust == nullptr ? std::ssize(order_of_trust) : trust - std::begin(order_of_trust);
}

auto is_group(const OwnerSignal& signal) -> bool { return signal.is_group || signal.origin == "tag:team"; }
auto is_creator(const OwnerSignal& signal) -> bool {
    return signal.origin == "tag:creator" || signal.origin.starts_with("creator:");
}
auto has_left(const OwnerSignal& signal) -> bool { return !signal.person.inactive.empty(); }

auto tag_signals(const std::pair<std::string, std::string>& tag, std::string_view role) -> std::vector<OwnerSignal> {
    const auto origin = "tag:" + std::string(role);
    const bool is_team = role == "team";
    std::vector<OwnerSignal> signals;
    for (auto& person : is_team ? std::vector{person_named(tag.second)} : people_named(tag.second)) {
        if (is_team) {
            person.name = trim(tag.second);
            person.groups = {person.name};
        }
        signals.push_back({.person = std::move(person),
                           .rule = "tag " + tag.first + "=" + tag.second,
                           .origin = origin,
                           .confidence = usual_confidence(origin),
                           .is_group = is_team});
    }
    return signals;
}

auto without_repeats(std::vector<OwnerSignal> signals) -> std::vector<OwnerSignal> {
    std::vector<OwnerSignal> kept;
    for (auto& signal : signals) {
        const bool seen = std::ranges::any_of(kept, [&](const OwnerSignal& other) {
            return other.origin == signal.origin && is_group(other) == is_group(signal) &&
                   same_person(other.person, signal.person);
        });
        if (!seen) kept.push_back(std::move(signal));
    }
    return kept;
}

/// Most trusted first, a person before a group; equals keep the order in which they came.
auto by_trust(std::vector<OwnerSignal> signals) -> std::vector<OwnerSignal> {
    const auto place = [](const OwnerSignal& signal) {
        return std::tuple(rank(signal), is_group(signal), -signal.confidence);
    };
    std::vector<OwnerSignal> sorted;
    for (auto& signal : signals)
        sorted.insert(std::ranges::upper_bound(sorted, place(signal), {}, place), std::move(signal));
    return sorted;
}

/// What a directory said of one spelling of a person holds for the others.
void spread_departures(std::vector<OwnerSignal>& signals) {
    for (const auto& gone : signals) {
        if (!has_left(gone) || is_group(gone)) continue;
        for (auto& signal : signals)
            if (!has_left(signal) && !is_group(signal) && same_person(signal.person, gone.person))
                signal.person.inactive = gone.person.inactive;
    }
}

/// The first who can own it and still answers; else the first who can own it; else nobody.
auto choose(std::vector<OwnerSignal>& signals) -> OwnerSignal* {
    const auto can_own = [](const OwnerSignal& signal) { return !is_creator(signal); };
    auto chosen = std::ranges::find_if(signals, [&](const auto& one) { return can_own(one) && !has_left(one); });
    if (chosen == signals.end()) chosen = std::ranges::find_if(signals, can_own);
    return chosen == signals.end() ? nullptr : &*chosen;
}

enum class Word { nothing, agrees, disagrees };

/// What another signal says of the owner who was chosen.
auto word_on(const OwnerSignal& winner, const OwnerSignal& other) -> Word {
    if (is_group(winner) != is_group(other)) {
        const auto& person = is_group(winner) ? other.person : winner.person;
        const auto& team = is_group(winner) ? winner.person : other.person;
        return belongs_to(person, team) ? Word::agrees : Word::nothing;
    }
    if (same_person(winner.person, other.person)) return Word::agrees;
    // Whoever has left is an old record, and two names in one field are owners together.
    const bool same_field = winner.origin == other.origin && winner.rule == other.rule;
    return has_left(other) || same_field ? Word::nothing : Word::disagrees;
}

void weigh(Owner& owner, OwnerSignal& winner) {
    owner.confidence = std::clamp(winner.confidence, 0.0, 1.0);
    for (auto& signal : owner.signals) {
        const auto word = &signal == &winner ? Word::agrees : word_on(winner, signal);
        signal.agrees = word == Word::agrees;
        if (&signal == &winner || is_creator(signal)) continue;
        const auto s = std::clamp(signal.confidence, 0.0, 1.0);
        if (word == Word::agrees && signal.origin != winner.origin)
            owner.confidence = 1 - (1 - owner.confidence) * (1 - s / 2);
        if (word != Word::disagrees) continue;
        owner.disputed = true;
        owner.confidence *= 1 - 0.35 * s;
    }
    if (has_left(winner)) owner.confidence /= 2;
    owner.confidence = std::clamp(owner.confidence, 0.0, most);
}

void take(Owner& owner, const Person& person) {
    owner.id = person.id;
    owner.name = person.name;
    owner.email = person.email;
    owner.department = person.department;
    owner.manager = person.manager;
    owner.manager_name = person.manager_name;
    owner.cost_center = person.cost_center;
    owner.title = person.title;
    owner.inactive = person.inactive;
    if (!person.inactive.empty()) owner.escalation = person.manager.empty() ? person.manager_name : person.manager;
}

} // namespace

auto usual_confidence(std::string_view origin) -> double {
    const auto* trust = trust_of(origin);
    if (trust == nullptr) return 0;
    return origin.ends_with(group_owner) ? trust->confidence * share_of_group_owner : trust->confidence;
}

auto owner_signals_of(const Asset& asset) -> std::vector<OwnerSignal> {
    std::vector<OwnerSignal> signals;
    if (names_nobody(asset.owner)) return signals;
    const auto origin = asset.origin.empty() ? std::string("cmdb:") : asset.origin;
    auto people = people_named(asset.owner);
    if (people.size() == 1 && people.front().name.empty()) people.front().name = asset.owner_name;
    for (auto& person : people)
        signals.push_back({.person = std::move(person),
                           .rule = asset.rule.empty() ? "CMDB owner" : asset.rule,
                           .origin = origin,
                           .confidence = usual_confidence(origin),
                           .is_group = asset.owner_is_group});
    return signals;
}

auto owner_signals_of(const Finding& finding) -> std::vector<OwnerSignal> {
    std::vector<OwnerSignal> signals;
    const auto from_tags = [&](TagMeaning meaning, std::string_view role) {
        for (const auto& tag : finding.resource.tags) {
            if (tag_meaning(tag.first) != meaning || names_nobody(tag.second)) continue;
            for (auto& signal : tag_signals(tag, role)) signals.push_back(std::move(signal));
        }
    };
    from_tags(TagMeaning::owner, "owner");
    from_tags(TagMeaning::team, "team");
    for (const auto& hint : finding.owner_hints) {
        if (names_nobody(hint)) continue;
        signals.push_back({
            .person = person_named(hint),
            .rule = "owner named by " + (finding.platform.empty() ? finding.source : finding.platform),
            .origin = "platform:project",
            .confidence = usual_confidence("platform:project"),
        });
    }
    from_tags(TagMeaning::creator, "creator");
    return signals;
}

auto decide_owner(std::vector<OwnerSignal> signals, const std::optional<Asset>& asset) -> Owner {
    if (asset) {
        const bool there = std::ranges::any_of(signals, [](const auto& s) { return s.origin.starts_with("cmdb:"); });
        if (!there)
            for (auto& signal : owner_signals_of(*asset)) signals.push_back(std::move(signal));
    }
    Owner owner;
    owner.signals = by_trust(without_repeats(std::move(signals)));
    spread_departures(owner.signals);
    if (asset) owner.team = asset->support_group;
    if (const auto team = std::ranges::find_if(owner.signals, is_group);
        owner.team.empty() && team != owner.signals.end())
        owner.team = team->person.name.empty() ? team->person.id : team->person.name;
    auto* winner = choose(owner.signals);
    if (winner == nullptr) return owner;
    take(owner, winner->person);
    owner.rule = winner->rule;
    weigh(owner, *winner);
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
