#include "evidence_list.hpp"

#include "dossier/base/concat.hpp"
#include "dossier/base/strings.hpp"

#include <cctype>

namespace dossier::explain {
namespace {

auto capitalised(std::string text) -> std::string {
    if (!text.empty()) text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
    return text;
}

/// A statement ends once, whatever the text in it ended with.
auto as_sentence(std::string text) -> std::string {
    text = capitalised(std::move(text));
    if (!text.ends_with('.') && !text.ends_with('?') && !text.ends_with('!')) text += '.';
    return text;
}

} // namespace

void EvidenceItems::add(std::string_view kind, const std::string& statement, std::string value, std::string origin) {
    auto sentence = as_sentence(statement);
    if (!said_.insert(concat({kind, "\n", sentence})).second) return;
    items_.push_back({.id = "E" + std::to_string(items_.size() + 1),
                      .kind = std::string(kind),
                      .statement = std::move(sentence),
                      .value = std::move(value),
                      .origin = std::move(origin)});
}

} // namespace dossier::explain
