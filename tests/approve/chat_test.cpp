// The parts that chat is made of: proofs, words, what is shown. Everything that stands in a finding may be hostile.
#include "chat_commands.hpp"
#include "chat_signatures.hpp"
#include "chat_words.hpp"
#include "slack_blocks.hpp"
#include "slack_client.hpp"
#include "slack_desk.hpp"
#include "teams_card.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace dossier::approve {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

auto request_of(std::string body, net::Headers headers) -> net::HttpRequest {
    net::HttpRequest request;
    request.body = std::move(body);
    request.headers = std::move(headers);
    return request;
}

auto at_second(std::int64_t seconds) -> Timestamp { return Timestamp(std::chrono::seconds(seconds)); }

// Computed with `openssl dgst -sha256`.
constexpr auto own_signature = "v0=cd530b25802a87c92dbd3db14c522895a1e276bc871f64dec407b95143b3860b";
const Secret own_secret("own-signing-secret");

TEST(ChatSignatures, SlackIsBelievedWithinFiveMinutesAndForTheExactBytes) {
    const struct {
        const char* name;
        std::int64_t now;
        const char* timestamp;
        std::string signature;
        const char* body;
        bool is_good;
    } rows[] = {
        {"as sent", 1'700'000'000, "1700000000", own_signature, "payload=%7B%7D", true},
        {"299 s old", 1'700'000'299, "1700000000", own_signature, "payload=%7B%7D", true},
        {"301 s old", 1'700'000'301, "1700000000", own_signature, "payload=%7B%7D", false},
        {"299 s ahead", 1'699'999'701, "1700000000", own_signature, "payload=%7B%7D", true},
        {"400 s ahead", 1'699'999'600, "1700000000", own_signature, "payload=%7B%7D", false},
        {"another body", 1'700'000'000, "1700000000", own_signature, "payload=%7b%7d", false},
        {"another time", 1'700'000'000, "1700000001", own_signature, "payload=%7B%7D", false},
        {"no time", 1'700'000'000, "", own_signature, "payload=%7B%7D", false},
        {"a time with a sign", 1'700'000'000, "+1700000000", own_signature, "payload=%7B%7D", false},
        {"a time beyond numbers", 1'700'000'000, "17000000009999999999", own_signature, "payload=%7B%7D", false},
        {"no signature", 1'700'000'000, "1700000000", "", "payload=%7B%7D", false},
        {"upper case", 1'700'000'000, "1700000000", "V0=" + std::string(own_signature).substr(3), "payload=%7B%7D",
         false},
        {"another version", 1'700'000'000, "1700000000", "v1=" + std::string(own_signature).substr(3), "payload=%7B%7D",
         false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto request =
            request_of(row.body, {{"x-slack-request-timestamp", row.timestamp}, {"x-slack-signature", row.signature}});
        EXPECT_EQ(is_signed_by_slack(request, own_secret, at_second(row.now)), row.is_good);
    }
    const auto good = request_of("payload=%7B%7D",
                                 {{"X-Slack-Request-Timestamp", "1700000000"}, {"X-Slack-Signature", own_signature}});
    EXPECT_FALSE(is_signed_by_slack(good, Secret("another"), at_second(1'700'000'000)));
    EXPECT_FALSE(is_signed_by_slack(good, Secret(), at_second(1'700'000'000)));
}

TEST(ChatSignatures, TeamsIsBelievedForTheExactBytes) {
    const Secret token("b3duLXRva2VuLW9mLXRoZS10ZXN0cw==");
    const std::string good = "HMAC 5uRpeG4kxmb9pwoe6iPWKw3+vWQs3nqvJAVuzlLQolQ=";
    const struct {
        const char* name;
        std::string header;
        const char* body;
        bool is_good;
    } rows[] = {
        {"as sent", good, R"({"text":"own"})", true},
        {"another body", good, R"({"text":"own" })", false},
        {"no header", "", R"({"text":"own"})", false},
        {"a bearer token", "Bearer " + good.substr(5), R"({"text":"own"})", false},
        {"nothing behind it", "HMAC ", R"({"text":"own"})", false},
        {"no base64", "HMAC !!!!", R"({"text":"own"})", false},
        {"a shorter one", good.substr(0, 20), R"({"text":"own"})", false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(is_signed_by_teams(request_of(row.body, {{"Authorization", row.header}}), token), row.is_good);
    }
    EXPECT_FALSE(is_signed_by_teams(request_of(R"({"text":"own"})", {{"Authorization", good}}), Secret()));
}

auto shared_contract(const std::string& name) -> std::optional<Json> {
    const char* configured = std::getenv("DOSSIER_SHARED"); // NOLINT(concurrency-mt-unsafe)
    const auto folder = configured != nullptr ? std::filesystem::path(configured)
                                              : std::filesystem::path(DOSSIER_SOURCE_DIR) / "../shared";
    std::ifstream file(folder / "contracts" / name);
    if (!file) return std::nullopt;
    std::stringstream text;
    text << file.rdbuf();
    auto json = parse_json(text.str());
    return json ? std::optional(std::move(*json)) : std::nullopt;
}

TEST(ChatSignatures, TheVendorsOwnExamplesAreBelieved) {
    const auto vectors = shared_contract("signature-vectors.json");
    if (!vectors) GTEST_SKIP() << "the folder of shared contracts is not there";
    int seen = 0;
    for (const auto& row : vectors->at("vectors")) {
        const auto body = text_at(row, "body");
        if (text_at(row, "kind") == "slack v0") {
            const auto request = request_of(body, {{"X-Slack-Request-Timestamp", text_at(row, "timestamp")},
                                                   {"X-Slack-Signature", text_at(row, "signature")}});
            EXPECT_TRUE(is_signed_by_slack(request, Secret(text_at(row, "signing_secret")),
                                           at_second(std::stoll(text_at(row, "timestamp")))));
            ++seen;
        } else if (text_at(row, "kind") == "teams outgoing webhook") {
            EXPECT_TRUE(is_signed_by_teams(request_of(body, {{"Authorization", text_at(row, "signature")}}),
                                           Secret(text_at(row, "security_token_base64"))));
            ++seen;
        }
    }
    EXPECT_GE(seen, 3);
}

TEST(ChatSignatures, ALinkIsBoundToAllThatItSays) {
    const Secret secret("a-secret-for-links-of-the-tests-");
    const auto good = link_signature(secret, "drf_1", "hash", "1700000000");
    EXPECT_NE(good, link_signature(secret, "drf_2", "hash", "1700000000"));
    EXPECT_NE(good, link_signature(secret, "drf_1", "other", "1700000000"));
    EXPECT_NE(good, link_signature(secret, "drf_1", "hash", "1800000000"));
    EXPECT_NE(good, link_signature(Secret("another"), "drf_1", "hash", "1700000000"));
}

TEST(ChatWords, AreFreedFromTheMarkup) {
    const struct {
        const char* typed;
        const char* words;
    } slack[] = {
        {"<@U0BOT> explain <https://app.wiz.io/issues?a=1&amp;b=2|the issue>",
         "explain https://app.wiz.io/issues?a=1&b=2"},
        {"<!channel> <#C1|general>  what\n is open? ", "what is open?"},
        {"a &lt;b&gt; &amp;amp;", "a <b> &amp;"},
        {"open < and no end", "open < and no end"},
        {"", ""},
    };
    for (const auto& row : slack) EXPECT_EQ(words_from_slack(row.typed), row.words);
    const struct {
        const char* typed;
        const char* words;
    } teams[] = {
        {"<at>dossier</at> explain WIZ-1\n", "explain WIZ-1"},
        {"<div><div><at id=\"0\">dossier</at>&nbsp;approve drf_1</div></div>", "approve drf_1"},
        {"<p>explain <a href=\"https://app.wiz.io/x?a=1&amp;b=2\" title=\"t\">here</a></p>",
         "explain https://app.wiz.io/x?a=1&b=2"},
        {"<at>dossier", "dossier"},
        {"<a href=\"x", "<a href=\"x"},
    };
    for (const auto& row : teams) EXPECT_EQ(words_from_teams(row.typed), row.words);
}

TEST(ChatWords, TheFirstWordDecides) {
    using Kind = ChatCommand::Kind;
    const struct {
        const char* words;
        Kind kind;
        const char* object;
        const char* rest;
    } rows[] = {
        {"", Kind::help, "", ""},
        {"help", Kind::help, "", ""},
        {"Explain  W-1", Kind::explain, "W-1", ""},
        {"explain", Kind::explain, "", ""},
        {"approve drf_1", Kind::approve, "drf_1", ""},
        {"reject drf_1 not ours, ask Bob", Kind::reject, "drf_1", "not ours, ask Bob"},
        {"ask who owns it?", Kind::ask, "", "who owns it?"},
        {"ask", Kind::help, "", ""},
        {"approved drafts this week", Kind::ask, "", "approved drafts this week"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.words);
        const auto command = parse_chat_command(row.words);
        EXPECT_EQ(command.kind, row.kind);
        EXPECT_EQ(command.object, row.object);
        EXPECT_EQ(command.rest, row.rest);
    }
}

TEST(ChatWords, IdsAreFoundInUrls) {
    EXPECT_THAT(possible_ids("https://app.wiz.io/issues#~(issue~'7d0f3c52-0001)"), Contains("7d0f3c52-0001"));
    EXPECT_THAT(possible_ids("https://app.eu.prismacloud.io/alerts?filters=%7B%22alert.id%22%3A%5B%22P-1001%22%5D%7D"),
                Contains("P-1001"));
    EXPECT_THAT(possible_ids("orca-7001"), ElementsAre("orca-7001"));
    EXPECT_LE(possible_ids(std::string(5'000, '/') + "a/b/c").size(), 16U);
}

TEST(SlackText, HasNoLiveMarkup) {
    const struct {
        const char* text;
        const char* shown;
    } rows[] = {
        {"<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"},
        {"<https://evil.example|Approve>", "&lt;https://evil.example|Approve&gt;"},
        {"*bold* `code` ~no~", "∗bold∗ ˋcodeˋ ∼no∼"},
        {"one\ntwo\x01\x7f", "one\ntwo  "},
        {"safe\u202Eevil\u200B", "safeevil"},
        {"bad \xff utf-8", "bad \xEF\xBF\xBD utf-8"},
    };
    for (const auto& row : rows) EXPECT_EQ(slack_text(row.text, 1'000), row.shown);
    EXPECT_EQ(slack_code("a`b*<c>", 100), "`aˋb*&lt;c&gt;`");
    EXPECT_EQ(slack_plain("<!here>\nnow", 100), "‹!here› now");
    EXPECT_EQ(slack_plain(" \n", 100), "(no title)") << "Slack refuses an empty text";
    for (const auto most : {4U, 5U, 9U, 10U, 11U, 50U}) {
        const auto cut = slack_text("&&&&äöü&&&&&&&", most);
        EXPECT_LE(cut.size(), most);
        EXPECT_THAT(cut, Not(HasSubstr("&a…"))) << "no entity is cut in two";
    }
}

auto hostile_card() -> ChatCard {
    const std::string text = "<!channel> *x* <https://evil.example|click> \u202E" + std::string(6'000, '&');
    ChatCard card;
    card.draft.id = "drf_1";
    card.draft.title = text;
    card.draft.content_hash = std::string(64, 'a');
    card.draft.sink = "jira";
    card.draft.severity = Severity::critical;
    card.draft.ticket = TicketRef{.sink = "jira", .key = text, .url = "https://x.example/>|<!channel>"};
    card.kind = "ticket";
    card.resource = card.place = card.owner = card.exposure = card.environment = card.touches = text;
    card.reach = card.summary = card.platform = text;
    card.finding_url = "javascript:alert(1)";
    return card;
}

void expect_within_limits(const Json& message) {
    EXPECT_LT(dump_json(message["blocks"]).size(), 13'000U) << "msg_blocks_too_long";
    EXPECT_LE(message["blocks"].size(), 50U);
    for (const auto& block : message["blocks"]) {
        if (block["type"] == "header") {
            EXPECT_LE(block["text"]["text"].get<std::string>().size(), 150U);
        }
        if (block.contains("text")) {
            EXPECT_LE(block["text"]["text"].get<std::string>().size(), 3'000U);
        }
        if (block.contains("fields")) {
            EXPECT_LE(block["fields"].size(), 10U);
            for (const auto& field : block["fields"]) EXPECT_LE(field["text"].get<std::string>().size(), 2'000U);
        }
        if (block["type"] == "actions")
            for (const auto& element : block["elements"]) {
                EXPECT_LE(element["value"].get<std::string>().size(), 2'000U);
                EXPECT_LE(element["text"]["text"].get<std::string>().size(), 75U);
            }
    }
    EXPECT_THAT(dump_json(message), Not(HasSubstr("<!")));
    EXPECT_THAT(dump_json(message), Not(HasSubstr("<http")));
    EXPECT_THAT(dump_json(message), Not(HasSubstr("javascript:")));
}

TEST(SlackBlocks, HostileTextStaysWithinTheLimitsAndHarmless) {
    auto card = hostile_card();
    for (const auto audience : {SlackAudience::channel, SlackAudience::owner})
        expect_within_limits(slack_draft_message(card, audience, "key", ""));
    card.draft.state = DraftState::rejected;
    card.draft.decided_by = "<!channel>";
    card.draft.comment = std::string(4'000, '<');
    const auto decided = slack_draft_message(card, SlackAudience::channel, "key", "");
    expect_within_limits(decided);
    for (const auto& block : decided["blocks"]) EXPECT_NE(block["type"], "actions") << "nothing is left to decide";
    expect_within_limits(slack_text_message({.title = card.draft.title,
                                             .paragraphs = std::vector<std::string>(80, card.draft.title),
                                             .url = "https://x.example/|<!channel>"}));
    EXPECT_LE(slack_reject_dialog({.draft_id = "drf_1",
                                   .content_hash = std::string(64, 'a'),
                                   .response_url = std::string(2'000, 'x')})["private_metadata"]
                  .get<std::string>()
                  .size(),
              3'000U);
}

TEST(SlackBlocks, AButtonCarriesWhatWasShown) {
    const SlackSubject subject{.draft_id = "drf_1", .content_hash = "h", .response_url = "https://hooks.slack.com/x"};
    const auto read = parse_slack_subject(slack_subject_text(subject));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->draft_id, "drf_1");
    EXPECT_EQ(read->content_hash, "h");
    EXPECT_EQ(read->response_url, subject.response_url);
    for (const auto* bad : {"", "x", "[]", "{}", R"({"draft":7,"hash":"h"})", R"({"draft":"drf_1"})"})
        EXPECT_FALSE(parse_slack_subject(bad)) << bad;
}

TEST(SlackClient, AnswersOnlyWhereSlackListens) {
    const struct {
        const char* url;
        bool is_slack;
    } rows[] = {
        {"https://hooks.slack.com/commands/T1/2/3", true},
        {"https://hooks.slack.com:443/x", true},
        {"http://127.0.0.1:5555/response", true},
        {"http://hooks.slack.com/x", false},
        {"https://hooks.slack.com.evil.example/x", false},
        {"https://hooks.slack.com@evil.example/x", false},
        {"https://evil.example/https://hooks.slack.com/", false},
        {"https://hooks.slack.com\\@evil.example/", false},
        {"https://hooks.slack.com/\nHost: x", false},
        {"http://127.0.0.1:5556/response", false},
        {"http://169.254.169.254/latest/meta-data", false},
        {"file:///etc/passwd", false},
        {"", false},
    };
    for (const auto& row : rows)
        EXPECT_EQ(is_slack_response_url(row.url, "http://127.0.0.1:5555/api"), row.is_slack) << row.url;
}

TEST(SlackClient, KnowsWhatItsWordsMean) {
    const struct {
        const char* word;
        bool may_have_happened;
        Errc code;
    } rows[] = {
        {"ratelimited", true, Errc::rate_limited}, {"invalid_auth", true, Errc::unauthenticated},
        {"missing_scope", true, Errc::forbidden},  {"channel_not_found", true, Errc::not_found},
        {"not_in_channel", true, Errc::rejected},  {"fatal_error", true, Errc::outcome_unknown},
        {"fatal_error", false, Errc::unavailable}, {"service_unavailable", true, Errc::unavailable},
        {"some_new_word", false, Errc::rejected},  {"", false, Errc::rejected},
    };
    for (const auto& row : rows) EXPECT_EQ(slack_errc(row.word, row.may_have_happened), row.code) << row.word;
}

TEST(SlackDesk, ReadsForms) {
    const auto fields = form_fields("payload=%7B%22a%22%3A1%7D&text=a+b%2Bc&payload=second&=x&bad=%zz&alone");
    EXPECT_EQ(fields.at("payload"), R"({"a":1})");
    EXPECT_EQ(fields.at("text"), "a b+c");
    EXPECT_EQ(fields.count("bad"), 0U);
    EXPECT_EQ(fields.at("alone"), "");
}

TEST(TeamsCard, HostileTextStaysSmallAndCantLink) {
    const auto card = hostile_card();
    const auto text = teams_draft_card(card, "", "https://dossier.acme.example/v1/chat/teams/decide?x=1", true, "");
    EXPECT_LT(text.size(), most_teams_card);
    const auto json = parse_json(text);
    ASSERT_TRUE(json);
    EXPECT_EQ((*json)["version"], "1.5");
    for (const auto& element : (*json)["body"])
        if (element["type"] == "TextBlock") {
            EXPECT_THAT(dump_json(element), Not(HasSubstr("evil.example"))) << "a TextBlock knows Markdown";
        }
    for (const auto& action : (*json)["actions"]) EXPECT_EQ(action["type"], "Action.OpenUrl");
    EXPECT_THAT(text, Not(HasSubstr("javascript:")));
    EXPECT_LT(teams_text_card(
                  {.title = card.draft.title, .paragraphs = std::vector<std::string>(50, card.draft.title), .url = ""})
                  .size(),
              most_teams_card + 4'000);
    const auto message = parse_json(teams_request(text, "message"));
    ASSERT_TRUE(message);
    EXPECT_EQ((*message)["attachments"][0]["contentType"], "application/vnd.microsoft.card.adaptive");
    EXPECT_EQ((*message)["attachments"][0]["content"], *json);
    EXPECT_EQ(teams_request(text, "card"), text);
}

} // namespace
} // namespace dossier::approve
