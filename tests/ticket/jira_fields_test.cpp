// Configured fields against a create screen as createmeta describes it.
#include "jira_fields.hpp"
#include "jira_screen.hpp"

#include "dossier/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

using testing::HasSubstr;

constexpr auto custom = "com.atlassian.jira.plugin.system.customfieldtypes:";

auto item(const char* id, const char* name, Json schema, bool required = false, Json allowed = Json::array()) -> Json {
    return {{"fieldId", id},
            {"key", id},
            {"name", name},
            {"schema", std::move(schema)},
            {"required", required},
            {"hasDefaultValue", false},
            {"allowedValues", std::move(allowed)}};
}

auto named(std::initializer_list<const char*> names, const char* attribute) -> Json {
    Json list = Json::array();
    for (const auto* name : names) list.push_back({{"id", std::to_string(100 + list.size())}, {attribute, name}});
    return list;
}

auto kind(const char* type, std::string custom_kind) -> Json { return {{"type", type}, {"custom", custom_kind}}; }

auto screen_items() -> Json {
    return Json::array(
        {item("summary", "Summary", {{"type", "string"}, {"system", "summary"}}, true),
         item("project", "Project", {{"type", "project"}}, true),
         item("issuetype", "Issue Type", {{"type", "issuetype"}}, true),
         item("reporter", "Reporter", {{"type", "user"}}, true),
         item("description", "Description", {{"type", "string"}}),
         item("labels", "Labels", {{"type", "array"}, {"items", "string"}}),
         item("priority", "Priority", {{"type", "priority"}}, false,
              named({"Highest", "High", "Medium", "Low"}, "name")),
         item("components", "Components", {{"type", "array"}, {"items", "component"}}, false,
              named({"Storage", "Network"}, "name")),
         item("security", "Security Level", {{"type", "securitylevel"}}, false, named({"Restricted"}, "name")),
         item("parent", "Parent", {{"type", "issuelink"}}),
         item("duedate", "Due date", {{"type", "date"}}),
         item("customfield_1", "Team", kind("option", std::string(custom) + "select"), true,
              named({"Payments", "Platform"}, "value")),
         item("customfield_2", "Story Points", kind("number", std::string(custom) + "float")),
         item("customfield_3", "Details", kind("string", std::string(custom) + "textarea")),
         item("customfield_4", "Ref", kind("string", std::string(custom) + "textfield")),
         item("customfield_5", "Regulations",
              {{"type", "array"}, {"items", "option"}, {"custom", std::string(custom) + "multiselect"}}, false,
              named({"GDPR", "HIPAA", "PCI"}, "value")),
         item("customfield_6", "Risk owner", kind("user", std::string(custom) + "userpicker")),
         item("customfield_7", "Where", kind("option-with-child", std::string(custom) + "cascadingselect")),
         item("customfield_8", "Seen", kind("datetime", std::string(custom) + "datetime")),
         item("customfield_9", "Tags",
              {{"type", "array"}, {"items", "string"}, {"custom", std::string(custom) + "labels"}}),
         item("customfield_10", "Epic Link", kind("any", std::string(epic_link_kind)))});
}

auto screen_of(const Json& items) -> JiraScreen {
    JiraScreen screen;
    for (const auto& one : items) screen.fields.push_back(field_from(one));
    return screen;
}

auto config_with(const char* fields, const char* flavour = "cloud") -> SinkConfig {
    SinkConfig config;
    config.name = "jira";
    config.kind = "jira";
    config.flavour = flavour;
    config.project = "SEC";
    config.fields = fields;
    return config;
}

auto draft_with_facts() -> Draft {
    Draft draft;
    draft.title = "t";
    draft.body = "b";
    draft.severity = Severity::critical;
    draft.facts = {{"owner.email", "alice@acme.example"},
                   {"owner.team", "Payments"},
                   {"risk.score", "87"},
                   {"risk.regulations", "GDPR, PCI"},
                   {"finding.title", "*Public* {bucket}"},
                   {"finding.first_seen", "2026-11-20T08:00:00.000Z"},
                   {"resource.region", "eu-west-1"},
                   {"asset.business_unit", "Payments"}};
    return draft;
}

auto made(const SinkConfig& config, Json items = screen_items(), JiraPeople people = {}) -> Result<Json> {
    const auto screen = screen_of(items);
    return jira_fields(config, draft_with_facts(), &screen, JiraDialect(config), people, {"dossier"});
}

