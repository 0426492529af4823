#include "number_check.hpp"

#include "dossier/base/strings.hpp"
#include "filtered_regex.hpp"
#include "utf8_walk.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <set>

namespace dossier::explain {
namespace {

using re2::StringPiece;

auto same_number(const NumberClaim& claim, double fact) -> bool {
    using Kind = NumberClaim::Kind;
    switch (claim.kind) {
    case Kind::about:
        return std::abs(claim.value - fact) <= 0.05 * std::abs(fact);
    case Kind::at_least:
        return fact >= claim.value && fact <= 2 * claim.value;
    case Kind::at_most:
        return fact <= claim.value && claim.value <= 2 * fact;
    case Kind::magnitude:
        return fact >= 2 * claim.value && fact < 1000 * claim.value;
    case Kind::exact:
    case Kind::word:
        return std::abs(claim.value - fact) < 1e-6;
    }
    return false;
}

/// What a number counts, as far as the word after it tells; "" = anything.
enum class Sort { any, people, records, risk, share };

auto sort_of(const std::string& unit, std::string_view text) -> Sort {
    static const RE2 people(R"((?:principals?|users?|identit(?:y|ies)|roles?|persons?|services?|groups?))");
    static const RE2 records(R"((?:records?|rows?|objects?|files?|entries|individuals|customers?|subjects?|items))");
    static const RE2 risk(R"((?i)\brisk(?: score| level| rating)?\b)");
    static const RE2 confidence(R"((?i)\b(?:confiden\w+|certain\w*)\b)");
    if (RE2::FullMatch(unit, people)) return Sort::people;
    if (RE2::FullMatch(unit, records)) return Sort::records;
    if (RE2::PartialMatch(StringPiece(text.data(), text.size()), confidence)) return Sort::share;
    if (RE2::PartialMatch(StringPiece(text.data(), text.size()), risk)) return Sort::risk;
    return Sort::any;
}

auto items_of(Sort sort, const Cited& cited, const std::string& text) -> Cited {
    switch (sort) {
    case Sort::people:
        return of_kinds(cited, {"access", "blast_radius", "risk", "exposure_path", "finding", "fact"});
    case Sort::records:
        return of_kinds(cited, {"data", "fact", "finding", "access_log", "blast_radius", "policy"});
    case Sort::risk:
        return of_kinds(cited, {"risk", "fact", "finding", "data", "severity"});
    case Sort::share: {
        // "Carol Diaz was named with 90 %": whose confidence it is depends on who is named
        const auto candidates = of_kinds(cited, {"owner_candidate"});
        Cited named;
        for (const auto* item : candidates) {
            const auto name = lower(item->value.substr(0, item->value.find(" (")));
            if (!name.empty() && lower(text).find(name.substr(0, name.find(' '))) != std::string::npos)
                named.push_back(item);
        }
        return named.empty() ? of_kinds(cited, {"owner", "fact", "data", "policy", "finding", "risk"}) : named;
    }
    case Sort::any:
        break;
    }
    return cited;
}

auto facts_in(const Cited& items) -> Claims {
    std::string raw;
    for (const auto* item : items) raw += item->statement + "\n" + item->value + "\n";
    return extract_claims(raw);
}

/// "three principals" may count what it cites: items, or the members of a list in one of them.
auto counts_cited(const NumberClaim& claim, const Cited& cited) -> bool {
    static constexpr std::array amounts = {
        "record", "records", "objects", "files", "rows",      "customers", "people",   "percent",  "days",
        "hours",  "weeks",   "months",  "years", "million",   "buckets",   "accounts", "minutes",  "databases",
        "tables", "users",   "other",   "more",  "resources", "regions",   "systems",  "thousand", "hundred"};
    if (claim.kind != NumberClaim::Kind::word || std::ranges::find(amounts, claim.unit) != amounts.end()) return false;
    const auto wanted = static_cast<std::ptrdiff_t>(claim.value);
    if (wanted > 12) return false;
    if (std::ssize(cited) == wanted) return true;
    return std::ranges::any_of(cited, [&](const Evidence* item) {
        const auto alike = std::ranges::count(cited, item->kind, &Evidence::kind);
        return alike == wanted || (wanted > 1 && std::ranges::count(item->value, ',') + 1 == wanted);
    });
}

/// "several buckets", "all accounts", "another region": more than one such thing has to be in the evidence.
auto plenty_objection(const std::string& text, const Cited& cited) -> Objection {
    static const FilteredRegex plenty(
        R"((?i)\b(all|every|each|several|multiple|many|numerous|various|dozens of|hundreds of|thousands of|a number of|both|another|an additional|a second|second|third|further|more|(?:two|three|four|five|six|seven|eight|nine|ten|\d+) (?:other|more|further|additional)?) ?(?:of the |of our |its |other |affected |public |similar |such |company |cloud )*(buckets?|accounts?|databases?|resources?|subscriptions?|projects?|regions?|tables?|volumes?|snapshots?|instances?|clusters?|environments?|applications?|stores?|teams?|systems?|platforms?|scanners?|tenants?|copies)\b)");
    static const FilteredRegex few(
        R"((?i)\b(a handful|a few|only few|very few|just a few|a couple|a small number|a limited number|a small (?:amount|set|portion|share|subset|fraction)|hardly any|a single|one single|(?:most|half|part|a majority|the majority|a fraction|a third|a quarter)(?: of)?(?: the| these| its)?) ?(?:of )?(?:the |these |sensitive |affected )*(records?|rows?|objects?|files?|users?|customers?|principals?|entries|data|people|items)\b)");
    static const FilteredRegex money(R"((?i)\b(?:usd|eur|gbp|dollars?|euros?|pounds?)\b)");
    static const RE2 amount(R"([€$£¥]\s?\d)");
    const auto speaks_of_money = [](const std::string& words) {
        return money.found_in(words) || ((words.contains('$') || !is_ascii(words)) && RE2::PartialMatch(words, amount));
    };
    if (!plenty.may_match(text) && !few.may_match(text) && !speaks_of_money(text)) return std::nullopt;
    const auto facts = text_of(cited);
    StringPiece input(text);
    std::string how_many;
    std::string of_what;
    while (plenty.consume(input, &how_many, &of_what)) {
        auto one = lower(of_what);
        if (one.ends_with("ies"))
            one.replace(one.size() - 3, 3, "y");
        else if (one.ends_with('s'))
            one.pop_back();
        std::set<std::string> ids;
        for (const auto* item : cited)
            if (item->origin.ends_with(":resource.id") || item->origin.ends_with(":node")) ids.insert(item->value);
        if (ids.size() > 1 || occurs(facts, one + "s", false) || occurs(facts, lower(how_many) + " " + one, false))
            continue;
        return fmt::format("it speaks of {} {}, and the cited evidence has one", lower(how_many), lower(of_what));
    }
    if (few.found_in(text, &how_many, &of_what) && facts.find(lower(how_many)) == std::string::npos)
        return fmt::format("no cited evidence says \"{} {}\"", lower(how_many), lower(of_what));
    if (speaks_of_money(text) && !speaks_of_money(facts))
        return "it names an amount of money, and no cited evidence does";
    return std::nullopt;
}

auto is_date_of(const DateClaim& claim, const DateClaim& fact) -> bool {
    return (claim.year == 0 || claim.year == fact.year) && (claim.month == 0 || claim.month == fact.month) &&
           (claim.day == 0 || claim.day == fact.day) &&
           (claim.minute < 0 || fact.minute < 0 || claim.minute == fact.minute);
}

/// "first seen" and "last seen" have a date each.
auto swap_objection(const std::string& text, const Cited& cited) -> Objection {
    static const FilteredRegex first(
        R"((?i)\b(first (?:\w+ )?(?:seen|observed|detected|reported|noticed|found)|was detected|initially|discovered)\b)");
    static const FilteredRegex last(
        R"((?i)\b(last (?:\w+ )?(?:seen|observed|detected|reported|noticed|found)|most recent(?:ly)?|latest)\b)");
    static const RE2 part(R"((?i)^((?:[^,;]|,\s?\d)*?)(?:,? and |,\s+(?:and )?(?:then|last|most|was)\b|;|$))");
    std::string rest = text;
    while (!rest.empty()) {
        // a clause each; a date keeps its comma
        StringPiece found;
        std::string clause = rest;
        if (const auto at = rest.find(" and "); at != std::string::npos) {
            clause = rest.substr(0, at);
            rest = rest.substr(at + 5);
        } else {
            rest.clear();
        }
        for (const auto& [expression, origin] :
             {std::pair<const FilteredRegex&, std::string_view>{first, ":first_seen"}, {last, ":last_seen"}}) {
            if (!expression.found_in(clause)) continue;
            Cited items;
            for (const auto* item : cited)
                if (item->origin.ends_with(origin)) items.push_back(item);
            if (items.empty()) continue;
            const auto facts = facts_in(items);
            for (const auto& claim : extract_claims(clause).dates) {
                const auto is_it = [&](const DateClaim& fact) { return is_date_of(claim, fact); };
                if (!std::ranges::any_of(facts.dates, is_it))
                    return fmt::format("{:04}-{:02}-{:02} is not when it was {} seen", claim.year, claim.month,
                                       claim.day, origin == ":first_seen" ? "first" : "last");
            }
        }
    }
    return std::nullopt;
}

} // namespace

auto number_objection(const std::string& text, const Claims& claims, const Claims& facts, const Cited& cited)
    -> Objection {
    for (const auto& claim : claims.numbers) {
        const auto sort = sort_of(claim.unit, text);
        const auto sorted = sort == Sort::any ? facts : facts_in(items_of(sort, cited, text));
        const auto matches = [&](const NumberClaim& fact) { return same_number(claim, fact.value); };
        if (std::ranges::any_of(sorted.numbers, matches)) continue;
        const bool is_year =
            std::ranges::any_of(facts.dates, [&](const DateClaim& date) { return date.year == claim.value; });
        if ((is_year && sort == Sort::any) || counts_cited(claim, cited)) continue;
        const bool is_long_id = claim.text.size() >= 6 && claim.kind == NumberClaim::Kind::exact &&
                                occurs(text_of(cited), lower(claim.text), true);
        if (is_long_id) continue;
        return fmt::format("the number {} is in no cited evidence on that", claim.text);
    }
    return plenty_objection(text, cited);
}

auto date_objection(const std::string& text, const Claims& claims, const Claims& facts, const Cited& cited)
    -> Objection {
    static const FilteredRegex relative(
        R"((?i)\b(yesterday|today|tomorrow|tonight|last (?:night|year|month|week|quarter|spring|summer|autumn|winter)|(?:this|next) (?:year|month|week|quarter)|(?:(?:for|within|in|over) (?:the (?:past|last) )?)?(?:\w+|\d+)[ -](?:days?|weeks?|months?|years?|hours?|minutes?)(?: ago| old| earlier)?|recently|(?:many|several|some) (?:days|weeks|months|years)|long ago|for (?:ages|years|months|weeks|days))\b)");
    static const RE2 timeless(
        R"((?i)^(?:most recently)|(?:per|a|each|every|business|working) (?:day|week|month|year)$)");
    for (const auto& claim : claims.dates) {
        const auto is_it = [&](const DateClaim& fact) { return is_date_of(claim, fact); };
        if (!std::ranges::any_of(facts.dates, is_it))
            return fmt::format("the date {:04}-{:02}-{:02} is in no cited evidence", claim.year, claim.month,
                               claim.day);
    }
    StringPiece input(text);
    std::string found;
    while (relative.consume(input, &found)) {
        const auto before = std::string_view(text).substr(0, static_cast<std::size_t>(input.data() - text.data()));
        if (lower(found) == "recently" && icontains(before, "most recently")) continue;
        if (RE2::PartialMatch(found, timeless) || occurs(text_of(cited), lower(found), false)) continue;
        return fmt::format("no cited evidence says \"{}\"", lower(found));
    }
    return swap_objection(text, cited);
}

} // namespace dossier::explain
