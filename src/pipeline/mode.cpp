#include "dossier/pipeline/mode.hpp"

#include "dossier/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::pipeline {
namespace {

constexpr auto setting_name = "mode";

} // namespace

auto to_string(Mode mode) -> std::string_view {
    switch (mode) {
    case Mode::observe:
        return "observe";
    case Mode::assist:
        return "assist";
    case Mode::automate:
        return "automate";
    }
    return "observe";
}

auto parse_mode(std::string_view word) -> std::optional<Mode> {
    for (const auto mode : {Mode::observe, Mode::assist, Mode::automate})
        if (word == to_string(mode)) return mode;
    return std::nullopt;
}

auto mode_in_force(store::SettingStore& store, Mode configured) -> Task<Result<ModeInForce>> {
    auto setting = co_await store.get_setting(setting_name);
    if (!setting) co_return fail(std::move(setting.error()));
    ModeInForce state{.mode = configured, .configured = configured, .switched = std::move(*setting)};
    // A word that this version doesn't know was meant to stop something.
    if (state.switched) state.mode = std::min(configured, parse_mode(state.switched->value).value_or(Mode::observe));
    co_return state;
}

auto switch_mode(store::SettingStore& store, Mode configured, Mode wanted, std::string by, std::string comment,
                 Timestamp at) -> Task<Result<ModeInForce>> {
    if (wanted > configured)
        co_return fail(Errc::conflict, fmt::format("the configuration says `mode: {}`; the switch can only make it "
                                                   "stricter",
                                                   to_string(configured)));
    auto before = co_await mode_in_force(store, configured);
    if (!before) co_return before;
    store::AuditEntry entry{.time = at,
                            .actor_type = "user",
                            .actor_id = by,
                            .action = "mode.switched",
                            .details = dump_json({{"from", to_string(before->mode)},
                                                  {"to", to_string(wanted)},
                                                  {"configured", to_string(configured)},
                                                  {"comment", comment}})};
    store::Setting setting{.name = setting_name,
                           .value = wanted == configured ? std::string() : std::string(to_string(wanted)),
                           .by = std::move(by),
                           .comment = std::move(comment),
                           .at = at};
    auto kept = co_await store.put_setting(std::move(setting), {std::move(entry)});
    if (!kept) co_return fail(std::move(kept.error()));
    co_return co_await mode_in_force(store, configured);
}

} // namespace dossier::pipeline
