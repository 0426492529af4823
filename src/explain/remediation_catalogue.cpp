#include "remediation_catalogue.hpp"

#include "dossier/base/strings.hpp"
#include "knowledge_files.hpp"

#include <algorithm>
#include <array>

namespace dossier::explain {

namespace {

constexpr std::size_t fewest_steps = 3;

auto is_plain_name(std::string_view name) -> bool {
    const auto is_alnum = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (name.empty() || name.size() > 128 || !is_alnum(name.front())) return false; // never an option like --x
    if (name.find("..") != std::string_view::npos) return false;
    return std::ranges::all_of(name, [&](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; });
}

/// "sg-0ab1" of arn:aws:ec2:…:security-group/sg-0ab1; "" for anything else, such as the group's name.
auto group_id_of(const Resource& resource) -> std::string {
    for (const auto& text : {resource.id, resource.name}) {
        const auto at = text.find_last_of("/:");
        auto leaf = at == std::string::npos ? text : text.substr(at + 1);
        if (leaf.starts_with("sg-")) return leaf;
    }
    return "";
}

/// The account's name, also of a container in it: …/Microsoft.Storage/storageAccounts/NAME/blobServices/….
auto storage_account_of(const Resource& resource) -> std::string {
    constexpr std::string_view mark = "/storageaccounts/";
    const auto at = lower(resource.id).find(mark);
    if (at == std::string::npos) return icontains(resource.type, "account") ? resource.name : "";
    const auto rest = resource.id.substr(at + mark.size());
    return rest.substr(0, rest.find('/'));
}

constexpr std::array holes{"{resource.name}", "{group.id}", "{storage.account}", "{account}", "{region}"};

auto filling(std::string_view hole, const Resource& resource) -> std::string {
    if (hole == "{resource.name}") return resource.name;
    if (hole == "{group.id}") return group_id_of(resource);
    if (hole == "{storage.account}") return storage_account_of(resource);
    return hole == "{account}" ? resource.account : resource.region;
}

auto read_snippet(const KnowledgeNode& node) -> Snippet {
    only_keys(node, {"title", "language", "text"});
    Snippet snippet{.title = text_in(node, "title"), .language = text_in(node, "language"), .text = {}};
    snippet.text = std::string(trim(text_in(node, "text")));
    if (snippet.language != "json" && snippet.language != "bash" && snippet.language != "hcl")
        throw KnowledgeMistake{.line = node.line(), .message = "language is json, bash or hcl"};
    return snippet;
}

auto read_remedy(const KnowledgeNode& node) -> Remedy {
    only_keys(node, {"controls", "clouds", "resources", "steps", "snippet"});
    Remedy remedy{
        .controls = families_at(node, "controls"),
        .clouds = words_at(node, "clouds"),
        .resources = words_at(node, "resources"),
        .steps = words_at(node, "steps"),
        .snippet = std::nullopt,
    };
    if (remedy.steps.size() < fewest_steps)
        throw KnowledgeMistake{.line = node.line(), .message = "a remedy has at least three steps"};
    if (node["snippet"]) remedy.snippet = read_snippet(node["snippet"]);
    return remedy;
}

auto fits_everything(const Remedy& remedy) -> bool {
    return remedy.controls.empty() && remedy.clouds.empty() && remedy.resources.empty();
}

} // namespace

auto fill(Snippet snippet, const Resource& resource) -> std::optional<Snippet> {
    for (const std::string_view hole : holes) {
        if (snippet.text.find(hole) == std::string::npos) continue;
        const auto name = filling(hole, resource);
        if (!is_plain_name(name)) return std::nullopt;
        snippet.text = replace_all(std::move(snippet.text), hole, name);
    }
    return snippet;
}

auto RemediationCatalogue::parse(const std::vector<EmbeddedFile>& files) -> Result<RemediationCatalogue> {
    RemediationCatalogue catalogue;
    for (const auto& file : files) {
        auto read = read_knowledge(file, [&](const KnowledgeNode& root) {
            only_keys(root, {"remedies"});
            for (const auto& node : root["remedies"]) catalogue.remedies_.push_back(read_remedy(node));
        });
        if (!read) return fail(std::move(read.error()));
    }
    if (catalogue.remedies_.empty() || !fits_everything(catalogue.remedies_.back()))
        return fail(Errc::malformed, "the last remedy has to fit every finding");
    return catalogue;
}

auto RemediationCatalogue::find(ControlFamily control, const Resource& resource) const -> const Remedy& {
    const auto fits = [&](const Remedy& remedy) {
        const auto among = [](const auto& list, const auto& value) {
            return list.empty() || std::ranges::find(list, value) != list.end();
        };
        return among(remedy.controls, control) && among(remedy.clouds, resource.cloud) &&
               takes_resource(remedy.resources, resource.type, resource.id);
    };
    const auto found = std::ranges::find_if(remedies_, fits);
    return found == remedies_.end() ? remedies_.back() : *found;
}

} // namespace dossier::explain