TEST(JiraFields, TakeTheFormThatTheirSchemaWants) {
    const struct {
        const char* configured;
        const char* field;
        Json expected;
    } rows[] = {
        {R"("customfield_1":"{{asset.business_unit}}")", "customfield_1", {{"value", "Payments"}}},
        {R"("team":"payments")", "customfield_1", {{"value", "Payments"}}},
        {R"("customfield_1":"101")", "customfield_1", {{"id", "101"}}},
        {R"("customfield_1":{"value":"{{owner.team}}"})", "customfield_1", {{"value", "Payments"}}},
        {R"("customfield_2":"{{risk.score}}")", "customfield_2", 87},
        {R"("customfield_2":3.5)", "customfield_2", 3.5},
        {R"("customfield_4":"{{resource.region}} / {{owner.id|none}}")", "customfield_4", "eu-west-1 / none"},
        {R"("customfield_4":7)", "customfield_4", "7"},
        {R"("customfield_5":"{{risk.regulations}}")", "customfield_5", {{{"value", "GDPR"}}, {{"value", "PCI"}}}},
        {R"("customfield_5":["hipaa"])", "customfield_5", {{{"value", "HIPAA"}}}},
        {R"("customfield_6":"{{owner.email}}")", "customfield_6", {{"accountId", "acc-1"}}},
        {R"("customfield_7":"EU > {{resource.region}}")",
         "customfield_7",
         {{"value", "EU"}, {"child", {{"value", "eu-west-1"}}}}},
        {R"("customfield_8":"{{finding.first_seen}}")", "customfield_8", "2026-11-20T08:00:00.000+0000"},
        {R"("duedate":"{{finding.first_seen}}")", "duedate", "2026-11-20"},
        {R"("customfield_9":["a","b"])", "customfield_9", {"a", "b"}},
        {R"("components":["storage"])", "components", {{{"name", "Storage"}}}},
        {R"("priority":"low")", "priority", {{"name", "Low"}}},
        {R"("customfield_4":"{{owner.id}}")", "customfield_4", nullptr}, // nothing to say: not sent
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.configured);
        std::string configured = row.configured;
        if (configured.find("customfield_1\"") == std::string::npos && configured.find("team") == std::string::npos)
            configured += R"(,"customfield_1":"Platform")";
        const auto fields =
            made(config_with(("{" + configured + "}").c_str()), screen_items(), {{"alice@acme.example", "acc-1"}});
        ASSERT_TRUE(fields) << fields.error().message;
        EXPECT_EQ(fields->contains(row.field) ? (*fields)[row.field] : Json(nullptr), row.expected);
    }
}

TEST(JiraFields, RichTextIsWrittenInTheFlavourAndFactsStayText) {
    const char* fields = R"({"customfield_1":"Platform","customfield_3":"**Finding**: {{finding.title}}"})";
    const auto cloud = made(config_with(fields)).value()["customfield_3"];
    EXPECT_EQ(cloud["type"], "doc");
    EXPECT_EQ(cloud["content"][0]["content"][1]["text"], ": *Public* {bucket}");
    EXPECT_EQ(made(config_with(fields, "datacenter")).value()["customfield_3"], "*Finding*: \\*Public* \\{bucket\\}");
}

TEST(JiraFields, FollowTheConfigurationsOwnKeys) {
    auto config = config_with(R"({"customfield_1":"Platform"})");
    config.components = {"Storage"};
    config.security_level = "restricted";
    config.epic = "SEC-7";
    auto fields = made(config).value();
    EXPECT_EQ(fields["components"], Json({{{"name", "Storage"}}}));
    EXPECT_EQ(fields["security"], Json({{"name", "Restricted"}}));
    EXPECT_EQ(fields["parent"], Json({{"key", "SEC-7"}}));
    EXPECT_EQ(fields["priority"], Json({{"name", "Highest"}})) << "the usual name for critical";
    EXPECT_FALSE(fields.contains("customfield_10"));
    config.priority = {{Severity::critical, "High"}};
    EXPECT_EQ(made(config).value()["priority"], Json({{"name", "High"}}));
    config.flavour = "datacenter";
    fields = made(config).value();
    EXPECT_EQ(fields["customfield_10"], "SEC-7") << "Data Center has the Epic Link";
    EXPECT_FALSE(fields.contains("parent"));
}

