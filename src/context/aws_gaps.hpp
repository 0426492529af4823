#pragma once
// What a partial answer lacks, in one sentence: the permissions that are missing by AWS' own names, then whatever else
// went wrong, each once.

#include "dossier/base/error.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/aws_client.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace dossier::context::aws {

class Gaps {
public:
    void add(const Error& error) {
        const auto action = net::missing_action(error);
        keep(action.empty() ? reasons_ : actions_, action.empty() ? error.message : action);
    }
    void add(std::string reason) { keep(reasons_, std::move(reason)); }
    void add(const Gaps& others) {
        for (const auto& action : others.actions_) keep(actions_, action);
        for (const auto& reason : others.reasons_) keep(reasons_, reason);
    }
    [[nodiscard]] auto actions() const -> const std::vector<std::string>& { return actions_; }
    [[nodiscard]] auto empty() const -> bool { return actions_.empty() && reasons_.empty(); }
    [[nodiscard]] auto text() const -> std::string {
        auto parts = reasons_;
        if (!actions_.empty()) parts.insert(parts.begin(), "AWS allows us no " + join(actions_, ", "));
        return join(parts, "; ");
    }

private:
    static void keep(std::vector<std::string>& list, std::string text) {
        constexpr std::size_t most = 12;
        if (list.size() < most && std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
    }
    std::vector<std::string> actions_;
    std::vector<std::string> reasons_;
};

} // namespace dossier::context::aws
