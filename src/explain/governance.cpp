#include "dossier/explain/governance.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/explain/compliance.hpp"
#include "knowledge_files.hpp"
#include "policy_catalogue.hpp"
#include "policy_literal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace dossier::explain {
namespace {

using namespace std::chrono_literals;

constexpr auto idle_after = 24h * 90;
constexpr auto archived_after = 24h * 365;
constexpr std::size_t most_stores_written = 25; // in the text of one draft; all of them are in its list

struct LegalBasis {
    RegulationRef requirement;
    std::vector<std::string> data; ///< none = whatever the data is
};

struct RetentionRule {
    std::string id;
    std::string version;
    std::string title;
    std::vector<std::string> platforms;
    std::vector<std::string> classes;  ///< any of; none = any, `unclassified` = no class is known
    std::vector<std::string> patterns; ///< active | idle | archived
    int keep_days = 0;
    std::vector<LegalBasis> basis;
    std::vector<PolicyText> texts;
};

auto read_rule(const KnowledgeNode& node, const std::string& version) -> RetentionRule {
    only_keys(node, {"id", "title", "platforms", "classes", "patterns", "keep_days", "basis", "texts"});
    RetentionRule rule{.id = text_in(node, "id"),
                       .version = version,
                       .title = text_in(node, "title"),
                       .platforms = words_at(node, "platforms"),
                       .classes = words_at(node, "classes"),
                       .patterns = words_at(node, "patterns"),
                       .keep_days = static_cast<int>(node["keep_days"].as_count()),
                       .basis = {},
                       .texts = {}};
    const auto refuse = [&](const KnowledgeNode& where, std::string why) {
        throw KnowledgeMistake{.line = where.line(), .message = std::move(why)};
    };
    if (rule.id.empty() || rule.platforms.empty() || rule.keep_days < 1)
        refuse(node, "a rule has id, platforms and keep_days");
    for (const auto& one : node["basis"]) {
        only_keys(one, {"framework", "citation", "data"});
        LegalBasis basis{.requirement = {.framework = text_in(one, "framework"),
                                         .citation = text_in(one, "citation"),
                                         .title = {},
                                         .reason = "retention"},
                         .data = words_at(one, "data")};
        if (has_closed_list(basis.requirement.framework) &&
            !is_known_citation(basis.requirement.framework, basis.requirement.citation))
            refuse(one, basis.requirement.framework + " has no " + basis.requirement.citation);
        rule.basis.push_back(std::move(basis));
    }
    for (const auto& text : node["texts"]) {
        only_keys(text, {"language", "title", "text"});
        rule.texts.push_back(
            {.language = text_in(text, "language"), .title = text_in(text, "title"), .text = text_in(text, "text")});
    }
    return rule;
}

auto platform_of(const InventoryStore& store) -> std::string {
    const auto words = lower(store.cloud + " " + store.type + " " + store.id);
    const auto has = [&](std::string_view word) { return words.contains(word); };
    if (has("snowflake")) return "snowflake";
    if (has("bigquery")) return "bigquery";
    if (has("azure") || has("microsoft.storage"))
        return has("blob") || has("storage") || has("container") ? "azure_blob" : "azure";
    if ((has("gcp") || has("google") || has("gcs")) && (has("bucket") || has("storage") || has("gcs"))) return "gcs";
    if (has(":s3:") || (has("aws") && has("bucket")) || has("s3")) return "s3";
    return store.cloud.empty() ? "an unknown platform" : store.cloud;
}

auto pattern_of(const InventoryStore& store, Timestamp now) -> std::string {
    const bool says_archive = std::ranges::any_of(store.access, [](const std::string& word) {
        return word.contains("archiv") || word.contains("cold") || word.contains("never");
    });
    if (store.archived || says_archive || (store.last_access && now - *store.last_access > archived_after))
        return "archived";
    return store.last_access && now - *store.last_access > idle_after ? "idle" : "active";
}

struct StoreLikeness {
    std::string platform;
    std::vector<std::string> classes;
    std::string environment;
    std::string pattern;
    [[nodiscard]] auto operator<=>(const StoreLikeness&) const = default;
};

auto likeness_of(const InventoryStore& store, Timestamp now) -> StoreLikeness {
    std::set<std::string> classes(store.data_classes.begin(), store.data_classes.end());
    classes.erase("");
    classes.erase("unknown");
    classes.erase("unclassified");
    return {.platform = platform_of(store),
            .classes = {classes.begin(), classes.end()},
            .environment = std::string(to_string(environment_from_text(store.environment))),
            .pattern = pattern_of(store, now)};
}

auto in_words(const StoreLikeness& like, std::size_t count) -> std::string {
    return fmt::format("{} {} {} in {} with {} data ({})", count, like.pattern, count == 1 ? "store" : "stores",
                       like.platform, like.classes.empty() ? "unclassified" : join(like.classes, ", "),
                       like.environment == "unknown" ? "environment unknown" : like.environment);
}

auto fits(const RetentionRule& rule, const StoreLikeness& like) -> bool {
    const auto among = [](const auto& list, const std::string& value) {
        return list.empty() || std::ranges::find(list, value) != list.end();
    };
    if (!among(rule.platforms, like.platform) || !among(rule.patterns, like.pattern)) return false;
    if (rule.classes.empty()) return true;
    if (like.classes.empty()) return among(rule.classes, "unclassified");
    return std::ranges::any_of(like.classes, [&](const std::string& one) { return among(rule.classes, one); });
}

/// Account and container of …/storageAccounts/ACCOUNT/blobServices/default/containers/CONTAINER.
auto after_word(const std::string& path, std::string_view word) -> std::string {
    const auto at = lower(path).find(word);
    if (at == std::string::npos) return {};
    const auto rest = path.substr(at + word.size());
    return rest.substr(0, rest.find('/'));
}

auto facts_of_store(const InventoryStore& store, const RetentionRule& rule, const std::string& label) -> PolicyFacts {
    PolicyFacts facts;
    const auto& called = store.name.empty() ? store.id : store.name;
    facts["label"] = label;
    facts["keep_days"] = rule.keep_days;
    facts["keep_seconds"] = std::int64_t{rule.keep_days} * 86'400;
    facts["store.name"] = called;
    facts["comment"] = "retention of " + std::to_string(rule.keep_days) + " days, rule " + rule.id;
    facts["policy.name"] = "RETENTION_" + hcl_label(called);
    facts["task.name"] = "EXPIRE_" + hcl_label(called);
    facts["date_column"] = store.date_column.empty() ? std::string("DATE_COLUMN") : store.date_column;
    facts["table"] = called;
    auto container = after_word(store.id, "/containers/");
    if (container.empty()) container = called;
    facts["prefix"] = container + "/";
    facts["prefixes"] = Json::array({container + "/"});
    if (const auto at = lower(store.id).find("/storageaccounts/"); at != std::string::npos)
        facts["storage.id"] = store.id.substr(0, store.id.find('/', at + std::string_view("/storageaccounts/").size()));
    facts["gs.url"] = "gs://" + called;
    if (!called.starts_with('-')) facts["bigquery.table"] = called;
    return facts;
}

/// A form of the rule for all stores of a group: once where every store's is the same, else one after another.
auto written_for(const PolicyText& form, const RetentionRule& rule, const std::vector<InventoryStore>& stores)
    -> std::optional<PolicyText> {
    PolicyText all{.language = form.language, .title = form.title, .text = {}};
    std::vector<std::string> texts;
    std::set<std::string> labels;
    for (const auto& store : stores) {
        if (texts.size() == most_stores_written) break;
        const auto base = hcl_label(store.name.empty() ? store.id : store.name);
        auto label = base;
        for (int number = 2; !labels.insert(label).second; ++number) label = base + "_" + std::to_string(number);
        auto filled = fill(form, facts_of_store(store, rule, label));
        if (filled && std::ranges::find(texts, filled->text) == texts.end()) texts.push_back(std::move(filled->text));
    }
    if (texts.empty()) return std::nullopt;
    if (form.language == "json" && texts.size() > 1) { // a JSON text holds one document
        texts.resize(1);
        all.title += "; the first store's, the others differ in its name";
    }
    all.text = join(texts, "\n");
    return all;
}

auto reach_of(const RetentionRule& rule, const std::vector<InventoryStore>& stores) -> std::vector<ReachRow> {
    std::set<std::string> owners;
    for (const auto& store : stores)
        if (!store.owner.empty()) owners.insert(store.owner);
    const auto age = std::to_string(rule.keep_days) + " days";
    std::vector<ReachRow> rows;
    rows.push_back({.who = "whoever has access now",
                    .deed = "reach data older than " + age,
                    .before = "allowed, as far as access goes",
                    .after = "nobody: it is deleted",
                    .why = "the platform expires it"});
    rows.push_back({.who = owners.empty() ? "the owner" : shorten(join({owners.begin(), owners.end()}, ", "), 200),
                    .deed = "reach data younger than " + age,
                    .before = "as it is",
                    .after = "unchanged",
                    .why = "retention doesn't touch access",
                    .is_owner = true});
    return rows;
}

auto policy_for(const RetentionRule& rule, const StoreLikeness& like, const GovernanceDraft& draft) -> PolicyProposal {
    PolicyProposal policy{.id = rule.id, .version = rule.version, .title = rule.title};
    for (const auto& one : draft.basis) policy.controls.push_back(one.framework + " " + one.citation);
    if (std::ranges::find(like.classes, "phi") != like.classes.end())
        for (const auto& one : health_data_controls(false))
            policy.controls.push_back(
                fmt::format("HIPAA {} → NIST 800-53 r5 {}", one.standard, join(one.controls, ", ")));
    for (const auto& form : rule.texts)
        if (auto text = written_for(form, rule, draft.stores)) policy.texts.push_back(std::move(*text));
    policy.reach = reach_of(rule, draft.stores);
    policy.proof = "unproven";
    policy.effect = "hardens";
    policy.verdict =
        fmt::format("Data older than {} days is deleted; access to the rest stays as it is.", rule.keep_days);
    policy.assumptions.push_back(
        fmt::format("{} days is a proposal: whoever answers for the data confirms it, and that no "
                    "legal hold stands against deletion",
                    rule.keep_days));
    if (std::ranges::any_of(draft.stores, [](const InventoryStore& one) { return one.date_column.empty(); }) &&
        like.platform == "snowflake")
        policy.assumptions.emplace_back("DATE_COLUMN stands for a column that the inventory doesn't name");
    if (draft.stores.size() > most_stores_written)
        policy.assumptions.push_back(
            fmt::format("the texts name the first {} stores of the group", most_stores_written));
    policy.explanation = fmt::format("One rule for {}.", draft.group);
    return policy;
}

} // namespace