TEST(JiraFields, SayWhichKeyOfTheConfigurationIsWrong) {
    const struct {
        const char* fields;
        std::vector<const char*> words;
    } rows[] = {
        {"{}", {"Jira requires the field 'Team' (customfield_1): set `tickets.sinks[jira].fields.customfield_1`"}},
        {R"({"customfield_1":"{{owner.id}}"})", {"Jira requires the field 'Team' (customfield_1)"}},
        {R"({"customfield_1":"Sales"})",
         {"`tickets.sinks[jira].fields.customfield_1`", "'Team' (customfield_1)",
          "`Sales` is none of `Payments`, `Platform`"}},
        {R"({"customfield_1":"Platform","Story Pionts":1})",
         {"`tickets.sinks[jira].fields.Story Pionts`", "offers no field", "did you mean 'Story Points'?"}},
        {R"({"customfield_1":"Platform","customfield_2":"many"})", {"fields.customfield_2`", "`many` is no number"}},
        {R"({"customfield_1":"Platform","duedate":"soon"})", {"fields.duedate`", "`soon` is no date"}},
        {R"({"customfield_1":"Platform","customfield_4":["a"]})", {"fields.customfield_4`", "not a list"}},
        {R"({"customfield_2":"x","nope":1})", {"'Team'", "is no number", "'nope'"}}, // all at once
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.fields);
        const auto fields = made(config_with(row.fields));
        ASSERT_FALSE(fields);
        EXPECT_EQ(fields.error().code, Errc::rejected);
        for (const auto* words : row.words) EXPECT_THAT(fields.error().message, HasSubstr(words));
    }
}

TEST(JiraFields, SaysWithoutADraftWhatWouldGoWrong) {
    const struct {
        const char* fields;
        std::vector<testing::Matcher<std::string>> problems;
    } rows[] = {
        {"{}", {HasSubstr("'Team' (customfield_1)")}},
        {R"({"Team":"payments"})", {}},
        {R"({"Team":"{{asset.business_unit}}","Story Points":"{{finding.risk}}","Risk owner":"a@acme.example"})", {}},
        {R"({"Team":"Paymnts"})", {HasSubstr("`Paymnts` is none of `Payments`, `Platform`")}},
        {R"({"Team":"Platform","Story Points":"many","Storey":1})",
         {HasSubstr("`many` is no number"), HasSubstr("offers no field 'Storey'")}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.fields);
        const auto config = config_with(row.fields);
        EXPECT_THAT(screen_problems(config, screen_of(screen_items()), JiraDialect(config)),
                    testing::UnorderedElementsAreArray(row.problems));
    }
}

TEST(JiraFields, AUserWhomNobodyKnowsIsLeftOut) {
    const auto fields = made(config_with(R"({"customfield_1":"Platform","customfield_6":"{{owner.email}}"})"));
    ASSERT_TRUE(fields);
    EXPECT_FALSE(fields->contains("customfield_6"));
    const auto config = config_with(R"({"customfield_6":"{{owner.email}}","customfield_4":"x"})");
    const auto screen = screen_of(screen_items());
    EXPECT_THAT(addresses_in(config, draft_with_facts(), &screen), testing::ElementsAre("alice@acme.example"));
}

TEST(JiraFields, AScreenWithoutLabelsOrPriorityGetsNone) {
    auto items = screen_items();
    for (auto at = items.begin(); at != items.end();)
        at = (*at)["fieldId"] == "labels" || (*at)["fieldId"] == "priority" ? items.erase(at) : std::next(at);
    const auto fields = made(config_with(R"({"customfield_1":"Platform"})"), items).value();
    EXPECT_FALSE(fields.contains("labels"));
    EXPECT_FALSE(fields.contains("priority")) << "nobody has asked for it";
}

