// What an AWS provider of `identity` may and may not say.

#include "dossier/context/config.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace dossier::context {
namespace {

/// The problems of one entry of `identity`, given as YAML flow.
auto problems_with(const std::string& entry) -> std::vector<std::string> {
    auto document = config::Document::parse("identity: [ " + entry + " ]\n", "dossier.yaml");
    {
        auto root = document.root();
        (void)read_context(root);
    }
    std::vector<std::string> found;
    for (const auto& problem : document.problems())
        if (!problem.is_warning) found.push_back(problem.describe());
    return found;
}

TEST(AwsConfig, TakesWhatIsComplete) {
    for (const auto* entry :
         {"{ kind: aws_iam, region: eu-west-1 }",
          "{ kind: aws_iam, region: eu-west-1, access_key_id: AKIA, secret_access_key: s, session_token: t }",
          "{ kind: aws_iam, region: cn-north-1, role_arn: 'arn:aws-cn:iam::{account}:role/team/reader', calls: [tags, "
          "bucket] }",
          "{ kind: aws_iam, region: eu-west-1, endpoints: { s3: 'http://127.0.0.1:7480', s3-control: "
          "'https://x.example' } }",
          "{ kind: aws_iam, region: eu-west-1, analyzer_arn: "
          "'arn:aws:access-analyzer:eu-west-1:123456789012:analyzer/a' }",
          "{ kind: aws_identity_center, region: eu-west-1, identity_store_id: d-1234567890 }"}) {
        SCOPED_TRACE(entry);
        EXPECT_EQ(problems_with(entry), std::vector<std::string>{});
    }
}

TEST(AwsConfig, SaysWhatIsWrong) {
    struct Row {
        const char* entry;
        const char* says;
    };
    for (const auto& row : {
             Row{"{ kind: aws_iam }", "region"},
             Row{"{ kind: aws_iam, region: 'https://evil.example' }", "name of a region"},
             Row{"{ kind: aws_iam, region: eu-west-1, access_key_id: AKIA }", "belong together"},
             Row{"{ kind: aws_iam, region: eu-west-1, secret_access_key: hidden }", "belong together"},
             Row{"{ kind: aws_iam, region: eu-west-1, session_token: hidden }", "works only with"},
             Row{"{ kind: aws_iam, region: eu-west-1, role_arn: reader }", "role_arn"},
             Row{"{ kind: aws_iam, region: eu-west-1, role_arn: 'arn:aws:iam::1:role/x' }", "role_arn"},
             Row{"{ kind: aws_iam, region: eu-west-1, analyzer_arn: 'arn:aws:s3:::b' }", "analyzer_arn"},
             Row{"{ kind: aws_iam, region: eu-west-1, calls: [tag] }", "tags"},
             Row{"{ kind: aws_iam, region: eu-west-1, endpoints: { s4: 'https://x.example' } }", "did you mean"},
             Row{"{ kind: aws_iam, region: eu-west-1, endpoints: { s3: 'ftp://x.example' } }", "http(s) URL"},
             Row{"{ kind: aws_iam, region: eu-west-1, identity_store_id: d-1 }", "not used by kind"},
             Row{"{ kind: aws_identity_center, region: eu-west-1 }", "identity_store_id"},
         }) {
        SCOPED_TRACE(row.entry);
        const auto problems = problems_with(row.entry);
        ASSERT_FALSE(problems.empty());
        EXPECT_TRUE(std::ranges::any_of(problems, [&](const std::string& text) { return text.contains(row.says); }))
            << problems.front();
        for (const auto& text : problems) EXPECT_FALSE(text.contains("hidden")) << text;
    }
}

} // namespace
} // namespace dossier::context
