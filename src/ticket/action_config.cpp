#include "dossier/ticket/action_config.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/ticket/ticket_facts.hpp"

#include <algorithm>

namespace dossier::ticket {
namespace {

/// Segments of letters, digits and `.-_`, at least two: safe inside a path of the API.
auto is_repository_path(std::string_view path, std::size_t most) -> bool {
    const auto parts = split(path, '/');
    return parts.size() >= 2 && parts.size() <= most && std::ranges::all_of(parts, [](std::string_view part) {
               return !part.empty() && part.front() != '.' &&
                      part.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
                          part.npos;
           });
}

auto path_problem(const std::string& path) -> std::string {
    if (path.starts_with('/') || path.find('\\') != path.npos) return "must be relative, with `/` between folders";
    for (const auto part : split(path, '/'))
        if (part.empty() || part.front() == '.') return "no part of it may be empty or begin with a dot";
    auto known = replace_all(path, "{{draft.id}}", "");
    for (const auto* own : {"{{policy.id}}", "{{policy.id|policy}}"}) known = replace_all(known, own, "");
    return placeholder_problem(known);
}

void check_repository(config::Section& section, const PolicyTargetConfig& target, std::size_t most) {
    for (const auto* key : {"token", "repository"}) section.require(key);
    if (!target.repository.empty() && !is_repository_path(target.repository, most))
        section.problem("repository", most == 2 ? "expected owner/name" : "expected group/project");
}

void refuse_keys(config::Section& section, std::initializer_list<const char*> keys, const std::string& kind) {
    for (const auto* key : keys)
        if (section.has(key)) section.problem(key, "is not used by kind `" + kind + "`");
}

auto read_policy_target(config::Section& section, std::vector<std::string>& names) -> PolicyTargetConfig {
    PolicyTargetConfig target;
    section.read_name("name", target.name, names);
    section.require("kind");
    section.read_word("kind", target.kind, {"github", "gitlab", "file", "webhook"});
    section.read_url("url", target.url);
    section.read("token", target.token);
    section.read("repository", target.repository);
    section.read("base", target.base);
    target.path =
        target.kind == "file"
            ? "{{resource.name|stores}}/{{draft.id}}"
            : "policies/{{resource.cloud|any}}/{{resource.account|any}}/{{resource.name|stores}}/{{policy.id}}";
    section.read("path", target.path);
    section.read("labels", target.labels);
    section.read("reviewers", target.reviewers);
    section.read("draft", target.draft);
    section.read("directory", target.directory);
    section.read("secret", target.secret);
    section.read("timeout", target.timeout);
    if (target.timeout.count() <= 0) section.problem("timeout", "must be longer than nothing");
    if (auto problem = path_problem(target.path); !problem.empty()) section.problem("path", problem);
    if (target.kind == "github") {
        if (target.url.empty()) target.url = "https://api.github.com";
        check_repository(section, target, 2);
        refuse_keys(section, {"directory", "secret"}, target.kind);
    } else if (target.kind == "gitlab") {
        if (target.url.empty()) target.url = "https://gitlab.com";
        check_repository(section, target, 20);
        refuse_keys(section, {"directory", "secret", "reviewers"}, target.kind);
    } else if (target.kind == "file") {
        section.require("directory");
        refuse_keys(section, {"url", "token", "repository", "base", "labels", "reviewers", "draft", "secret"},
                    target.kind);
    } else if (target.kind == "webhook") {
        for (const auto* key : {"url", "secret"}) section.require(key);
        refuse_keys(section, {"token", "repository", "base", "labels", "reviewers", "draft", "directory"}, target.kind);
    }
    return target;
}

} // namespace

auto read_actions(config::Section section) -> ActionConfig {
    ActionConfig actions;
    std::vector<std::string> names;
    for (auto& target : section.items("policies")) actions.policies.push_back(read_policy_target(target, names));
    return actions;
}

} // namespace dossier::ticket
