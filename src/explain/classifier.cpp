#include "dossier/explain/classifier.hpp"

#include "classified_documents.hpp"
#include "classified_store.hpp"
#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/explain/compliance.hpp"
#include "field_rules.hpp"
#include "knowledge_files.hpp"
#include "name_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace dossier::explain {
namespace {

constexpr double sure_enough = 0.7; ///< below it the rules leave a field open

/// Columns that nobody can mistake: two of them make a table one about people.
auto is_telling(const FieldVerdict& verdict) -> bool {
    static constexpr std::array telling = {"EMAIL", "PHONE", "PERSON_NAME", "DATE_OF_BIRTH", "GOVERNMENT_ID"};
    return !verdict.classes.empty() && verdict.confidence >= 0.85 &&
           std::ranges::find(telling, verdict.classes.front()) != telling.end();
}

auto why_of(const Correction& known) -> std::string {
    return fmt::format("corrected by {} on {}", known.by, format_time(known.at).substr(0, 10));
}

} // namespace

struct Classifier::Impl {
    ClassificationKnowledge knowledge;
    ClassifierConfig config;

    auto context_of(const std::string& container, const std::vector<DataField>& fields) const -> TableContext {
        TableContext table{.kinds = kinds_of(knowledge, words_of(knowledge, container))};
        int telling = 0;
        for (const auto& field : fields)
            if (field.container == container && field.name.find('.') == std::string::npos &&
                is_telling(by_name(knowledge, field.name, table)))
                ++telling;
        if (telling >= 2 && !table.kinds.contains("thing")) table.kinds.insert("person");
        return table;
    }

    auto classify_field(const DataField& field, const TableContext& table, const StoreSketch& store) const
        -> ClassifiedField {
        const auto cells = store.samples.find(field.name);
        const auto samples = cells == store.samples.end() ? FieldVerdict{} : by_samples(knowledge, cells->second);
        auto verdict = joined_verdict(by_name(knowledge, field.name, table), samples, field.type);
        return {.container = field.container,
                .name = field.name,
                .classes = std::move(verdict.classes),
                .confidence = verdict.confidence,
                .why = std::move(verdict.why),
                .is_open = verdict.confidence < sure_enough};
    }
};

Classifier::Classifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Classifier::~Classifier() = default;

auto Classifier::load(const std::string& directory, ClassifierConfig config) -> Result<std::unique_ptr<Classifier>> {
    auto files = knowledge_files(directory, "classification");
    if (!files) return fail(std::move(files.error()));
    auto knowledge = ClassificationKnowledge::parse(*files);
    if (!knowledge) return fail(std::move(knowledge.error()));
    use_taxonomy(*knowledge, config.domains);
    return std::unique_ptr<Classifier>(
        new Classifier(std::make_unique<Impl>(Impl{.knowledge = std::move(*knowledge), .config = std::move(config)})));
}

void Classifier::mean(ClassifiedField& field) const {
    const auto& knowledge = impl_->knowledge;
    auto words = words_of(knowledge, field.container);
    for (const auto& part : path_words(knowledge, field.name)) words.insert(words.end(), part.begin(), part.end());
    const bool is_of_patient = kinds_of(knowledge, words).contains("patient");
    field.labels = labels_of(knowledge, field.classes, is_of_patient);
    field.frameworks = frameworks_of_classes(knowledge, field.classes, is_of_patient);
}

auto Classifier::classify(const StoreSketch& store, const std::vector<Correction>& corrections) const
    -> StoreClassification {
    StoreClassification result;
    std::map<std::string, TableContext> tables;
    for (const auto& field : store.fields) {
        auto table = tables.find(field.container);
        if (table == tables.end())
            table = tables.emplace(field.container, impl_->context_of(field.container, store.fields)).first;
        auto classified = impl_->classify_field(field, table->second, store);
        mean(classified);
        result.fields.push_back(std::move(classified));
    }
    for (const auto& document : store.documents) {
        auto classified = classify_document(impl_->knowledge, store.name, document);
        classified.labels = labels_of(impl_->knowledge, classified.classes, false);
        result.documents.push_back(std::move(classified));
    }
    if (!correct(result, store, corrections)) conclude(result, store);
    return result;
}

