#pragma once
// What all targets of approved policy drafts have in common: a name from the configuration, and the kind they take.

#include "dossier/ticket/action_config.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace dossier::ticket {

class PolicyTarget : public ActionTarget {
public:
    explicit PolicyTarget(PolicyTargetConfig config) : config_(std::move(config)) {}
    [[nodiscard]] auto name() const -> const std::string& final { return config_.name; }
    [[nodiscard]] auto takes() const -> std::string_view final { return "policy"; }

protected:
    PolicyTargetConfig config_;
};

} // namespace dossier::ticket
