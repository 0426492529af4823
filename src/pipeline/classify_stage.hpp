#pragma once
// Classifies the store of a dossier before it is assessed, and tells from then on what follows: the corrections of
// people that came later, and data that lies where it must not.

#include "dossier_case.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

namespace dossier::pipeline {

struct ClassifyOutcome {
    std::optional<StoreClassification> classification; ///< nothing where there is nothing to classify
    std::vector<store::AuditEntry> audit;
};
/// By rules, what people have corrected before, and an LLM for what is left open.
[[nodiscard]] auto classify_store(const Stations& stations, std::vector<Finding> findings, Context context,
                                  std::string dossier_id) -> Task<Result<ClassifyOutcome>>;
/// The findings as they are to be assessed: with the classes that the classification has found.
[[nodiscard]] auto with_classes(std::vector<Finding> findings, const std::optional<StoreClassification>& known)
    -> std::vector<Finding>;
/// Takes in what people have corrected since, and opens or resolves the findings of the location rules.
auto follow_classification(const Stations& stations, DossierCase& work) -> Task<Result<void>>;
/// An approved classification that no platform takes: it is kept here, which is all that was asked for.
auto keep_approved_tags(const Stations& stations, DossierCase& work) -> Task<Result<void>>;
/// Sample rows and texts of a delivery, as they may be kept: masked and redacted.
void mask_content(Finding& finding, const redact::Redactor& redactor);

} // namespace dossier::pipeline
