#include "body_budget.hpp"

#include <algorithm>

namespace dossier::net {

namespace {

auto first_parts(std::string_view path) -> std::string_view {
    constexpr int parts = 3;
    std::size_t end = 0;
    for (int i = 0; i < parts && end != std::string_view::npos; ++i) end = path.find('/', end + 1);
    return path.substr(0, end);
}

} // namespace

BodyBudget::Hold::Hold(BodyBudget& budget, std::string_view path) : budget_(budget), who_(first_parts(path)) {}

BodyBudget::Hold::~Hold() {
    if (bytes_ == 0) return;
    const std::scoped_lock lock(budget_.mutex_);
    budget_.in_all_ -= bytes_;
    const auto held = budget_.held_.find(who_);
    if (held != budget_.held_.end() && (held->second -= bytes_) <= 0) budget_.held_.erase(held);
}

auto BodyBudget::Hold::would_fit(std::uint64_t bytes) -> bool {
    const std::scoped_lock lock(budget_.mutex_);
    return budget_.fits(who_, static_cast<std::int64_t>(bytes));
}

auto BodyBudget::Hold::grow_to(std::uint64_t bytes) -> bool {
    const auto more = static_cast<std::int64_t>(bytes) - bytes_;
    if (more <= 0) return true;
    const std::scoped_lock lock(budget_.mutex_);
    if (!budget_.fits(who_, more)) return false;
    budget_.held_[who_] += more;
    budget_.in_all_ += more;
    bytes_ += more;
    return true;
}

auto BodyBudget::fits(const std::string& who, std::int64_t more) -> bool {
    const auto total = bound_.total();
    if (in_all_ + more <= total / 2) return true;
    const auto now = std::chrono::steady_clock::now();
    bound_.note(who, now);
    if (in_all_ + more > total) return false;
    const auto known = held_.find(who);
    const auto own = known == held_.end() ? 0 : known->second;
    return own == 0 || own + more <= bound_.limit_of(who, held_, now);
}

} // namespace dossier::net
