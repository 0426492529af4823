#pragma once
// Places at which a test may end this process, as a power cut would: `DOSSIER_FAULT=ticket.made@3` kills it with
// SIGKILL when it passes the place `ticket.made` for the third time, `DOSSIER_FAULT=ticket.made@3:stop` halts it there
// (SIGSTOP). Only builds with the option DOSSIER_FAULT_POINTS (the presets for tests) have them: elsewhere a place is
// no code at all, and cmake/no_fault_points.cmake holds every release build to that. Decision 33 says where they are
// and why.

#include "dossier/build_options.hpp"

#include <string_view>

namespace dossier {

#ifdef DOSSIER_FAULT_POINTS
/// @param detail tells places apart that share code: `stage.ready` and "explained" are `stage.ready.explained`
void fault_point(std::string_view place, std::string_view detail = {});
#else
constexpr void fault_point(std::string_view /*place*/, std::string_view /*detail*/ = {}) {}
#endif

} // namespace dossier
