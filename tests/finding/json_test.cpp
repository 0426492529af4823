// What the store keeps must come back as it was, and rows of older versions must stay readable.
#include "dossier/base/crypto.hpp"
#include "dossier/finding/finding.hpp"
#include "dossier/finding/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>

namespace dossier {
namespace {

auto full_finding() -> Finding {
    Finding f;
    f.id = "fnd_1";
    f.source = "wiz";
    f.platform = "wiz";
    f.source_id = "s1";
    f.fingerprint = "fp";
    f.exposure_key = "ek";
    f.title = "Öffentlicher \"Bucket\"";
    f.description = "line\nline";
    f.recommendation = "close it";
    f.severity = Severity::critical;
    f.status = Status::in_progress;
    f.finding_type = FindingType::sensitive_data;
    f.control = ControlFamily::public_access;
    f.rule = {.id = "r1", .name = "rule"};
    f.resource = {.id = "arn:aws:s3:::b",
                  .name = "b",
                  .type = "bucket",
                  .cloud = "aws",
                  .account = "012345678901",
                  .account_name = "pay",
                  .region = "eu-west-1",
                  .tags = {{"env", "prod"}, {"env", "twice"}, {"", ""}},
                  .url = "https://console"};
    f.data = {.classes = {"pci", "pii"}, .identifiers = {"Credit Card"}, .volume = 12, .samples = {"4***"}};
    f.exposure = Exposure::cross_account;
    f.owner_hints = {"alice"};
    f.projects = {"p1"};
    f.first_seen = parse_time("2026-11-20T10:15:00.123Z");
    f.last_seen = parse_time("2026-11-22T08:00:00Z");
    f.url = "https://wiz";
    f.compliance = {"PCI"};
    f.facts = {{"tactic", "exfiltration"}};
    f.is_test = true;
    return f;
}

auto full_context() -> Context {
    Context c;
    c.owner = {.id = "alice",
               .name = "Alice",
               .email = "alice@acme.test",
               .department = "Pay",
               .manager = "rob",
               .team = "oncall",
               .confidence = 0.9,
               .rule = "r",
               .disputed = true,
               .signals = {{.person = {.id = "alice",
                                       .name = "Alice",
                                       .email = "a@b",
                                       .department = "d",
                                       .manager = "m",
                                       .groups = {"g"}},
                            .rule = "r",
                            .origin = "identity:file",
                            .confidence = 0.9}},
               .manager_name = "Rob",
               .cost_center = "CC-1",
               .title = "Engineer",
               .inactive = "deactivated in identity:okta",
               .escalation = "rob@acme.test"};
    c.owner.signals.front().person.aliases = {"alice@upn.test"};
    c.owner.signals.front().agrees = true;
    c.access = {{.id = "*", .kind = "anyone", .level = "read", .origin = "identity:file"}};
    c.blast_radius = BlastRadius{
        .nodes = {{.id = "arn:b", .name = "b", .kind = "resource", .type = "bucket", .hops = 0, .why = "reported"},
                  {.id = "arn:r", .name = "r", .kind = "identity", .type = "role", .hops = 1, .why = "can read it"}},
        .edges = {{.from = "arn:r", .to = "arn:b", .relation = "can_access", .why = "s3:GetObject"}},
        .hops = 1,
        .truncated = true,
        .truncated_by = "200 nodes",
        .origin = "wiz"};
    c.exposure_path = {"internet → bucket policy → b"};
    c.access_log = {{.principal = "arn:r",
                     .action = "read",
                     .at = parse_time("2026-11-22T08:00:00Z"),
                     .count = 7,
                     .origin = "wiz"}};
    c.policies = {{.id = "p", .name = "n", .kind = "attached", .statement = "s", .origin = "wiz"}};
    c.asset = Asset{.business_unit = "bu",
                    .application = "app",
                    .environment = Environment::staging,
                    .criticality = Criticality::high,
                    .owner = "o",
                    .support_group = "g",
                    .rule = "r",
                    .origin = "cmdb:file"};
    c.store_policy = StorePolicy{.document = "{}",
                                 .blocks_public = true,
                                 .has_public_acl = true,
                                 .account = "111122223333",
                                 .origin = "aws_iam"};
    c.environment = Environment::staging;
    c.environment_origin = "cmdb:file";
    c.gaps = {{.source = "graph", .reason = "timed out"}};
    return c;
}

auto full_proposal() -> PolicyProposal {
    return {.id = "s3-bucket-policy",
            .version = "1.0.0",
            .title = "t",
            .controls = {"NIST 800-53 r5 AC-3"},
            .texts = {{.language = "hcl", .title = "Terraform", .text = "x {}"}},
            .reach = {{.who = "anyone",
                       .deed = "read",
                       .before = "allowed",
                       .after = "denied",
                       .why = "statement S",
                       .is_owner = true}},
            .proof = "proven",
            .evaluator = "dossier S3 policy evaluation",
            .effect = "closes",
            .verdict = "v",
            .assumptions = {"a"},
            .explanation = "e"};
}

auto full_assessment() -> Assessment {
    return {.risk = 91.5,
            .level = "critical",
            .factors = {{.name = "data", .value = "pci", .weight = 0.25, .reason = "because"}},
            .regulations = {{.framework = "GDPR", .citation = "Art. 32", .title = "t", .reason = "r"}},
            .remediation = {{.text = "close"}},
            .snippet = "{}",
            .snippet_title = "block",
            .snippet_language = "json",
            .reach = {"1 role"},
            .policies = {full_proposal()}};
}

auto full_narrative() -> Narrative {
    return {.author = "llm",
            .provider = "main",
            .model = "m",
            .prompt = {.id = "narrative", .version = "1.0.0", .hash = "h"},
            .llm_session_id = "s",
            .summary = "sum",
            .sentences = {{.text = "It is public.", .evidence = {"E1", "E2"}}},
            .removed = {{.text = "lie", .reason = "no evidence"}},
            .grounding_score = 0.5,
            .notes = {"n"},
            .evidence = {{.id = "E1", .kind = "exposure", .statement = "public", .value = "public", .origin = "wiz"}},
            .left_out = {"1 of 2 items of fact"},
            .cost = {.calls = 2, .prompt_tokens = 900, .completion_tokens = 100, .usd = 0.0125},
            .shared_from = "dos_2"};
}

auto full_draft() -> Draft {
    Draft d;
    d.id = "drf_1";
    d.dossier_id = "dos_1";
    d.revision = 3;
    d.finding_ids = {"fnd_1"};
    d.kind = "report";
    d.sink = "jira";
    d.approval = "before_assign";
    d.state = DraftState::approved;
    d.title = "t";
    d.body = "b";
    d.payload = "{}";
    d.content_hash = "c";
    d.approved_hash = "a";
    d.assignee = "alice";
    d.owner = "alice";
    d.route = "critical";
    d.severity = Severity::low;
    d.labels = {"l"};
    d.created_at = *parse_time("2026-11-22T08:00:00.007Z");
    d.decided_by = "bob";
    d.decided_at = parse_time("2026-11-22T09:00:00Z");
    d.comment = "fine";
    d.ticket = TicketRef{.sink = "jira", .key = "SEC-1", .url = "u", .id = "1"};
    return d;
}

/// There and back gives the same text, no member was left at its default, and any one of them may be missing.
template <class T>
void check(const T& full) {
    const auto text = to_text(full);
    EXPECT_EQ(text, dump_json(Json(full)));
    EXPECT_EQ(to_text(T{}), dump_json(Json(T{})));
    auto back = from_text<T>(text);
    ASSERT_TRUE(back) << back.error().describe();
    EXPECT_EQ(to_text(*back), text);
    const Json json(full);
    const Json empty(T{});
    for (const auto& [name, value] : json.items()) {
        SCOPED_TRACE(name);
        EXPECT_NE(value, empty.value(name, Json())) << "the sample doesn't prove this member";
        for (const bool null : {false, true}) {
            auto old = json;
            if (null)
                old[name] = nullptr;
            else
                old.erase(name);
            auto read = from_text<T>(old.dump());
            ASSERT_TRUE(read) << read.error().describe();
            EXPECT_EQ(Json(*read).value(name, Json()), empty.value(name, Json()));
        }
    }
    EXPECT_EQ(to_text(*from_text<T>("{}")), to_text(T{}));
    EXPECT_FALSE(from_text<T>("{"));
}

/// As hashes were taken before they were taken of the members: stores hold these.
auto hash_of_document(const Finding& finding) -> std::string {
    Json json(finding);
    for (const auto* member : {"id", "first_seen", "last_seen"}) json.erase(member);
    return sha256_hex(canonical_json(json)).substr(0, 32);
}

/// The text is that of the document also where names come in any order, twice, or aren't UTF-8.
TEST(FindingJson, TextIsThatOfTheDocumentWhateverItHolds) {
    auto draft = full_draft();
    draft.facts = {{"b", "1"}, {"a\"\n", "broken \xFF"}, {"\xC3", "2"}, {"b", "last"}};
    draft.title = "\x01 \xE2\x82";
    EXPECT_EQ(to_text(draft), dump_json(Json(draft)));
    Assessment assessment;
    for (const double risk : {0.0, -0.0, 1.0, 66.7, 0.1 + 0.2, 1e-7, 1e21, 123456789012345680.0}) {
        assessment.risk = risk;
        EXPECT_EQ(to_text(assessment), dump_json(Json(assessment)));
    }
}

TEST(ContentHash, IsThatOfTheFindingsCanonicalJson) {
    struct Row {
        const char* name;
        std::function<void(Finding&)> change;
    };
    const Row rows[] = {
        {"as it is", [](Finding&) {}},
        {"empty", [](Finding& f) { f = {}; }},
        {"no test", [](Finding& f) { f.is_test = false; }},
        {"partial", [](Finding& f) { f.is_partial = true; }},
        {"first report", [](Finding& f) { f.is_first_report = true; }},
        {"no volume", [](Finding& f) { f.data.volume.reset(); }},
        {"great volume", [](Finding& f) { f.data.volume = std::numeric_limits<std::int64_t>::max(); }},
        {"volume below zero", [](Finding& f) { f.data.volume = -1; }},
        {"fields", [](Finding& f) { f.data.fields = {{"t", "c", "varchar"}, {"", "\"", "\\"}}; }},
        {"objects", [](Finding& f) { f.data.objects = {"a/b.csv", "c\td"}; }},
        {"samples", [](Finding& f) { f.data.samples = {"****", ""}; }},
        {"texts", [](Finding& f) { f.data.texts = {{"name", "words\r\n"}, {"name", "again"}}; }},
        {"facts", [](Finding& f) { f.facts = {{"k", "v"}, {"k", "w"}, {"", ""}}; }},
        {"lists", [](Finding& f) { f.owner_hints = f.projects = f.compliance = {"b", "a", "b", "\u20ac"}; }},
        {"control characters", [](Finding& f) { f.title = std::string("\0\x01\x1f\x7f \b\f", 8); }},
        {"beyond the basic plane", [](Finding& f) { f.title = "\xF0\x9F\x98\x80 \xEF\xAC\xB3"; }},
        {"no UTF-8", [](Finding& f) { f.description = "\xff\xc3"; }},
    };
    std::set<std::string> hashes;
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto finding = full_finding();
        row.change(finding);
        EXPECT_EQ(content_hash(finding), hash_of_document(finding));
        if (const auto text = to_text(finding); !text.contains("\uFFFD")) // nothing was mended
            EXPECT_EQ(content_hash(*from_text<Finding>(text)), content_hash(finding));
        hashes.insert(content_hash(finding));
    }
    EXPECT_EQ(hashes.size(), std::size(rows) - 1) << "whether it is a first report is no content";
    auto moved = full_finding();
    moved.id = "fnd_2";
    moved.first_seen.reset();
    moved.last_seen.reset();
    EXPECT_EQ(content_hash(moved), content_hash(full_finding()));
}

TEST(ContentHash, OfADraftIsThatOfItsDocument) {
    Draft draft;
    draft.sink = "jira";
    draft.title = "a \"title\"";
    draft.body = std::string(600, 'x') + "\n| a \\| b |\u20ac\xff";
    draft.assignee = "alice";
    for (const char* payload : {"", R"({"flat":{}})"}) {
        draft.payload = payload;
        Json document{{"sink", draft.sink},
                      {"title", draft.title},
                      {"body", draft.body},
                      {"assignee", draft.assignee},
                      {"kind", draft.kind}};
        if (!draft.payload.empty()) document["payload"] = draft.payload;
        EXPECT_EQ(content_hash(draft), sha256_hex(canonical_json(document)));
    }
}

TEST(Codecs, EveryDocumentComesBackAsItWas) {
    {
        SCOPED_TRACE("finding");
        check(full_finding());
    }
    {
        SCOPED_TRACE("owner");
        check(full_context().owner);
    }
    {
        SCOPED_TRACE("context");
        check(full_context());
    }
    {
        SCOPED_TRACE("assessment");
        check(full_assessment());
        check(full_proposal());
    }
    {
        SCOPED_TRACE("narrative");
        check(full_narrative());
    }
    {
        SCOPED_TRACE("evidence");
        check(full_narrative().evidence.front());
    }
    {
        SCOPED_TRACE("route");
        check(RouteDecision{.route = "r", .action = "ticket", .sink = "jira", .approval = "none", .reasons = {"x"}});
    }
    {
        SCOPED_TRACE("ticket");
        check(*full_draft().ticket);
    }
    {
        SCOPED_TRACE("draft");
        check(full_draft());
    }
}

TEST(Codecs, WhatTheSamplesSayComesBackInsideToo) {
    const auto finding = *from_text<Finding>(to_text(full_finding()));
    EXPECT_EQ(finding.resource.tags, full_finding().resource.tags);
    EXPECT_EQ(finding.first_seen, full_finding().first_seen);
    EXPECT_EQ(finding.data.volume, 12);
    EXPECT_EQ(content_hash(finding), content_hash(full_finding()));
    const auto context = *from_text<Context>(to_text(full_context()));
    EXPECT_EQ(context.asset->criticality, Criticality::high);
    EXPECT_EQ(context.owner.signals.at(0).person.groups, std::vector<std::string>{"g"});
    const auto draft = *from_text<Draft>(to_text(full_draft()));
    EXPECT_EQ(content_hash(draft), content_hash(full_draft()));
}

TEST(Codecs, WordsOfALaterVersionFallBackAndWrongTypesAreRefused) {
    EXPECT_EQ(from_text<Finding>(R"({"severity":"apocalyptic","status":7})")->severity, Severity::medium);
    EXPECT_EQ(from_text<Draft>(R"({"state":"shredded"})")->state, DraftState::pending);
    for (const char* text : {R"({"title":[]})", R"({"owner_hints":"alice"})"}) {
        SCOPED_TRACE(text);
        const auto read = from_text<Finding>(text);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, Errc::malformed);
    }
}

