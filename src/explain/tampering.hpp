#pragma once
// Where text from outside reads like an instruction to a model. Every string of a finding and its context is looked at,
// one by one and then as a model would read them, one after another, since an order may be split over two fields.
// What it costs: text that stands beside a flagged one bears no claim any more.

#include "dossier/finding/dossier.hpp"
#include "dossier/finding/evidence.hpp"

#include <string>
#include <vector>

namespace dossier::explain {

struct TamperSign {
    std::string place; ///< "the title": names of fields only, the hostile text has no place in a statement about it
    std::string kind;  ///< what it reads like
};

[[nodiscard]] auto tampering_in(const Finding& finding) -> std::vector<TamperSign>;
/// Rules of the organisation itself do read like instructions, and aren't among the places.
[[nodiscard]] auto tampering_in(const Context& context) -> std::vector<TamperSign>;

/// As without_orders (withheld.hpp), for who knows the signs already.
[[nodiscard]] auto without_orders(const Finding& finding, const std::vector<TamperSign>& signs) -> Finding;
[[nodiscard]] auto without_orders(const Context& context, const std::vector<TamperSign>& signs) -> Context;

/// Whether an item of the kind `tampering` takes its weight from another: prose of the same finding, or what stands in
/// the same place of the context.
[[nodiscard]] auto discredits(const Evidence& sign, const Evidence& item) -> bool;

} // namespace dossier::explain
