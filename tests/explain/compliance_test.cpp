#include "dossier/explain/compliance.hpp"

#include "closed_lists.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace dossier::explain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

TEST(ClosedLists, FindAnIdByItselfOrByItsPoints) {
    const IdList none;
    EXPECT_FALSE(none.contains("A"));
    EXPECT_FALSE(none.has_with_prefix("A"));
    const IdList some({"B-2", "A-10", "A-1(2)", "A-1(1)", "B-2", "C"});
    EXPECT_EQ(some.size(), 5U);
    for (const auto* there : {"A-1(1)", "A-1(2)", "A-10", "B-2", "C"}) EXPECT_TRUE(some.contains(there)) << there;
    for (const auto* absent : {"", "A-1", "A-1(", "A-1(3)", "A-100", "B", "C2", "D"})
        EXPECT_FALSE(some.contains(absent)) << absent;
    EXPECT_TRUE(some.has_with_prefix("A-1("));
    EXPECT_FALSE(some.has_with_prefix("B-2("));
    EXPECT_FALSE(some.has_with_prefix("D"));
}

TEST(ClosedLists, WriteOutRanges) {
    EXPECT_THAT(expand_ids("AC-2"), ElementsAre("AC-2"));
    EXPECT_THAT(expand_ids("AC-2(1..3)"), ElementsAre("AC-2(1)", "AC-2(2)", "AC-2(3)"));
    EXPECT_THAT(expand_ids("1.9..11"), ElementsAre("1.9", "1.10", "1.11"));
    EXPECT_THAT(expand_ids("Art. 5(1)(a..c)"), ElementsAre("Art. 5(1)(a)", "Art. 5(1)(b)", "Art. 5(1)(c)"));
    EXPECT_THAT(expand_ids("164.308(a)(1)(ii)(A..B)"), ElementsAre("164.308(a)(1)(ii)(A)", "164.308(a)(1)(ii)(B)"));
}

TEST(ClosedLists, RefuseWhatIsNoList) {
    for (const auto* text : {"X:\n  idz: a\n", "X: [\n", "X:\n  withdrawn: a\n"}) {
        SCOPED_TRACE(text);
        const auto parsed = ClosedLists::parse({{.name = "x.yaml", .content = text}});
        ASSERT_FALSE(parsed);
        EXPECT_THAT(parsed.error().message, HasSubstr("x.yaml:"));
    }
}

struct Written {
    const char* text;
    const char* framework;
    const char* id;
    const char* problem = "";
};

