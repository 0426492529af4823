#include "dossier/explain/assessor.hpp"

#include "dossier/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace dossier::explain {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

auto assessor() -> const Assessor& {
    static const auto loaded = Assessor::load(DOSSIER_SOURCE_DIR "/config").value();
    return *loaded;
}

auto public_bucket() -> Finding {
    Finding finding;
    finding.severity = Severity::critical;
    finding.control = ControlFamily::public_access;
    finding.exposure = Exposure::public_;
    finding.resource = {
        .id = "arn:aws:s3:::acme-payments-exports",
        .name = "acme-payments-exports",
        .type = "bucket",
        .cloud = "aws",
        .account = "111122223333",
        .region = "eu-west-1",
    };
    finding.data.classes = {"pci", "pii"};
    return finding;
}

auto frameworks_of(const Assessment& assessment) -> std::set<std::string> {
    std::set<std::string> names;
    for (const auto& regulation : assessment.regulations) names.insert(regulation.framework);
    return names;
}

auto cites(const std::string& framework, const std::string& citation) {
    return Contains(AllOf(Field(&RegulationRef::framework, framework), Field(&RegulationRef::citation, citation)));
}

TEST(Assessor, NamesTheLawThatDataControlAndPlaceTouch) {
    struct Row {
        const char* name;
        std::vector<std::string> data;
        ControlFamily control;
        std::string region;
        std::set<std::string> present;
        std::set<std::string> absent;
    };
    const Row rows[] = {
        {"personal data in the EU",
         {"pii"},
         ControlFamily::public_access,
         "eu-west-1",
         {"GDPR", "SOC 2", "NIST 800-53 r5", "ISO 27001:2022", "CIS AWS Foundations 3.0.0"},
         {"CCPA", "HIPAA", "PCI DSS 4.0.1"}},
        {"personal data in the US", {"pii"}, ControlFamily::public_access, "us-east-1", {"CCPA"}, {"GDPR", "HIPAA"}},
        {"personal data nobody knows where", {"pii"}, ControlFamily::public_access, "", {"GDPR"}, {"CCPA"}},
        {"London is not in the EU and not in the US",
         {"pii"},
         ControlFamily::public_access,
         "eu-west-2",
         {"GDPR"},
         {"CCPA"}},
        {"health data", {"phi"}, ControlFamily::encryption, "us-west-2", {"HIPAA", "CCPA"}, {"PCI DSS 4.0.1", "GDPR"}},
        {"card data", {"pci"}, ControlFamily::logging, "us-west-2", {"PCI DSS 4.0.1"}, {"HIPAA"}},
        {"secrets only", {"secrets"}, ControlFamily::credentials, "eu-west-1", {"NIST 800-53 r5"}, {"GDPR", "CCPA"}},
        {"unknown data in a public bucket",
         {},
         ControlFamily::public_access,
         "eu-west-1",
         {"NIST 800-53 r5", "ISO 27001:2022", "SOC 2", "CIS AWS Foundations 3.0.0"},
         {"GDPR", "CCPA", "HIPAA", "PCI DSS 4.0.1"}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto finding = public_bucket();
        finding.data.classes = row.data;
        finding.control = row.control;
        finding.resource.region = row.region;
        const auto names = frameworks_of(assessor().assess({finding}, {}));
        for (const auto& name : row.present) EXPECT_TRUE(names.contains(name)) << name;
        for (const auto& name : row.absent) EXPECT_FALSE(names.contains(name)) << name;
    }
}

TEST(Assessor, CitesAccessControlForAPublicBucket) {
    const auto regulations = assessor().assess({public_bucket()}, {}).regulations;
    EXPECT_THAT(regulations, cites("NIST 800-53 r5", "AC-3"));
    EXPECT_THAT(regulations, cites("ISO 27001:2022", "A.8.3"));
    EXPECT_THAT(regulations, cites("SOC 2", "CC6.1"));
    EXPECT_THAT(regulations, cites("GDPR", "Art. 32(1)(b)"));
    EXPECT_THAT(regulations, cites("PCI DSS 4.0.1", "7.2.1"));
    EXPECT_THAT(regulations, cites("CIS AWS Foundations 3.0.0", "2.1.4"));
    EXPECT_THAT(regulations, Contains(Field(&RegulationRef::reason, HasSubstr("eu-west-1"))));
}

TEST(Assessor, SaysWhereTheLawIsOnlyPossible) {
    auto finding = public_bucket();
    finding.resource.region = "";
    const auto regulations = assessor().assess({finding}, {}).regulations;
    EXPECT_THAT(regulations,
                Contains(AllOf(Field(&RegulationRef::framework, "GDPR"),
                               Field(&RegulationRef::reason, HasSubstr("where data subjects are in the EU")))));
    finding.resource.tags = {{"compliance", "CCPA"}};
    EXPECT_TRUE(frameworks_of(assessor().assess({finding}, {})).contains("CCPA"));
}

constexpr ControlFamily families[] = {
    ControlFamily::public_access, ControlFamily::excessive_access, ControlFamily::encryption,
    ControlFamily::logging,       ControlFamily::backup_retention, ControlFamily::network_exposure,
    ControlFamily::data_at_risk,  ControlFamily::classification,   ControlFamily::credentials,
    ControlFamily::vulnerability, ControlFamily::malware,          ControlFamily::threat,
    ControlFamily::other};

TEST(Assessor, AlwaysHasARegulationAndThreeSteps) {
    for (const auto family : families) {
        for (const auto* cloud : {"aws", "azure", "gcp", "oci", ""}) {
            for (const auto* type : {"", "bucket", "sqlServer", "virtualMachine"}) {
                SCOPED_TRACE(std::string(to_string(family)) + " " + cloud + " " + type);
                Finding finding;
                finding.control = family;
                finding.resource.cloud = cloud;
                finding.resource.type = type;
                const auto assessment = assessor().assess({finding}, {});
                EXPECT_FALSE(assessment.regulations.empty());
                EXPECT_GE(assessment.remediation.size(), 3U);
                EXPECT_THAT(assessment.snippet, IsEmpty()) << "no name, no snippet";
                for (const auto& step : assessment.remediation) EXPECT_THAT(step.text, Not(HasSubstr("snippet")));
            }
        }
    }
}

TEST(Assessor, ShowsEachFactorOfTheRisk) {
    Context context;
    context.environment = Environment::prod;
    context.environment_origin = "cmdb:file";
    context.asset = Asset{.criticality = Criticality::critical};
    context.access = {{.id = "*", .kind = "anyone", .level = "read", .origin = "identity:file"}};
    const auto assessment = assessor().assess({public_bucket()}, context);
    ASSERT_EQ(assessment.factors.size(), 6U);
    double sum = 0;
    for (const auto& factor : assessment.factors) {
        EXPECT_FALSE(factor.name.empty() || factor.value.empty() || factor.reason.empty());
        sum += factor.weight;
    }
    EXPECT_NEAR(sum * 100, assessment.risk, 0.06);
    EXPECT_NEAR(assessment.risk, 100, 0.1) << "the worst of everything";
    EXPECT_EQ(assessment.level, "critical");
}

TEST(Assessor, RiskFollowsItsFactors) {
    struct Row {
        const char* name;
        void (*change)(Finding&, Context&);
        const char* level;
    };
    const Row rows[] = {
        {"critical, public, card data, unknown environment", [](Finding&, Context&) {}, "critical"},
        {"the same in a sandbox with low severity",
         [](Finding& f, Context& c) {
             f.severity = Severity::low;
             f.exposure = Exposure::internal;
             c.environment = Environment::dev;
         },
         "medium"},
        {"nothing to see",
         [](Finding& f, Context& c) {
             f.severity = Severity::informational;
             f.exposure = Exposure::none;
             f.data.classes.clear();
             c.environment = Environment::dev;
             c.asset = Asset{.criticality = Criticality::low};
         },
         "low"},
        {"high, internal, personal data",
         [](Finding& f, Context&) {
             f.severity = Severity::high;
             f.exposure = Exposure::internal;
         },
         "high"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto finding = public_bucket();
        Context context;
        row.change(finding, context);
        const auto assessment = assessor().assess({finding}, context);
        EXPECT_EQ(assessment.level, row.level) << assessment.risk;
    }
}

TEST(Assessor, EachFactorMovesTheRiskByItself) {
    struct Row {
        const char* name;
        const char* factor;
        void (*change)(Finding&, Context&); ///< makes it less
        double by;                          ///< points, at least
    };
    const Row rows[] = {
        {"a lower severity", "severity", [](Finding& f, Context&) { f.severity = Severity::medium; }, 10},
        {"less sensitive data", "data", [](Finding& f, Context&) { f.data.classes = {"customer"}; }, 5},
        {"reached by other accounts only", "exposure",
         [](Finding& f, Context&) { f.exposure = Exposure::cross_account; }, 5},
        {"a test environment", "environment", [](Finding&, Context& c) { c.environment = Environment::test; }, 5},
        {"a smaller blast radius", "reach",
         [](Finding& f, Context& c) {
             f.exposure = Exposure::internal;
             c.access = {{.id = "role/one", .kind = "role", .level = "read", .origin = "x"}};
             c.blast_radius.reset();
         },
         5},
        {"an application of low criticality", "criticality",
         [](Finding&, Context& c) { c.asset->criticality = Criticality::low; }, 5},
    };
    Context context;
    context.environment = Environment::prod;
    context.asset = Asset{.criticality = Criticality::critical};
    context.access = {{.id = "*", .kind = "anyone", .level = "read", .origin = "x"}};
    const auto weight_of = [](const Assessment& assessment, const std::string& name) {
        const auto found = std::ranges::find(assessment.factors, name, &RiskFactor::name);
        return found == assessment.factors.end() ? -1 : found->weight;
    };
    const auto worst = assessor().assess({public_bucket()}, context);
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto finding = public_bucket();
        auto changed = context;
        row.change(finding, changed);
        const auto assessment = assessor().assess({finding}, changed);
        const auto lost = 100 * (weight_of(worst, row.factor) - weight_of(assessment, row.factor));
        EXPECT_GE(lost, row.by);
        EXPECT_LE(assessment.risk, worst.risk - row.by);
    }
    // The blast radius alone, everything else alike: secrets and stores behind it count.
    auto finding = public_bucket();
    finding.exposure = Exposure::internal;
    Context quiet;
    quiet.access = {{.id = "role/one", .kind = "role", .level = "read", .origin = "x"}};
    auto wide = quiet;
    wide.blast_radius = BlastRadius{.nodes = {{.id = "r", .kind = "resource"},
                                              {.id = "internet", .kind = "internet", .hops = 2},
                                              {.id = "s", .kind = "secret", .hops = 1}},
                                    .hops = 2,
                                    .origin = "wiz"};
    EXPECT_GE(assessor().assess({finding}, wide).risk, assessor().assess({finding}, quiet).risk + 4);
}

TEST(Assessor, AnUnknownEnvironmentCountsAsProduction) {
    Context prod;
    prod.environment = Environment::prod;
    EXPECT_EQ(assessor().assess({public_bucket()}, prod).risk, assessor().assess({public_bucket()}, {}).risk);
    Context dev;
    dev.environment = Environment::dev;
    EXPECT_LT(assessor().assess({public_bucket()}, dev).risk, assessor().assess({public_bucket()}, {}).risk);
}

TEST(Assessor, SaysWhoCanReachIt) {
    Context context;
    context.access = {{.id = "role/etl", .kind = "role", .level = "write", .origin = "identity:file"}};
    for (int i = 0; i < 30; ++i)
        context.access.push_back({.id = "u" + std::to_string(i), .kind = "user", .level = "read", .origin = "x"});
    const auto reach = assessor().assess({public_bucket()}, context).reach;
    EXPECT_THAT(reach, Contains(HasSubstr("Anyone on the internet")));
    EXPECT_THAT(reach, Contains("role role/etl has write access (identity:file)."));
    EXPECT_THAT(reach, Contains("11 more principals have access."));
}

TEST(Assessor, TheWidestReportOfSeveralFindingsCounts) {
    auto quiet = public_bucket();
    quiet.exposure = Exposure::unknown;
    quiet.control = ControlFamily::data_at_risk;
    quiet.data.classes = {"phi"};
    const auto assessment = assessor().assess({quiet, public_bucket()}, {});
    EXPECT_THAT(assessment.factors, Contains(Field(&RiskFactor::value, "public")));
    EXPECT_THAT(assessment.factors, Contains(Field(&RiskFactor::value, "pci, phi, pii")));
    EXPECT_EQ(assessment.snippet_title, "S3 public access block (AWS CLI)");
}

TEST(Assessor, IsDeterministicAndWorksFromTheBuiltInCopy) {
    const auto built_in = Assessor::load("");
    ASSERT_TRUE(built_in) << built_in.error().message;
    const auto a = (*built_in)->assess({public_bucket()}, {});
    const auto b = assessor().assess({public_bucket()}, {});
    ASSERT_EQ(a.regulations.size(), b.regulations.size());
    EXPECT_EQ(a.snippet, b.snippet);
    EXPECT_EQ(a.risk, b.risk);
    EXPECT_FALSE(Assessor::load("no/such/directory"));
    EXPECT_TRUE((*built_in)->assess({}, {}).regulations.empty());
}

} // namespace
} // namespace dossier::explain
