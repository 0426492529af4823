#include "dossier/base/canonical_json.hpp"

#include "dossier/base/json_text.hpp"

#include "json_quoting.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace dossier::canonical {

namespace {

/// RFC 8785 §3.2.2.3: numbers as ECMAScript prints them.
auto ecmascript_number(double value) -> std::string {
    if (value == 0) return "0";
    char buffer[32];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
    std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
    std::string sign;
    if (text.front() == '-') {
        sign = "-";
        text.remove_prefix(1);
    }
    const auto e = text.find('e');
    std::string digits(text.substr(0, e));
    int exponent = 0;
    auto power = text.substr(e + 1);
    if (power.front() == '+') power.remove_prefix(1);
    std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (digits.size() > 1) digits.erase(1, 1);
    const int count = static_cast<int>(digits.size());
    const int n = exponent + 1; // position of the decimal point
    if (count <= n && n <= 21) return sign + digits + std::string(static_cast<std::size_t>(n - count), '0');
    if (0 < n && n <= 21)
        return sign + digits.substr(0, static_cast<std::size_t>(n)) + "." + digits.substr(static_cast<std::size_t>(n));
    if (-6 < n && n <= 0) return sign + "0." + std::string(static_cast<std::size_t>(-n), '0') + digits;
    const std::string mantissa = count == 1 ? digits : digits.substr(0, 1) + "." + digits.substr(1);
    return sign + mantissa + "e" + (n - 1 < 0 ? "-" : "+") + std::to_string(std::abs(n - 1));
}

} // namespace

/// RFC 8785 orders members by UTF-16 code units; that differs from byte order only for characters beyond the basic
/// plane against U+E000–U+FFFF.
auto is_before(std::string_view a, std::string_view b) -> bool {
    const auto rank = [](unsigned char c) -> unsigned {
        // Four-byte sequences (surrogate pairs, D800–DFFF) sort before EE and EF (U+E000 and up).
        if (c >= 0xF0) return 0xEDU * 2 + 1;
        return c * 2U;
    };
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if (a[i] == b[i]) continue;
        const auto left = static_cast<unsigned char>(a[i]);
        const auto right = static_cast<unsigned char>(b[i]);
        if (rank(left) != rank(right)) return rank(left) < rank(right);
        return left < right;
    }
    return a.size() < b.size();
}

void append(std::string& out, std::string_view text) { append_quoted(out, text); }

void append(std::string& out, double number) { out += ecmascript_number(number); }

namespace {

void append_object(std::string& out, JsonView object) {
    auto members = object.members();
    // Names stand in the document's memory in the document's order.
    std::ranges::sort(members, [](const auto& a, const auto& b) {
        return a.first == b.first ? a.first.data() < b.first.data() : is_before(a.first, b.first);
    });
    Object written(out);
    for (std::size_t i = 0; i < members.size(); ++i) {
        const bool is_last_of_name = i + 1 == members.size() || members[i + 1].first != members[i].first;
        if (is_last_of_name) append(written.member(members[i].first), members[i].second);
    }
    written.close();
}

void append_number_of(std::string& out, JsonView value) {
    const auto text = value.dump();
    if (text.find_first_of(".eE") == std::string::npos) // whole numbers of 64 bits are printed as they are
        out += text;
    else
        append(out, value.number().value_or(0));
}

} // namespace

void append(std::string& out, JsonView value) {
    switch (value.kind()) {
    case JsonView::Kind::array:
        append_list(out, value.elements(), [](std::string& list, JsonView element) { append(list, element); });
        break;
    case JsonView::Kind::object:
        append_object(out, value);
        break;
    case JsonView::Kind::string:
        append(out, *value.string());
        break;
    case JsonView::Kind::number:
        append_number_of(out, value);
        break;
    case JsonView::Kind::boolean:
        out += value.boolean().value_or(false) ? "true" : "false";
        break;
    case JsonView::Kind::null:
        out += "null";
        break;
    }
}

auto text_of(JsonView value) -> std::string {
    std::string out;
    append(out, value);
    return out;
}

auto text_of(std::string_view text) -> std::string {
    std::string out;
    out.reserve(text.size() + 2);
    append(out, text);
    return out;
}

auto Object::member(std::string_view name) -> std::string& {
    append_member_name(out_, name, std::exchange(is_first_, false));
    return out_;
}

void Members::set(std::string_view name, std::string value) {
    const auto at = std::ranges::lower_bound(members_, name, is_before, &std::pair<std::string, std::string>::first);
    if (at != members_.end() && at->first == name)
        at->second = std::move(value);
    else
        members_.emplace(at, name, std::move(value));
}

auto Members::text() const -> std::string {
    constexpr std::size_t around = 6; // quotes, colon, comma and braces
    std::size_t size = around;
    for (const auto& [name, value] : members_) size += name.size() + value.size() + around;
    std::string out;
    out.reserve(size);
    Object object(out);
    for (const auto& [name, value] : members_) object.member(name) += value;
    object.close();
    return out;
}

} // namespace dossier::canonical
