#include "dossier/base/fault_point.hpp"

#ifdef DOSSIER_FAULT_POINTS

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace dossier {

namespace {

/// What DOSSIER_FAULT asks for: place "@" pass [":stop"].
struct Order {
    std::string place; ///< "" = nothing
    unsigned pass = 0;
    int signal = SIGKILL;
};

auto read_order() -> Order {
    const char* text = std::getenv("DOSSIER_FAULT"); // NOLINT(concurrency-mt-unsafe): nothing sets it
    if (text == nullptr) return {};
    const std::string_view words(text);
    const auto at = words.find('@');
    const auto number = at == std::string_view::npos ? std::string_view{} : words.substr(at + 1);
    Order order{.place = std::string(words.substr(0, at))};
    const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), order.pass);
    const std::string_view how(rest, static_cast<std::size_t>(number.data() + number.size() - rest));
    if (how == ":stop") order.signal = SIGSTOP;
    if (error != std::errc() || order.pass == 0 || (!how.empty() && how != ":stop")) {
        std::fprintf(stderr, "DOSSIER_FAULT=%s is no PLACE@PASS[:stop]\n", text);
        std::abort(); // a test with a mistake must not pass for want of its fault
    }
    return order;
}

auto is_named(std::string_view wanted, std::string_view place, std::string_view detail) -> bool {
    if (!wanted.starts_with(place)) return false;
    wanted.remove_prefix(place.size());
    if (detail.empty()) return wanted.empty();
    return wanted.starts_with('.') && wanted.substr(1) == detail;
}

} // namespace

void fault_point(std::string_view place, std::string_view detail) {
    static const Order order = read_order();
    static std::atomic<unsigned> passes = 0;
    if (order.place.empty() || !is_named(order.place, place, detail)) return;
    if (++passes == order.pass) std::raise(order.signal);
}

} // namespace dossier

#endif
