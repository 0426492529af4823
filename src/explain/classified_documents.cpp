#include "classified_documents.hpp"

#include "dossier/base/strings.hpp"
#include "name_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace dossier::explain {
namespace {

constexpr std::size_t most_text = std::size_t{64} << 10U;

void add_class(ClassifiedDocument& document, const std::string& one, double confidence, const std::string& why) {
    if (std::ranges::find(document.classes, one) != document.classes.end()) return;
    document.classes.push_back(one);
    document.confidence = document.classes.size() == 1 ? confidence : std::min(document.confidence, confidence);
    document.why += (document.why.empty() ? "" : "; ") + why;
}

auto holds_all(const std::set<std::string>& words, const Words& phrase) -> bool {
    return std::ranges::all_of(phrase, [&](const std::string& word) { return words.contains(word); });
}

auto any_of_both(const std::set<std::string>& a, const std::set<std::string>& b) -> std::string {
    for (const auto& one : a)
        if (b.contains(one)) return one;
    return {};
}

/// Words as the text of a document has them, as whole words.
auto contains_word(std::string_view text, std::string_view word) -> bool {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0; };
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const bool begins = at == 0 || !is_letter(text[at - 1]) || !is_letter(word.front());
        const auto end = at + word.size();
        const bool ends = end >= text.size() || !is_letter(text[end]) || !is_letter(word.back());
        if (begins && ends) return true;
    }
    return false;
}

/// With the words as written: rules for names are given in plain English words, which the cutter may have joined.
auto name_set(const ClassificationKnowledge& knowledge, std::string_view name) -> std::set<std::string> {
    const auto words = words_of(knowledge, name);
    std::set<std::string> all(words.begin(), words.end());
    std::string word;
    for (const char c : lower(name) + " ") {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            word += c;
            continue;
        }
        if (!word.empty()) all.insert(word);
        word.clear();
    }
    return all;
}

} // namespace

auto classify_document(const ClassificationKnowledge& knowledge, const std::string& store,
                       const StoreSketch::Document& document) -> ClassifiedDocument {
    ClassifiedDocument result{.name = document.name};
    const auto words = name_set(knowledge, document.name);
    const auto place = name_set(knowledge, store);
    const auto text = lower(std::string_view(document.text).substr(0, most_text));
    for (const auto& rule : knowledge.documents) {
        for (const auto& phrase : rule.names) {
            if (!holds_all(words, phrase)) continue;
            add_class(result, rule.document_class, phrase.size() > 1 ? 0.85 : 0.75,
                      fmt::format("its name says \"{}\"", join(phrase, " ")));
            break;
        }
        std::vector<std::string> found;
        for (const auto& word : rule.text)
            if (found.size() < 3 && contains_word(text, word)) found.push_back(word);
        if (!text.empty() && found.size() >= rule.least)
            add_class(result, rule.document_class, found.size() > 2 ? 0.92 : 0.85,
                      fmt::format("its text says {}", join(found, ", ")));
    }
    for (const auto& context : knowledge.document_contexts) {
        auto where = any_of_both(context.where, place);
        if (where.empty()) where = any_of_both(context.where, words);
        const auto what = any_of_both(context.names, words);
        if (where.empty() || what.empty()) continue;
        for (const auto& one : context.classes)
            add_class(result, one, 0.72, fmt::format("a \"{}\" in a place of \"{}\": {}", what, where, context.say));
    }
    if (result.classes.empty()) {
        result.confidence = 0.5;
        result.why = "neither its name nor a text tells what it holds";
    }
    return result;
}

} // namespace dossier::explain
