#include "evidence_fit.hpp"

#include "dossier/explain/llm_gateway.hpp"
#include "prompt_assembly.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace dossier::explain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto item(int number, std::string kind, std::size_t length = 60) -> Evidence {
    return {.id = "E" + std::to_string(number),
            .kind = std::move(kind),
            .statement = std::string(length, 's'),
            .value = "",
            .origin = ""};
}

auto many() -> EvidenceList {
    EvidenceList evidence;
    int number = 0;
    for (int i = 0; i < 52; ++i) evidence.push_back(item(++number, "access_log"));
    for (const auto* kind : {"time", "control", "owner", "exposure", "resource", "severity", "novelty"})
        evidence.push_back(item(++number, kind));
    return evidence;
}

auto tokens_of(const EvidenceList& evidence) -> std::size_t {
    std::size_t sum = 0;
    for (const auto& one : evidence) sum += estimate_tokens(evidence_lines({one}));
    return sum;
}

auto kinds_of(const EvidenceList& evidence) -> std::vector<std::string> {
    std::vector<std::string> kinds;
    for (const auto& one : evidence) kinds.push_back(one.kind);
    return kinds;
}

TEST(EvidenceFit, LeavesEverythingWhereThereIsRoom) {
    const auto whole = fit_evidence(many(), std::numeric_limits<std::size_t>::max());
    EXPECT_EQ(whole.shown.size(), 59U);
    EXPECT_THAT(whole.left_out, IsEmpty());
    EXPECT_EQ(fit_evidence(many(), tokens_of(many())).shown.size(), 59U) << "exactly enough is enough";
}

TEST(EvidenceFit, DropsTheLeastImportantAndSaysSo) {
    const auto evidence = many();
    const auto line = tokens_of({evidence.front()});
    const auto fitted = fit_evidence(evidence, 20 * line);
    EXPECT_LE(tokens_of(fitted.shown), 20 * line);
    EXPECT_THAT(fitted.left_out, ElementsAre(::testing::MatchesRegex("3[0-9] of 52 items of access_log")));
    const std::vector<std::string> kinds = kinds_of(fitted.shown);
    for (const auto* kind : {"severity", "resource", "exposure", "owner", "control", "time", "novelty"})
        EXPECT_THAT(kinds, ::testing::Contains(kind));
    EXPECT_TRUE(std::ranges::is_sorted(fitted.shown, {}, [](const Evidence& one) {
        return std::stoi(one.id.substr(1));
    })) << "in the order it had";
}

TEST(EvidenceFit, KeepsWhatAnExplanationCannotDoWithout) {
    const auto evidence = many();
    const auto fitted =
        fit_evidence(evidence, tokens_of({item(58, "exposure"), item(57, "resource"), item(58, "severity")}));
    EXPECT_THAT(kinds_of(fitted.shown), ElementsAre("exposure", "resource", "severity"));
    EXPECT_EQ(fitted.left_out.front(), "1 of 1 items of owner") << "the weightiest loss first";
    EXPECT_EQ(fit_evidence(evidence, 0).shown.size(), 0U);
    EXPECT_EQ(fit_evidence({}, 0).left_out.size(), 0U);
}

TEST(EvidenceFit, PassesOverWhatIsTooLongForTheRest) {
    const EvidenceList evidence = {item(1, "finding", 5'000), item(2, "severity"), item(3, "owner")};
    const auto fitted = fit_evidence(evidence, 200);
    EXPECT_THAT(kinds_of(fitted.shown), ElementsAre("severity", "owner"));
    EXPECT_THAT(fitted.left_out, ElementsAre("1 of 1 items of finding"));
}

} // namespace
} // namespace dossier::explain
