#include "context_evidence.hpp"

#include "dossier/base/strings.hpp"
#include "graph_words.hpp"
#include "tampering.hpp"
#include "untrusted_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::explain {
namespace {

constexpr std::size_t quote_limit = 400;
constexpr std::size_t most_events = 8;
constexpr std::size_t most_policies = 12;
constexpr std::size_t nodes_of_a_kind = 4;

auto clean_name(std::string_view text) -> std::string { return clean_text(text, evidence_name_limit); }

auto called(const GraphNode& node) -> std::string {
    return node.name.empty() ? clean_name(node.id) : clean_name(node.name);
}

auto did(const std::string& action) -> std::string {
    if (action == "read") return "read from";
    if (action == "write") return "wrote to";
    if (action == "list") return "listed";
    if (action == "admin") return "administered";
    return fmt::format("did {} on", clean_name(action));
}

using Nodes = std::vector<const GraphNode*>;

/// What stands on the way. An identity that isn't told of by itself may be a person whose name nobody would mask.
auto step_name(const GraphNode& step, const Nodes& told) -> std::string {
    return step.kind == "identity" && std::ranges::find(told, &step) == told.end() ? "another identity" : called(step);
}

/// What a node is to the resource, with the way there.
auto node_statement(const BlastRadius& radius, const GraphNode& node, const Nodes& told) -> std::string {
    auto text = fmt::format("the {} {}", replace_all(node.kind, "_", " "), called(node));
    if (!node.type.empty()) text += fmt::format(" ({})", clean_name(node.type));
    text += fmt::format(" is {} from the resource", hops_text(node.hops));
    std::vector<std::string> steps;
    for (const auto* step : way_to(radius, node.id)) steps.push_back(step_name(*step, told));
    if (!steps.empty()) text += fmt::format(" by way of {}", join(steps, ", "));
    if (!node.why.empty()) text += fmt::format(": {}", clean_name(node.why));
    return text;
}

/// How the things that are told of hang together, in the platform's words where it has any.
void add_edges(EvidenceItems& list, const BlastRadius& radius, Nodes told) {
    for (const auto& node : radius.nodes)
        if (node.hops == 0) told.push_back(&node);
    const auto find = [&](const std::string& id) -> const GraphNode* {
        const auto found = std::ranges::find(told, id, &GraphNode::id);
        return found == told.end() ? nullptr : *found;
    };
    std::size_t count = 0;
    for (const auto& edge : radius.edges) {
        const auto* from = find(edge.from);
        const auto* to = find(edge.to);
        if (from == nullptr || to == nullptr || edge.relation.empty()) continue;
        if (count++ == evidence_list_limit) break;
        auto text = fmt::format("the {} {} {} {}", replace_all(from->kind, "_", " "), called(*from),
                                replace_all(clean_name(edge.relation), "_", " "), called(*to));
        if (!edge.why.empty()) text += fmt::format(": {}", clean_name(edge.why));
        const auto origin = clean_name(edge.origin.empty() ? radius.origin : edge.origin);
        list.add("blast_radius", text, called(*from), origin + ":edge");
    }
}

} // namespace

void add_exposure_path(EvidenceItems& list, const Context& context) {
    const auto& path = context.exposure_path;
    for (std::size_t i = 0; i < path.size() && i < evidence_list_limit; ++i) {
        const auto step = clean_name(path[i]);
        if (step.empty()) continue;
        list.add("exposure_path", fmt::format("step {} of the way in from outside: {}", i + 1, step), step,
                 "context:exposure_path");
    }
}

void add_policies(EvidenceItems& list, const std::vector<PolicyFact>& policies) {
    std::size_t count = 0;
    for (const auto& policy : policies) {
        const auto title = policy.name.empty() ? clean_name(policy.id) : clean_name(policy.name);
        if (title.empty()) continue;
        if (count++ == most_policies) break;
        const auto origin = clean_name(policy.origin);
        const auto what = policy.kind == "attached"
                              ? fmt::format("the policy \"{}\" is attached to the resource", title)
                          : policy.kind == "company" ? fmt::format("the company policy \"{}\" applies", title)
                                                     : fmt::format("{} has the classification policy \"{}\"",
                                                                   origin.empty() ? "the platform" : origin, title);
        const auto quoted = clean_text(policy.statement, quote_limit);
        list.add("policy", quoted.empty() ? what : fmt::format("{}: \"{}\"", what, quoted), title,
                 fmt::format("{}:policy", origin));
    }
}

