#include "tag_endpoint.hpp"

#include "net/net_client_fixture.hpp"
#include "net/scripted_server.hpp"

#include <gtest/gtest.h>

namespace dossier::ingest {
namespace {

auto classification() -> Classification {
    Classification value;
    value.data_classification = "PII";
    value.data_domain = "Customer";
    value.regulatory_frameworks = {"GDPR"};
    value.confidence = 0.92;
    value.reasoning = "names and e-mail addresses";
    return value;
}

auto bucket() -> Resource {
    Resource resource;
    resource.id = "arn:aws:s3:::a b/ü?x={finding.id}";
    resource.name = "a b";
    return resource;
}

TEST(TagEndpoint, ExpandsPlacesOnceAndPercentEncoded) {
    EXPECT_EQ(expand_tag_url("https://t.example/{resource.id}/tags?f={finding.id}&n={resource.name}", bucket(), "i/1"),
              "https://t.example/arn%3Aaws%3As3%3A%3A%3Aa%20b%2F%C3%BC%3Fx%3D%7Bfinding.id%7D/tags?f=i%2F1&n=a%20b");
    EXPECT_EQ(expand_tag_url("https://t.example/{other}/{resource.id", bucket(), "1"),
              "https://t.example/{other}/{resource.id");
}

TEST(TagEndpoint, SendsTheConfiguredFormAndHeaders) {
    TagEndpointConfig endpoint;
    endpoint.url = "https://t.example/{finding.id}";
    endpoint.headers = {{"X-Team", "data"}};
    const auto flat = tag_request(endpoint, bucket(), "f1", classification(), "key-1");
    ASSERT_TRUE(flat);
    EXPECT_EQ(flat->method, "POST");
    EXPECT_EQ(flat->url, "https://t.example/f1");
    EXPECT_EQ(flat->headers.get("X-Team"), "data");
    EXPECT_EQ(flat->headers.get("Idempotency-Key"), "key-1");
    EXPECT_EQ(flat->headers.get("Content-Type"), "application/json");
    EXPECT_EQ(flat->body, R"({"data_classification":"PII","data_domain":"Customer","regulatory_framework":"GDPR",)"
                          R"("classification_confidence":"0.92","classified_by":"dossier"})");
    endpoint.form = "list";
    endpoint.method = "PUT";
    const auto list = tag_request(endpoint, bucket(), "f1", classification(), "");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->method, "PUT");
    EXPECT_FALSE(list->headers.get("Idempotency-Key"));
    EXPECT_TRUE(
        list->body.view().starts_with(R"({"tags":[{"key":"data_classification","value":"PII","source":"dossier",)"
                                      R"("confidence":0.92},)"));
    EXPECT_TRUE(list->body.view().ends_with(R"("reasoning":"names and e-mail addresses"})"));
}

TEST(TagEndpoint, NeverCallsAnAddressWithAnEmptyPlace) {
    TagEndpointConfig endpoint;
    endpoint.url = "https://t.example/assets/{resource.id}/tags";
    const auto request = tag_request(endpoint, Resource{}, "f1", classification(), "k");
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, Errc::invalid_argument);
}

TEST(TagEndpoint, AnswersBecomeReceiptsOrErrors) {
    struct Row {
        int status;
        Errc code;
    };
    const auto url = std::string("https://t.example/tags?key=abc");
    const auto done = tag_receipt(url, {.status = 204, .headers = {}, .body = ""});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->remote_id, "https://t.example/tags");
    for (const auto& row : {Row{401, Errc::unauthenticated}, Row{403, Errc::forbidden}, Row{404, Errc::not_found},
                            Row{422, Errc::rejected}, Row{302, Errc::rejected}}) {
        const auto receipt = tag_receipt(url, {.status = row.status, .headers = {}, .body = ""});
        ASSERT_FALSE(receipt) << row.status;
        EXPECT_EQ(receipt.error().code, row.code) << row.status;
        EXPECT_FALSE(receipt.error().describe().contains("abc"));
    }
}

class TagEndpointTest : public net::test::NetClientTest {};

TEST_F(TagEndpointTest, ThePlatformsTokenGoesToThePlatformOnly) {
    struct Row {
        const char* name;
        bool is_platforms;
        std::vector<std::pair<std::string, std::string>> headers;
        const char* authorization; ///< "" = none is sent
    };
    const std::vector<Row> rows = {
        {"the platform itself", true, {}, "Authorization: Bearer the-token"},
        {"another host", false, {}, ""},
        {"another host with a key of its own", false, {{"X-Api-Key", "k"}}, ""},
        {"another host's own word", false, {{"Authorization", "Basic abc"}}, "Authorization: Basic abc"},
        {"the platform by another word", true, {{"Authorization", "Basic abc"}}, "Authorization: Basic abc"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        net::test::ScriptedServer server(
            [](const std::string&, const std::string&, int) { return net::test::answer(204); });
        Metrics metrics;
        net::Upstream upstream(*client, metrics, {.name = "wiz"});
        net::TokenSource tokens([](std::optional<Secret>, Deadline) -> Task<Result<net::AccessToken>> {
            co_return net::AccessToken{.value = Secret("the-token"),
                                       .expires_at = std::chrono::steady_clock::now() + std::chrono::hours{1}};
        });
        ApiConfig api;
        api.url = row.is_platforms ? server.url("/graphql") : "https://api.wiz.example/graphql";
        api.write_back.tag_endpoint = {.url = server.url("/tags/{resource.name}"), .headers = row.headers};
        Classification classification;
        classification.data_classification = "PII";
        const auto written = wait(write_tags(upstream, tokens, net::apply_bearer, api, {.name = "b"}, "f",
                                             classification, "key", deadline_in(std::chrono::seconds{5})));
        ASSERT_TRUE(written.has_value()) << written.error().describe();
        ASSERT_EQ(server.heads().size(), 1U);
        const auto head = server.heads().front();
        if (*row.authorization == '\0')
            EXPECT_EQ(head.find("Authorization"), std::string::npos) << head;
        else
            EXPECT_NE(head.find(row.authorization), std::string::npos) << head;
        EXPECT_EQ(head.find("the-token") != std::string::npos, row.is_platforms && row.headers.empty());
    }
}

} // namespace
} // namespace dossier::ingest
