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

} // namespace dossier::store
