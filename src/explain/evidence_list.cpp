#include "evidence_list.hpp"

#include "dossier/base/strings.hpp"

#include <cctype>
#include <functional>
#include <utility>

namespace dossier::explain {
namespace {

/// With a capital first. A statement ends once, whatever the text in it ended with.
auto as_sentence(std::string_view said) -> std::string {
    std::string text;
    text.reserve(said.size() + 1);
    text = said;
    if (!text.empty()) text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
    if (!text.ends_with('.') && !text.ends_with('?') && !text.ends_with('!')) text += '.';
    return text;
}

} // namespace

void EvidenceItems::add(std::string_view kind, const std::string& statement, std::string value, std::string origin) {
    auto sentence = as_sentence(statement);
    const auto hash = std::hash<std::string_view>{}(sentence);
    for (std::size_t i = 0; i < hashes_.size(); ++i)
        if (hashes_[i] == hash && items_[i].kind == kind && items_[i].statement == sentence) return;
    hashes_.push_back(hash);
    items_.push_back({.id = "E" + std::to_string(items_.size() + 1),
                      .kind = std::string(kind),
                      .statement = std::move(sentence),
                      .value = std::move(value),
                      .origin = std::move(origin)});
}

} // namespace dossier::explain
