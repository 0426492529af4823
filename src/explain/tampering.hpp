#pragma once
// Where text from outside reads like an instruction to a model. Every string of a finding and its context is looked at,
// one by one and then as a model would read them, one after another, since an order may be split over two fields.
// What it costs: text that stands beside a flagged one bears no claim any more.

#include "dossier/explain/withheld.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/finding/evidence.hpp"

#include <vector>

namespace dossier::explain {

[[nodiscard]] auto tampering_in(const Finding& finding) -> std::vector<TamperSign>;
/// Rules of the organisation itself do read like instructions, and aren't among the places.
[[nodiscard]] auto tampering_in(const Context& context) -> std::vector<TamperSign>;

/// With the mark in the place of every order.
[[nodiscard]] auto without_orders(const Finding& finding) -> Finding;
[[nodiscard]] auto without_orders(const Context& context) -> Context;

/// Whether an item of the kind `tampering` takes its weight from another: prose of the same finding, or what stands in
/// the same place of the context.
[[nodiscard]] auto discredits(const Evidence& sign, const Evidence& item) -> bool;

} // namespace dossier::explain
