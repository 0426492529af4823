#include "dossier/ingest/envelope.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"

#include <gtest/gtest.h>

namespace dossier::ingest {
namespace {

const Json finding = {{"issue", {{"id", "I-1"}, {"severity", "HIGH"}}}};

auto event_bridge(const Json& detail) -> Json {
    return {{"version", "0"}, {"id", "e1"},     {"detail-type", "Wiz Issue"}, {"source", "aws.partner/wiz.io/1"},
            {"account", "1"}, {"time", "2026"}, {"resources", Json::array()}, {"detail", detail}};
}
auto sns(const Json& message) -> Json {
    return {{"Type", "Notification"},
            {"MessageId", "m1"},
            {"TopicArn", "arn:aws:sns:us-east-1:123456789012:dspm"},
            {"Message", message.is_string() ? message.get<std::string>() : message.dump()}};
}
auto sqs(const Json& body) -> Json { return {{"MessageId", "m1"}, {"ReceiptHandle", "r1"}, {"Body", body.dump()}}; }
auto cloud_event(const Json& data) -> Json {
    return {{"specversion", "1.0"}, {"id", "A1"}, {"source", "/orca/alerts"}, {"type", "finding"}, {"data", data}};
}
auto cloud_event_base64(const std::string& bytes) -> Json {
    auto event = cloud_event(nullptr);
    event.erase("data");
    event["data_base64"] = base64_encode(bytes);
    return event;
}
auto event_grid(const Json& data) -> Json {
    return {{"id", "g1"},         {"subject", "s"}, {"eventType", "Wiz.Issue"}, {"eventTime", "2026-11-22T10:00:00Z"},
            {"dataVersion", "1"}, {"data", data}};
}
auto pub_sub(const std::string& bytes) -> Json {
    return {{"message", {{"data", base64_encode(bytes)}, {"messageId", "1"}}}, {"subscription", "projects/p/s"}};
}

/// The contents as text, "!reason" for what could not be opened.
auto opened(const Json& body) -> std::vector<std::string> {
    const auto document = JsonDocument::parse(dump_json(body));
    if (!document) return {"? " + document.error().describe()};
    EnvelopeOpener opener;
    std::vector<std::string> contents;
    for (const auto& inner : opener.open(document->root()))
        contents.push_back(inner.problem.empty() ? inner.content.dump() : "!" + inner.problem);
    return contents;
}

struct OpenRow {
    const char* name;
    Json body;
    std::vector<Json> contents;
};

TEST(EnvelopeOpener, FindsWhatIsInside) {
    const Json other = {{"issue", {{"id", "I-2"}}}};
    const auto text = finding.dump();
    const OpenRow rows[] = {
        {"EventBridge", event_bridge(finding), {finding}},
        {"EventBridge whose detail is a text", event_bridge(text), {finding}},
        {"Security Hub's list", event_bridge({{"findings", {finding, other}}}), {finding, other}},
        {"Security Hub's empty list", event_bridge({{"findings", Json::array()}}), {}},
        {"SNS", sns(finding), {finding}},
        {"SNS with a list", sns(Json::array({finding, other})), {finding, other}},
        {"SNS handed to a function", {{"Records", {{{"EventSource", "aws:sns"}, {"Sns", sns(finding)}}}}}, {finding}},
        {"SQS", sqs(finding), {finding}},
        {"SQS receive answer", {{"Messages", {sqs(finding), sqs(other)}}}, {finding, other}},
        {"SQS handed to a function",
         {{"Records", {{{"eventSource", "aws:sqs"}, {"body", text}, {"receiptHandle", "r"}}}}},
         {finding}},
        {"CloudEvent", cloud_event(finding), {finding}},
        {"CloudEvent with text", cloud_event(text), {finding}},
        {"CloudEvent in base64", cloud_event_base64(text), {finding}},
        {"CloudEvents batch", Json::array({cloud_event(finding), cloud_event(other)}), {finding, other}},
        {"Event Grid", Json::array({event_grid(finding), event_grid(other)}), {finding, other}},
        {"Event Grid, one", event_grid(finding), {finding}},
        {"Pub/Sub push", pub_sub(text), {finding}},
        {"Pub/Sub pulled",
         {{"receivedMessages", {{{"ackId", "a"}, {"message", {{"data", base64_encode(text)}}}}}}},
         {finding}},
        {"EventBridge in SNS in SQS", sqs(sns(event_bridge(finding))), {finding}},
        {"Event Grid in a CloudEvent", cloud_event(event_grid(finding)), {finding}},
        {"batch with something bare", Json::array({cloud_event(finding), other}), {finding, other}},
        {"bare finding", finding, {}},
        {"bare list", Json::array({finding, other}), {}},
        {"empty list", Json::array(), {}},
        {"a text", "specversion", {}},
        {"half an event", {{"detail-type", "x"}}, {}},
        {"members of another type", {{"detail-type", 7}, {"detail", finding}}, {}},
        {"a message that is no Pub/Sub one", {{"message", {{"data", "text"}}}}, {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto contents = opened(row.body);
        ASSERT_EQ(contents.size(), row.contents.size());
        for (std::size_t i = 0; i < contents.size(); ++i)
            EXPECT_EQ(parse_json(contents[i]).value_or(contents[i]), row.contents[i]);
    }
}

TEST(EnvelopeOpener, SaysWhatItCantOpen) {
    struct Row {
        const char* name;
        Json body;
        const char* reason;
    };
    Json nested = finding;
    for (int layer = 0; layer < 12; ++layer) nested = cloud_event(nested);
    Json deep = 1;
    for (int level = 0; level < 100; ++level) deep = Json::array({std::move(deep)});
    const Row rows[] = {
        {"text that is no JSON", sns("Your bucket is public!"), "the SNS message is no JSON"},
        {"empty text", sns(""), "the SNS message is no JSON"},
        {"base64 of no JSON", pub_sub("plain"), "the Pub/Sub message is no JSON"},
        {"no base64", {{"message", {{"data", "%%%"}, {"messageId", "1"}}}}, "the Pub/Sub message is no base64"},
        {"base64 of nothing", pub_sub(""), "the Pub/Sub message is no base64"},
        {"base64 of bytes that are no UTF-8", cloud_event_base64("{\"a\":\"\xff\xfe\"}"), "is no JSON"},
        {"CloudEvent without data", cloud_event(nullptr), "carries no data"},
        {"insight results", event_bridge({{"insightResults", Json::array()}}), "hold no findings"},
        {"envelopes without end", nested, "more than 8 envelopes"},
        {"a message too deep", sns(deep), "nested deeper"},
        {"a confirmation",
         [] {
             auto message = sns("You have chosen to subscribe");
             message["Type"] = "SubscriptionConfirmation";
             return message;
         }(),
         "of kind `sns`"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto contents = opened(row.body);
        ASSERT_EQ(contents.size(), 1U);
        EXPECT_TRUE(contents[0].starts_with("!") && contents[0].contains(row.reason)) << contents[0];
    }
}

TEST(EnvelopeOpener, ABadOneCostsNoOther) {
    const auto contents = opened(Json::array({cloud_event(finding), cloud_event(nullptr), cloud_event(finding)}));
    ASSERT_EQ(contents.size(), 3U);
    EXPECT_EQ(contents[0], contents[2]);
    EXPECT_TRUE(contents[1].starts_with("!"));
}

TEST(EnvelopeOpener, StopsAtABoundedNumber) {
    Json batch = Json::array();
    for (int i = 0; i < 200; ++i) {
        Json findings = Json::array();
        for (int j = 0; j < 200; ++j) findings.push_back({{"n", j}});
        batch.push_back(event_bridge({{"findings", std::move(findings)}}));
    }
    EXPECT_EQ(opened(batch).size(), 10'001U);
}

} // namespace
} // namespace dossier::ingest
