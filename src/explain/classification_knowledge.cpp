#include "classification_knowledge.hpp"

#include "dossier/base/strings.hpp"
#include "knowledge_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace dossier::explain {
namespace {

auto words_of_phrase(std::string_view phrase) -> Words {
    Words words;
    for (const auto part : split(phrase, ' '))
        if (!part.empty()) words.emplace_back(lower(part));
    return words;
}

template <class Set>
auto set_at(const KnowledgeNode& node, std::string_view key) -> Set {
    const auto words = words_at(node, key);
    return Set(words.begin(), words.end());
}

class Reader {
public:
    explicit Reader(ClassificationKnowledge& into) : into_(into) {}

    void read(const KnowledgeNode& root) {
        only_keys(root, {"expand", "filler", "neutral", "kinds", "rules", "classes", "labels", "domains", "test_data",
                         "documents", "contexts", "purposes", "regions", "detectors"});
        words(root);
        rules(root);
        meanings(root);
        documents(root);
        detectors(root);
    }

private:
    void words(const KnowledgeNode& root) {
        for (const auto& [word, phrase] : root["expand"].members())
            into_.expand[word.as_text()] = words_of_phrase(phrase.as_text());
        into_.filler.merge(set_at<std::set<std::string, std::less<>>>(root, "filler"));
        if (const auto neutral = root["neutral"]) {
            only_keys(neutral, {"first", "last"});
            into_.neutral_first = set_at<std::set<std::string, std::less<>>>(neutral, "first");
            into_.neutral_last = set_at<std::set<std::string, std::less<>>>(neutral, "last");
        }
        if (const auto kinds = root["kinds"])
            for (const auto& [kind, words] : kinds.members())
                into_.kinds[kind.as_text()] = set_at<std::set<std::string>>(kinds, kind.text());
    }

    void rules(const KnowledgeNode& root) {
        for (const auto& node : root["rules"]) {
            only_keys(node, {"class", "confidence", "names", "in", "not_in", "whole", "from"});
            FieldRule rule;
            rule.field_class = text_in(node, "class");
            rule.confidence = node["confidence"].as_number();
            for (const auto& phrase : words_at(node, "names")) rule.names.push_back(words_of_phrase(phrase));
            rule.in = set_at<std::set<std::string>>(node, "in");
            rule.not_in = set_at<std::set<std::string>>(node, "not_in");
            rule.is_whole = node["whole"] && node["whole"].as_claim();
            rule.asks_table = node["from"].text() == "table";
            into_.rules.push_back(std::move(rule));
        }
    }

    void meanings(const KnowledgeNode& root) {
        for (const auto& [name, meaning] : root["classes"].members())
            into_.classes[name.as_text()] = {.data = text_in(meaning, "data"),
                                             .sensitivity = text_in(meaning, "sensitivity")};
        for (const auto& node : root["labels"])
            into_.labels.push_back(
                {.label = text_in(node, "label"), .data = set_at<std::set<std::string>>(node, "data")});
        for (const auto& node : root["domains"]) {
            only_keys(node, {"name", "label", "words", "classes"});
            into_.domains.push_back({.name = text_in(node, "name"),
                                     .label = text_in(node, "label"),
                                     .words = set_at<std::set<std::string>>(node, "words"),
                                     .classes = set_at<std::set<std::string>>(node, "classes")});
        }
        if (const auto test = root["test_data"]) {
            only_keys(test, {"strong", "weak", "against"});
            for (const auto& phrase : words_at(test, "strong")) into_.test_strong.push_back(words_of_phrase(phrase));
            into_.test_weak = set_at<std::set<std::string, std::less<>>>(test, "weak");
            into_.test_against = set_at<std::set<std::string, std::less<>>>(test, "against");
        }
    }

