#include "policy_catalogue.hpp"

#include "dossier/base/concat.hpp"
#include "dossier/base/strings.hpp"
#include "knowledge_files.hpp"
#include "policy_literal.hpp"

#include <algorithm>

namespace dossier::explain {
namespace {

auto text_or_none(const KnowledgeNode& node, std::string_view key) -> std::string {
    return node[key] ? text_in(node, key) : std::string();
}

auto one_of(const KnowledgeNode& node, std::string_view key, std::initializer_list<std::string_view> words)
    -> std::string {
    auto word = text_or_none(node, key);
    if (std::ranges::find(words, word) == words.end())
        throw KnowledgeMistake{.line = node.line(), .message = std::string(key) + " has no value '" + word + "'"};
    return word;
}

auto read_template(const KnowledgeNode& node, const std::string& version) -> PolicyTemplate {
    only_keys(node, {"id", "title", "failed", "clouds", "resources", "controls", "intent", "judge", "who", "deed",
                     "explanation", "texts"});
    PolicyTemplate policy{
        .id = text_in(node, "id"),
        .version = version,
        .title = text_in(node, "title"),
        .failed = families_at(node, "failed"),
        .clouds = words_at(node, "clouds"),
        .resources = words_at(node, "resources"),
        .controls = words_at(node, "controls"),
        .intent = one_of(node, "intent", {"closes", "narrows", "hardens"}),
        .judge = one_of(node, "judge", {"", "bucket_policy", "public_access_block", "key_policy", "identity_policy"}),
        .who = text_or_none(node, "who"),
        .deed = text_or_none(node, "deed"),
        .explanation = std::string(trim(text_in(node, "explanation"))),
        .texts = {},
    };
    for (const auto& text : node["texts"]) {
        only_keys(text, {"language", "title", "text"});
        policy.texts.push_back({.language = one_of(text, "language", {"hcl", "json", "bash", "sql"}),
                                .title = text_in(text, "title"),
                                .text = text_in(text, "text")});
    }
    const bool says_whom = !policy.judge.empty() || policy.intent != "closes" || !policy.who.empty();
    if (policy.id.empty() || policy.title.empty() || policy.texts.empty() || !says_whom)
        throw KnowledgeMistake{.line = node.line(),
                               .message = "a policy has id, title, texts and, where it closes without a judge, who"};
    return policy;
}

/// Blanks before `at` on its line, where nothing else stands there: how far a literal of several lines is indented.
auto indent_at(std::string_view text, std::size_t at) -> std::size_t {
    const auto line = text.rfind('\n', at);
    const auto begin = line == std::string_view::npos ? 0 : line + 1;
    const auto first = text.find_first_not_of(' ', begin);
    return std::min(first, at) - begin;
}

} // namespace

auto PolicyCatalogue::parse(const std::vector<EmbeddedFile>& files) -> Result<PolicyCatalogue> {
    PolicyCatalogue catalogue;
    for (const auto& file : files) {
        auto read = read_knowledge(file, [&](const KnowledgeNode& root) {
            if (!root["policies"]) return;
            only_keys(root, {"version", "policies"});
            const auto version = text_in(root, "version");
            for (const auto& node : root["policies"]) catalogue.templates_.push_back(read_template(node, version));
        });
        if (!read) return fail(std::move(read.error()));
    }
    return catalogue;
}

auto PolicyCatalogue::fitting(ControlFamily failed, const Resource& resource) const
    -> std::vector<const PolicyTemplate*> {
    std::vector<const PolicyTemplate*> found;
    const auto among = [](const auto& list, const auto& value) {
        return list.empty() || std::ranges::find(list, value) != list.end();
    };
    for (const auto& policy : templates_)
        if (among(policy.failed, failed) && among(policy.clouds, resource.cloud) &&
            takes_resource(policy.resources, resource.type, resource.id))
            found.push_back(&policy);
    return found;
}

auto fill(const PolicyText& text, const PolicyFacts& facts) -> std::optional<PolicyText> {
    PolicyText filled{.language = text.language, .title = text.title, .text = {}};
    const std::string_view given = text.text;
    std::size_t at = 0;
    while (at < given.size()) {
        const auto open = given.find("{{", at);
        const auto close = open == std::string_view::npos ? open : given.find("}}", open);
        if (close == std::string_view::npos) break;
        filled.text += given.substr(at, open - at);
        const auto hole = given.substr(open + 2, close - open - 2);
        const auto bar = hole.find('|');
        const auto fact = facts.find(hole.substr(0, bar));
        if (fact == facts.end()) return std::nullopt;
        const auto form = bar == std::string_view::npos ? std::string_view() : hole.substr(bar + 1);
        const auto value = literal(fact->second, text.language, form, indent_at(given, open));
        if (!value) return std::nullopt;
        filled.text += *value;
        at = close + 2;
    }
    filled.text += given.substr(at);
    filled.text = concat({trim(filled.text), "\n"}); // no more room than it takes: it waits with its finding
    return filled;
}

} // namespace dossier::explain
