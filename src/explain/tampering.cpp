#include "tampering.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/explain/withheld.hpp"
#include "dossier/finding/json.hpp"
#include "evidence_list.hpp"
#include "instruction_detector.hpp"
#include "untrusted_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

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

using Texts = std::map<const TextPlace*, std::vector<std::string>>;

/// The texts of a JSON form by their places, none twice.
template <std::size_t count>
class TextReader {
public:
    explicit TextReader(const std::array<TextPlace, count>& places) : places_(places) {}

    void read(const Json& json, const std::string& path) {
        if (seen_.size() >= most_texts) return;
        if (json.is_string()) {
            keep(path, json.get_ref<const std::string&>());
        } else if (json.is_array()) {
            std::size_t number = 0;
            for (const auto& item : json) {
                if (number++ == most_of_a_list) break;
                read(item, path);
            }
        } else if (json.is_object()) {
            read_members(json, path);
        }
    }
    auto take() -> Texts { return std::move(texts_); }

private:
    void read_members(const Json& json, const std::string& path) {
        if (path == "policies" && text_at(json, "kind") == "company") return;
        if (json.size() == 2 && json.contains("key") && json.contains("value")) { // a tag or a fact is one text
            keep(path, text_at(json, "key") + ": " + text_at(json, "value"));
            return;
        }
        for (const auto& [member, value] : json.items()) read(value, path.empty() ? member : path + "." + member);
    }
    void keep(const std::string& path, const std::string& text) {
        if (text.size() < shortest_order || !seen_.insert(text).second) return;
        const auto* place =
            std::ranges::find_if(places_, [&](const TextPlace& one) { return path.starts_with(one.path); });
        texts_[place].push_back(text);
    }

    const std::array<TextPlace, count>& places_;
    std::set<std::string> seen_;
    Texts texts_;
};

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
auto check_each(const std::vector<std::string>& texts, std::string_view place, Signs& signs) -> std::string {
    std::string rest;
    for (const auto& text : texts) {
        if (auto kind = instruction_in(text))
            signs.add(place, std::move(*kind));
        else
            rest += text + " ";
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
    TextReader reader(places_of_finding);
    reader.read(Json(finding), "");
    const auto texts = reader.take();
    Signs signs;
    std::string prose;
    for (const auto& place : places_of_finding) {
        const auto found = texts.find(&place);
        if (found == texts.end()) continue;
        const auto rest = check_each(found->second, place.words, signs);
        if (place.is_prose) prose += rest;
    }
    if (auto kind = instruction_in(prose)) signs.add(together, std::move(*kind));
    return signs.take();
}

auto tampering_in(const Context& context) -> std::vector<TamperSign> {
    TextReader reader(places_of_context);
    reader.read(Json(context), "");
    const auto texts = reader.take();
    Signs signs;
    for (const auto& place : places_of_context) {
        const auto found = texts.find(&place);
        if (found == texts.end()) continue;
        const auto rest = check_each(found->second, place.words, signs);
        if (auto kind = found->second.size() > 1 ? instruction_in(rest) : std::nullopt)
            signs.add(place.words, std::move(*kind));
    }
    return signs.take();
}

auto without_orders(const Finding& finding, const std::vector<TamperSign>& signs) -> Finding {
    return signs.empty() ? finding : withheld_in(finding);
}

auto without_orders(const Context& context, const std::vector<TamperSign>& signs) -> Context {
    return signs.empty() ? context : withheld_in(context);
}

auto without_orders(const Finding& finding) -> Finding { return without_orders(finding, tampering_in(finding)); }

auto without_orders(const Context& context) -> Context { return without_orders(context, tampering_in(context)); }

auto discredits(const Evidence& sign, const Evidence& item) -> bool {
    if (sign.kind != "tampering" || item.kind == "tampering") return false;
    if (source_of(sign) == "context") return is_of_place(item, sign.value);
    return source_of(item) == source_of(sign) &&
           is_in(field_of(item), {"title", "description", "resource.tags", "data.fields", "data.objects",
                                  "data.samples", "facts", "projects", "owner_hints", "recommendation"}) &&
           !is_in(item.kind, {"owner"});
}

} // namespace dossier::explain
