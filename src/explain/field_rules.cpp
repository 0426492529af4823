#include "field_rules.hpp"

#include "dossier/base/strings.hpp"
#include "name_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::explain {
namespace {

using Kinds = std::set<std::string>;

auto has(const std::set<std::string, std::less<>>& set, std::string_view word) -> bool { return set.contains(word); }

auto has_digit_only(const std::string& word) -> bool {
    return !word.empty() && std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

auto meet(const Kinds& a, const Kinds& b) -> bool {
    return std::ranges::any_of(a, [&](const std::string& one) { return b.contains(one); });
}

/// A name that says nothing without what holds it: "value", "text", "name" of "phone_numbers".
auto is_bare(const Words& leaf) -> bool {
    static constexpr std::array bare = {"value",   "text",   "raw", "display",  "digit",
                                        "content", "string", "0",   "formatted"};
    return std::ranges::all_of(leaf,
                               [](const std::string& word) { return std::ranges::find(bare, word) != bare.end(); });
}

struct NameView {
    Words leaf;    ///< words that the name itself has (with its parent's, where it is bare)
    Words parents; ///< of the parts before
    Kinds own;     ///< kinds that leaf and the nearest parent name
    Kinds parent_kinds;
};

struct Match {
    const FieldRule* rule = nullptr;
    const Words* phrase = nullptr;
    double confidence = 0;
    bool has_head = false; ///< its words hold the name's last one, which says what the thing is
    [[nodiscard]] auto better_than(const Match& other) const -> bool {
        if (other.rule == nullptr) return true;
        if (has_head != other.has_head) return has_head;
        if (phrase->size() != other.phrase->size()) return phrase->size() > other.phrase->size();
        return confidence > other.confidence;
    }
};

class NameMatcher {
public:
    NameMatcher(const ClassificationKnowledge& knowledge, NameView view, const Kinds& table)
        : knowledge_(knowledge), view_(std::move(view)), table_(table) {}

    auto best() const -> Match {
        Match best;
        for (const auto& rule : knowledge_.rules) {
            for (const auto& phrase : rule.names) {
                const auto confidence = judged(rule, phrase);
                if (confidence <= 0) continue;
                const bool has_head = std::ranges::find(phrase, head()) != phrase.end();
                const Match match{.rule = &rule, .phrase = &phrase, .confidence = confidence, .has_head = has_head};
                if (match.better_than(best)) best = match;
            }
        }
        return best;
    }

private:
    /// The last word that is no mere number or filler.
    auto head() const -> const std::string& {
        for (auto word = view_.leaf.rbegin(); word != view_.leaf.rend(); ++word)
            if (!has_digit_only(*word) && !has(knowledge_.filler, *word)) return *word;
        return view_.leaf.back();
    }

    /// 0 = the rule doesn't hold.
    auto judged(const FieldRule& rule, const Words& phrase) const -> double {
        const auto is_said = [&](const std::string& word) {
            return std::ranges::find(view_.leaf, word) != view_.leaf.end() ||
                   std::ranges::find(view_.parents, word) != view_.parents.end();
        };
        if (!std::ranges::all_of(phrase, is_said)) return 0; // most rules: nothing is copied for them
        auto rest = view_.leaf;
        bool touches_leaf = false;
        for (const auto& word : phrase) {
            const auto found = std::ranges::find(rest, word);
            if (found != rest.end()) {
                rest.erase(found);
                touches_leaf = true;
            } else if (std::ranges::find(view_.parents, word) == view_.parents.end()) {
                return 0;
            }
        }
        if (!touches_leaf) return 0;
        if (!stands_in(rule)) return 0;
        return over_rest(rule, phrase, rest);
    }

    auto stands_in(const FieldRule& rule) const -> bool {
        if (!rule.not_in.empty() && (meet(rule.not_in, view_.own) || meet(rule.not_in, table_))) return false;
        if (rule.in.empty()) return true;
        if (meet(rule.in, view_.own)) return true;
        // A parent that is something else stands between the name and its table.
        const bool parent_speaks = !view_.parent_kinds.empty();
        return rule.asks_table && !parent_speaks && meet(rule.in, table_);
    }

    /// What else the name says may turn the match into something else, or make it less sure.
    auto over_rest(const FieldRule& rule, const Words& phrase, const Words& rest) const -> double {
        double confidence = rule.confidence;
        for (const auto& word : rest) {
            const bool is_head = &word == &rest.back() && view_.leaf.back() == word;
            const bool is_first = &word == &rest.front() && view_.leaf.front() == word;
            if (has_digit_only(word)) continue;
            if (rule.field_class != "NONE") {
                if (is_head && view_.leaf.size() > 1 && has(knowledge_.neutral_last, word)) return 0;
                if (is_first && view_.leaf.size() > 1 && has(knowledge_.neutral_first, word)) return 0;
            }
            if (has(knowledge_.filler, word)) continue;
            const auto kinds = kinds_of(knowledge_, {word});
            if (meet(kinds, rule.in) || kinds.contains("person") || kinds.contains("patient")) continue;
            if (rule.is_whole) return 0;
            if (phrase.size() == 1 && kinds.contains("thing")) return 0;
            confidence -= 0.04;
        }
        return std::max(confidence, 0.3);
    }

    const ClassificationKnowledge& knowledge_;
    NameView view_;
    const Kinds& table_;
};

auto view_of(const ClassificationKnowledge& knowledge, std::string_view path) -> NameView {
    auto parts = path_words(knowledge, path);
    NameView view;
    if (parts.empty()) return view;
    view.leaf = std::move(parts.back());
    parts.pop_back();
    if (is_bare(view.leaf) && !parts.empty()) {
        view.leaf.insert(view.leaf.begin(), parts.back().begin(), parts.back().end());
        parts.pop_back();
    }
    view.own = kinds_of(knowledge, view.leaf);
    if (!parts.empty()) {
        view.parents = parts.back();
        view.parent_kinds = kinds_of(knowledge, view.parents);
        view.own.insert(view.parent_kinds.begin(), view.parent_kinds.end());
    }
    return view;
}

auto sample_class(const ClassificationKnowledge& knowledge, std::string_view cell) -> std::string {
    const auto text = trim(cell);
    if (text.size() > 2 && text.front() == '<' && text.back() == '>') {
        auto kind = text.substr(1, text.size() - 2);
        if (const auto space = kind.find(' '); space != std::string_view::npos) kind = kind.substr(0, space);
        const auto known = knowledge.detectors.find(ClassificationKnowledge::folded(kind));
        return known == knowledge.detectors.end() ? "" : *known->second.begin();
    }
    struct Shape {
        std::string_view glob;
        std::string_view field_class;
    };
    static constexpr std::array<Shape, 7> shapes{{{"*@*.*", "EMAIL"},
                                                  {"$2?$*", "CREDENTIAL"},
                                                  {"$argon2*", "CREDENTIAL"},
                                                  {"AKIA*", "CREDENTIAL"},
                                                  {"eyJ*.*", "CREDENTIAL"},
                                                  {"-----BEGIN *", "CREDENTIAL"},
                                                  {"E11.*", "HEALTH"}}};
    for (const auto& shape : shapes)
        if (glob_match(shape.glob, text)) return std::string(shape.field_class);
    if (text.size() == 11 && text[3] == '-' && text[6] == '-') return "GOVERNMENT_ID"; // a US number, masked
    const auto stars = std::ranges::count(text, '*');
    const auto digits = std::ranges::count_if(text, [](char c) { return c >= '0' && c <= '9'; });
    if (stars >= 4 && digits >= 8 && text.size() >= 14 && text.size() <= 19) return "CARD_NUMBER";
    if (text.starts_with('+') && stars + digits >= 8) return "PHONE";
    return {};
}

} // namespace

auto kinds_of(const ClassificationKnowledge& knowledge, const Words& words) -> std::set<std::string> {
    Kinds kinds;
    for (const auto& [kind, members] : knowledge.kinds)
        if (std::ranges::any_of(words, [&](const std::string& word) { return members.contains(word); }))
            kinds.insert(kind);
    return kinds;
}

auto by_name(const ClassificationKnowledge& knowledge, std::string_view path, const TableContext& table)
    -> FieldVerdict {
    auto view = view_of(knowledge, path);
    if (view.leaf.empty()) return {};
    FieldVerdict verdict;
    const auto said = join(view.leaf, " ");
    verdict.is_known = std::ranges::any_of(view.leaf, [&](const std::string& word) {
        return knowledge.vocabulary.contains(word) || knowledge.filler.contains(word);
    });
    const auto match = NameMatcher(knowledge, std::move(view), table.kinds).best();
    if (match.rule == nullptr) {
        verdict.confidence = verdict.is_known ? 0.75 : 0.4;
        verdict.why = verdict.is_known ? "no rule takes the name" : "the name says nothing";
        return verdict;
    }
    verdict.confidence = match.confidence;
    verdict.why = fmt::format("the name reads \"{}\", which is {}", said,
                              match.rule->field_class == "NONE" ? "nothing personal" : join(*match.phrase, " "));
    if (match.rule->field_class != "NONE") verdict.classes.push_back(match.rule->field_class);
    return verdict;
}

auto by_samples(const ClassificationKnowledge& knowledge, const Words& cells) -> FieldVerdict {
    std::map<std::string, std::size_t> counted;
    std::size_t told = 0;
    for (const auto& cell : cells) {
        if (trim(cell).empty() || cell == "<EMPTY>") continue;
        ++told;
        if (auto one = sample_class(knowledge, cell); !one.empty()) ++counted[one];
    }
    FieldVerdict verdict;
    for (const auto& [one, count] : counted) {
        if (count * 2 < told) continue;
        verdict.classes = {one};
        verdict.confidence = 0.9;
        verdict.is_known = true;
        verdict.why = fmt::format("{} of {} masked samples look like {}", count, told, one);
    }
    return verdict;
}

auto is_test_cell(std::string_view cell) -> bool {
    static constexpr std::array values = {"4111111111111111", "4111-1111-1111-1111", "4111 1111 1111 1111",
                                          "4242424242424242", "5555555555554444",    "378282246310005",
                                          "078-05-1120",      "123-45-6789",         "4012888888881881"};
    const auto text = lower(trim(cell));
    if (text.find(" test") != std::string::npos && text.starts_with('<')) return true;
    if (std::ranges::any_of(values, [&](std::string_view one) { return text == one; })) return true;
    for (const auto* domain : {"@example.com", "@example.org", "@example.net", ".test", "@test.com", ".invalid"})
        if (text.ends_with(domain)) return true;
    return text == "john doe" || text == "jane doe" || text.starts_with("lorem ipsum") || text == "foo" ||
           text == "asdf";
}

auto joined_verdict(FieldVerdict name, const FieldVerdict& samples, std::string_view type) -> FieldVerdict {
    const auto lowered = lower(type);
    const bool is_flag = lowered.starts_with("bool") || lowered == "bit" || lowered == "tinyint(1)";
    static constexpr std::array flags = {"PREFERENCE", "HEALTH", "DEMOGRAPHIC", "CHILDREN"};
    if (is_flag && !name.classes.empty() && std::ranges::find(flags, name.classes.front()) == flags.end()) {
        name.classes.clear();
        name.confidence = 0.85;
        name.why = "a yes or no tells nothing of that kind";
        return name;
    }
    if (samples.classes.empty()) return name;
    if (name.classes == samples.classes) {
        name.confidence = std::min(0.99, std::max(name.confidence, samples.confidence) + 0.04);
        name.why += "; " + samples.why;
        return name;
    }
    if (name.classes.empty()) {
        auto verdict = samples;
        verdict.confidence -= name.is_known ? 0.1 : 0.0;
        return verdict;
    }
    // The name names a finer thing than a shape can; both stand, neither beyond doubt.
    name.confidence = std::min(name.confidence, 0.85);
    name.why += fmt::format("; {}", samples.why);
    return name;
}

} // namespace dossier::explain