const std::vector<Written> written = {
    {"Art. 32 lit. a GDPR", "GDPR", "Art. 32(a)", "no such article"},
    {"Art. 32(1) lit. a GDPR", "GDPR", "Art. 32(1)(a)"},
    {"Article 32, paragraph 1, point (a) of the GDPR", "GDPR", "Art. 32(1)(a)"},
    {"Article 5.1.f of Regulation (EU) 2016/679", "GDPR", "Art. 5(1)(f)"},
    {"GDPR's Article 32", "GDPR", "Art. 32"},
    {"GDPR (Art. 33)", "GDPR", "Art. 33"},
    {"Art. 105 GDPR", "GDPR", "Art. 105", "no such article"},
    {"GDPR Recital 83", "GDPR", "Recital 83", "no such article"},
    {"Art. 19 of DORA", "DORA", "Art. 19"},
    {"DORA Article 77", "DORA", "Art. 77", "no such article"},
    {"45 C.F.R. § 164.312(a)(1)", "HIPAA", "45 CFR 164.312(a)(1)"},
    {"HIPAA Security Rule, 45 CFR Part 164, § 164.312(b)", "HIPAA", "45 CFR 164.312(b)"},
    {"section 164.308(a)(1)(ii)(A)", "HIPAA", "45 CFR 164.308(a)(1)(ii)(A)"},
    {"45 CFR 164.312(a)", "HIPAA", "45 CFR 164.312(a)"},
    {"HIPAA 164.313", "HIPAA", "45 CFR 164.313", "no such section"},
    {"Cal. Civ. Code § 1798.150", "CCPA", "1798.150"},
    {"Cal. Civ. Code § 1798.150(a)(1)", "CCPA", "1798.150(a)(1)"},
    {"CCPA section 1798.81.5(b)", "CCPA", "1798.81.5(b)"},
    {"CPRA 1798.101", "CCPA", "1798.101", "no such section"},
    {"PCI DSS v4.0.1 requirement 3.5.1", "PCI DSS 4.0.1", "3.5.1"},
    {"PCI-DSS 8", "PCI DSS 4.0.1", "8"},
    {"requirement 7.2.1 of PCI DSS", "PCI DSS 4.0.1", "7.2.1"},
    {"PCI DSS Requirement 6.6", "PCI DSS 4.0.1", "6.6", "no such requirement"},
    {"PCI DSS v3.2.1 requirement 6.5", "PCI DSS 4.0.1", "6.5", "that version of PCI DSS is retired"},
    {"PCI DSS 3.2.1", "PCI DSS 4.0.1", "3.2.1"},
    {"PCI DSS A3.5.1", "PCI DSS 4.0.1", "A3.5.1"},
    {"SOC 2 CC6.1", "SOC 2", "CC6.1"},
    {"SOC2 A1.2", "SOC 2", "A1.2"},
    {"CC6.9 (SOC 2)", "SOC 2", "CC6.9", "no such criterion"},
    {"AC-3", "NIST 800-53 r5", "AC-3"},
    {"NIST AC-03(07)", "NIST 800-53 r5", "AC-3(7)"},
    {"NIST SP 800-53 Rev. 5 AC-3 enhancement 7", "NIST 800-53 r5", "AC-3(7)"},
    {"NIST 800-53 ia-12.3", "NIST 800-53 r5", "IA-12(3)"},
    {"NIST SP 800-53 AC-3(1)", "NIST 800-53 r5", "AC-3(1)", "withdrawn, see AC-6"},
    {"NIST 800-53 Rev. 4 AC-3", "NIST 800-53 r5", "AC-3", "that revision is superseded"},
    {"NIST 800-53 ZZ-1", "NIST 800-53 r5", "ZZ-1", "no such control"},
    {"NIST CSF 2.0 PR.AA-05", "NIST CSF 2.0", "PR.AA-05"},
    {"NIST CSF PR.AC-1", "NIST CSF 2.0", "PR.AC", "no such requirement"},
    {"ISO 27001 A.8.24", "ISO 27001:2022", "A.8.24"},
    {"ISO/IEC 27001:2022 Annex A 5.23", "ISO 27001:2022", "A.5.23"},
    {"ISO 27001 clause 6.1.2", "ISO 27001:2022", "6.1.2"},
    {"ISO/IEC 27001:2022 A.9.2.3", "ISO 27001:2022", "A.9.2.3", "no such control"},
    {"ISO 27001:2013 A.9.2", "ISO 27001:2022", "A.9.2", "the edition of 2013 is withdrawn"},
    {"CIS AWS Foundations Benchmark v3.0.0 2.1.4", "CIS AWS Foundations 3.0.0", "2.1.4"},
    {"CIS AWS 1.4 recommendation 2.1.5", "CIS AWS Foundations 1.4.0", "2.1.5"},
    {"CIS AWS Foundations 3.0.0 9.9", "CIS AWS Foundations 3.0.0", "9.9", "no such requirement"},
    {"CIS 2.1.4", "CIS", "2.1.4", "its number means something only with the benchmark and its version"},
    {"NIST 800-53 CC6.1", "NIST 800-53 r5", "CC6.1", "a number of another framework"},
    {"HIPAA Art. 32", "HIPAA", "Art. 32", "a number of another framework"},
    {"Art. 32 of the HIPAA", "HIPAA", "Art. 32", "a number of another framework"},
};

TEST(Citations, AreReadInManyNotations) {
    for (const auto& row : written) {
        for (const auto* frame : {"{}", "This exposure is relevant under {}.", "Under {}, controls are due."}) {
            const auto text = replace_all(std::string(frame), "{}", row.text);
            SCOPED_TRACE(text);
            const auto citation = normalise_citation(text);
            if (!citation) {
                ADD_FAILURE() << "not read";
                continue;
            }
            EXPECT_EQ(citation->framework, row.framework);
            EXPECT_EQ(citation->id, row.id);
            EXPECT_EQ(citation->problem, row.problem);
        }
    }
}

