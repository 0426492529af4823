#pragma once
// Classification of an asset as a draft that a person approves: what is known of the data, in the two forms that
// platforms and scripts take (ingest/classification_payload.hpp), and the text that shows it to the approver.

#include "dossier/base/error.hpp"
#include "dossier/ingest/platform_api.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::ticket {

/// What the platforms have found out about the data of a dossier's asset; nullopt where nobody has. Classes are those
/// of the findings, frameworks the laws and standards on data among the assessment's regulations, the domain is the
/// CMDB's business unit, else its application, else what the class is about. The confidence is the least that a
/// platform states, absent where none does. A classifier for stores that no platform has classified belongs behind
/// this.
[[nodiscard]] auto known_classification(const std::vector<Finding>& findings, const Context& context,
                                        const Assessment& assessment) -> std::optional<ingest::Classification>;

/// What the classifier has found, as it is written to assets. The domain is the CMDB's business unit or application,
/// else the taxonomy's; a store without anything that needs care is called by its sensitivity.
[[nodiscard]] auto classification_of(const StoreClassification& known, const Context& context)
    -> ingest::Classification;
/// Markdown: fields, documents, platform tags, signs of test data, why a person must look. "" where nothing is known.
[[nodiscard]] auto classification_details(const StoreClassification& known) -> std::string;

/// {"flat":…,"list":…}, both byte for byte as they are written.
[[nodiscard]] auto payload_of(const ingest::Classification& classification) -> std::string;
/// The way back. `malformed` when the two forms don't say the same or hold what no classification has.
[[nodiscard]] auto classification_of_payload(const std::string& payload) -> Result<ingest::Classification>;
/// A classification from its flat form as a person edits it; the reasoning is kept. `invalid_argument` names the member
/// that is wrong.
[[nodiscard]] auto edited_classification(const std::string& flat, const ingest::Classification& before)
    -> Result<ingest::Classification>;

/// Title and Markdown body of the draft. @param targets sources whose assets are tagged
struct ClassificationText {
    std::string title;
    std::string body;
};
[[nodiscard]] auto render_classification(const ingest::Classification& classification, const Resource& resource,
                                         const std::vector<std::string>& targets) -> ClassificationText;
/// A draft of kind `tags` after an edit of its flat form: payload, title and body, which follow from it.
[[nodiscard]] auto with_edited_payload(Draft draft, const std::string& flat, const Resource& resource) -> Result<Draft>;

} // namespace dossier::ticket
