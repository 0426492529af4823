#pragma once
// Says what a store holds from what is known without its content: names of tables, columns and objects, types, masked
// samples, text that the platform gives, tags and detectors. Rules in code over the knowledge in config/classification;
// deterministic, never throws. What the rules leave open is marked so, for an LLM or a person; what a person has
// corrected before counts first.

#include "dossier/base/error.hpp"
#include "dossier/base/time.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/store/records.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::explain {

/// Section `classification`, as far as the classifier needs it.
struct ClassifierConfig {
    double min_confidence = 0.7;                 ///< under it a person looks
    std::vector<std::string> policy_critical;    ///< fine classes, data classes or labels that always go to a person
    std::string steward;                         ///< e-mail or id; "" = nobody is named
    std::map<std::string, std::string> stewards; ///< by domain
    struct Domain {
        std::string name;
        std::vector<std::string> words;
    };
    std::vector<Domain> domains; ///< the organisation's own taxonomy; none = the built-in one
};

/// What is known of a store.
struct StoreSketch {
    std::string name;
    std::string kind; ///< type of resource, platform's words
    Environment environment = Environment::unknown;
    std::vector<DataField> fields;
    std::map<std::string, std::vector<std::string>> samples; ///< field name → masked cells
    struct Document {
        std::string name;
        std::string text; ///< as the platform gives it, "" where it gives none
    };
    std::vector<Document> documents;
    std::vector<std::string> tags;      ///< what platforms and owners say it holds
    std::vector<std::string> detectors; ///< names of detectors that fired
    std::string about;                  ///< description and purpose in somebody's words
};
[[nodiscard]] auto sketch_of(const std::vector<Finding>& findings, const Context& context) -> StoreSketch;

using store::Correction;

class Classifier {
public:
    /// @param directory with classification/; "" = config/ if it has it, else the built-in copy
    [[nodiscard]] static auto load(const std::string& directory, ClassifierConfig config)
        -> Result<std::unique_ptr<Classifier>>;
    ~Classifier();

    [[nodiscard]] auto classify(const StoreSketch& store, const std::vector<Correction>& corrections = {}) const
        -> StoreClassification;
    /// Puts people's words in place of what `result` says. @return whether that changed anything
    auto correct(StoreClassification& result, const StoreSketch& store,
                 const std::vector<Correction>& corrections) const -> bool;
    /// Everything of the store that follows from its fields and documents; again after these have changed.
    void conclude(StoreClassification& result, const StoreSketch& store) const;
    /// What a field means once its classes have changed: labels and frameworks.
    void mean(ClassifiedField& field) const;

    /// Keys under which corrections of these fields, and of the store that they make up, are kept: alike for names that
    /// say the same.
    [[nodiscard]] auto keys_of(const StoreSketch& store) const -> std::vector<std::string>;
    [[nodiscard]] auto key_of(const std::string& container, const std::string& field) const -> std::string;
    /// Which part of what was said of a store as a whole a correction is about.
    enum class Aspect { labels, domain, frameworks };
    /// A like case is a store of the same fields and documents. "" where nothing is known of either.
    [[nodiscard]] auto store_key(const StoreSketch& store, Aspect aspect) const -> std::string;
    [[nodiscard]] auto is_class(std::string_view word) const -> bool;
    [[nodiscard]] auto class_list() const -> std::vector<std::string>;
    [[nodiscard]] auto config() const -> const ClassifierConfig&;

private:
    struct Impl;
    [[nodiscard]] auto word_on_store(const StoreSketch& store, const std::vector<Correction>& corrections) const
        -> std::optional<StoreCorrection>;
    explicit Classifier(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::explain