    void documents(const KnowledgeNode& root) {
        for (const auto& node : root["documents"]) {
            only_keys(node, {"class", "names", "least", "text"});
            DocumentRule rule;
            rule.document_class = text_in(node, "class");
            for (const auto& phrase : words_at(node, "names")) rule.names.push_back(words_of_phrase(phrase));
            rule.least = node["least"].as_count();
            rule.text = words_at(node, "text");
            into_.documents.push_back(std::move(rule));
        }
        for (const auto& node : root["contexts"]) {
            only_keys(node, {"where", "names", "classes", "say"});
            into_.document_contexts.push_back({.where = set_at<std::set<std::string>>(node, "where"),
                                               .names = set_at<std::set<std::string>>(node, "names"),
                                               .classes = words_at(node, "classes"),
                                               .say = text_in(node, "say")});
        }
        if (root["purposes"]) into_.purposes = words_at(root, "purposes");
        for (const auto& [place, region] : root["regions"].members()) into_.regions[place.as_text()] = region.as_text();
    }

    void detectors(const KnowledgeNode& root) {
        for (const auto& [vendor, classes] : root["detectors"].members())
            for (const auto& [one, ids] : classes.members())
                for (const auto& id : ids)
                    into_.detectors[ClassificationKnowledge::folded(id.as_text())].insert(one.as_text());
    }

    ClassificationKnowledge& into_;
};

/// Every word that a name may be cut into.
void collect_vocabulary(ClassificationKnowledge& knowledge) {
    auto& all = knowledge.vocabulary;
    for (const auto& [word, words] : knowledge.expand) {
        if (word.find('_') == std::string::npos) all.insert(word);
        all.insert(words.begin(), words.end());
    }
    for (const auto& rule : knowledge.rules)
        for (const auto& name : rule.names) all.insert(name.begin(), name.end());
    for (const auto& [kind, words] : knowledge.kinds) all.insert(words.begin(), words.end());
    all.insert(knowledge.neutral_last.begin(), knowledge.neutral_last.end());
    all.insert(knowledge.neutral_first.begin(), knowledge.neutral_first.end());
    for (const auto& domain : knowledge.domains) all.insert(domain.words.begin(), domain.words.end());
}

auto mistake_in(const ClassificationKnowledge& knowledge) -> std::string {
    for (const auto& rule : knowledge.rules)
        if (rule.field_class != "NONE" && !knowledge.classes.contains(rule.field_class))
            return "a rule names the class " + rule.field_class + ", which `classes` doesn't have";
    for (const auto& rule : knowledge.documents)
        if (!knowledge.classes.contains(rule.document_class))
            return "a document names the class " + rule.document_class + ", which `classes` doesn't have";
    for (const auto& rule : knowledge.rules)
        for (const auto& kind : rule.in)
            if (!knowledge.kinds.contains(kind))
                return "a rule names the kind " + kind + ", which `kinds` doesn't have";
    for (const auto& [id, classes] : knowledge.detectors)
        for (const auto& one : classes)
            if (!knowledge.classes.contains(one)) return "a detector names the class " + one + ", which nobody knows";
    return {};
}

} // namespace

auto ClassificationKnowledge::parse(const std::vector<EmbeddedFile>& files) -> Result<ClassificationKnowledge> {
    ClassificationKnowledge knowledge;
    for (const auto& file : files) {
        auto read = read_knowledge(file, [&](const KnowledgeNode& root) { Reader(knowledge).read(root); });
        if (!read) return fail(std::move(read.error()));
    }
    if (auto mistake = mistake_in(knowledge); !mistake.empty())
        return fail(Errc::malformed, "config/classification: " + mistake);
    collect_vocabulary(knowledge);
    return knowledge;
}

auto ClassificationKnowledge::folded(std::string_view id) -> std::string {
    std::string text;
    for (const char c : id)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

auto ClassificationKnowledge::label_of(std::string_view data) const -> std::string {
    for (const auto& one : labels)
        if (one.data.contains(std::string(data))) return one.label;
    return {};
}

} // namespace dossier::explain
