#pragma once
// What an item says about itself: which platform's finding it is, by marks that no other platform's have. Events carry
// findings of many platforms, so this decides which adapter reads one. Marks are narrow on purpose: an event that only
// resembles a finding is quarantined, a half-empty finding made of it would not be seen.

#include "sifted_object.hpp"

#include "dossier/ingest/adapter.hpp"

#include <string_view>

namespace dossier::ingest {

/// A kind of content and the adapter that reads it.
struct ContentKind {
    std::string_view kind; ///< adapter kind, and `Finding::platform` of what it reads
    std::string_view name; ///< for people
    bool (*marks)(const SiftedObject& item);
    std::unique_ptr<Adapter> (*make)(const SourceConfig& config);
};

/// The kind that `item` names; nullptr where it names none.
[[nodiscard]] auto content_of(JsonView item) -> const ContentKind*;
[[nodiscard]] auto content_of(const SiftedObject& item) -> const ContentKind*;
/// The members of a list that some platform's API wraps its findings in; else `body` itself, or its elements.
[[nodiscard]] auto content_items(JsonView body) -> std::vector<JsonView>;

} // namespace dossier::ingest
