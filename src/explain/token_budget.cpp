#include "token_budget.hpp"

#include <algorithm>

namespace dossier::explain {

auto TokenBudget::reserve(std::uint64_t id, std::size_t tokens, Time now) -> bool {
    if (limit_ == 0) return true;
    const std::scoped_lock lock(mutex_);
    while (!bookings_.empty() && bookings_.front().at + std::chrono::minutes{1} <= now) {
        booked_ -= bookings_.front().tokens;
        bookings_.pop_front();
    }
    if (booked_ + tokens > limit_) return false;
    bookings_.push_back({.id = id, .tokens = tokens, .at = now});
    booked_ += tokens;
    return true;
}

void TokenBudget::settle(std::uint64_t id, std::size_t tokens) {
    if (limit_ == 0) return;
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find(bookings_, id, &Booking::id);
    if (found == bookings_.end()) return; // the window has moved on
    booked_ = booked_ - found->tokens + tokens;
    found->tokens = tokens;
}

} // namespace dossier::explain
