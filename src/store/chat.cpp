#include "dossier/store/chat.hpp"

namespace dossier::store {

auto to_string(ChatMessage::State state) -> std::string_view {
    switch (state) {
    case ChatMessage::State::planned:
        return "planned";
    case ChatMessage::State::attempting:
        return "attempting";
    case ChatMessage::State::unknown:
        return "unknown";
    case ChatMessage::State::done:
        return "done";
    case ChatMessage::State::failed:
        return "failed";
    }
    return "unknown";
}

auto shown_of(const Draft& draft) -> std::string {
    return std::string(dossier::to_string(draft.state)) + ' ' + draft.content_hash;
}

} // namespace dossier::store
