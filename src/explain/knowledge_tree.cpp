#include "knowledge_tree.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace dossier::explain {

namespace {

constexpr std::size_t line_size = 3;
constexpr std::size_t head_size = 1 + line_size + 4;
constexpr std::size_t most_flat = 16U << 20U; ///< aliases of aliases make much of little

void write_number(std::string& flat, std::size_t at, std::size_t size, std::size_t number) {
    for (std::size_t i = 0; i < size; ++i) flat[at + i] = static_cast<char>((number >> (8 * i)) & 0xFFU);
}

auto number_at(std::string_view flat, std::size_t at, std::size_t size) -> std::size_t {
    std::size_t number = 0;
    for (std::size_t i = size; i-- > 0;) number = number << 8U | static_cast<unsigned char>(flat[at + i]);
    return number;
}

auto letter_of(const YAML::Node& node) -> char {
    if (node.IsMap()) return 'm';
    if (node.IsSequence()) return 'l';
    return node.IsScalar() ? 's' : 'n';
}

void flatten(std::string& flat, const YAML::Node& node) {
    const auto line = static_cast<std::size_t>(std::max(node.Mark().line + 1, 0));
    if (flat.size() > most_flat)
        throw KnowledgeMistake{.line = static_cast<int>(line), .message = "it is too large with all its aliases"};
    const auto at = flat.size();
    flat.append(head_size, letter_of(node));
    if (node.IsScalar()) flat += node.Scalar();
    if (node.IsSequence())
        for (const auto& element : node) flatten(flat, element);
    if (node.IsMap())
        for (const auto& member : node) {
            flatten(flat, member.first);
            flatten(flat, member.second);
        }
    write_number(flat, at + 1, line_size, line);
    write_number(flat, at + 1 + line_size, 4, flat.size() - at - head_size);
}

template <class Number>
auto whole_number(std::string_view text) -> std::pair<Number, bool> {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return {number, error == std::errc{} && end == text.data() + text.size()};
}

} // namespace

auto flat_knowledge(const std::string& yaml) -> std::string {
    std::string flat;
    try {
        flatten(flat, YAML::Load(yaml));
    } catch (const YAML::Exception& error) {
        throw KnowledgeMistake{.line = error.mark.line + 1, .message = error.msg};
    }
    return flat;
}

auto KnowledgeNode::taken_from(std::string_view& bytes) -> KnowledgeNode {
    KnowledgeNode node;
    node.kind_ = static_cast<Kind>(bytes.front());
    node.line_ = static_cast<int>(number_at(bytes, 1, line_size));
    node.content_ = bytes.substr(head_size, number_at(bytes, 1 + line_size, 4));
    bytes.remove_prefix(head_size + node.content_.size());
    return node;
}

auto KnowledgeNode::root(std::string_view flat) -> KnowledgeNode { return taken_from(flat); }

auto KnowledgeNode::operator[](std::string_view key) const -> KnowledgeNode {
    if (is_text()) refuse("a mapping");
    for (const auto& [name, value] : members())
        if (name.is_text() && name.text() == key) return value;
    KnowledgeNode absent;
    absent.line_ = line_;
    return absent;
}

void KnowledgeNode::refuse(std::string_view wanted) const {
    throw KnowledgeMistake{.line = line_, .message = std::string(wanted) + " is expected"};
}

auto KnowledgeNode::as_text() const -> std::string {
    if (kind_ == Kind::null) return "null";
    if (!is_text()) refuse("a text");
    return std::string(content_);
}

auto KnowledgeNode::as_number() const -> double {
    const auto [number, is_whole] = whole_number<double>(text());
    if (!is_whole) refuse("a number");
    return number;
}

auto KnowledgeNode::as_count() const -> std::size_t {
    const auto [number, is_whole] = whole_number<std::size_t>(text());
    if (!is_whole) refuse("a count");
    return number;
}

auto KnowledgeNode::as_claim() const -> bool {
    constexpr std::array<std::string_view, 4> yes{"true", "yes", "on", "y"};
    constexpr std::array<std::string_view, 4> no{"false", "no", "off", "n"};
    std::string word(text());
    for (auto& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (std::ranges::find(yes, word) != yes.end()) return true;
    if (std::ranges::find(no, word) == no.end()) refuse("true or false");
    return false;
}

} // namespace dossier::explain
