#pragma once
// When an effect outside is given up at once instead of being tried until the other side is back.

#include "dossier/base/error.hpp"

namespace dossier::ticket {

/// Trying again would say the same. An answer that could not be read is no refusal: the next one may be whole.
[[nodiscard]] constexpr auto is_final_refusal(Errc code) -> bool {
    switch (code) {
    case Errc::invalid_argument:
    case Errc::not_found:
    case Errc::conflict:
    case Errc::forbidden:
    case Errc::rejected:
        return true;
    default:
        return false;
    }
}

} // namespace dossier::ticket
