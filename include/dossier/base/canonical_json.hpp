#pragma once
// RFC 8785 canonical JSON, written straight from the values: what is hashed or sealed before an acknowledgement is
// never built as a document first. canonical_json (json.hpp) and JsonView::canonical give the same bytes of what was
// parsed.

#include "dossier/base/json_view.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::canonical {

/// The text between quotes, escaped as the standard says; bytes that are no UTF-8 stay.
void append(std::string& out, std::string_view text);
void append(std::string& out, double number); ///< as ECMAScript prints it
/// A parsed value. Of members of one name the last counts.
void append(std::string& out, JsonView value);
[[nodiscard]] auto text_of(std::string_view text) -> std::string;
[[nodiscard]] auto text_of(JsonView value) -> std::string;
/// The order of member names: by UTF-16 code units.
[[nodiscard]] auto is_before(std::string_view a, std::string_view b) -> bool;

/// An object whose members are named in order by whoever writes it.
class Object {
public:
    explicit Object(std::string& out) : out_(out) { out_ += '{'; }
    void close() { out_ += '}'; }

    /// Begins a member; its value is appended to what this returns.
    auto member(std::string_view name) -> std::string&;
    void text(std::string_view name, std::string_view value) { append(member(name), value); }

private:
    std::string& out_;
    bool is_first_ = true;
};

/// @param append_one appends an element to a text
template <class List, class AppendOne>
void append_list(std::string& out, const List& list, AppendOne append_one) {
    out += '[';
    bool is_first = true;
    for (const auto& one : list) {
        if (!std::exchange(is_first, false)) out += ',';
        append_one(out, one);
    }
    out += ']';
}

/// Members that come in any order.
class Members {
public:
    /// @param value canonical already; it replaces an earlier one of the same name
    void set(std::string_view name, std::string value);
    [[nodiscard]] auto empty() const -> bool { return members_.empty(); }
    [[nodiscard]] auto text() const -> std::string;

private:
    std::vector<std::pair<std::string, std::string>> members_; ///< in order
};

} // namespace dossier::canonical
