#include "tampering.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"
#include "evidence_list.hpp"
#include "instruction_detector.hpp"
#include "untrusted_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <unordered_set>

namespace dossier::explain {
namespace {

constexpr std::size_t shortest_order = 8;   ///< bytes; "忽略规则" takes twelve
constexpr std::size_t most_of_a_list = 200; ///< entries looked at
constexpr std::size_t most_texts = 1'000;   ///< of one finding or context

struct TextPlace {
    std::string_view path; ///< of the JSON form: the first that begins a field's path is its place
    std::string_view words;
    bool is_prose = false; ///< free text, told to a model in the order of this table
};

constexpr std::array places_of_finding{
    TextPlace{"title", "the title", true},
    TextPlace{"description", "the description", true},
    TextPlace{"rule", "the rule", true},
    TextPlace{"resource.tags", "a tag", true},
    TextPlace{"resource.account", "the account"},
    TextPlace{"resource", "the resource"},
    TextPlace{"data.fields", "a field name", true},
    TextPlace{"data.objects", "an object name", true},
    TextPlace{"data.samples", "a sample", true},
    TextPlace{"data.texts", "a document", true},
    TextPlace{"data", "the data"},
    TextPlace{"compliance", "the compliance list"},
    TextPlace{"facts", "a fact", true},
    TextPlace{"projects", "a project", true},
    TextPlace{"owner_hints", "the owner"},
    TextPlace{"recommendation", "the recommendation", true},
    TextPlace{"", "an identifier"},
};

constexpr std::string_view place_of_owner = "what is known of the owner";
constexpr std::string_view place_of_asset = "the CMDB entry";
constexpr std::string_view place_of_radius = "the blast radius";
constexpr std::string_view place_of_path = "the exposure path";
constexpr std::string_view place_of_log = "the access log";
constexpr std::string_view place_of_policies = "a policy";

constexpr std::array places_of_context{
    TextPlace{"owner", place_of_owner, true},
    TextPlace{"access_log", place_of_log, true},
    TextPlace{"access", "the access list", true},
    TextPlace{"blast_radius", place_of_radius, true},
    TextPlace{"exposure_path", place_of_path, true},
    TextPlace{"policies", place_of_policies, true},
    TextPlace{"store_policy", "the policy of the store", true},
    TextPlace{"asset", place_of_asset, true},
    TextPlace{"", "the context"},
};

constexpr std::string_view together = "several fields together";

/// The texts of a finding or context by their places, none twice.
template <std::size_t count>
class Texts {
public:
    template <class T>
    Texts(const std::array<TextPlace, count>& places, const T& value) {
        each_text(value, most_of_a_list, [&](std::string_view path, std::string_view text) {
            if (text.size() < shortest_order || seen_.size() >= most_texts || seen_.contains(text)) return;
            const auto& kept = texts_.emplace_back(text);
            seen_.insert(kept);
            const auto* place =
                std::ranges::find_if(places, [&](const TextPlace& one) { return path.starts_with(one.path); });
            of_places_[static_cast<std::size_t>(place - places.begin())].push_back(&kept);
        });
    }
    [[nodiscard]] auto of(std::size_t place) const -> const std::vector<const std::string*>& {
        return of_places_[place];
    }

private:
    std::deque<std::string> texts_;
    std::unordered_set<std::string_view> seen_;
    std::array<std::vector<const std::string*>, count> of_places_; ///< the last place takes every path
};

auto is_companys(const PolicyFact& policy) -> bool { return policy.kind == "company"; }

class Signs {
public:
    void add(std::string_view place, std::string kind) {
        const auto same = [&](const TamperSign& one) { return one.place == place && one.kind == kind; };
        if (std::ranges::none_of(signs_, same)) signs_.push_back({std::string(place), std::move(kind)});
    }
    auto take() -> std::vector<TamperSign> { return std::move(signs_); }

private:
    std::vector<TamperSign> signs_;
};

/// Flags each text for itself. What is left is joined, for an order that only shows in the whole.
auto check_each(const std::vector<const std::string*>& texts, std::string_view place, Signs& signs) -> std::string {
    std::string rest;
    for (const auto* text : texts) {
        if (auto kind = instruction_in(*text))
            signs.add(place, std::move(*kind));
        else
            rest.append(*text).append(" ");
    }
    return rest;
}

/// What a ticket or an owner can't do without, and ids by which things hang together.
auto is_told_name(std::string_view path) -> bool {
    static constexpr std::string_view names[] = {
        "id",          "resource.id",          "resource.name",         "resource.type",
        "url",         "resource.url",         "resource.cloud",        "resource.account",
        "access.id",   "resource.region",      "resource.account_name", "blast_radius.nodes.id",
        "owner.id",    "owner.name",           "owner.email",           "blast_radius.edges.from",
        "owner.rule",  "owner.manager",        "owner.manager_name",    "blast_radius.edges.to",
        "asset.owner", "store_policy.account", "store_policy.document", "policies.id",
        "source_id",   "data.texts.value",
    };
    return std::ranges::find(names, path) != std::end(names);
}

/// Puts the mark in the place of every order; a company's own rules are left alone.
void withhold(Json& json, const std::string& path) {
    if (json.is_string()) {
        const auto& text = json.get_ref<const std::string&>();
        // characters that nobody sees are taken out wherever text is shown, and are no reason to withhold the rest
        const bool is_long_enough = text.size() >= shortest_order && !is_told_name(path);
        if (is_long_enough && instruction_in(clean_text(text, evidence_text_limit))) json = withheld_mark;
    } else if (json.is_array()) {
        for (std::size_t i = 0; i < json.size() && i < most_of_a_list; ++i)
            withhold(json[i], path); // nor is more shown
    } else if (json.is_object()) {
        if (path == "policies" && text_at(json, "kind") == "company") return;
        for (auto& [member, value] : json.items()) withhold(value, path.empty() ? member : path + "." + member);
        const bool is_pair = json.size() == 2 && json.contains("key") && json.contains("value");
        if (is_pair && instruction_in(text_at(json, "key") + ": " + text_at(json, "value")))
            json["value"] = withheld_mark;
    }
}

template <class T>
auto withheld_in(const T& value) -> T {
    Json json(value);
    withhold(json, "");
    return json.template get<T>();
}

auto field_of(const Evidence& item) -> std::string_view {
    const auto colon = item.origin.rfind(':');
    return colon == std::string::npos ? std::string_view() : std::string_view(item.origin).substr(colon + 1);
}

auto source_of(const Evidence& item) -> std::string_view {
    return std::string_view(item.origin).substr(0, item.origin.rfind(':'));
}

auto is_in(std::string_view word, std::initializer_list<std::string_view> words) -> bool {
    return std::ranges::find(words, word) != words.end();
}

/// What the items of a place of the context are.
auto is_of_place(const Evidence& item, std::string_view place) -> bool {
    const auto field = field_of(item);
    if (place == place_of_radius) return item.kind == "blast_radius" && is_in(field, {"node", "edge"});
    if (place == place_of_path) return item.kind == "exposure_path";
    if (place == place_of_log) return item.kind == "access_log";
    if (place == place_of_policies)
        return item.kind == "policy" && !icontains(item.statement.substr(0, 20), "company policy");
    if (place == place_of_asset) return is_in(field, {"application", "business_unit", "support_group"});
    if (place == place_of_owner) return is_in(field, {"department", "title", "cost_center", "team"});
    return false;
}

} // namespace

auto tampering_in(const Finding& finding) -> std::vector<TamperSign> {
    const Texts texts(places_of_finding, finding);
    Signs signs;
    std::string prose;
    for (std::size_t i = 0; i < places_of_finding.size(); ++i) {
        const auto& place = places_of_finding[i];
        const auto rest = check_each(texts.of(i), place.words, signs);
        if (place.is_prose) prose += rest;
    }
    if (auto kind = instruction_in(prose)) signs.add(together, std::move(*kind));
    return signs.take();
}

auto tampering_in(const Context& context) -> std::vector<TamperSign> {
    if (std::ranges::any_of(context.policies, is_companys)) {
        auto others = context;
        std::erase_if(others.policies, is_companys);
        return tampering_in(others);
    }
    const Texts texts(places_of_context, context);
    Signs signs;
    for (std::size_t i = 0; i < places_of_context.size(); ++i) {
        const auto& place = places_of_context[i];
        const auto rest = check_each(texts.of(i), place.words, signs);
        if (auto kind = texts.of(i).size() > 1 ? instruction_in(rest) : std::nullopt)
            signs.add(place.words, std::move(*kind));
    }
    return signs.take();
}

auto orders_in(const std::vector<Finding>& findings, const Context& context) -> Orders {
    Orders orders;
    for (const auto& finding : findings) orders.of_findings.push_back(tampering_in(finding));
    orders.of_context = tampering_in(context);
    return orders;
}

auto without_orders(const Finding& finding) -> Finding { return withheld_in(finding); }

auto without_orders(const Context& context) -> Context { return withheld_in(context); }

Told::Told(const std::vector<Finding>& findings, const Context& context, const Orders& orders)
    : findings_(findings), context_(context) {
    for (std::size_t i = 0; i < findings.size(); ++i) {
        if (orders.of_findings[i].empty()) continue;
        if (!own_findings_) own_findings_ = findings;
        (*own_findings_)[i] = without_orders(findings[i]);
    }
    if (!orders.of_context.empty()) own_context_ = without_orders(context);
}

auto discredits(const Evidence& sign, const Evidence& item) -> bool {
    if (sign.kind != "tampering" || item.kind == "tampering") return false;
    if (source_of(sign) == "context") return is_of_place(item, sign.value);
    return source_of(item) == source_of(sign) &&
           is_in(field_of(item), {"title", "description", "resource.tags", "data.fields", "data.objects",
                                  "data.samples", "facts", "projects", "owner_hints", "recommendation"}) &&
           !is_in(item.kind, {"owner"});
}

} // namespace dossier::explain
