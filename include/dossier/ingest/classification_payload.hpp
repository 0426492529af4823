#pragma once
// The two forms in which classifications are written to assets, byte for byte as platforms and scripts expect them:
//   flat  {"data_classification":"PII","data_domain":"Customer","regulatory_framework":"GDPR",
//          "classification_confidence":"0.92","classified_by":"dossier"}
//   list  {"tags":[{"key":"data_classification","value":"PII","source":"dossier","confidence":0.92},…],"reasoning":"…"}
// Confidence is the text "0.92" in the flat form and the number 0.92 in the list form; what is absent is left out.

#include "dossier/ingest/platform_api.hpp"

#include <string>
#include <utility>
#include <vector>

namespace dossier::ingest {

[[nodiscard]] auto flat_tags(const Classification& classification) -> std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] auto flat_payload(const Classification& classification) -> std::string;
[[nodiscard]] auto list_payload(const Classification& classification) -> std::string;

} // namespace dossier::ingest