template <class E>
void check_words(int count) {
    std::set<std::string_view> words;
    for (int i = 0; i < count; ++i) {
        const auto value = static_cast<E>(i);
        const auto word = to_string(value);
        EXPECT_EQ(parse_word<E>(word), value) << word;
        EXPECT_TRUE(words.insert(word).second) << word << " stands for two";
        EXPECT_FALSE(parse_word<E>(std::string(word) + " "));
    }
    EXPECT_FALSE(parse_word<E>(""));
    EXPECT_FALSE(parse_word<E>("HIGH"));
}

TEST(Vocabulary, EachWordIsReadBackAsItsValue) {
    check_words<Severity>(static_cast<int>(Severity::critical) + 1);
    check_words<Status>(static_cast<int>(Status::suppressed) + 1);
    check_words<Exposure>(static_cast<int>(Exposure::unknown) + 1);
    check_words<FindingType>(static_cast<int>(FindingType::other) + 1);
    check_words<Environment>(static_cast<int>(Environment::unknown) + 1);
    check_words<Criticality>(static_cast<int>(Criticality::unknown) + 1);
    check_words<Stage>(static_cast<int>(Stage::dead) + 1);
    check_words<ControlFamily>(static_cast<int>(ControlFamily::other) + 1);
}

TEST(Vocabulary, ReadsEnvironmentsFromWhatPeopleWrite) {
    struct Row {
        const char* text;
        Environment environment;
        bool prod;
    };
    for (const auto& row : {Row{"production", Environment::prod, true}, Row{"PROD", Environment::prod, true},
                            Row{"prd", Environment::prod, true}, Row{"live", Environment::prod, true},
                            Row{"stage", Environment::staging, false}, Row{"staging", Environment::staging, false},
                            Row{"test", Environment::test, false}, Row{"dev", Environment::dev, false},
                            Row{"development", Environment::dev, false}, Row{"", Environment::unknown, true},
                            Row{"nonprod", Environment::unknown, true}, Row{"banana", Environment::unknown, true}}) {
        SCOPED_TRACE(row.text);
        const auto environment = environment_from_text(row.text);
        EXPECT_EQ(environment, row.environment) << to_string(environment);
        EXPECT_EQ(counts_as_prod(environment), row.prod);
    }
}

TEST(MostSevereFirst, GivesOneOrderWhateverCameFirst) {
    const auto made = [](const char* id, const char* source, Severity severity) {
        Finding f;
        f.id = id;
        f.source = source;
        f.severity = severity;
        return f;
    };
    std::vector<Finding> findings = {made("b", "wiz", Severity::low), made("a", "wiz", Severity::low),
                                     made("a", "orca", Severity::low), made("z", "wiz", Severity::critical)};
    const auto order = [](const std::vector<Finding>& list) {
        std::string text;
        for (const auto& f : list) text += f.id + "/" + f.source + " ";
        return text;
    };
    for (int i = 0; i < 24; ++i) {
        std::ranges::next_permutation(findings, {}, [](const Finding& f) { return f.id + f.source; });
        auto sorted = findings;
        most_severe_first(sorted);
        EXPECT_EQ(order(sorted), "z/wiz a/orca a/wiz b/wiz ");
    }
}

} // namespace
} // namespace dossier
