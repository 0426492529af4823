// One resource, whatever a platform calls it; two resources, however alike their names.

#include "dossier/finding/finding.hpp"

#include <gtest/gtest.h>

namespace dossier {
namespace {

struct Case {
    const char* name;
    Resource one;
    Resource other;
    bool same;
};

const Case cases[] = {
    {"S3 bucket by ARN and by name",
     {.id = "arn:aws:s3:::acme-hr", .cloud = "aws"},
     {.id = "acme-hr", .name = "acme-hr", .type = "STORAGE_BUCKET", .cloud = "aws"},
     true},
    {"S3 bucket by ARN and by RRN",
     {.id = "arn:aws:s3:::acme-hr", .cloud = "aws"},
     {.id = "rrn:aws:storageBucket:eu-west-1:1:9f8e", .name = "acme-hr", .type = "storageBucket", .cloud = "aws"},
     true},
    {"an object belongs to its bucket", {.id = "arn:aws:s3:::acme-hr/a/b.csv"}, {.id = "arn:aws:s3:::acme-hr"}, true},
    {"two buckets", {.id = "arn:aws:s3:::acme-hr"}, {.id = "arn:aws:s3:::acme-hr2"}, false},
    {"EC2 by ARN and by id",
     {.id = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718",
      .cloud = "aws",
      .account = "111122223333"},
     {.id = "i-0a1b2c3d4e5f60718", .cloud = "aws", .account = "111122223333"},
     true},
    {"the same EC2 id in another account",
     {.id = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718",
      .cloud = "aws",
      .account = "111122223333"},
     {.id = "i-0a1b2c3d4e5f60718", .cloud = "aws", .account = "444455556666"},
     false},
    {"IAM user and role of one name",
     {.id = "arn:aws:iam::111122223333:user/etl"},
     {.id = "arn:aws:iam::111122223333:role/etl"},
     false},
    {"Google bucket by path and by name",
     {.id = "//storage.googleapis.com/projects/_/buckets/acme-hr", .name = "acme-hr", .type = "bucket", .cloud = "gcp"},
     {.id = "acme-hr", .name = "acme-hr", .type = "STORAGE_BUCKET", .cloud = "gcp"},
     true},
    {"Google and Amazon bucket of one name",
     {.name = "acme-hr", .type = "bucket", .cloud = "gcp"},
     {.name = "acme-hr", .type = "bucket", .cloud = "aws"},
     false},
    {"Azure paths differ in case only",
     {.id = "/subscriptions/0A/resourceGroups/RG/x", .cloud = "azure"},
     {.id = "/subscriptions/0a/resourcegroups/rg/x", .cloud = "azure"},
     true},
};

TEST(ResourceIdentity, IsOneForOneResource) {
    for (const auto& row : cases) {
        SCOPED_TRACE(row.name);
        const auto one = resource_identity(row.one);
        EXPECT_FALSE(one.empty());
        EXPECT_EQ(one == resource_identity(row.other), row.same);
    }
}

} // namespace
} // namespace dossier
