#include "dossier/net/url.hpp"

#include <gtest/gtest.h>

namespace dossier::net {
namespace {

TEST(Url, SaysHostAndOrigin) {
    struct Row {
        const char* url;
        const char* host;
        const char* origin;
    };
    const Row rows[] = {
        {"https://api.wiz.io/graphql", "api.wiz.io", "https://api.wiz.io"},
        {"HTTPS://API.wiz.IO:443?x=/y", "api.wiz.io", "https://api.wiz.io"},
        {"http://127.0.0.1:8080/a:b", "127.0.0.1", "http://127.0.0.1:8080"},
        {"http://host:80", "host", "http://host"},
        {"https://host:80/", "host", "https://host:80"},
        {"https://[::1]:443/x", "[::1]", "https://[::1]"},
        {"https://good.example@evil.example/", "evil.example", "https://evil.example"},
        {"https://good.example\\@evil.example/", "good.example", "https://good.example"},
        {"host:99/path", "host", ""},
        {"https://", "", ""},
        {"", "", ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.url);
        EXPECT_EQ(host_of(row.url), row.host);
        EXPECT_EQ(origin_of(row.url), row.origin);
    }
}

TEST(Url, KnowsWhetherTwoAreOfOneOrigin) {
    EXPECT_TRUE(same_origin("https://a.example/x", "https://A.example:443/y"));
    EXPECT_FALSE(same_origin("https://a.example", "http://a.example"));
    EXPECT_FALSE(same_origin("https://a.example", "https://a.example:8443"));
    EXPECT_FALSE(same_origin("https://a.example", "https://a.example.evil.example"));
    EXPECT_FALSE(same_origin("", "")) << "what is no URL has no origin to share";
}

} // namespace
} // namespace dossier::net
