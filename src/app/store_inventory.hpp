#pragma once
// Reads what `dossier classify` is given: an inventory of stores as JSON, a CSV file with its header, SQL that creates
// tables, or a document's text. Values are masked while they are read; nothing of them is kept.

#include "dossier/explain/classifier.hpp"
#include "dossier/redact/redactor.hpp"

namespace dossier::app {

/// @param name of the file; its ending says the form. `malformed` where it can't be read as that.
[[nodiscard]] auto read_inventory(const std::string& name, const std::string& content, const redact::Redactor& redactor)
    -> Result<std::vector<explain::StoreSketch>>;

} // namespace dossier::app
