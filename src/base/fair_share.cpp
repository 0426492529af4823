#include "dossier/base/fair_share.hpp"

#include <algorithm>

namespace dossier {

namespace {

constexpr auto interest = std::chrono::seconds{60};
constexpr std::size_t most_wanting = 256; ///< names may come from outside

} // namespace

void FairShare::forget_old(Time now) {
    std::erase_if(wanting_, [now](const auto& entry) { return entry.second <= now; });
}

void FairShare::note(std::string_view who, Time now) {
    const std::scoped_lock lock(mutex_);
    if (const auto known = wanting_.find(who); known != wanting_.end()) {
        known->second = now + interest;
        return;
    }
    if (wanting_.size() >= most_wanting) forget_old(now);
    if (wanting_.size() < most_wanting) wanting_.emplace(who, now + interest);
}

auto FairShare::limit_of(std::string_view who, const Held& held, Time now) -> std::int64_t {
    std::map<std::string_view, std::int64_t> others; // what they hold
    for (const auto& [name, amount] : held) {
        if (name != who && amount > 0) others.emplace(name, amount);
    }
    const std::scoped_lock lock(mutex_);
    forget_old(now);
    for (const auto& [name, until] : wanting_) {
        if (name != who) others.emplace(name, 0);
    }
    const auto number = static_cast<std::int64_t>(others.size()) + 1;
    // Of a small bound there is no half to share out: one each then, as far as it goes.
    const auto part = std::max<std::int64_t>(total_ / 2 / number, number <= total_ ? 1 : 0);
    std::int64_t kept = 0;
    for (const auto& [name, amount] : others) kept += std::max<std::int64_t>(part - amount, 0);
    return total_ - kept;
}

} // namespace dossier
