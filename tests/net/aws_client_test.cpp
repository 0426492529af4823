#include "dossier/net/aws_client.hpp"

#include "dossier/base/strings.hpp"

#include "aws_endpoints.hpp"
#include "aws_errors.hpp"
#include "net_client_fixture.hpp"
#include "scripted_server.hpp"

#include <fstream>
#include <map>

namespace dossier::net::test {
namespace {

TEST(AwsEndpoints, FollowThePartition) {
    struct Row {
        const char* service;
        const char* region;
        bool fips;
        const char* url;
        const char* signed_for;
    };
    constexpr Row rows[] = {
        {"sqs", "eu-west-1", false, "https://sqs.eu-west-1.amazonaws.com", "eu-west-1/sqs"},
        {"iam", "eu-west-1", false, "https://iam.amazonaws.com", "us-east-1/iam"},
        {"iam", "cn-northwest-1", false, "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1/iam"},
        {"iam", "us-gov-east-1", false, "https://iam.us-gov.amazonaws.com", "us-gov-west-1/iam"},
        {"iam", "us-east-2", true, "https://iam-fips.amazonaws.com", "us-east-1/iam"},
        {"organizations", "ap-south-1", false, "https://organizations.us-east-1.amazonaws.com",
         "us-east-1/organizations"},
        {"organizations", "cn-north-1", false, "https://organizations.cn-northwest-1.amazonaws.com.cn",
         "cn-northwest-1/organizations"},
        {"s3", "cn-north-1", false, "https://s3.cn-north-1.amazonaws.com.cn", "cn-north-1/s3"},
        {"s3-control", "eu-west-1", false, "https://s3-control.eu-west-1.amazonaws.com", "eu-west-1/s3"},
        {"s3", "us-east-1", true, "https://s3-fips.us-east-1.amazonaws.com", "us-east-1/s3"},
        {"bedrock-runtime", "us-west-2", false, "https://bedrock-runtime.us-west-2.amazonaws.com", "us-west-2/bedrock"},
        {"sts", "us-iso-east-1", false, "https://sts.us-iso-east-1.c2s.ic.gov", "us-iso-east-1/sts"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.service) + " " + row.region);
        const auto endpoint = aws_endpoint(row.service, row.region, row.fips);
        EXPECT_EQ(endpoint.url, row.url);
        EXPECT_EQ(endpoint.region + "/" + endpoint.service, row.signed_for);
    }
    for (const auto* name : {"", "us east", "evil.example/", "-x", "US-EAST-1"}) EXPECT_FALSE(is_region_name(name));
}

TEST(AwsErrors, AreReadInEveryForm) {
    struct Row {
        const char* name;
        HttpResponse response;
        const char* code;
        Errc meaning;
        const char* missing; ///< action
    };
    const Row rows[] = {
        {"json",
         {.status = 400, .body = R"({"__type":"com.amazonaws.x#ResourceNotFoundException","message":"no"})"},
         "ResourceNotFoundException",
         Errc::not_found,
         ""},
        {"json with the action",
         {.status = 400,
          .body =
              R"({"__type":"AccessDeniedException","Message":"User: arn:aws:iam::1:user/a is not authorized to perform: tag:GetResources on resource: *"})"},
         "AccessDeniedException",
         Errc::forbidden,
         "tag:GetResources"},
        {"header",
         {.status = 403,
          .headers = {{"x-amzn-ErrorType", "AccessDeniedException:http://internal.amazon.com/coral/"}},
          .body = R"({"message":"no"})"},
         "AccessDeniedException",
         Errc::forbidden,
         "x:Call"},
        {"query",
         {.status = 403,
          .body = "<ErrorResponse xmlns='x'><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
                  "<Message>no</Message></Error></ErrorResponse>"},
         "InvalidClientTokenId",
         Errc::unauthenticated,
         ""},
        {"s3",
         {.status = 404, .body = "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchBucketPolicy</Code></Error>"},
         "NoSuchBucketPolicy",
         Errc::not_found,
         ""},
        {"ec2",
         {.status = 400,
          .body = "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>"},
         "RequestLimitExceeded",
         Errc::rate_limited,
         ""},
        {"no body", {.status = 403}, "", Errc::forbidden, "x:Call"},
        {"a proxy's page", {.status = 404, .body = "<html><body>gone<br></body></html>"}, "", Errc::not_found, ""},
        {"a code that is none",
         {.status = 400, .body = R"({"__type":"<script>alert(1)</script>"})"},
         "",
         Errc::rejected,
         ""},
        {"a code of another type",
         {.status = 400, .body = R"({"__type":{"a":[1]},"message":7})"},
         "",
         Errc::rejected,
         ""},
        {"an action that is none",
         {.status = 403,
          .body = R"({"__type":"AccessDenied","message":"not authorized to perform: rm -rf / on resource"})"},
         "AccessDenied",
         Errc::forbidden,
         "x:Call"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto fault = fault_of(row.response);
        EXPECT_EQ(fault.code, row.code);
        const auto error = to_error(row.response, fault, "x:Call");
        EXPECT_EQ(name_of(error.code), name_of(row.meaning));
        EXPECT_EQ(missing_action(error), row.missing);
        EXPECT_EQ(aws_code(error), row.code);
    }
}

auto header_of(const std::string& head, std::string_view name) -> std::string {
    for (const auto line : split(head, '\n'))
        if (const auto colon = line.find(':'); colon != std::string_view::npos && iequals(line.substr(0, colon), name))
            return std::string(trim(line.substr(colon + 1)));
    return {};
}

class AwsClientTest : public NetClientTest {
protected:
    auto make(const ScriptedServer& server, AwsKeys keys = fixed()) -> AwsSettings {
        AwsSettings settings;
        settings.name = "aws";
        settings.region = "eu-west-1";
        settings.keys = std::move(keys);
        for (const auto* service : {"s3", "sts", "iam", "tagging", "s3-control"})
            settings.endpoints.emplace_back(service, server.url(""));
        settings.retry = {.attempts = 3, .base = 1ms, .max = 2ms};
        settings.environment = [this](const std::string& name) -> std::optional<std::string> {
            const auto at = environment.find(name);
            return at == environment.end() ? std::nullopt : std::optional(at->second);
        };
        return settings;
    }
    static auto fixed() -> AwsKeys {
        return {.access_key_id = "AKIDEXAMPLE", .secret_access_key = Secret("not-to-be-seen")};
    }
    auto ask(AwsClient& aws, AwsRequest request) -> Result<HttpResponse> {
        return wait(aws.send(std::move(request), deadline_in(5s)));
    }
    static auto tags() -> AwsRequest {
        return aws_json("tagging", "ResourceGroupsTaggingAPI_20170126.GetResources", "{}");
    }
    static auto credentials(const std::string& action, const std::string& key, const std::string& until) -> Answer {
        return answer(200, "<" + action + "Response xmlns='x'><" + action + "Result><Credentials><AccessKeyId>" + key +
                               "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>tok-" + key +
                               "</SessionToken><Expiration>" + until + "</Expiration></Credentials></" + action +
                               "Result></" + action + "Response>");
    }

    Metrics metrics;
    std::map<std::string, std::string> environment;
};

TEST_F(AwsClientTest, RetriesThrottlingThatComesAs400) {
    ScriptedServer server([](const std::string&, const std::string&, int number) {
        return number < 3 ? answer(400, R"({"__type":"ThrottlingException"})") : answer(200, "{}");
    });
    AwsClient aws(*client, metrics, make(server));
    EXPECT_EQ(summary(ask(aws, tags())), "200");
    EXPECT_EQ(server.requests(), 3);
}

TEST_F(AwsClientTest, ReportsThrottlingForEverAsRateLimited) {
    ScriptedServer server([](const std::string&, const std::string&, int) {
        return answer(400, R"({"__type":"TooManyRequestsException"})");
    });
    AwsClient aws(*client, metrics, make(server));
    EXPECT_EQ(summary(ask(aws, tags())), "rate_limited");
    EXPECT_EQ(server.requests(), 3);
}

TEST_F(AwsClientTest, NamesTheActionThatIsMissing) {
    ScriptedServer server([](const std::string&, const std::string&, int) {
        return answer(403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
    });
    AwsClient aws(*client, metrics, make(server));
    const auto result = ask(aws, aws_rest("s3", "GetBucketAcl", "GET", "/b?acl"));
    ASSERT_FALSE(result);
    EXPECT_EQ(missing_action(result.error()), "s3:GetBucketAcl");
    EXPECT_EQ(server.requests(), 1);
    EXPECT_FALSE(result.error().describe().contains("not-to-be-seen"));
}

TEST_F(AwsClientTest, CorrectsAClockThatIsOff) {
    ScriptedServer server([](const std::string& head, const std::string&, int) {
        if (header_of(head, "x-amz-date").starts_with("2030"))
            return answer(200, "{}", "Date: Tue, 01 Jan 2030 00:00:05 GMT\r\n");
        return answer(403, "<Error><Code>RequestTimeTooSkewed</Code></Error>",
                      "Date: Tue, 01 Jan 2030 00:00:00 GMT\r\n");
    });
    AwsClient aws(*client, metrics, make(server));
    EXPECT_EQ(summary(ask(aws, tags())), "200");
    EXPECT_EQ(summary(ask(aws, tags())), "200");
    EXPECT_EQ(server.requests(), 3); // the second one knew
}

TEST_F(AwsClientTest, GivesUpOnAClockThatNothingMends) {
    ScriptedServer server([](const std::string&, const std::string&, int) {
        return answer(403, "<Error><Code>RequestTimeTooSkewed</Code></Error>",
                      "Date: Tue, 01 Jan 2030 00:00:00 GMT\r\n");
    });
    AwsClient aws(*client, metrics, make(server));
    EXPECT_EQ(summary(ask(aws, tags())), "unauthenticated");
    EXPECT_EQ(server.requests(), 2);
}

TEST_F(AwsClientTest, FollowsABucketIntoItsRegion) {
    ScriptedServer server([](const std::string& head, const std::string&, int) {
        if (header_of(head, "authorization").contains("/ap-south-1/s3/")) return answer(200, "<A/>");
        return answer(301, "<Error><Code>PermanentRedirect</Code></Error>", "x-amz-bucket-region: ap-south-1\r\n");
    });
    AwsClient aws(*client, metrics, make(server));
    EXPECT_EQ(summary(ask(aws, aws_rest("s3", "GetBucketAcl", "GET", "/b?acl"))), "200");
    EXPECT_EQ(server.requests(), 2);
}

TEST_F(AwsClientTest, NeverFollowsAHostileRegion) {
    ScriptedServer server([](const std::string&, const std::string&, int) {
        return answer(301, "", "x-amz-bucket-region: evil.example/?\r\n");
    });
    AwsClient aws(*client, metrics, make(server));
    EXPECT_EQ(summary(ask(aws, aws_rest("s3", "GetBucketAcl", "GET", "/b?acl"))), "rejected");
    EXPECT_EQ(server.requests(), 1);
}

TEST_F(AwsClientTest, RenewsAnExpiredSessionOnce) {
    std::ofstream(testing::TempDir() + "aws-web-token") << "jwt-1\n";
    environment = {{"AWS_WEB_IDENTITY_TOKEN_FILE", testing::TempDir() + "aws-web-token"},
                   {"AWS_ROLE_ARN", "arn:aws:iam::1:role/dossier"}};
    std::atomic<int> logins = 0;
    ScriptedServer server([&](const std::string& head, const std::string& body, int) {
        if (body.contains("AssumeRoleWithWebIdentity")) {
            EXPECT_EQ(header_of(head, "authorization"), "") << "the token is the credential";
            ++logins;
            EXPECT_TRUE(body.contains("WebIdentityToken=jwt-" + std::to_string(logins.load())));
            std::ofstream(testing::TempDir() + "aws-web-token") << "jwt-2"; // rotated by Kubernetes
            return credentials("AssumeRoleWithWebIdentity", "AKID" + std::to_string(logins.load()),
                               "2099-01-01T00:00:00Z");
        }
        if (header_of(head, "x-amz-security-token") == "tok-AKID1")
            return answer(400, R"({"__type":"ExpiredTokenException"})");
        return answer(200, "{}");
    });
    AwsClient aws(*client, metrics, make(server, {}));
    EXPECT_EQ(summary(ask(aws, tags())), "200");
    EXPECT_EQ(summary(ask(aws, tags())), "200");
    EXPECT_EQ(logins, 2);
}

TEST_F(AwsClientTest, AssumesTheRoleOnTopOfOtherKeys) {
    ScriptedServer server([&](const std::string& head, const std::string& body, int) {
        if (body.contains("Action=AssumeRole&")) {
            EXPECT_TRUE(header_of(head, "authorization").contains("Credential=AKIDEXAMPLE/"));
            return credentials("AssumeRole", "ASIAROLE", "2099-01-01T00:00:00Z");
        }
        EXPECT_TRUE(header_of(head, "authorization").contains("Credential=ASIAROLE/"));
        return answer(200, "{}");
    });
    auto settings = make(server);
    settings.role_arn = "arn:aws:iam::2:role/reader";
    AwsClient aws(*client, metrics, std::move(settings));
    EXPECT_EQ(summary(ask(aws, tags())), "200");
    EXPECT_EQ(server.requests(), 2);
}

TEST_F(AwsClientTest, AsksTheContainerForKeys) {
    ScriptedServer server([&](const std::string& head, const std::string&, int) {
        if (head.starts_with("GET /creds")) {
            EXPECT_EQ(header_of(head, "authorization"), "pod-token");
            return answer(200, R"({"AccessKeyId":"ASIAPOD","SecretAccessKey":"s","Token":"t",)"
                               R"("Expiration":"2099-01-01T00:00:00Z"})");
        }
        EXPECT_TRUE(header_of(head, "authorization").contains("Credential=ASIAPOD/"));
        return answer(200, "{}");
    });
    environment = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/creds")},
                   {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "pod-token"}};
    AwsClient aws(*client, metrics, make(server, {}));
    EXPECT_EQ(summary(ask(aws, tags())), "200");
}

TEST_F(AwsClientTest, HasNoKeysFromPlacesThatAreUnsafeOrEmpty) {
    ScriptedServer server([](const std::string&, const std::string&, int) { return answer(200, "{}"); });
    struct Row {
        const char* name;
        std::map<std::string, std::string> environment;
    };
    const Row rows[] = {
        {"nothing at all", {}},
        {"half a pair", {{"AWS_ACCESS_KEY_ID", "AKID"}}},
        {"plain http elsewhere", {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.evil.example/creds"}}},
        {"no such token file",
         {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token"}, {"AWS_ROLE_ARN", "arn:aws:iam::1:role/x"}}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        environment = row.environment;
        AwsClient aws(*client, metrics, make(server, {}));
        EXPECT_EQ(summary(ask(aws, tags())), "unauthenticated");
    }
    EXPECT_EQ(server.requests(), 0);
}

TEST_F(AwsClientTest, ARefusedRoleIsNoOutage) {
    ScriptedServer server([](const std::string&, const std::string&, int) {
        return answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/a is not "
                           "authorized to perform: sts:AssumeRole on resource: r</Message></Error></ErrorResponse>");
    });
    auto settings = make(server);
    settings.role_arn = "arn:aws:iam::2:role/reader";
    AwsClient aws(*client, metrics, std::move(settings));
    const auto result = ask(aws, tags());
    ASSERT_FALSE(result);
    EXPECT_EQ(missing_action(result.error()), "sts:AssumeRole");
}

TEST_F(AwsClientTest, KeepsToItsRate) {
    ScriptedServer server([](const std::string&, const std::string&, int) { return answer(200, "{}"); });
    auto settings = make(server);
    settings.rate = Rate{2};
    AwsClient aws(*client, metrics, std::move(settings));
    EXPECT_EQ(summary(ask(aws, tags())), "200");
    EXPECT_EQ(summary(ask(aws, tags())), "200");
    EXPECT_EQ(summary(wait(aws.send(tags(), deadline_in(100ms)))), "rate_limited");
    EXPECT_EQ(server.requests(), 2);
}

TEST_F(AwsClientTest, AnswersThatAreNoJsonOrXmlAreMalformed) {
    ScriptedServer server([](const std::string&, const std::string&, int) { return answer(200, "<a><b></a>"); });
    AwsClient aws(*client, metrics, make(server));
    const auto json = wait(aws.json(tags(), deadline_in(5s)));
    ASSERT_FALSE(json);
    EXPECT_EQ(json.error().code, Errc::malformed);
    const auto xml = wait(aws.xml(tags(), deadline_in(5s)));
    ASSERT_FALSE(xml);
    EXPECT_EQ(xml.error().code, Errc::malformed);
}

} // namespace
} // namespace dossier::net::test
