#include "backstage_entity.hpp"

#include "cmdb_words.hpp"
#include "dossier/base/strings.hpp"
#include "remote.hpp"
#include "tags.hpp"

#include <algorithm>
#include <cctype>

namespace dossier::context {
namespace {

constexpr std::size_t most_relations = 200;

/// Key and value of each label and annotation.
template <class Visit>
void each_mark(const Json& entity, Visit visit) {
    for (const auto* list : {"labels", "annotations"}) {
        const auto& marks = member(member(entity, "metadata"), list);
        if (!marks.is_object()) continue;
        for (const auto& [key, value] : marks.items()) visit(key, scalar(value));
    }
}

/// "example.com/business-criticality" and "tier" alike.
auto means_criticality(std::string_view key) -> bool {
    std::string word;
    for (const unsigned char c : key.substr(key.find_last_of('/') + 1))
        if (std::isalnum(c) != 0) word.push_back(static_cast<char>(std::tolower(c)));
    return word == "criticality" || word == "businesscriticality" || word == "tier" || word == "servicetier" ||
           word == "businessimpact";
}

} // namespace

auto kind_of(const Json& entity) -> std::string { return lower(scalar(member(entity, "kind"))); }

auto ref_of(const Json& entity) -> std::string {
    const auto& metadata = member(entity, "metadata");
    const auto space = scalar(member(metadata, "namespace"));
    return lower(scalar(member(entity, "kind")) + ":" + (space.empty() ? "default" : space) + "/" +
                 scalar(member(metadata, "name")));
}

auto is_ref(std::string_view text) -> bool {
    const auto colon = text.find(':');
    const auto slash = text.find('/');
    return text.size() <= 200 && colon != std::string_view::npos && colon > 0 && slash != std::string_view::npos &&
           slash > colon + 1 && slash + 1 < text.size() && std::ranges::all_of(text, [](unsigned char c) {
               return std::isalnum(c) != 0 || c == ':' || c == '/' || c == '-' || c == '_' || c == '.';
           });
}

auto related(const Json& entity, std::string_view type) -> std::vector<std::string> {
    std::vector<std::string> targets;
    for (const auto& relation : list_in(entity, "relations")) {
        if (targets.size() == most_relations) break;
        if (scalar(member(relation, "type")) != type) continue;
        auto target = lower(scalar(member(relation, "targetRef")));
        if (is_ref(target)) targets.push_back(std::move(target));
    }
    return targets;
}

auto title_of(const Json& entity) -> std::string {
    auto title = scalar(member(member(entity, "metadata"), "title"));
    if (title.empty()) title = scalar(member(member(member(entity, "spec"), "profile"), "displayName"));
    if (title.empty()) title = scalar(member(member(entity, "metadata"), "name"));
    return title;
}

auto email_of(const Json& entity) -> std::string {
    return scalar(member(member(member(entity, "spec"), "profile"), "email"));
}

auto annotation(const Json& entity, std::string_view key) -> std::string {
    return scalar(member(member(member(entity, "metadata"), "annotations"), key));
}

auto environment_of(const Json& entity) -> Environment {
    auto environment = Environment::unknown;
    each_mark(entity, [&](const std::string& key, const std::string& value) {
        if (environment == Environment::unknown && tag_meaning(key) == TagMeaning::environment)
            environment = environment_from_text(value);
    });
    if (environment != Environment::unknown) return environment;
    // Other lifecycles ("experimental", "deprecated") say how mature it is, not where it runs.
    const auto lifecycle = environment_from_text(scalar(member(member(entity, "spec"), "lifecycle")));
    return lifecycle == Environment::prod ? lifecycle : Environment::unknown;
}

auto criticality_of(const Json& entity) -> Criticality {
    auto criticality = Criticality::unknown;
    each_mark(entity, [&](const std::string& key, const std::string& value) {
        if (!means_criticality(key) || criticality != Criticality::unknown) return;
        const auto word = lower(key).ends_with("tier") && value.size() == 1 ? "tier" + value : value;
        criticality = criticality_from_text(word);
    });
    if (criticality != Criticality::unknown) return criticality;
    for (const auto& tag : list_in(member(entity, "metadata"), "tags")) {
        const auto word = scalar(tag);
        if (word.size() > 1) criticality = criticality_from_text(word);
        if (criticality != Criticality::unknown) break;
    }
    return criticality;
}

} // namespace dossier::context
