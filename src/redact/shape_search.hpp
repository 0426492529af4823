#pragma once
// Finds the shapes in a text in one pass: a table by first byte and the reaches of `@` and `://` name the places where
// a shape can begin, its pattern then runs there, anchored, and its check decides. One unanchored alternation of the
// same patterns finds the same spans fifty times slower: their counted repeats make more DFA states than RE2 keeps.
// Patterns of the configuration can begin anywhere and are searched for one by one. Immutable, shared by threads.

#include "dossier/base/error.hpp"
#include "dossier/redact/redactor.hpp"
#include "shapes.hpp"

#include <re2/re2.h>

#include <array>
#include <cstdint>
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
    struct Entry {
        std::size_t shape = 0;
        std::string_view word;
        const Start* start = nullptr;
    };
    /// Which shapes may begin at a place: one bit a row of shapes().
    using Rows = std::uint64_t;
    struct Scan;

    [[nodiscard]] auto rows_at(std::string_view text, std::size_t at) const -> Rows;
    [[nodiscard]] auto match_at(Scan& scan, std::size_t at, Rows rows) const -> Redactor::Span;

    std::vector<std::unique_ptr<RE2>> extra_;
    std::vector<std::unique_ptr<RE2>> patterns_; ///< row by row; null = switched off
    std::array<std::vector<Entry>, 256> entries_;
    Rows at_sign_rows_ = 0;
    Rows url_rows_ = 0;
};

} // namespace dossier::redact
