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

auto fit(const EvidenceList& evidence, std::size_t room) -> FittedEvidence {
    return fit_evidence(std::make_shared<const EvidenceList>(evidence), room);
}

auto kinds_of(const EvidenceList& evidence) -> std::vector<std::string> {
    std::vector<std::string> kinds;
    for (const auto& one : evidence) kinds.push_back(one.kind);
    return kinds;
}

TEST(EvidenceFit, LeavesEverythingWhereThereIsRoom) {
    const auto whole = fit(many(), std::numeric_limits<std::size_t>::max());
    EXPECT_EQ(whole.shown->size(), 59U);
    EXPECT_THAT(whole.left_out, IsEmpty());
    EXPECT_EQ(fit(many(), tokens_of(many())).shown->size(), 59U) << "exactly enough is enough";
    const auto all = std::make_shared<const EvidenceList>(many());
    EXPECT_EQ(fit_evidence(all, std::numeric_limits<std::size_t>::max()).shown, all)
        << "kept once while a model writes";
}

TEST(EvidenceFit, DropsTheLeastImportantAndSaysSo) {
    const auto evidence = many();
    const auto line = tokens_of({evidence.front()});
    const auto fitted = fit(evidence, 20 * line);
    EXPECT_LE(tokens_of(*fitted.shown), 20 * line);
    EXPECT_THAT(fitted.left_out, ElementsAre(::testing::MatchesRegex("3[0-9] of 52 items of access_log")));
    const std::vector<std::string> kinds = kinds_of(*fitted.shown);
    for (const auto* kind : {"severity", "resource", "exposure", "owner", "control", "time", "novelty"})
        EXPECT_THAT(kinds, ::testing::Contains(kind));
    EXPECT_TRUE(std::ranges::is_sorted(*fitted.shown, {}, [](const Evidence& one) {
        return std::stoi(one.id.substr(1));
    })) << "in the order it had";
}

TEST(EvidenceFit, KeepsWhatAnExplanationCannotDoWithout) {
    const auto evidence = many();
    const auto fitted = fit(evidence, tokens_of({item(58, "exposure"), item(57, "resource"), item(58, "severity")}));
    EXPECT_THAT(kinds_of(*fitted.shown), ElementsAre("exposure", "resource", "severity"));
    EXPECT_EQ(fitted.left_out.front(), "1 of 1 items of owner") << "the weightiest loss first";
    EXPECT_EQ(fit(evidence, 0).shown->size(), 0U);
    EXPECT_EQ(fit({}, 0).left_out.size(), 0U);
}

TEST(EvidenceFit, PassesOverWhatIsTooLongForTheRest) {
    const EvidenceList evidence = {item(1, "finding", 5'000), item(2, "severity"), item(3, "owner")};
    const auto fitted = fit(evidence, 200);
    EXPECT_THAT(kinds_of(*fitted.shown), ElementsAre("severity", "owner"));
    EXPECT_THAT(fitted.left_out, ElementsAre("1 of 1 items of finding"));
}

TEST(EstimateTokens, ErrsOnTheSafeSideInEveryScript) {
    struct Row {
        const char* name;
        const char* text;
        std::size_t tokens; ///< the more of what OpenAI's cl100k and o200k make of it
    };
    const Row rows[] = {
        {"English", "The bucket acme-payments-exports is public and holds personal data of customers.", 17},
        {"evidence",
         R"({"id":"E12","kind":"access","statement":"the role arn:aws:iam::123456789012:role/payments-etl )"
         R"(has write access","value":"role/payments-etl","origin":"identity:access"})",
         49},
        {"hex", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", 27},
        {"Japanese", "このバケットは公開されており、顧客の個人情報が含まれています。", 29},
        {"Chinese", "該儲存桶是公開的，包含客戶的個人資料與支付紀錄。", 33},
        {"Korean", "이 버킷은 공개되어 있으며 고객의 개인 정보를 포함합니다.", 28},
        {"Russian", "Бакет открыт для всех и содержит персональные данные клиентов.", 21},
        {"Arabic", "الحاوية عامة وتحتوي على بيانات شخصية للعملاء.", 31},
        {"Hindi", "यह बकेट सार्वजनिक है और इसमें ग्राहकों का व्यक्तिगत डेटा है।", 60},
        {"emoji", "🔥🚨💳🧾🏥", 14},
        {"nothing", "", 0},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_GE(estimate_tokens(row.text), row.tokens);
        EXPECT_LE(estimate_tokens(row.text), 3 * row.tokens + 1) << "safe, and not absurd";
    }
}

TEST(EstimateTokens, CountsEveryByteOnce) {
    // As it is defined, byte by byte; texts around the lengths of the blocks it looks at.
    const auto counted = [](std::string_view text) {
        std::size_t plain = 0;
        std::size_t foreign = 0;
        std::size_t begun = 0;
        char before = ' ';
        const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
        const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
        for (const char c : text) {
            ++(static_cast<unsigned char>(c) < 0x80 ? plain : foreign);
            if (static_cast<unsigned char>(c) >= 0xF0 || (is_digit(c) && is_letter(before)) ||
                (is_letter(c) && is_digit(before)))
                ++begun;
            before = c;
        }
        return plain / 3 + foreign / 2 + begun + 1;
    };
    const std::string alphabet = "a9Z0 \"é😀中-";
    for (std::size_t size = 0; size < 300; ++size) {
        std::string text;
        for (std::size_t at = 0; at < size; ++at) text += alphabet[(at * at + 7 * at + size) % alphabet.size()];
        EXPECT_EQ(estimate_tokens(text), counted(text)) << size;
    }
    std::string alternating;
    for (int i = 0; i < 500; ++i) alternating += "a1";
    EXPECT_EQ(estimate_tokens(alternating), counted(alternating));
}

} // namespace
} // namespace dossier::explain
