// One exposure, one dossier: what three platforms say about the same bucket meets in one exposure key, and near misses
// (other control, other account, other resource) never do.

#include "finding_row.hpp"

#include <map>

namespace dossier::ingest {
namespace {

auto key_of(std::string_view kind, std::string_view text) -> std::string {
    const auto findings = normalise_text(config_for(kind, ""), text);
    EXPECT_EQ(findings.size(), 1U) << text;
    EXPECT_TRUE(!findings.empty() && findings[0]) << text;
    return !findings.empty() && findings[0] ? findings[0]->exposure_key : std::string();
}

constexpr auto wiz_by_arn =
    R"({"issue":{"id":"w-1","status":"OPEN","severity":"HIGH"},"resource":{"id":"arn:aws:s3:::acme-hr","name":"acme-hr",
        "type":"bucket","cloudPlatform":"AWS","subscriptionId":"111122223333"},"control":{"name":"Publicly exposed bucket"}})";
constexpr auto wiz_by_name =
    R"({"issue":{"id":"w-2","status":"OPEN","severity":"HIGH"},"resource":{"id":"","name":"acme-hr","type":"bucket",
        "cloudPlatform":"AWS","subscriptionId":"111122223333"},"control":{"name":"S3 bucket is publicly accessible"}})";
constexpr auto prisma_by_rrn =
    R"([{"alertId":"P-1","alertStatus":"open","severity":"high","policyName":"AWS S3 bucket publicly readable",
        "cloudType":"aws","accountId":"111122223333","resourceName":"acme-hr","resourceType":"STORAGE_BUCKET",
        "resource":{"rrn":"rrn:aws:storageBucket:eu-west-1:111122223333:9f8e:acme-hr"}}])";
constexpr auto prisma_by_name =
    R"([{"alertId":"P-2","alertStatus":"open","severity":"high","policyName":"S3 bucket allows public access",
        "cloudType":"aws","accountId":"111122223333","resourceId":"acme-hr","resourceName":"acme-hr",
        "resourceType":"storageBucket"}])";
constexpr auto orca_by_arn =
    R"({"type_string":"S3 bucket with public access","asset_vendor_id":"arn:aws:s3:::acme-hr","asset_name":"acme-hr",
        "asset_type_string":"AWS S3 Bucket","cloud_provider":"aws","cloud_vendor_id":"111122223333",
        "state":{"alert_id":"orca-1","status":"open","risk_level":"high"}})";
constexpr auto orca_by_name =
    R"({"type_string":"S3 bucket with public access","asset_vendor_id":"acme-hr","asset_name":"acme-hr",
        "asset_type":"storage","cloud_provider":"aws","cloud_vendor_id":"111122223333",
        "state":{"alert_id":"orca-2","status":"open","risk_level":"high"}})";

TEST(CrossPlatform, ThreePlatformsNameOneExposure) {
    const auto key = key_of("wiz", wiz_by_arn);
    ASSERT_FALSE(key.empty());
    ASSERT_FALSE(key.starts_with("finding:"));
    EXPECT_EQ(key_of("wiz", wiz_by_name), key);
    EXPECT_EQ(key_of("prisma", prisma_by_rrn), key);
    EXPECT_EQ(key_of("prisma", prisma_by_name), key);
    EXPECT_EQ(key_of("orca", orca_by_arn), key);
    EXPECT_EQ(key_of("orca", orca_by_name), key);
}

TEST(CrossPlatform, NearMissesStayApart) {
    const auto key = key_of("orca", orca_by_arn);
    struct Case {
        const char* name;
        const char* from;
        const char* to;
    };
    constexpr Case cases[] = {
        {"other account", "\"cloud_vendor_id\":\"111122223333\"", "\"cloud_vendor_id\":\"444455556666\""},
        {"other control", "S3 bucket with public access", "S3 bucket without default encryption"},
        {"other bucket", "acme-hr", "acme-hr-archive"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.name);
        EXPECT_NE(key_of("orca", replace_all(orca_by_arn, row.from, row.to)), key);
    }
}

TEST(CrossPlatform, AMachineIsTheSameByArnAndById) {
    const auto wiz = key_of("wiz", R"({"issue":{"id":"w-3","severity":"HIGH"},"resource":{
        "id":"arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718","name":"web","type":"virtualMachine",
        "cloudPlatform":"AWS","subscriptionId":"111122223333"},"control":{"name":"Publicly exposed VM"}})");
    const auto prisma =
        key_of("prisma", R"([{"alertId":"N-3","severity":"high","policyName":"EC2 instance is internet facing",
        "cloudType":"aws","accountId":"111122223333","resourceName":"web","resourceType":"INSTANCE","resource":{
        "id":"i-0a1b2c3d4e5f60718","rrn":"rrn:aws:instance:eu-west-1:111122223333:e7ddce5a1ffcb47b"}}])");
    EXPECT_EQ(wiz, prisma);
}

TEST(CrossPlatform, FindingsWithoutResourceNeverMerge) {
    const auto one =
        key_of("wiz", R"({"issue":{"id":"a","severity":"HIGH"},"control":{"name":"Publicly exposed bucket"}})");
    const auto two =
        key_of("wiz", R"({"issue":{"id":"b","severity":"HIGH"},"control":{"name":"Publicly exposed bucket"}})");
    EXPECT_NE(one, two);
}

} // namespace
} // namespace dossier::ingest
