#include "shapes.hpp"

#include "characters.hpp"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dossier::redact {
namespace {

using Places = std::set<std::pair<std::size_t, std::size_t>>; ///< where, and which row

auto told_by_leads(std::string_view text) -> Places {
    static const auto search = [] {
        LeadSearch made;
        for (std::size_t row = 0; row < shapes().size(); ++row)
            for (const auto& lead : shapes()[row].leads) made.add(lead, row);
        return made;
    }();
    std::vector<LeadSearch::Place> found;
    search.find(text, found);
    Places places;
    for (const auto& [at, row] : found) places.emplace(at, row);
    return places;
}

/// Each row that has leads, at each byte; what its check would refuse is nothing to be told.
auto told_by_patterns(std::string_view text) -> Places {
    static const auto patterns = [] {
        std::vector<std::pair<std::size_t, std::unique_ptr<RE2>>> made;
        for (std::size_t row = 0; row < shapes().size(); ++row)
            if (!shapes()[row].leads.empty()) made.emplace_back(row, std::make_unique<RE2>(shapes()[row].pattern));
        return made;
    }();
    Places places;
    for (const auto& [row, pattern] : patterns) {
        for (std::size_t at = 0; at < text.size(); ++at) {
            re2::StringPiece whole;
            if (!pattern->Match({text.data(), text.size()}, at, text.size(), RE2::ANCHOR_START, &whole, 1)) continue;
            Candidate candidate{.text = text, .begin = at, .end = at + whole.size()};
            // The first four digits of a card stand together, whatever its pattern would take.
            constexpr std::string_view ten = "0123456789";
            if (shapes()[row].kind == "CARD" && text.substr(at, 4).find_first_not_of(ten) != std::string_view::npos)
                continue;
            auto* const check = shapes()[row].check;
            if (check == nullptr || check(candidate)) places.emplace(at, row);
        }
    }
    return places;
}

/// A row that its leads don't begin with would be hidden for ever.
TEST(Leads, TellEachPlaceWhereAPatternMatches) {
    // Of each row something that it matches, then changed here and there.
    const std::vector<std::string> ids{"541 773 206",
                                       "485 777 3457",
                                       "JG 10 37 59 A",
                                       "JG103759A",
                                       "5483 2017 9469",
                                       "5483:2017:9469",
                                       "BKQPM4812K",
                                       "RSSMRA85T10A562S",
                                       "850412-2386",
                                       "19850412-2386",
                                       "198504122386",
                                       "850412-1234567",
                                       "3-1005-01234-56-3",
                                       "M481209368",
                                       "65120485N036",
                                       "48120936Z",
                                       "4812093-Z",
                                       "X4812093X",
                                       "X-4812093-X",
                                       "120485-481D",
                                       "120485A481D",
                                       "S4812093F",
                                       "948-72-3051",
                                       "4TK7-RE9-MK31",
                                       "4TK7RE9MK31",
                                       "BK4812093",
                                       "B94812093",
                                       "481.209.365-15",
                                       "1 85 04 75 481 209 40",
                                       "85.04.12-481.02",
                                       "756.4812.0936.10",
                                       "4812 09365 1",
                                       "110105198504124816",
                                       "11010519850412481X",
                                       "GOMC850412HDFRRL09",
                                       "K481209(3)",
                                       "AB481209(A)",
                                       "ausweis C01X00T41",
                                       "CFGHJKLM9",
                                       "27AAPFU0939F1ZV",
                                       "11-12-123456-12",
                                       "MORGA753116SM9IJ",
                                       "MORG9753116SM9IJ",
                                       "DE89370400440532013000",
                                       "DE89 3704 0044 0532",
                                       "4111 1111 1111 1111",
                                       "4111111111111111",
                                       "4111-1111-1111-1111",
                                       "536-90-3399",
                                       "536.90.3399",
                                       "536 90 3399",
                                       "536903399",
                                       "1961-10-03",
                                       "3/10/1961",
                                       "1961.1.3",
                                       "212-555-0123",
                                       "1 212-555-0123",
                                       "001.212.555.0123x9",
                                       "0393-114-4137",
                                       "203.0.113.7",
                                       "2001:4860:4860::8888",
                                       "fe80::1",
                                       "0393 1144137",
                                       "12.34.56.78.90",
                                       "2026-03-04T08:00:07Z",
                                       "2026-03-04 08:00",
                                       "470d322b-bca8-41c2-a97c-22d490c1e636",
                                       "123 456 789",
                                       "1234567890123"};
    constexpr std::string_view bytes = "0123456789 -.:/+ABCXTZabf_(x";
    std::mt19937 random(48); // the same texts at each run
    const auto below = [&](std::size_t bound) { return random() % bound; };
    std::size_t matches = 0;
    std::set<std::size_t> rows;
    for (int turn = 0; turn < 20'000; ++turn) {
        auto text = ids[below(ids.size())];
        for (auto changes = below(4); changes > 0; --changes) text[below(text.size())] = bytes[below(bytes.size())];
        if (below(3) == 0) text.insert(below(text.size() + 1), 1, bytes[below(bytes.size())]);
        text = (below(2) == 0 ? "a " : "") + text + (below(2) == 0 ? "" : std::string(1, bytes[below(bytes.size())]));
        const auto wanted = told_by_patterns(text);
        const auto told = told_by_leads(text);
        for (const auto& [at, row] : wanted)
            EXPECT_TRUE(told.contains({at, row})) << text << " at " << at << ": " << shapes()[row].pattern;
        matches += wanted.size();
        for (const auto& [at, row] : wanted) rows.insert(row);
    }
    EXPECT_GT(matches, 5'000U);
    for (std::size_t row = 0; row < shapes().size(); ++row)
        EXPECT_TRUE(shapes()[row].leads.empty() || rows.contains(row)) << "never matched: " << shapes()[row].pattern;
}

TEST(Leads, AreFewWhereNothingCanBe) {
    EXPECT_TRUE(told_by_leads("Read by the export job of the Billing team, 7919 bytes in part-00007.csv").empty());
    EXPECT_TRUE(told_by_leads("x12345678Z _123456789").empty()); // no word begins there
}

} // namespace
} // namespace dossier::redact
