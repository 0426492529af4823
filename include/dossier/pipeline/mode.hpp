#pragma once
// The kill switch. What the configuration allows can be narrowed at run time, for all replicas and over restarts: the
// switch is a word in the store. It never widens: `automate` by a request alone would be approval by nobody.

#include "dossier/pipeline/config.hpp"
#include "dossier/store/store.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dossier::pipeline {

[[nodiscard]] auto to_string(Mode mode) -> std::string_view;
[[nodiscard]] auto parse_mode(std::string_view word) -> std::optional<Mode>;

struct ModeInForce {
    Mode mode = Mode::observe; ///< the stricter of the two
    Mode configured = Mode::observe;
    std::optional<store::Setting> switched; ///< set = somebody has used the switch
};

[[nodiscard]] auto mode_in_force(store::SettingStore& store, Mode configured) -> Task<Result<ModeInForce>>;
/// Switches to `wanted`; the configured mode takes the switch back. `conflict` for one that is less strict than the
/// configured one.
[[nodiscard]] auto switch_mode(store::SettingStore& store, Mode configured, Mode wanted, std::string by,
                               std::string comment, Timestamp at) -> Task<Result<ModeInForce>>;

} // namespace dossier::pipeline
