// Our signer against the values of AWS' documentation and, where the shared contracts are at hand, against the whole
// official test suite.

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/sigv4.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace dossier::net {
namespace {

auto example_keys() -> AwsKeys {
    return {.access_key_id = "AKIDEXAMPLE", .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
}

auto options_at(std::string_view time) -> SigV4Options {
    return {.region = "us-east-1", .service = "service", .time = *parse_time(time)};
}

TEST(SigV4, SignsTheExampleOfTheGuide) {
    // "GET ListUsers" of the AWS General Reference.
    ClientRequest request{.method = "GET", .url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"};
    request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    auto options = options_at("2015-08-30T12:36:00Z");
    options.service = "iam";
    const auto made = sign_v4(request, example_keys(), options);
    EXPECT_EQ(made.signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    EXPECT_EQ(request.headers.get("authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
              "SignedHeaders=content-type;host;x-amz-date, "
              "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    EXPECT_EQ(request.headers.get("x-amz-date"), "20150830T123600Z");
}

TEST(SigV4, SignsTheExampleOfS3) {
    // "GET Bucket Lifecycle" of the S3 API reference: a subresource without a value, the hash of an empty body.
    ClientRequest request{.method = "GET", .url = "https://examplebucket.s3.amazonaws.com/?lifecycle"};
    const AwsKeys keys{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                       .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")};
    const auto made = sign_v4(request, keys, sigv4_options("s3", "us-east-1", *parse_time("2013-05-24T00:00:00Z")));
    EXPECT_EQ(made.signature, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SigV4, WritesACanonicalRequestForEachOddity) {
    struct Row {
        const char* name;
        const char* url;
        bool as_sent;
        const char* path;
        const char* query;
    };
    constexpr Row rows[] = {
        {"a model id is encoded once more", "https://h/model/a.b-v2%3A0/converse", false,
         "/model/a.b-v2%253A0/converse", ""},
        {"an S3 key stays as sent", "https://h/b/a%20b%2Bc.txt", true, "/b/a%20b%2Bc.txt", ""},
        {"S3 keeps dots and empty segments", "https://h/b/../a//c", true, "/b/../a//c", ""},
        {"others don't", "https://h/b/../a//c/", false, "/a/c/", ""},
        {"dots above the root", "https://h/../..", false, "/", ""},
        {"no path", "https://h?b=1", false, "/", "b=1"},
        {"sorted by name, then value", "https://h/?b=2&a=2&a=1", false, "/", "a=1&a=2&b=2"},
        {"a slash in a value", "https://h/?prefix=a/b&x=%2f", false, "/", "prefix=a%2Fb&x=%2F"},
        {"a plus is a plus", "https://h/?a=b%2Bc&d=e+f", false, "/", "a=b%2Bc&d=e%2Bf"},
        {"no value", "https://h/b?policy", true, "/b", "policy="},
        {"a lone percent sign", "https://h/?a=100%", false, "/", "a=100%25"},
        {"empty fields", "https://h/?&&a=1&", false, "/", "a=1"},
        {"a fragment is never sent", "https://h/p?a=1#frag", false, "/p", "a=1"},
        {"an equals sign in a value", "https://h/?a=b=c", false, "/", "a=b%3Dc"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        ClientRequest request{.method = "GET", .url = row.url};
        auto options = options_at("2015-08-30T12:36:00Z");
        options.path_as_sent = row.as_sent;
        const auto made = sign_v4(request, example_keys(), options);
        const auto lines = split(made.canonical_request, '\n');
        EXPECT_EQ(lines[1], row.path);
        EXPECT_EQ(lines[2], row.query);
    }
}

TEST(SigV4, SignsTheHostAsItIsSent) {
    struct Row {
        const char* url;
        const char* host;
    };
    for (const auto& row : {Row{"http://127.0.0.1:4566/", "host:127.0.0.1:4566"}, Row{"https://h:443/", "host:h"},
                            Row{"http://h:80", "host:h"}, Row{"http://h:443/", "host:h:443"}}) {
        SCOPED_TRACE(row.url);
        ClientRequest request{.method = "GET", .url = row.url};
        const auto made = sign_v4(request, example_keys(), options_at("2015-08-30T12:36:00Z"));
        EXPECT_EQ(split(made.canonical_request, '\n')[3], row.host);
    }
}

TEST(SigV4, LeavesOutWhatProxiesChange) {
    ClientRequest request{.method = "GET", .url = "https://h/"};
    request.headers.set("User-Agent", "dossier");
    request.headers.set("X-Custom", "  a   b ");
    const auto made = sign_v4(request, example_keys(), options_at("2015-08-30T12:36:00Z"));
    EXPECT_TRUE(made.authorization.contains("SignedHeaders=host;x-amz-date;x-custom,")) << made.authorization;
    EXPECT_TRUE(made.canonical_request.contains("x-custom:a b\n"));
}

TEST(SigV4, SignsAnUnsignedPayloadAsSuch) {
    ClientRequest request{.method = "PUT", .url = "https://h/b/k", .body = "whatever"};
    auto options = sigv4_options("s3", "eu-west-1", *parse_time("2015-08-30T12:36:00Z"));
    options.signs_body = false;
    const auto made = sign_v4(request, example_keys(), options);
    EXPECT_TRUE(made.canonical_request.ends_with("\nUNSIGNED-PAYLOAD"));
    EXPECT_EQ(request.headers.get("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
}

/// The text of a vector's request: a request line, header fields (some folded), and after an empty line a body.
auto request_of(const std::string& text) -> ClientRequest {
    const auto split_at = text.find("\n\n");
    ClientRequest request;
    if (split_at != std::string::npos) request.body = text.substr(split_at + 2);
    std::vector<std::pair<std::string, std::string>> fields;
    const auto head = text.substr(0, split_at);
    for (const auto line : split(head, '\n')) {
        if (request.url.empty()) {
            const auto target = line.find(' ');
            request.method = line.substr(0, target);
            request.url =
                "https://example.amazonaws.com" + std::string(line.substr(target + 1, line.rfind(' ') - target - 1));
        } else if (line.starts_with(' ')) {
            fields.back().second += "\n" + std::string(line);
        } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
            fields.emplace_back(line.substr(0, colon), line.substr(colon + 1));
        }
    }
    for (auto& [name, value] : fields) request.headers.add(name, value);
    return request;
}

TEST(SigV4, AgreesWithTheOfficialSuite) {
    const char* shared = std::getenv("DOSSIER_SHARED");
    const std::string root = shared != nullptr ? shared : DOSSIER_SOURCE_DIR "/../shared";
    std::ifstream file(root + "/contracts/upstream/aws/sigv4-vectors.json");
    if (!file) GTEST_SKIP() << "no shared contracts here";
    std::stringstream text;
    text << file.rdbuf();
    const auto suite = parse_json(text.str());
    ASSERT_TRUE(suite);
    int agreed = 0;
    for (const auto& row : (*suite)["cases"]) {
        SCOPED_TRACE(row["name"].get<std::string>());
        const auto& context = row["context"];
        AwsKeys keys = example_keys();
        keys.session_token = Secret(context["credentials"].value("token", ""));
        auto options = options_at(context["timestamp"].get<std::string>());
        options.path_as_sent = !context["normalize"].get<bool>();
        options.sends_content_hash = context["sign_body"].get<bool>();
        options.signs_session_token = !context.value("omit_session_token", false);
        auto request = request_of(row["request"].get<std::string>());
        const auto made = sign_v4(request, keys, options);
        EXPECT_EQ(made.canonical_request, row["canonical_request"].get<std::string>());
        EXPECT_EQ(made.string_to_sign, row["string_to_sign"].get<std::string>());
        EXPECT_EQ(made.signature, row["signature"].get<std::string>());
        agreed += made.signature == row["signature"].get<std::string>() ? 1 : 0;
    }
    EXPECT_EQ(agreed, 38);
}

} // namespace
} // namespace dossier::net