auto Classifier::correct(StoreClassification& result, const StoreSketch& store,
                         const std::vector<Correction>& corrections) const -> bool {
    bool has_changed = false;
    for (auto& field : result.fields) {
        const auto known = std::ranges::find(corrections, key_of(field.container, field.name), &Correction::key);
        if (known == corrections.end() || (field.by == "correction" && field.classes == known->classes)) continue;
        field.classes = known->classes;
        field.confidence = 1;
        field.why = why_of(*known);
        field.by = "correction";
        field.is_open = false;
        mean(field);
        has_changed = true;
    }
    for (auto& document : result.documents) {
        const auto known = std::ranges::find(corrections, key_of("", document.name), &Correction::key);
        if (known == corrections.end() || document.why == why_of(*known)) continue;
        document.classes = known->classes;
        document.confidence = 1;
        document.why = why_of(*known);
        document.labels = labels_of(impl_->knowledge, document.classes, false);
        has_changed = true;
    }
    auto said = word_on_store(store, corrections);
    if (said != result.correction) {
        result.correction = std::move(said);
        has_changed = true;
    }
    if (has_changed) conclude(result, store);
    return has_changed;
}

auto Classifier::word_on_store(const StoreSketch& store, const std::vector<Correction>& corrections) const
    -> std::optional<StoreCorrection> {
    StoreCorrection said;
    const auto find = [&](Aspect aspect) -> const Correction* {
        const auto key = store_key(store, aspect);
        const auto known = std::ranges::find(corrections, key, &Correction::key);
        if (key.empty() || known == corrections.end()) return nullptr;
        said.why = why_of(*known);
        return &*known;
    };
    if (const auto* frameworks = find(Aspect::frameworks)) said.frameworks = frameworks->classes;
    if (const auto* domain = find(Aspect::domain)) said.domain = domain->classes.empty() ? "" : domain->classes.front();
    if (const auto* labels = find(Aspect::labels)) said.labels = labels->classes;
    if (said.why.empty()) return std::nullopt;
    return said;
}

void Classifier::conclude(StoreClassification& result, const StoreSketch& store) const {
    conclude_store(impl_->knowledge, impl_->config, store, result);
}

auto Classifier::key_of(const std::string& container, const std::string& field) const -> std::string {
    auto table = words_of(impl_->knowledge, container);
    std::erase_if(table, [](const std::string& word) {
        return std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
    });
    std::string name;
    for (const auto& part : path_words(impl_->knowledge, field)) name += (name.empty() ? "" : ".") + join(part, " ");
    return shorten(join(table, " ") + "/" + name, 400);
}

auto Classifier::keys_of(const StoreSketch& store) const -> std::vector<std::string> {
    std::vector<std::string> keys;
    for (const auto& field : store.fields) keys.push_back(key_of(field.container, field.name));
    for (const auto& document : store.documents) keys.push_back(key_of("", document.name));
    for (const auto aspect : {Aspect::labels, Aspect::domain, Aspect::frameworks})
        if (auto key = store_key(store, aspect); !key.empty()) keys.push_back(std::move(key));
    return keys;
}

auto Classifier::store_key(const StoreSketch& store, Aspect aspect) const -> std::string {
    std::set<std::string> parts;
    for (const auto& field : store.fields) parts.insert(key_of(field.container, field.name));
    for (const auto& document : store.documents) parts.insert(key_of("", document.name));
    if (parts.empty()) return {};
    static constexpr std::array<const char*, 3> names = {"labels", "domain", "frameworks"};
    return fmt::format("store:{}:{}", names.at(static_cast<std::size_t>(aspect)),
                       sha256_hex(join({parts.begin(), parts.end()}, "\n")).substr(0, 32));
}

auto Classifier::is_class(std::string_view word) const -> bool { return impl_->knowledge.classes.contains(word); }

auto Classifier::class_list() const -> std::vector<std::string> {
    std::vector<std::string> names;
    for (const auto& [name, meaning] : impl_->knowledge.classes) names.push_back(name);
    return names;
}

auto Classifier::config() const -> const ClassifierConfig& { return impl_->config; }

} // namespace dossier::explain
