#include "dossier/ticket/ticket_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

auto full_view() -> WholeDossier {
    WholeDossier view;
    view.dossier_id = "dos_1";
    view.revision = 2;
    view.route.route = "critical";
    Finding finding;
    finding.id = "fnd_1";
    finding.title = "Public bucket\nwith PII";
    finding.platform = "wiz";
    finding.source_id = "w-1";
    finding.severity = Severity::critical;
    finding.exposure = Exposure::public_;
    finding.rule = {.id = "r-1", .name = "Public bucket"};
    finding.url = "https://app.wiz.io/issues/1";
    finding.first_seen = parse_time("2026-11-20T08:00:00Z");
    finding.resource = {.id = "arn:aws:s3:::a",
                        .name = "a",
                        .type = "bucket",
                        .cloud = "aws",
                        .account = "123456789012",
                        .account_name = "prod",
                        .region = "eu-west-1"};
    finding.data.classes = {"pci", "pii"};
    finding.data.identifiers = {"Credit Card"};
    Finding other = finding;
    other.id = "fnd_2";
    other.url = "javascript:alert(1)";
    view.findings = {finding, other};
    view.context.owner = {.id = "alice",
                          .name = "Alice Ngo",
                          .email = "alice@acme.example",
                          .department = "Payments",
                          .manager = "bob",
                          .team = "payments-oncall",
                          .cost_center = "CC-7"};
    view.context.environment = Environment::prod;
    view.context.asset = Asset{.business_unit = "Payments",
                               .application = "Ledger",
                               .criticality = Criticality::critical,
                               .support_group = "payments-oncall"};
    view.assessment.risk = 87.4;
    view.assessment.level = "critical";
    view.assessment.regulations = {{.framework = "GDPR"}, {.framework = "PCI DSS 4.0.1"}, {.framework = "GDPR"}};
    view.due = DueDate{.on = "2026-12-04"};
    return view;
}

TEST(TicketFacts, HaveEveryNameThatTheConfigurationMayUse) {
    const auto facts = facts_of(full_view());
    std::vector<std::string_view> names;
    for (const auto& [name, value] : facts) {
        names.push_back(name);
        EXPECT_FALSE(value.empty()) << name;
        EXPECT_EQ(value.find('\n'), std::string::npos) << name;
    }
    EXPECT_THAT(names, testing::UnorderedElementsAreArray(fact_names()));
    EXPECT_EQ(fill_in("{{data.classes}} / {{risk.score}} / {{risk.regulations}}", facts),
              "pci, pii / 87 / GDPR, PCI DSS 4.0.1");
}

TEST(TicketFacts, LinkTheFindingsThatHaveAPage) {
    const auto links = links_of(full_view());
    ASSERT_EQ(links.size(), 1U) << "an address that isn't http(s) is none";
    EXPECT_EQ(links[0].id, "dossier:fnd_1");
    EXPECT_EQ(links[0].url, "https://app.wiz.io/issues/1");
    EXPECT_EQ(links[0].title, "Wiz: Public bucket with PII");
}

TEST(TicketFacts, FillInPlaceholders) {
    const TicketFacts facts{{"owner.email", "alice@acme.example"}, {"finding.title", "{{owner.email}} {{"}};
    const std::pair<const char*, const char*> rows[] = {
        {"plain", "plain"},
        {"", ""},
        {"{{owner.email}}", "alice@acme.example"},
        {"to {{ owner.email }}!", "to alice@acme.example!"},
        {"{{owner.team}}", ""},
        {"{{owner.team|SecOps}}", "SecOps"},
        {"{{owner.email | SecOps}}", "alice@acme.example"},
        {"{{finding.title}}", "{{owner.email}} {{"}, // a fact is never read for placeholders
        {"{{owner.email", "{{owner.email"},
        {"a}} {{owner.email}}{{owner.email}}", "a}} alice@acme.examplealice@acme.example"},
    };
    for (const auto& [text, expected] : rows) EXPECT_EQ(fill_in(text, facts), expected) << text;
}

TEST(TicketFacts, ExplainPlaceholdersThatAreNone) {
    EXPECT_EQ(placeholder_problem("{{owner.email}} and {{owner.team|nobody}}"), "");
    EXPECT_EQ(placeholder_problem("{{owner.mail}}"),
              "unknown placeholder `{{owner.mail}}`; did you mean `{{owner.email}}`?");
    EXPECT_EQ(placeholder_problem("{{owner.email"), "`{{` is never closed by `}}`");
    EXPECT_THAT(placeholder_problem("{{}}"), testing::HasSubstr("unknown placeholder"));
}

} // namespace
} // namespace dossier::ticket
