// Who is heard, and what is understood of what they say.
#include "dossier/ticket/callbacks.hpp"

#include "contract.hpp"

#include "dossier/base/crypto.hpp"

#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

auto request_of(std::string body, std::string header = {}, const std::string& value = {}) -> net::HttpRequest {
    net::HttpRequest request;
    request.method = "POST";
    request.body = std::move(body);
    if (!header.empty()) request.headers.set(header, value);
    return request;
}

auto signed_by(const std::string& secret, const std::string& body) -> std::string {
    return "sha256=" + to_hex(hmac(HashAlgorithm::sha256, secret, body));
}

TEST(Callbacks, OnlyTheTrackerIsHeard) {
    const std::string body = R"({"issue":{"key":"SEC-1"}})";
    const auto in_base64 = "sha256=" + base64_encode(hmac(HashAlgorithm::sha256, "s3cret", body));
    struct Row {
        const char* name;
        CallbackConfig config;
        std::string header;
        std::string value;
        bool is_heard;
    };
    const CallbackConfig secret{.secret = Secret("s3cret"), .token = {}};
    const CallbackConfig token{.secret = {}, .token = Secret("t0ken")};
    const Row rows[] = {
        {"signed in hex", secret, "X-Hub-Signature", signed_by("s3cret", body), true},
        {"signed in base64", secret, "X-Hub-Signature", in_base64, true},
        {"another secret", secret, "X-Hub-Signature", signed_by("other", body), false},
        {"another body", secret, "X-Hub-Signature", signed_by("s3cret", body + " "), false},
        {"no digest", secret, "X-Hub-Signature", "sha256=", false},
        {"no prefix", secret, "X-Hub-Signature", signed_by("s3cret", body).substr(7), false},
        {"nothing", secret, "", "", false},
        {"the secret as a token", secret, "X-Dossier-Token", "s3cret", false},
        {"token", token, "X-Dossier-Token", "t0ken", true},
        {"bearer", token, "Authorization", "Bearer t0ken", true},
        {"another token", token, "Authorization", "Bearer t0keN", false},
        {"an empty token", token, "X-Dossier-Token", "", false},
        {"signed with the token", token, "X-Hub-Signature", signed_by("t0ken", body), false},
        {"nothing is configured", {}, "X-Dossier-Token", "", false},
        {"signed with nothing", {}, "X-Hub-Signature", signed_by("", body), false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto heard = check_callback(row.config, request_of(body, row.header, row.value), true);
        EXPECT_EQ(heard.has_value(), row.is_heard);
        if (!heard) EXPECT_EQ(heard.error().code, Errc::unauthenticated);
    }
}

TEST(Callbacks, JirasOwnExamplesAreHeard) {
    const auto vectors = test::shared_contract("signature-vectors.json");
    if (!vectors) GTEST_SKIP() << "the folder of shared contracts is not there";
    int seen = 0;
    for (const auto& row : vectors->at("vectors")) {
        if (row["kind"] != "jira admin webhook") continue;
        const auto body = row["body"].get<std::string>();
        const CallbackConfig config{.secret = Secret(row["secret"].get<std::string>()), .token = {}};
        const auto header = row["header"].get<std::string>();
        const auto signature = row["signature"].get<std::string>();
        EXPECT_TRUE(check_callback(config, request_of(body, header, signature), true)) << body;
        EXPECT_FALSE(check_callback(config, request_of(body + "\n", header, signature), true)) << body;
        ++seen;
    }
    EXPECT_GE(seen, 2);
}

TEST(Callbacks, WhatIsUnderstood) {
    struct Row {
        const char* body;
        const char* key;
        const char* id;
        bool concerns;
    };
    const Row rows[] = {
        {R"({"webhookEvent":"jira:issue_updated","issue":{"id":"10001","key":"SEC-1"},"changelog":{"items":[{"field":"status"}]}})",
         "SEC-1", "10001", true},
        {R"({"webhookEvent":"jira:issue_updated","issue":{"id":10001,"key":"SEC-1"},"changelog":{"items":[{"field":"labels"},{"field":"resolution"}]}})",
         "SEC-1", "10001", true},
        {R"({"webhookEvent":"jira:issue_updated","issue":{"key":"SEC-1"},"changelog":{"items":[{"field":"assignee"}]}})",
         "SEC-1", "", false},
        {R"({"webhookEvent":"jira:issue_deleted","issue":{"key":"SEC-1"}})", "SEC-1", "", true},
        {R"({"webhookEvent":"comment_created","issue":{"key":"SEC-1"}})", "SEC-1", "", false},
        {R"({"webhookEvent":"jira:issue_created","issue":{"key":"SEC-1"}})", "SEC-1", "", false},
        {R"({"issue":{"key":"SEC-1"}})", "SEC-1", "", true},
        {R"({"sys_id":"0123456789abcdef0123456789abcdef","number":"INC0010001"})", "INC0010001",
         "0123456789abcdef0123456789abcdef", true},
        {R"({"issue":{"key":"SEC-1","id":{"a":1}},"changelog":[]})", "SEC-1", "", true},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.body);
        const auto event = read_tracker_event(request_of(row.body));
        ASSERT_TRUE(event);
        EXPECT_EQ(event->sighting.key, row.key);
        EXPECT_EQ(event->sighting.remote_id, row.id);
        EXPECT_EQ(event->concerns_standing, row.concerns);
    }
    for (const auto* bad : {"", "{", "[]", "7", "{}", R"({"issue":{}})", R"({"issue":{"key":"a b"}})",
                            R"({"sys_id":["x"]})", R"({"number":"INC\n1"})"})
        EXPECT_EQ(read_tracker_event(request_of(bad)).error().code, Errc::malformed) << bad;
}

TEST(Callbacks, AnEventHasTheNameThatTheTrackerGaveIt) {
    const auto name_of = [](const std::string& body, std::string header = {}) {
        return read_tracker_event(request_of(body, header.empty() ? "" : "X-Atlassian-Webhook-Identifier", header))
            ->sighting.event_id;
    };
    EXPECT_EQ(name_of(R"({"issue":{"key":"S-1"}})", "abc-1"), "abc-1");
    EXPECT_EQ(name_of(R"({"number":"I1","event_id":"e7"})"), "e7");
    EXPECT_EQ(name_of(R"({"number":"I1"})"), "") << "without a time two of them may be two";
    const auto dated = name_of(R"({"number":"I1","sys_updated_on":"2026-11-26 01:00:00"})");
    EXPECT_TRUE(dated.starts_with("body:"));
    EXPECT_NE(dated, name_of(R"({"number":"I1","sys_updated_on":"2026-11-26 01:00:01"})"));
}

} // namespace
} // namespace dossier::ticket