void add_access_log(EvidenceItems& list, const std::vector<AccessEvent>& events) {
    std::size_t count = 0;
    for (const auto& event : events) {
        const auto who = clean_name(event.principal);
        if (who.empty()) continue;
        if (count++ == most_events) break;
        auto text = fmt::format("according to the access log, {} {} the resource", who, did(event.action));
        if (event.count) text += fmt::format(" {} {}", *event.count, *event.count == 1 ? "time" : "times");
        if (event.at) text += fmt::format("{} at {}", event.count ? ", last" : "", format_time(*event.at));
        list.add("access_log", text, who, fmt::format("{}:access_log", clean_name(event.origin)));
    }
}

void add_blast_radius(EvidenceItems& list, const Context& context, const Assessment& assessment) {
    constexpr std::string_view kind = "blast_radius";
    const auto& radius = context.blast_radius;
    const auto origin = radius ? clean_name(radius->origin) : std::string();
    if (radius) {
        if (const auto sentence = radius_sentence(*radius); !sentence.empty())
            list.add(kind, sentence, std::to_string(radius->nodes.size() - 1), origin + ":radius");
        // In our own words, so that it may carry a claim; what the node is called may not.
        if (const auto* internet = nearest_of(*radius, "internet"))
            list.add(kind, fmt::format("the internet is {} from the resource", hops_text(internet->hops)),
                     hops_text(internet->hops), origin + ":internet");
    }
    for (std::size_t i = 0; i < assessment.reach.size() && i < evidence_list_limit; ++i) {
        const auto reach = clean_name(assessment.reach[i]);
        list.add(kind, reach, reach, "assessment:reach");
    }
    if (!radius) return;
    const auto told = telling_nodes(*radius, nodes_of_a_kind);
    for (const auto* node : told) list.add(kind, node_statement(*radius, *node, told), called(*node), origin + ":node");
    add_edges(list, *radius, told);
}

void add_classification(EvidenceItems& list, const std::optional<StoreClassification>& known) {
    constexpr std::size_t fields_limit = 8;
    // That nothing was recognised says nothing: a narrative is not to make "nothing sensitive" of it.
    if (!known || (known->labels.empty() && !known->is_test_data)) return;
    const auto held =
        known->is_test_data ? std::string("test data") : clean_text(join(known->labels, ", "), evidence_name_limit);
    auto statement = fmt::format("the store was classified as {}", held);
    if (!known->is_test_data) statement += fmt::format(" of {} sensitivity", known->sensitivity);
    if (!known->domain.empty())
        statement += fmt::format(", in the domain {}", clean_text(known->domain, evidence_name_limit));
    if (known->correction) statement += ", as a person corrected it";
    list.add("data", statement, held, "assessment:classification");
    list.add("data",
             fmt::format("the confidence in the classification is {:.2g} ({} %)", known->confidence,
                         std::lround(known->confidence * 100)),
             fmt::format("{:.2g}", known->confidence), "assessment:classification_confidence");
    std::size_t shown = 0;
    for (const auto& field : known->fields) {
        if (field.labels.empty() || known->is_test_data || shown++ == fields_limit) continue;
        const auto called = clean_text(field.name, evidence_name_limit);
        list.add("data",
                 fmt::format("the field {} was classified as {} ({})", called, join(field.labels, ", "),
                             join(field.classes, ", ")),
                 called, "assessment:data.fields"); // the name is the platform's: it proves nothing
    }
}

void add_context_tampering(EvidenceItems& list, const std::vector<TamperSign>& signs) {
    for (const auto& [place, kind] : signs)
        list.add("tampering",
                 fmt::format("text in {} reads like an instruction ({}); it was treated as data", place, kind), place,
                 "context:check");
}

} // namespace dossier::explain
