#include "policy_document.hpp"
#include "policy_library.hpp"
#include "policy_markup.hpp"
#include "policy_sources.hpp"
#include "remote_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace dossier::context {
namespace {

using namespace std::chrono_literals;
using net::test::answer;
using net::test::ScriptedServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

auto outline(const Result<PolicyDocument>& document) -> std::vector<std::string> {
    std::vector<std::string> lines;
    if (!document) return {std::string(name_of(document.error().code))};
    for (const auto& section : document->sections) lines.push_back(section.heading + "|" + section.text);
    return lines;
}

TEST(PolicyDocument, IsCutAtItsHeadings) {
    struct Row {
        const char* name;
        PolicyFormat format;
        std::string content;
        std::vector<std::string> sections;
    };
    const Row rows[] = {
        {"Markdown",
         PolicyFormat::markdown,
         "---\nowner: x\n---\nIntro.\n# Data\nAll of\nit.\n\n- One **must**\n- Two\n## Cards ##\n> Never.\n# "
         "Other\nText.",
         {"|Intro.", "Data|All of it.\nOne must\nTwo", "Data / Cards|Never.", "Other|Text."}},
        {"underlined headings",
         PolicyFormat::markdown,
         "Data\n====\nA.\n\nCards\n-----\nB.",
         {"Data|A.", "Data / Cards|B."}},
        {"code and comments", PolicyFormat::markdown, "# A\n```\n# no\n```\n<!-- # no\n no -->\nYes.", {"A|Yes."}},
        {"text",
         PolicyFormat::text,
         "Data Handling\n\nKeep it\nsafe.\n\nCards\n-----\nNever.",
         {"Data Handling|Keep it safe.", "Cards|Never."}},
        {"HTML",
         PolicyFormat::html,
         "<html><head><title>x</title></head><body><script>var a='<h1>';</script><h1>Data &amp; more</h1>"
         "<p>Keep <b>it</b>\nsafe.</p><!-- no --><h2 id=c>Cards</h2><ul><li>Never<li>Ever</ul>",
         {"Data & more|Keep it safe.", "Data & more / Cards|Never\nEver"}},
        {"YAML",
         PolicyFormat::yaml,
         "retention:\n  personal: 30 days\n  logs: [one, two]\nrules:\n - name: R1\n   text: Must.\n",
         {"retention|personal: 30 days", "retention / logs|one\ntwo", "rules / R1|name: R1\ntext: Must."}},
        {"JSON", PolicyFormat::yaml, R"({"data_class": {"pii": "Encrypt."}})", {"data class|pii: Encrypt."}},
        {"bad YAML", PolicyFormat::yaml, "a: [", {"malformed"}},
        {"nothing", PolicyFormat::markdown, "", {}},
        {"a PDF by another name", PolicyFormat::text, "%PDF-1.7", {"malformed"}},
        {"binary", PolicyFormat::text, std::string("a\0b", 3), {"malformed"}},
        {"huge", PolicyFormat::text, std::string(most_policy_bytes + 1, 'a'), {"too_large"}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(outline(read_policy("p", row.content, row.format)), row.sections);
    }
}

TEST(PolicyDocument, HostileDocumentsEndSoon) {
    std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c < 'k'; ++c)
        bomb += std::string(1, c) + ": &" + c + " [" + std::string("*") + char(c - 1) + ", *" + char(c - 1) + ", *" +
                char(c - 1) + ", *" + char(c - 1) + ", *" + char(c - 1) + ", *" + char(c - 1) + "]\n";
    struct Row {
        const char* name;
        PolicyFormat format;
        std::string content;
    };
    const Row rows[] = {
        {"aliases", PolicyFormat::yaml, bomb},
        {"depth", PolicyFormat::yaml, std::string(5'000, '[') + std::string(5'000, ']')},
        {"tags without end", PolicyFormat::html, "<script><h1>" + std::string(100'000, '<')},
        {"headings only", PolicyFormat::markdown,
         [] {
             std::string text;
             for (int i = 0; i < 50'000; ++i) text += "# h\nt\n";
             return text;
         }()},
        {"invalid UTF-8", PolicyFormat::markdown, "# \xff\xfe\n\xc3"},
    };
    for (const auto& row : rows) {
        const auto document = read_policy("p", row.content, row.format);
        if (document) EXPECT_LE(document->sections.size(), 2'000U) << row.name;
    }
}

TEST(PolicyDocument, SaysWhatItCantRead) {
    EXPECT_EQ(policy_format("a/B.MD"), PolicyFormat::markdown);
    EXPECT_EQ(policy_format("https://x.example/policy?id=1", "text/html"), PolicyFormat::html);
    for (const auto* name : {"a.pdf", "a.docx", "a"}) {
        const auto format = policy_format(name);
        ASSERT_FALSE(format.has_value()) << name;
        EXPECT_THAT(format.error().message, HasSubstr("save it as Markdown"));
    }
    EXPECT_EQ(fault_in_policy_place("https://wiki.acme.example/policies"), "");
    EXPECT_EQ(fault_in_policy_place("http://127.0.0.1:1/p.md"), "");
    EXPECT_THAT(fault_in_policy_place("http://wiki.acme.example/p.md"), HasSubstr("https only"));
    EXPECT_THAT(fault_in_policy_place("https://u:p@wiki.acme.example/"), HasSubstr("credentials"));
    EXPECT_EQ(fault_in_policy_place("/no/such/place"), "") << "it may come";
    EXPECT_THAT(fault_in_policy_place("/etc/dossier/policy.pdf"), HasSubstr("save it as Markdown"));
}

const char* const handbook = R"(# Data handbook

## Personal data
Personal data is stored encrypted. Personal data must never lie in a publicly readable bucket. We like it that way.

## Card data
Cardholder data must not leave the card zone.

## Encryption
All data at rest shall be encrypted with keys of the company.

## Health records
Patient records may not be shared with third parties.

## Canteen
The public canteen opens at noon; buckets are in the kitchen.

## Retention
Backups are deleted after 30 days.
)";

auto finding(ControlFamily control, std::vector<std::string> classes, Exposure exposure = Exposure::internal)
    -> Finding {
    Finding finding;
    finding.source = "wiz";
    finding.title = "Bucket with exports";
    finding.control = control;
    finding.data.classes = std::move(classes);
    finding.exposure = exposure;
    finding.resource.type = "bucket";
    return finding;
}

auto headings(const std::vector<PolicyFact>& facts) -> std::vector<std::string> {
    std::vector<std::string> list;
    for (const auto& fact : facts) list.push_back(fact.origin.substr(fact.origin.rfind('/') + 1));
    return list;
}

TEST(PolicyLibrary, QuotesWhatBearsOnTheFinding) {
    PolicyLibrary library;
    library.add(*read_policy("handbook.md", handbook, PolicyFormat::markdown));
    struct Row {
        const char* name;
        Finding finding;
        std::vector<std::string> headings;
    };
    const Row rows[] = {
        {"public personal data", finding(ControlFamily::public_access, {"pii"}, Exposure::public_), {" Personal data"}},
        {"cards", finding(ControlFamily::data_at_risk, {"pci"}), {" Card data"}},
        {"unencrypted", finding(ControlFamily::encryption, {}), {" Encryption"}},
        {"health data shared", finding(ControlFamily::excessive_access, {"phi"}), {" Health records"}},
        {"nothing known", finding(ControlFamily::other, {}), {}},
        {"no policy for it", finding(ControlFamily::malware, {}), {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto facts = library.relevant_to(row.finding);
        EXPECT_EQ(headings(facts), row.headings);
        for (const auto& fact : facts) {
            EXPECT_EQ(fact.kind, "company");
            EXPECT_LE(fact.statement.size(), 300U);
            EXPECT_THAT(fact.origin, testing::StartsWith("policies:handbook.md#Data handbook / "));
        }
    }
    const auto facts = library.relevant_to(rows[0].finding);
    EXPECT_EQ(facts.front().statement, "Personal data must never lie in a publicly readable bucket.");
}

class Directory {
public:
    Directory() : path_(std::filesystem::temp_directory_path() / ("dossier-policies-" + std::to_string(::getpid()))) {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_ / "sub");
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    auto operator=(const Directory&) -> Directory& = delete;
    void write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name, std::ios::trunc) << content;
    }
    [[nodiscard]] auto path() const { return path_; }

private:
    std::filesystem::path path_;
};

class PolicySourcesTest : public RemoteSourceTest {
protected:
    auto ask(PolicySource& source) -> Result<std::vector<PolicyFact>> {
        return wait(source.ask(finding(ControlFamily::public_access, {"pii"}, Exposure::public_), deadline_in(2s)));
    }
};

TEST_F(PolicySourcesTest, ReadsADirectoryAndNothingOutsideOfIt) {
    const Directory directory;
    directory.write("sub/handbook.md", handbook);
    directory.write("broken.yaml", "a: [");
    directory.write(".hidden.md", handbook);
    std::filesystem::create_symlink("/etc", directory.path() / "link");
    const auto source = make_document_policies(directory.path().string() + "/", config(), makings());
    const auto facts = ask(*source);
    ASSERT_TRUE(facts.has_value());
    ASSERT_EQ(facts->size(), 1U);
    EXPECT_EQ(facts->front().id, "sub/handbook.md#Data handbook / Personal data");
    EXPECT_EQ(source->name(), directory.path().filename().string());
    EXPECT_EQ(wait(source->check(deadline_in(1s))).detail, "6 sections");
    const auto nowhere = make_document_policies("/no/such/place", config(), makings());
    EXPECT_EQ(ask(*nowhere).error().code, Errc::unavailable);
}

TEST_F(PolicySourcesTest, ReadsAPageOnceAndAsksWhetherItChanged) {
    const ScriptedServer server([](const std::string& head, const auto&, int) {
        if (head.find("If-None-Match: \"1\"") != std::string::npos) return answer(304);
        return answer(200, handbook, "ETag: \"1\"\r\nContent-Type: text/markdown; charset=utf-8\r\n");
    });
    auto short_lived = config();
    short_lived.cache_ttl = Duration{0};
    const auto kept = make_document_policies(server.url("/wiki/handbook"), config(), makings());
    for (int i = 0; i < 3; ++i) ASSERT_EQ(ask(*kept)->size(), 1U);
    EXPECT_EQ(server.requests(), 1);
    const auto expiring = make_document_policies(server.url("/wiki/handbook"), short_lived, makings());
    for (int i = 0; i < 3; ++i) ASSERT_EQ(ask(*expiring)->size(), 1U);
    EXPECT_EQ(server.requests(), 4);
    EXPECT_THAT(server.heads().back(), HasSubstr("If-None-Match"));
    EXPECT_EQ(ask(*kept)->front().origin, "policies:handbook#Data handbook / Personal data");
}

TEST_F(PolicySourcesTest, APageThatIsNoDocumentIsAnError) {
    struct Row {
        const char* name;
        net::test::Answer says;
        Errc code;
    };
    const Row rows[] = {
        {"gone", answer(404), Errc::not_found},
        {"a picture", answer(200, "x", "Content-Type: image/png\r\n"), Errc::invalid_argument},
        {"moved to a login", answer(302, "", "Location: /login\r\n"), Errc::rejected},
        {"huge", answer(200, std::string(3U << 20U, 'a'), "Content-Type: text/plain\r\n"), Errc::too_large},
        {"down", answer(503), Errc::unavailable},
    };
    for (const auto& row : rows) {
        const ScriptedServer server([&](const auto&, const auto&, int) { return row.says; });
        const auto source = make_document_policies(server.url("/policy"), config(), makings());
        const auto facts = ask(*source);
        ASSERT_FALSE(facts.has_value()) << row.name;
        EXPECT_EQ(facts.error().code, row.code) << row.name;
    }
}

} // namespace
} // namespace dossier::context
