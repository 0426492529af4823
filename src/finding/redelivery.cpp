#include "dossier/finding/redelivery.hpp"

#include "dossier/base/canonical_json.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>

namespace dossier {

namespace {

auto change_to(Status status) -> Outcome { return is_over(status) ? Outcome::resolved : Outcome::updated; }

/// How the incoming version stands to the known one in time, as far as both are dated.
struct Order {
    bool both_dated = false;
    bool newer = false;
    bool older = false;
    bool after_receipt = false; ///< dated later than all that we know, by the platform's date or else by ours
};

auto order_of(const KnownFinding& known, const IncomingFinding& incoming) -> Order {
    Order order;
    order.both_dated = known.last_seen && incoming.last_seen;
    order.newer = order.both_dated && *incoming.last_seen > *known.last_seen;
    order.older = order.both_dated && *incoming.last_seen < *known.last_seen;
    order.after_receipt = incoming.last_seen && *incoming.last_seen > known.last_seen.value_or(known.received_at);
    return order;
}

/// By title, else by rule; a rule's id differs between templates more often than its name.
auto is_about_something_else(const FindingState& known, const FindingState& incoming) -> bool {
    if (!known.title.empty() && !incoming.title.empty()) return known.title != incoming.title;
    return !known.rule.empty() && !incoming.rule.empty() && known.rule != incoming.rule;
}

/// A change that shows in any form. Saying less is none; another title may be another template, unless it is newer.
auto means_a_change(const FindingState& known, const FindingState& incoming, bool is_newer) -> bool {
    if (is_over(known.status) != is_over(incoming.status)) return true;
    if (is_over(known.status) && known.status != incoming.status) return true;
    if (!incoming.severity_assumed && known.severity != incoming.severity) return true;
    if (incoming.exposure != Exposure::unknown && known.exposure != incoming.exposure) return true;
    return is_newer && is_about_something_else(known, incoming);
}

/// The known version is in the words of the other form.
auto is_change_across_forms(const KnownFinding& known, const IncomingFinding& incoming, const Order& order) -> bool {
    // The API has spoken of this version before and says something else now.
    const bool again = incoming.form == Form::api && !known.twin_hash.empty();
    if (again && (order.newer || !order.both_dated)) return true;
    // A first delivery that comes after the API's word, without a date: the late one, which the API has overtaken. Its
    // end may be news; its beginning can't be.
    const bool late = incoming.form == Form::delivery && !known.was_delivered && !order.newer;
    if (late && !is_over(incoming.state.status)) return false;
    return means_a_change(known.state, incoming.state, order.after_receipt);
}

} // namespace

auto is_over(Status status) -> bool { return status == Status::resolved || status == Status::suppressed; }

auto to_string(Outcome outcome) -> std::string_view {
    switch (outcome) {
    case Outcome::created:
        return "created";
    case Outcome::updated:
        return "updated";
    case Outcome::duplicate:
        return "duplicate";
    case Outcome::resolved:
        return "resolved";
    case Outcome::quarantined:
        return "quarantined";
    }
    return "quarantined";
}

auto state_of(const Finding& finding) -> FindingState {
    const bool assumed = std::ranges::find(finding.facts, "severity_assumed",
                                           &std::pair<std::string, std::string>::first) != finding.facts.end();
    return {.status = finding.status,
            .severity = finding.severity,
            .severity_assumed = assumed,
            .exposure = finding.exposure,
            .rule = finding.rule.id,
            .title = finding.title,
            .is_partial = finding.is_partial};
}

auto state_text(const FindingState& state) -> std::string {
    const auto flag = [](bool value) { return value ? "true" : "false"; };
    std::string text;
    text.reserve(state.title.size() + state.rule.size() + 64);
    canonical::append(text += '[', to_string(state.status));
    canonical::append(text += ',', to_string(state.severity));
    (text += ',') += flag(state.severity_assumed);
    canonical::append(text += ',', to_string(state.exposure));
    canonical::append(text += ',', to_valid_utf8(state.rule));
    canonical::append(text += ',', to_valid_utf8(state.title));
    (text += ',') += flag(state.is_partial);
    return text += ']';
}

auto parse_state(std::string_view text) -> std::optional<FindingState> {
    const auto json = parse_json(text);
    if (!json || !json->is_array() || json->size() < 7) return std::nullopt;
    const auto word = [&](std::size_t i) {
        return (*json)[i].is_string() ? (*json)[i].get<std::string>() : std::string();
    };
    const auto flag = [&](std::size_t i) { return (*json)[i].is_boolean() && (*json)[i].get<bool>(); };
    const auto status = parse_word<Status>(word(0));
    const auto severity = parse_word<Severity>(word(1));
    const auto exposure = parse_word<Exposure>(word(3));
    if (!status || !severity || !exposure) return std::nullopt;
    return FindingState{.status = *status,
                        .severity = *severity,
                        .severity_assumed = flag(2),
                        .exposure = *exposure,
                        .rule = word(4),
                        .title = word(5),
                        .is_partial = flag(6)};
}

auto content_hash(const Finding& finding, Form form) -> std::string {
    if (form == Form::delivery) return content_hash(finding);
    Finding settled = finding;
    if (settled.status == Status::in_progress) settled.status = Status::open;
    if (settled.finding_type == FindingType::unclassified_data) {
        settled.data.samples.clear();
        settled.data.objects.clear();
        settled.data.volume.reset();
        std::erase_if(settled.facts, [](const auto& fact) { return fact.first == "last_scanned"; });
    }
    return content_hash(settled);
}

auto outcome_of(const KnownFinding* known, const IncomingFinding& incoming) -> Outcome {
    const auto status = incoming.state.status;
    if (known == nullptr) return is_over(status) ? Outcome::resolved : Outcome::created;
    if (known->content_hash == incoming.content_hash || known->twin_hash == incoming.content_hash)
        return Outcome::duplicate;

    const auto order = order_of(*known, incoming);
    if (order.older) return Outcome::duplicate; // an overtaken version
    // A report of the creation can't follow the version that is known: it was overtaken. Unless that version is thin,
    // and this one completes it.
    const bool completes = known->state.is_partial && !incoming.state.is_partial;
    if (incoming.is_first_report && !order.newer && !completes) return Outcome::duplicate;
    // A version that stood before the current one: a late redelivery, unless it is dated later (flapping). Not so among
    // polls, which come in order: there it is how things are again.
    const bool polls = incoming.form == Form::api && known->form == Form::api;
    if (!polls && !order.newer &&
        std::ranges::find(known->earlier_hashes, incoming.content_hash) != known->earlier_hashes.end())
        return Outcome::duplicate;
    if (completes) return change_to(status);
    if (incoming.form != known->form)
        return is_change_across_forms(*known, incoming, order) ? change_to(status) : Outcome::duplicate;
    // An API object whose date stands still is read again and again: only what decides is a change then.
    if (incoming.form == Form::api && order.both_dated && !order.newer)
        return means_a_change(known->state, incoming.state, false) ? change_to(status) : Outcome::duplicate;
    // A change from over to over (resolved to suppressed) still is news, but not a second resolution of an open
    // finding.
    return change_to(status);
}

} // namespace dossier
