// A program as the release makes them: passing a place is nothing, also for a compiler.
#include "dossier/base/fault_point.hpp"

constexpr auto pass(int value) -> int {
    dossier::fault_point("stage.ready", "explained");
    return value;
}
static_assert(pass(7) == 7, "what is code at run time is none in a constant");

auto main() -> int { return pass(0); }
