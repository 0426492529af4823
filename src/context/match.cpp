#include "match.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <string_view>

namespace dossier::context {

namespace {

auto field_of(const Resource& resource, std::string_view name) -> const std::string& {
    if (name == "resource") return resource.id;
    if (name == "name") return resource.name;
    if (name == "type") return resource.type;
    if (name == "account") return resource.account;
    return resource.region;
}

auto fits(std::string_view pattern, std::string_view text) -> bool {
    return !text.empty() && glob_match(lower(pattern), lower(text));
}

} // namespace

auto Match::accepts(const Resource& resource) const -> bool {
    if (fields.empty() && tags.empty()) return false;
    const auto field_fits = [&](const auto& field) { return fits(field.second, field_of(resource, field.first)); };
    const auto tag_fits = [&](const auto& wanted) {
        return std::ranges::any_of(resource.tags, [&](const auto& tag) {
            return iequals(tag.first, wanted.first) && fits(wanted.second, tag.second);
        });
    };
    return std::ranges::all_of(fields, field_fits) && std::ranges::all_of(tags, tag_fits);
}

auto Match::describe() const -> std::string {
    std::vector<std::string> parts;
    for (const auto& [name, glob] : fields) parts.push_back(name + "=" + glob);
    for (const auto& [key, glob] : tags) parts.push_back("tag " + key + "=" + glob);
    return join(parts, ", ");
}

auto read_match(config::Section& rule) -> Match {
    Match match;
    auto section = rule.child("match");
    for (const auto* name : {"resource", "name", "type", "account", "region"}) {
        std::string glob;
        section.read(name, glob);
        if (!glob.empty()) match.fields.emplace_back(name, std::move(glob));
    }
    section.read("tag", match.tags);
    if (match.fields.empty() && match.tags.empty()) {
        rule.problem(rule.has("match") ? "match" : "",
                     "a rule needs at least one condition: resource, name, type, account, region or tag");
    }
    return match;
}

} // namespace dossier::context
