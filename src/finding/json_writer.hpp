#pragma once
// The forms of one description. `members_of(value, put)` names the members of a struct in the order of their names, and
// here become of it a document (tree_of) or its text (append_value), which holds the same bytes as dump_json of the
// document; or its texts are told one by one (visit_texts). Results of stages are kept as text, and a tree of nodes in
// between cost more than the text itself.

#include "dossier/base/canonical_json.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/json_text.hpp"
#include "dossier/base/time.hpp"
#include "dossier/finding/json.hpp"

#include <fmt/format.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dossier::json_form {

/// Pairs as a list of {"key","value"}, since their order counts and a name may come twice.
struct KeyValues {
    const std::vector<std::pair<std::string, std::string>>& pairs;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;
template <class T>
concept Text = std::convertible_to<const T&, std::string_view>;

template <class T>
void append_value(std::string& out, const T& value);
template <class T>
[[nodiscard]] auto tree_of(const T& value) -> Json;

class TextMembers {
public:
    explicit TextMembers(std::string& out) : out_(out) { out_ += '{'; }
    /// @param name a literal of letters, which needs no look at its characters
    template <std::size_t size, class T>
    void operator()(const char (&name)[size], const T& value) { // NOLINT(*-avoid-c-arrays): a literal is one
        constexpr auto length = size - 1;
        std::array<char, length + 4> head; // NOLINT: filled next
        head[0] = ',';
        head[1] = '"';
        std::memcpy(head.data() + 2, name, length);
        head[length + 2] = '"';
        head[length + 3] = ':';
        const std::size_t skipped = std::exchange(is_first_, false) ? 1 : 0;
        out_.append(head.data() + skipped, head.size() - skipped);
        append_value(out_, value);
    }
    /// A name that comes from outside and may be anything.
    template <class T>
    void put_foreign(std::string_view name, const T& value) {
        if (!std::exchange(is_first_, false)) out_ += ',';
        append_json_text(out_, name);
        out_ += ':';
        append_value(out_, value);
    }
    void close() { out_ += '}'; }

private:
    std::string& out_;
    bool is_first_ = true;
};

class TreeMembers {
public:
    template <class T>
    void operator()(std::string_view name, const T& value) {
        members_.emplace_hint(members_.end(), std::string(name), tree_of(value)); // they come in order
    }
    auto take() -> Json { return std::move(members_); }

private:
    Json::object_t members_;
};

/// Whoever is told of each text, and the names that lead to it.
struct TextVisit {
    const TextFound& found;
    std::size_t most_of_a_list;
    std::string path = {};

    template <class T>
    void operator()(std::string_view name, const T& value);
};

template <class T>
void visit_texts(const T& value, TextVisit& visit) {
    const auto each_of = [&](const auto& list, const auto& look) {
        for (std::size_t i = 0; i < list.size() && i < visit.most_of_a_list; ++i) look(list[i]);
    };
    if constexpr (std::is_arithmetic_v<T> || std::same_as<T, Timestamp>) {
        // no text
    } else if constexpr (Text<T>) {
        visit.found(visit.path, value);
    } else if constexpr (is_optional<T>) {
        if (value) visit_texts(*value, visit);
    } else if constexpr (is_list<T>) {
        each_of(value, [&](const auto& one) { visit_texts(one, visit); });
    } else if constexpr (std::same_as<T, KeyValues>) {
        each_of(value.pairs, [&](const auto& pair) { visit.found(visit.path, pair.first + ": " + pair.second); });
    } else if constexpr (is_map<T>) {
        for (const auto& [name, member] : value) visit(name, member);
    } else {
        members_of(value, visit);
    }
}

template <class T>
void TextVisit::operator()(std::string_view name, const T& value) {
    const auto parent = path.size();
    path.append(path.empty() ? "" : ".").append(name);
    visit_texts(value, *this);
    path.resize(parent);
}

template <class T>
void append_value(std::string& out, const T& value) {
    if constexpr (std::same_as<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
        fmt::format_to(std::back_inserter(out), "{}", value);
    } else if constexpr (std::floating_point<T>) {
        out += Json(value).dump(); // as the library prints it
    } else if constexpr (Text<T>) {
        append_json_text(out, value);
    } else if constexpr (std::same_as<T, Timestamp>) {
        append_quoted(out, format_time(value));
    } else if constexpr (is_optional<T>) {
        if (value)
            append_value(out, *value);
        else
            out += "null";
    } else if constexpr (is_list<T>) {
        canonical::append_list(out, value, [](std::string& list, const auto& one) { append_value(list, one); });
    } else if constexpr (std::same_as<T, KeyValues>) {
        canonical::append_list(out, value.pairs, [](std::string& list, const auto& pair) {
            TextMembers put(list);
            put("key", pair.first);
            put("value", pair.second);
            put.close();
        });
    } else {
        TextMembers put(out);
        if constexpr (is_map<T>)
            for (const auto& [name, member] : value) put.put_foreign(name, member);
        else
            members_of(value, put);
        put.close();
    }
}

template <class T>
auto tree_of(const T& value) -> Json {
    if constexpr (std::is_arithmetic_v<T>) {
        return value;
    } else if constexpr (Text<T>) {
        return std::string(std::string_view(value));
    } else if constexpr (std::same_as<T, Timestamp>) {
        return format_time(value);
    } else if constexpr (is_optional<T>) {
        return value ? tree_of(*value) : Json(nullptr);
    } else if constexpr (is_list<T>) {
        Json::array_t list;
        list.reserve(value.size());
        for (const auto& one : value) list.push_back(tree_of(one));
        return list;
    } else if constexpr (std::same_as<T, KeyValues>) {
        Json::array_t list;
        list.reserve(value.pairs.size());
        for (const auto& [key, held] : value.pairs) {
            TreeMembers put;
            put("key", key);
            put("value", held);
            list.push_back(put.take());
        }
        return list;
    } else {
        TreeMembers put;
        if constexpr (is_map<T>)
            for (const auto& [name, member] : value) put(name, member);
        else
            members_of(value, put);
        return put.take();
    }
}

} // namespace dossier::json_form

namespace dossier {

template <class T>
auto to_text(const T& value) -> std::string {
    std::string out;
    json_form::append_value(out, value);
    return out;
}

template <class T>
void each_text(const T& value, std::size_t most_of_a_list, const TextFound& found) {
    json_form::TextVisit visit{.found = found, .most_of_a_list = most_of_a_list};
    json_form::visit_texts(value, visit);
}

} // namespace dossier