TEST(JiraFields, SurviveAnyAnswerOfCreatemeta) {
    const Json odd = Json::array({nullptr,
                                  7,
                                  "x",
                                  Json::array(),
                                  {{"fieldId", 7}, {"schema", "x"}},
                                  {{"fieldId", "a"}, {"required", "yes"}, {"allowedValues", {{"a", 1}}}},
                                  {{"key", "b"}, {"schema", {{"type", 1}, {"items", nullptr}}}, {"required", true}}});
    const auto screen = screen_of(odd);
    EXPECT_NE(screen.find("a"), nullptr);
    const auto config = config_with(R"({"a":"x","b":"y"})");
    EXPECT_TRUE(jira_fields(config, draft_with_facts(), &screen, JiraDialect(config), {}, {}));
    EXPECT_TRUE(createmeta_items(Json(7), "fields").empty());
    EXPECT_EQ(createmeta_items({{"values", {1, 2}}}, "fields").size(), 2U) << "Data Center's name";
    EXPECT_EQ(createmeta_items({{"fields", {1}}}, "fields").size(), 1U);
}

TEST(JiraFields, WithoutAScreenGoOutAsConfigured) {
    auto config = config_with(R"({"customfield_1":{"value":"{{owner.team}}"},"customfield_2":3})");
    config.components = {"Storage"};
    config.epic = "SEC-7";
    const auto fields = jira_fields(config, draft_with_facts(), nullptr, JiraDialect(config), {}, {"dossier"}).value();
    EXPECT_EQ(fields["customfield_1"], Json({{"value", "Payments"}}));
    EXPECT_EQ(fields["customfield_2"], 3);
    EXPECT_EQ(fields["components"], Json({{{"name", "Storage"}}}));
    EXPECT_EQ(fields["parent"], Json({{"key", "SEC-7"}}));
    EXPECT_FALSE(fields.contains("priority")) << "which names a site has is not known";
}

TEST(JiraFields, RefusalsPointAtTheConfiguration) {
    EXPECT_EQ(hint_at_fields(config_with("{}"), screen_of(screen_items()), "jira answered 400: customfield_2: wrong"),
              "'Story Points' (customfield_2) is set by `tickets.sinks[jira].fields.customfield_2`");
    EXPECT_EQ(hint_at_fields(config_with("{}"), screen_of(screen_items()), "summary: too long"), "");
}

TEST(JiraFields, SummaryAndLabelsKeepJirasRules) {
    Draft draft;
    draft.title = "a\nb " + std::string(400, 'x');
    EXPECT_LE(jira_summary(draft).size(), 257U); // 255 characters, the last of three bytes
    EXPECT_EQ(jira_summary(draft).find('\n'), std::string::npos);
    draft.title = "🔥 \n";
    EXPECT_EQ(jira_summary(draft), "🔥");
    draft.title = "\n";
    EXPECT_FALSE(jira_summary(draft).empty());
    draft.labels = {"data exposure", "pii", "pii", std::string(300, 'x')};
    draft.facts = {{"owner.team", "Payments Team"}};
    EXPECT_THAT(
        jira_labels(config_with(R"({"labels":["team {{owner.team}}"]})"), draft, "dossier-1"),
        testing::ElementsAre("dossier-1", "dossier", "dossier-draft", "team-Payments-Team", "data-exposure", "pii"));
}

TEST(JiraFields, TakeTheDueDateWhereTheScreenHasIt) {
    const auto made_with = [](const SinkConfig& config, const JiraScreen* screen, bool has_date) {
        auto draft = draft_with_facts();
        if (has_date) draft.due = DueDate{.on = "2026-12-04"};
        return jira_fields(config, draft, screen, JiraDialect(config), {}, {}).value().value("duedate", Json(nullptr));
    };
    const auto screen = screen_of(screen_items());
    auto without = screen;
    std::erase_if(without.fields, [](const JiraField& one) { return one.id == "duedate"; });
    const auto config = config_with(R"({"Team": "Payments"})");
    EXPECT_EQ(made_with(config, &screen, true), "2026-12-04");
    EXPECT_EQ(made_with(config, &screen, false), nullptr);
    EXPECT_EQ(made_with(config, &without, true), nullptr) << "Jira would refuse the ticket";
    EXPECT_EQ(made_with(config, nullptr, true), nullptr) << "nobody knows what the screen takes";
    for (const auto* own :
         {R"({"Team": "Payments", "duedate": "2027-01-01"})", R"({"Team": "Payments", "Due Date": "2027-01-01"})"})
        EXPECT_EQ(made_with(config_with(own), &screen, true), "2027-01-01") << "the configuration has its own idea";
}

} // namespace
} // namespace dossier::ticket