struct Governor::Impl {
    std::vector<RetentionRule> rules;
};

Governor::Governor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Governor::~Governor() = default;

auto Governor::load(const std::string& directory) -> Result<std::unique_ptr<Governor>> {
    auto files = knowledge_files(directory, "policies");
    if (!files) return fail(std::move(files.error()));
    auto impl = std::make_unique<Impl>();
    for (const auto& file : *files) {
        auto read = read_knowledge(file, [&](const KnowledgeNode& root) {
            if (!root["retention"]) return;
            only_keys(root, {"version", "retention"});
            for (const auto& node : root["retention"]) impl->rules.push_back(read_rule(node, text_in(root, "version")));
        });
        if (!read) return fail(std::move(read.error()));
    }
    return std::unique_ptr<Governor>(new Governor(std::move(impl)));
}

auto Governor::draft(std::vector<InventoryStore> stores, Timestamp now) const -> GovernanceResult {
    std::map<StoreLikeness, std::vector<InventoryStore>> groups;
    for (auto& store : stores) {
        const auto like = likeness_of(store, now);
        groups[like].push_back(std::move(store));
    }
    GovernanceResult result;
    for (auto& [like, members] : groups) {
        const auto rule = std::ranges::find_if(impl_->rules, [&](const RetentionRule& one) { return fits(one, like); });
        const auto words = in_words(like, members.size());
        if (rule == impl_->rules.end()) {
            result.not_covered.push_back(words);
            continue;
        }
        GovernanceDraft draft{.group = words, .stores = std::move(members)};
        for (const auto& basis : rule->basis) {
            const bool applies = basis.data.empty() || std::ranges::any_of(basis.data, [&](const std::string& one) {
                                     return std::ranges::find(like.classes, one) != like.classes.end();
                                 });
            if (applies) draft.basis.push_back(basis.requirement);
        }
        draft.policy = policy_for(*rule, like, draft);
        if (draft.policy.texts.empty())
            result.not_covered.push_back(words + ": the inventory lacks what the rule's texts need");
        else
            result.drafts.push_back(std::move(draft));
    }
    std::ranges::sort(result.drafts, [](const GovernanceDraft& a, const GovernanceDraft& b) {
        return std::tuple(b.stores.size(), a.group) < std::tuple(a.stores.size(), b.group);
    });
    return result;
}

} // namespace dossier::explain