TEST(Citations, ListsAreReadOneByOne) {
    struct Row {
        const char* text;
        std::vector<std::string> read;
    };
    const Row rows[] = {
        {"Articles 5, 25 and 32 of the GDPR", {"GDPR Art. 5", "GDPR Art. 25", "GDPR Art. 32"}},
        {"GDPR Art. 5(1)(f), 25(2) and 32(1)(b)", {"GDPR Art. 5(1)(f)", "GDPR Art. 25(2)", "GDPR Art. 32(1)(b)"}},
        {"PCI DSS 1.3.1, 7.2.1 and 3.5.1", {"PCI DSS 4.0.1 1.3.1", "PCI DSS 4.0.1 7.2.1", "PCI DSS 4.0.1 3.5.1"}},
        {"NIST 800-53 AC-3, AC-6 and SC-7(5)",
         {"NIST 800-53 r5 AC-3", "NIST 800-53 r5 AC-6", "NIST 800-53 r5 SC-7(5)"}},
        {"GDPR Art. 32, HIPAA 164.312(b) and CC6.1", {"GDPR Art. 32", "HIPAA 45 CFR 164.312(b)", "SOC 2 CC6.1"}},
        {"Art. 32 GDPR and 3 principals", {"GDPR Art. 32"}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        std::vector<std::string> read;
        for (const auto& citation : law_in(row.text).citations) read.push_back(citation.framework + " " + citation.id);
        EXPECT_EQ(read, row.read);
    }
}

TEST(Citations, AreNotSeenInWhatIsNone) {
    for (const auto* text :
         {"The region is eu-west-1 and us-east-2.", "About 1,204 records in 3 tables.", "It runs PostgreSQL 14.2.",
          "The role sc-7-prod reads arn:aws:s3:::ac-3-data.", "The host db-1.acme.test listens on 0.0.0.0.",
          "CVE-2026-12345 is rated 9.8.", "Dora Kent of the cis department.", "The risk is 92 of 100.",
          "The bucket is-12 is public."}) {
        SCOPED_TRACE(text);
        EXPECT_TRUE(law_in(text).citations.empty());
        EXPECT_TRUE(law_in(text).frameworks.empty());
    }
}

TEST(Citations, ExistOrNot) {
    EXPECT_TRUE(is_known_citation("GDPR", "Art. 32(1)(a)"));
    EXPECT_TRUE(is_known_citation("HIPAA", "45 CFR 164.312(a)")) << "a paragraph above listed points";
    EXPECT_FALSE(is_known_citation("GDPR", "Art. 100"));
    EXPECT_FALSE(is_known_citation("NIST 800-53 r5", "AC-3(1)")) << "withdrawn";
    EXPECT_FALSE(is_known_citation("NIST 800-53 r5", ""));
    EXPECT_FALSE(is_known_citation("HITRUST", "1"));
    EXPECT_FALSE(has_closed_list("HITRUST"));
}

TEST(HealthData, ControlsExistAndAnApiAddsSome) {
    const auto stored = health_data_controls(false);
    const auto served = health_data_controls(true);
    EXPECT_GT(served.size(), stored.size());
    for (const auto& one : served) {
        EXPECT_TRUE(is_known_citation("HIPAA", one.standard)) << one.standard;
        EXPECT_FALSE(one.controls.empty());
        for (const auto& control : one.controls) EXPECT_TRUE(is_known_citation("NIST 800-53 r5", control)) << control;
    }
}

TEST(DataClasses, BringInLawsThatWeHaveListsOf) {
    EXPECT_THAT(frameworks_touched_by("PHI"), ElementsAre("HIPAA", "GDPR", "CCPA"));
    EXPECT_THAT(frameworks_touched_by("weather"), IsEmpty());
    for (const auto* word : {"pii", "pci", "pci_sad", "financial", "secrets", "customer", "children", "government_id"})
        for (const auto& framework : frameworks_touched_by(word)) EXPECT_TRUE(has_closed_list(framework)) << framework;
}

// The published lists and cases, where they are at hand.

auto shared(const char* file) -> fs::path {
    const char* given = std::getenv("DOSSIER_SHARED"); // NOLINT(concurrency-mt-unsafe): tests have one thread
    return fs::path(given != nullptr ? given : DOSSIER_SOURCE_DIR "/../shared") / "compliance" / file;
}

TEST(Citations, OfThePublishedCasesAreJudgedRight) {
    if (!fs::exists(shared("citations.jsonl"))) GTEST_SKIP() << "the cases are not at hand";
    const std::map<std::string, std::string> names = {
        {"gdpr", "GDPR"},
        {"nist_800_53_r5", "NIST 800-53 r5"},
        {"pci_dss_4", "PCI DSS 4.0.1"},
        {"hipaa", "HIPAA"},
        {"ccpa", "CCPA"},
        {"soc2", "SOC 2"},
        {"iso_27001_2022", "ISO 27001:2022"},
    };
    std::ifstream in(shared("citations.jsonl"));
    int count = 0;
    for (std::string line; std::getline(in, line); ++count) {
        const auto row = Json::parse(line);
        SCOPED_TRACE(row.at("text").get<std::string>());
        const auto citation = normalise_citation(row.at("text").get<std::string>());
        if (!citation) {
            ADD_FAILURE() << "not read";
            continue;
        }
        EXPECT_EQ(citation->framework, names.at(row.at("framework").get<std::string>()));
        EXPECT_EQ(citation->id, row.at("id").get<std::string>());
        EXPECT_EQ(citation->exists(), row.at("valid").get<bool>()) << citation->problem;
    }
    EXPECT_GT(count, 100);
}

/// Every id of a published list, with its paragraphs, points and subdivisions.
void add_ids(const Json& item, std::set<std::string>& ids) {
    if (item.is_string()) {
        ids.insert(item.get<std::string>());
        return;
    }
    if (item.value("withdrawn", false)) return;
    const auto id = item.at("id").get<std::string>();
    ids.insert(id);
    for (const auto& part : item.value("subdivisions", Json::array())) ids.insert(id + part.get<std::string>());
    for (const auto& paragraph : item.value("paragraphs", Json::array()))
        ids.insert(id + "(" + std::to_string(paragraph.get<int>()) + ")");
    for (const auto& [paragraph, letters] : item.value("points", Json::object()).items())
        for (const char letter : letters.get<std::string>())
            ids.insert(id + "(" + paragraph + ")(" + std::string(1, letter) + ")");
}

TEST(ClosedLists, AreThePublishedOnes) {
    if (!fs::exists(shared("gdpr.json"))) GTEST_SKIP() << "the lists are not at hand";
    const std::map<std::string, std::string> files{
        {"GDPR", "gdpr.json"},           {"CCPA", "ccpa.json"},
        {"HIPAA", "hipaa.json"},         {"PCI DSS 4.0.1", "pci-dss-4.0.1.json"},
        {"SOC 2", "soc2-tsc-2017.json"}, {"NIST 800-53 r5", "nist-800-53-r5.json"},
        {"DORA", "dora.json"},           {"NIST CSF 2.0", "nist-csf-2.0.json"},
    };
    const auto ours = [](std::string_view framework) {
        const auto* list = ClosedLists::built_in().find(framework);
        std::set<std::string> ids;
        for (std::size_t i = 0; list != nullptr && i < list->ids.size(); ++i) ids.emplace(list->ids[i]);
        return ids;
    };
    const auto document = [](const std::string& file) {
        std::ifstream in(shared(file.c_str()));
        return Json::parse(in);
    };
    for (const auto& [framework, file] : files) {
        SCOPED_TRACE(framework);
        std::set<std::string> ids;
        for (const auto& item : document(file).at("items")) add_ids(item, ids);
        EXPECT_GT(ids.size(), 20U);
        EXPECT_EQ(ours(framework), ids);
    }
    std::set<std::string> iso;
    const auto published = document("iso-27001-2022.json");
    for (const auto* part : {"items", "clauses"})
        for (const auto& item : published.at(part)) add_ids(item, iso);
    EXPECT_EQ(ours("ISO 27001:2022"), iso);
    std::size_t benchmarks = 0;
    for (const auto& [key, items] : document("cis-foundations.json").at("items").items()) {
        SCOPED_TRACE(key);
        std::set<std::string> ids;
        for (const auto& item : items) add_ids(item, ids);
        const std::string cloud = key.starts_with("cis-aws") ? "AWS" : key.starts_with("cis-azure") ? "Azure" : "GCP";
        EXPECT_EQ(ours("CIS " + cloud + " Foundations " + key.substr(key.rfind('-') + 1) + ".0"), ids);
        ++benchmarks;
    }
    EXPECT_GT(benchmarks, 10U);
    const auto* controls = ClosedLists::built_in().find("NIST 800-53 r5");
    ASSERT_NE(controls, nullptr);
    std::size_t withdrawn = 0;
    for (const auto& item : document("nist-800-53-r5.json").at("items"))
        if (item.value("withdrawn", false)) {
            ++withdrawn;
            EXPECT_TRUE(controls->withdrawn.contains(item.at("id").get<std::string>()));
        }
    EXPECT_EQ(controls->withdrawn.size(), withdrawn);
}

} // namespace
} // namespace dossier::explain
