#include "json_unfolder.hpp"

#include "dossier/base/strings.hpp"

#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::size_t most_documents = 64; // a hostile payload may not make us parse without end
constexpr std::size_t unfolded_depth = 64;

auto is_separator(char c) -> bool { return c == '_' || c == '-' || c == ' ' || c == '.'; }

auto to_lower(char c) -> char { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

auto same_name(std::string_view a, std::string_view b) -> bool {
    std::size_t i = 0;
    std::size_t j = 0;
    while (true) {
        while (i < a.size() && is_separator(a[i])) ++i;
        while (j < b.size() && is_separator(b[j])) ++j;
        if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
        if (to_lower(a[i++]) != to_lower(b[j++])) return false;
    }
}

} // namespace

auto member_like(JsonView object, std::string_view name) -> JsonView {
    if (auto exact = object[name]; !exact.is_null()) return exact;
    for (const auto& [key, value] : object.members()) {
        if (same_name(key, name)) return value;
    }
    return {};
}

auto JsonUnfolder::operator()(JsonView value) -> JsonView {
    const auto text = value.string();
    if (!text) return value;
    const auto inner = trim(*text);
    if (inner.size() < 2 || (inner.front() != '{' && inner.front() != '[')) return value;
    if (documents_.size() >= most_documents) return value;
    auto document = JsonDocument::parse(inner, unfolded_depth);
    if (!document) return value;
    documents_.push_back(std::move(*document));
    return documents_.back().root();
}

auto JsonUnfolder::member(JsonView object, std::string_view name) -> JsonView {
    return (*this)(member_like(object, name));
}

} // namespace dossier::ingest
