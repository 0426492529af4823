#include "store_signs.hpp"

#include "dossier/base/strings.hpp"
#include "field_rules.hpp"
#include "name_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace dossier::explain {
namespace {

auto raw_words_of(std::string_view name) -> Words {
    Words words;
    std::string word;
    for (const char c : lower(name) + " ") {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    return words;
}

void count_words(const ClassificationKnowledge& knowledge, std::string_view name, double weight,
                 std::map<std::string, double>& score) {
    auto words = words_of(knowledge, name);
    const auto raw = raw_words_of(name);
    std::set<std::string> all(words.begin(), words.end());
    all.insert(raw.begin(), raw.end());
    for (const auto& domain : knowledge.domains)
        for (const auto& word : all)
            if (domain.words.contains(word)) score[domain.name] += weight;
}

auto containers_of(const StoreSketch& store) -> std::set<std::string> {
    std::set<std::string> containers;
    for (const auto& field : store.fields) containers.insert(field.container);
    return containers;
}

auto carries(const Words& words, const Words& phrase) -> bool { return !std::ranges::search(words, phrase).empty(); }

/// Words that a text, a tag or a name carries, lower case, in order.
auto evidence_texts(const StoreSketch& store) -> Words {
    Words texts{store.about, store.name};
    texts.insert(texts.end(), store.tags.begin(), store.tags.end());
    for (const auto& container : containers_of(store)) texts.push_back(container);
    for (const auto& document : store.documents) texts.push_back(document.name);
    return texts;
}

struct ThingWord {
    std::string_view field_class;
    std::string_view word;
};
constexpr std::array thing_words{
    ThingWord{"HEALTH", "health data"},
    ThingWord{"CARD_NUMBER", "card data"},
    ThingWord{"GOVERNMENT_ID", "identity numbers"},
    ThingWord{"SALARY", "salaries"},
    ThingWord{"BANK_ACCOUNT", "bank accounts"},
    ThingWord{"ADDRESS", "addresses"},
    ThingWord{"EMAIL", "e-mail addresses"},
    ThingWord{"PHONE", "phone numbers"},
    ThingWord{"PERSON_NAME", "names"},
    ThingWord{"FINANCIAL", "financial data"},
};

} // namespace

auto domain_of(const ClassificationKnowledge& knowledge, const StoreSketch& store, const StoreClassification& result)
    -> DomainGuess {
    std::map<std::string, double> score;
    for (const auto& container : containers_of(store)) count_words(knowledge, container, 3, score);
    count_words(knowledge, store.name, 2, score);
    for (const auto& document : store.documents) count_words(knowledge, document.name, 1, score);
    for (const auto& field : store.fields)
        count_words(knowledge, field.name,
                    store.fields.empty() ? 0 : 2.0 / static_cast<double>(store.fields.size() + 4), score);
    for (const auto& tag : store.tags) count_words(knowledge, tag, 1, score);
    for (const auto& domain : knowledge.domains)
        for (const auto& one : domain.classes)
            if (std::ranges::find(result.classes, one) != result.classes.end()) score[domain.name] += 0.5;
    if (result.is_test_data) score["test"] += 6;
    const DomainWords* best = nullptr;
    for (const auto& domain : knowledge.domains) {
        if (domain.name == "test" && !result.is_test_data) continue;
        if (score[domain.name] > (best == nullptr ? 0.0 : score[best->name])) best = &domain;
    }
    return best == nullptr ? DomainGuess{} : DomainGuess{.name = best->name, .label = best->label};
}

auto is_test_data(const ClassificationKnowledge& knowledge, const StoreSketch& store, StoreClassification& result)
    -> bool {
    double points = 0;
    const auto sign = [&](double weight, std::string text) {
        points += weight;
        result.test_signs.push_back(std::move(text));
    };
    const auto look = [&](const std::string& what, std::string_view name, double strong, double weak) {
        const auto words = raw_words_of(name);
        for (const auto& phrase : knowledge.test_strong) {
            auto joined = phrase;
            joined.back() += "s";
            if (carries(words, phrase) || carries(words, joined)) {
                sign(strong, fmt::format("{} `{}` says {}", what, shorten(name, 80), join(phrase, " ")));
                return;
            }
        }
        for (const auto& word : words)
            if (knowledge.test_weak.contains(word)) {
                sign(weak, fmt::format("{} `{}` says {}", what, shorten(name, 80), word));
                return;
            }
    };
    look("the store", store.name, 1, 0.4);
    for (const auto& container : containers_of(store)) {
        look("the table", container, 1, 0.4);
        const auto words = raw_words_of(container);
        if (!words.empty() && (words.front() == "test" || words.back() == "test") && words.size() > 1)
            sign(0.3, fmt::format("the table `{}` is named as a test's", shorten(container, 80)));
    }
    for (const auto& field : store.fields) {
        const auto words = raw_words_of(field.name);
        for (const auto& word : words)
            if (word == "faker" || word == "fixture" || word == "synthetic" || word == "masked" || word == "is_test") {
                sign(0.6, fmt::format("the column `{}` says {}", shorten(field.name, 80), word));
                break;
            }
    }
    if (store.environment == Environment::test || store.environment == Environment::dev)
        sign(0.4, "its environment is not for real data");
    std::size_t cells = 0;
    std::size_t test_cells = 0;
    for (const auto& [field, values] : store.samples)
        for (const auto& cell : values) {
            ++cells;
            if (is_test_cell(cell)) ++test_cells;
        }
    if (test_cells > 0 && test_cells * 4 >= cells)
        sign(0.9, fmt::format("{} of {} samples are values that tests are written with", test_cells, cells));
    for (const auto& name : evidence_texts(store)) {
        for (const auto& word : raw_words_of(name))
            if (knowledge.test_against.contains(word)) {
                points -= 0.8;
                break;
            }
    }
    if (store.environment == Environment::prod) points -= 0.8;
    if (points >= 0.9) return true;
    result.test_signs.clear();
    return false;
}

auto business_context(const ClassificationKnowledge& knowledge, const StoreSketch& store,
                      const StoreClassification& result) -> std::string {
    std::string purpose;
    std::string region;
    std::string subject;
    std::string companion; // "marketing" of "marketing campaign"
    for (const auto& text : evidence_texts(store)) {
        const auto words = raw_words_of(text);
        for (const auto& word : words) {
            const auto known = knowledge.regions.find(word);
            if (region.empty() && known != knowledge.regions.end() && word.size() >= 2 && word != "de")
                region = known->second;
        }
        for (const auto& one : knowledge.purposes) {
            Words phrase;
            for (const auto part : split(one, ' ')) phrase.emplace_back(part);
            auto plural = phrase;
            plural.back() += "s";
            if (!carries(words, phrase) && !carries(words, plural)) continue;
            if (one == "campaign" && purpose == "marketing") companion = " campaign";
            if (purpose.empty()) purpose = one;
        }
        for (const auto& word : words) {
            static constexpr std::array subjects = {"customer", "employee", "patient",    "student", "member",
                                                    "user",     "client",   "subscriber", "supplier"};
            for (const auto* one : subjects)
                if (subject.empty() && (word == one || word == std::string(one) + "s")) subject = one;
        }
    }
    if (purpose.empty()) return {};
    for (const auto& thing : thing_words) {
        if (std::ranges::find(result.classes, std::string(thing.field_class)) == result.classes.end()) continue;
        return fmt::format("{}{}{} for {}{}{}", subject, subject.empty() ? "" : " ", thing.word,
                           region.empty() ? "" : region + " ", purpose, companion);
    }
    return {};
}

auto verdicts_on_tags(const ClassificationKnowledge& knowledge, const StoreSketch& store,
                      const StoreClassification& result) -> std::vector<TagVerdict> {
    std::vector<TagVerdict> verdicts;
    for (const auto& tag : store.tags) {
        const auto folded = ClassificationKnowledge::folded(tag);
        const auto words = raw_words_of(tag);
        const auto says = [&](std::initializer_list<std::string_view> any) {
            return std::ranges::any_of(
                words, [&](const std::string& word) { return std::ranges::find(any, word) != any.end(); });
        };
        std::optional<std::string> label;
        for (const auto& meaning : knowledge.labels)
            for (const auto& word : words)
                if (iequals(word, meaning.label) || meaning.data.contains(word)) label = meaning.label;
        if (const auto known = knowledge.detectors.find(folded); !label && known != knowledge.detectors.end())
            for (const auto& one : known->second)
                if (const auto meaning = knowledge.classes.find(one); meaning != knowledge.classes.end())
                    label = knowledge.label_of(meaning->second.data);
        const bool calls_harmless = says({"public", "nonsensitive", "none", "unrestricted", "open"}) ||
                                    folded.find("nonsensitive") != std::string::npos ||
                                    folded.find("notsensitive") != std::string::npos;
        std::optional<std::string> level;
        for (const auto* one : {"internal", "confidential", "restricted"})
            if (says({one})) level = one;
        if (!label && !level && !calls_harmless) continue;
        TagVerdict verdict{.tag = shorten(tag, 120)};
        const auto found = result.labels.empty() ? std::string("nothing that needs care") : join(result.labels, ", ");
        if (calls_harmless && !label) {
            verdict.verdict = result.labels.empty() ? "confirmed" : "contradicted";
            verdict.why = "the store shows " + found;
        } else if (label) {
            const bool is_there = std::ranges::find(result.labels, *label) != result.labels.end();
            verdict.verdict = !is_there ? "contradicted" : result.labels.size() > 1 ? "added_to" : "confirmed";
            verdict.why = is_there ? "the store shows " + found
                                   : fmt::format("no name or sample speaks for {}; the store shows {}", *label, found);
        } else {
            verdict.verdict = *level == result.sensitivity ? "confirmed" : "contradicted";
            verdict.why = "its content is " + result.sensitivity;
        }
        verdicts.push_back(std::move(verdict));
    }
    return verdicts;
}

} // namespace dossier::explain
