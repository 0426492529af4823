#include "dossier/store/records.hpp"

namespace dossier::store {

auto to_string(Via via) -> std::string_view {
    switch (via) {
    case Via::webhook:
        return "webhook";
    case Via::event:
        return "event";
    case Via::reconcile:
        return "reconcile";
    case Via::backlog:
        return "backlog";
    }
    return "webhook";
}

auto to_string(Intent::State state) -> std::string_view {
    switch (state) {
    case Intent::State::planned:
        return "planned";
    case Intent::State::attempting:
        return "attempting";
    case Intent::State::unknown:
        return "unknown";
    case Intent::State::done:
        return "done";
    case Intent::State::failed:
        return "failed";
    case Intent::State::skipped:
        return "skipped";
    }
    return "unknown";
}

auto parse_via(std::string_view word) -> std::optional<Via> {
    for (const auto via : {Via::webhook, Via::event, Via::reconcile, Via::backlog}) {
        if (to_string(via) == word) return via;
    }
    return std::nullopt;
}

auto form_of(Via via) -> Form { return via == Via::reconcile || via == Via::backlog ? Form::api : Form::delivery; }

} // namespace dossier::store
