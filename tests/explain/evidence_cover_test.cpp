// Whatever a finding or its context can say has a statement in the evidence, or stands on a list with the reason why it
// has none. Driven from the JSON form, so a new member fails here until somebody decides.
#include "dossier/base/strings.hpp"
#include "dossier/explain/evidence_builder.hpp"
#include "dossier/finding/json.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace dossier::explain {
namespace {

using Reasons = std::map<std::string, std::string, std::less<>>;

const Reasons untold_of_findings = {
    {"id", "ours; the ticket links it"},
    {"fingerprint", "ours; identifies a delivery and says nothing of the exposure"},
    {"exposure_key", "ours; identifies the dossier"},
    {"platform", "kind of adapter; `source` is told"},
    {"source_id", "the ticket links it; a number without meaning to a reader"},
    {"url", "links are set by code, and a narrative may hold none"},
    {"resource.url", "links are set by code, and a narrative may hold none"},
    {"data.texts.key", "documents are classified, and told as the classification's result"},
    {"data.texts.value", "documents are classified, and told as the classification's result"},
    {"is_test", "a test delivery is answered and makes no dossier"},
    {"is_partial", "the rest is fetched before anything is explained"},
};

const Reasons untold_of_contexts = {
    {"owner.id", "an owner with a name is told by it"},
    {"owner.signals.person.id", "a candidate with a name is told by it"},
    {"owner.signals.person.department", "of candidates only who they are is told"},
    {"owner.signals.person.manager", "of candidates only who they are is told"},
    {"owner.signals.person.manager_name", "of candidates only who they are is told"},
    {"owner.signals.person.groups", "of candidates only who they are is told"},
    {"owner.signals.person.cost_center", "of candidates only who they are is told"},
    {"owner.signals.person.title", "of candidates only who they are is told"},
    {"owner.signals.person.aliases", "logins serve the matching of accounts, no reader"},
    {"owner.signals.is_group", "decides how a candidate is looked up"},
    {"owner.signals.agrees", "a signal that agrees with the decision is no further candidate"},
    {"blast_radius.nodes.id", "a thing with a name is told by it"},
    {"blast_radius.nodes.origin", "whose graph it is, is told once"},
    {"blast_radius.edges.from", "a thing with a name is told by it"},
    {"blast_radius.edges.to", "a thing with a name is told by it"},
    {"blast_radius.truncated_by", "that there is more is told; which bound was met concerns the operator"},
    {"policies.id", "a policy with a name is told by it"},
    {"store_policy.document", "ground of the drafted policies, whose effect is told; a narrative never writes policy"},
    {"store_policy.blocks_public", "told as the effect of the drafted policies, proven by the evaluator"},
    {"store_policy.has_public_acl", "told as the effect of the drafted policies, proven by the evaluator"},
    {"store_policy.account", "a part of the ARN that the drafted policies need"},
    {"store_policy.origin", "whoever read the policy is told in the draft"},
    {"asset.owner", "one of the signs by which the owner is decided"},
    {"asset.owner_name", "one of the signs by which the owner is decided"},
    {"asset.owner_is_group", "decides how the sign is looked up"},
    {"asset.rule", "which entry of the CMDB matched concerns the operator"},
};

auto full_finding() -> Finding {
    Finding finding;
    finding.severity = Severity::critical;
    finding.status = Status::in_progress;
    finding.finding_type = FindingType::sensitive_data;
    finding.control = ControlFamily::public_access;
    finding.exposure = Exposure::cross_account;
    finding.id = finding.source = finding.platform = finding.source_id = finding.fingerprint = "x";
    finding.exposure_key = finding.title = finding.description = finding.recommendation = finding.url = "x";
    finding.rule = {.id = "x", .name = "x"};
    finding.resource = {.id = "x",
                        .name = "x",
                        .type = "x",
                        .cloud = "x",
                        .account = "x",
                        .account_name = "x",
                        .region = "x",
                        .tags = {{"x", "x"}},
                        .url = "x"};
    finding.data = {.classes = {"x"},
                    .identifiers = {"x"},
                    .volume = 71'717,
                    .samples = {"x"},
                    .fields = {{.container = "x", .name = "x", .type = "x"}},
                    .objects = {"x"},
                    .texts = {{"x", "x"}}};
    finding.owner_hints = finding.projects = finding.compliance = {"x"};
    finding.facts = {{"x", "x"}};
    finding.first_seen = parse_time("2026-11-20T10:15:00Z");
    finding.last_seen = parse_time("2026-11-22T08:00:00Z");
    finding.is_test = finding.is_partial = true;
    return finding;
}

auto full_person() -> Person {
    return {.id = "x",
            .name = "x",
            .email = "x",
            .department = "x",
            .manager = "x",
            .groups = {"x"},
            .cost_center = "x",
            .title = "x",
            .manager_name = "x",
            .aliases = {"x"},
            .inactive = "x",
            .unseen = {}};
}

auto full_context() -> Context {
    Context context;
    context.owner = {.id = "x",
                     .name = "x",
                     .email = "x",
                     .department = "x",
                     .manager = "x",
                     .team = "x",
                     .confidence = 0.73,
                     .rule = "x",
                     .disputed = true,
                     .signals = {{.person = full_person(),
                                  .rule = "x",
                                  .origin = "x",
                                  .confidence = 0.41,
                                  .is_group = true,
                                  .agrees = false}},
                     .manager_name = "x",
                     .cost_center = "x",
                     .title = "x",
                     .inactive = "x",
                     .escalation = "x"};
    context.access = {{.id = "x", .kind = "x", .level = "x", .origin = "x", .how = "x"}};
    context.blast_radius = BlastRadius{
        .nodes = {{.id = "here", .name = "x", .kind = "resource", .type = "x", .hops = 0, .why = "x", .origin = "x"},
                  {.id = "there", .name = "x", .kind = "identity", .type = "x", .hops = 1, .why = "x", .origin = "x"}},
        .edges = {{.from = "there", .to = "here", .relation = "x", .why = "x", .origin = "x"}},
        .hops = 1,
        .truncated = true,
        .truncated_by = "x",
        .origin = "x"};
    context.exposure_path = {"x"};
    context.access_log = {
        {.principal = "x", .action = "x", .at = parse_time("2026-11-21T09:00:00Z"), .count = 6'161, .origin = "x"}};
    context.policies = {{.id = "x", .name = "x", .kind = "attached", .statement = "x", .origin = "x"}};
    context.store_policy =
        StorePolicy{.document = "x", .blocks_public = true, .has_public_acl = true, .account = "x", .origin = "x"};
    context.asset = Asset{.business_unit = "x",
                          .application = "x",
                          .environment = Environment::staging,
                          .criticality = Criticality::high,
                          .owner = "x",
                          .owner_name = "x",
                          .owner_is_group = true,
                          .support_group = "x",
                          .rule = "x",
                          .origin = "x"};
    context.environment = Environment::staging;
    context.environment_origin = "x";
    context.gaps = {{.source = "x", .reason = "x"}};
    return context;
}

/// The JSON form, each text that can be any text replaced by a mark of its own; path → marks.
class Marked {
public:
    explicit Marked(Json json) : json_(std::move(json)) { mark(json_, ""); }
    [[nodiscard]] auto json() const -> const Json& { return json_; }
    [[nodiscard]] auto marks() const -> const std::map<std::string, std::vector<std::string>>& { return marks_; }
    [[nodiscard]] auto blanks() const -> const std::set<std::string>& { return blanks_; }

private:
    void mark(Json& json, const std::string& path) {
        if (json.is_object()) {
            for (auto& [member, value] : json.items()) mark(value, path.empty() ? member : path + "." + member);
        } else if (json.is_array()) {
            if (json.empty()) blanks_.insert(path);
            for (auto& item : json) mark(item, path);
        } else if (json == "x") {
            json = fmt::format("mark{}mark", ++count_);
            marks_[path].push_back(json.get<std::string>());
        } else if (json.is_string() && !json.get_ref<const std::string&>().empty()) {
            marks_[path].push_back(json.get<std::string>());
        } else if (json.is_number_float()) {
            marks_[path].push_back(fmt::format("{:.2g}", json.get<double>()));
        } else if (json.is_number()) {
            marks_[path].push_back(std::to_string(json.get<std::int64_t>()));
        } else {
            marks_[path].push_back(""); // a flag is told in words, or on the list
            if (json.is_null() || json == "") blanks_.insert(path);
        }
    }

    Json json_;
    int count_ = 0;
    std::map<std::string, std::vector<std::string>> marks_;
    std::set<std::string> blanks_;
};

/// Flags, told in words.
const Reasons words_of_flags = {
    {"owner.disputed", "the sources disagree about the owner."},
    {"blast_radius.truncated", "there is more that was not followed"},
};

/// Vocabulary that the evidence spells in words.
auto spelled(std::string word) -> std::string {
    for (char& c : word)
        if (c == '_') c = ' ';
    return word;
}

auto told_in(const EvidenceList& evidence) -> std::string {
    std::string all;
    for (const auto& item : evidence)
        if (item.kind != "tampering") all += item.statement + "\n" + item.value + "\n" + item.origin + "\n";
    return lower(all); // a statement begins with a capital
}

void expect_told(const Marked& marked, const Reasons& untold, const std::string& told) {
    EXPECT_EQ(marked.blanks(), std::set<std::string>{}) << "the test's own sample has to fill every member";
    for (const auto& [path, marks] : marked.marks()) {
        const bool excused = untold.contains(path);
        const auto flag = words_of_flags.find(path);
        bool is_told = false;
        for (const auto& mark : marks) {
            const auto words = lower(flag == words_of_flags.end() ? mark : flag->second);
            is_told = is_told || (!words.empty() && (told.contains(words) || told.contains(spelled(words))));
        }
        EXPECT_TRUE(is_told || excused) << path << " has neither a statement nor a reason for none";
        if (is_told && excused && !marks.front().starts_with("mark")) continue; // a common word by chance
        EXPECT_FALSE(is_told && excused) << path << " is told, though the list says why not: " << untold.at(path);
    }
    for (const auto& [path, reason] : untold) {
        EXPECT_TRUE(marked.marks().contains(path)) << path << " is excused and is no member any more";
        EXPECT_GE(reason.size(), 15U) << path;
    }
}

TEST(EvidenceCover, TellsEveryMemberOfAFindingOrSaysWhyNot) {
    const Marked marked{Json(full_finding())};
    const auto finding = marked.json().get<Finding>();
    expect_told(marked, untold_of_findings, told_in(build_evidence({finding}, {}, {})));
}

TEST(EvidenceCover, TellsEveryMemberOfAContextOrSaysWhyNot) {
    const Marked marked{Json(full_context())};
    auto context = marked.json().get<Context>();
    auto told = told_in(build_evidence({}, context, {}));
    // the owner's e-mail gives way to the manager's where the owner has left, and a name to an id where there is none
    context.owner.inactive.clear();
    context.owner.manager_name.clear();
    context.owner.signals.front().person.inactive.clear();
    told += told_in(build_evidence({}, context, {}));
    expect_told(marked, untold_of_contexts, told);
}

TEST(EvidenceCover, NoticesAMemberThatNobodyTells) {
    Json json(full_finding());
    json["lately_added"] = "x";
    const Marked marked{json};
    const auto told = told_in(build_evidence({marked.json().get<Finding>()}, {}, {}));
    EXPECT_FALSE(told.contains(marked.marks().at("lately_added").front()));
    EXPECT_FALSE(untold_of_findings.contains("lately_added"));
    EXPECT_TRUE(told.contains(marked.marks().at("rule.id").front()));
}

} // namespace
} // namespace dossier::explain
