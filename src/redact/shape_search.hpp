#pragma once
// Finds the shapes in a text in one pass: the engine names the places where a shape can begin, its pattern then runs
// there, anchored, and its check decides. Patterns of the configuration can begin anywhere and are searched for one by
// one. Immutable, shared by threads.

#include "dossier/base/error.hpp"
#include "dossier/redact/redactor.hpp"
#include "shapes.hpp"

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::redact {

class ShapeSearch {
public:
    /// @param extra further patterns; they come before the built-in shapes, as CUSTOM
    [[nodiscard]] static auto make(const std::vector<std::string>& extra, bool with_addresses) -> Result<ShapeSearch>;
    /// In order and without overlap.
    [[nodiscard]] auto spans(std::string_view text) const -> std::vector<Redactor::Span>;

private:
    std::vector<std::unique_ptr<RE2>> extra_;
    bool with_addresses_ = false;
};

} // namespace dossier::redact
