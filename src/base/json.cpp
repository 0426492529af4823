#include "dossier/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

namespace dossier {

namespace {

/// Builds the document while counting depth, so that a deep one is refused before it exists.
auto too_deep(std::string_view text, std::size_t max_depth) -> bool {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > max_depth) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

/// RFC 8785 §3.2.2.3: numbers as ECMAScript prints them.
auto canonical_number(double value) -> std::string {
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

void append_canonical_string(std::string& out, std::string_view text) {
    const auto is_plain = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; };
    out += '"';
    for (auto at = text.begin(); at != text.end();) {
        const auto run = std::find_if_not(at, text.end(), is_plain);
        out.append(at, run);
        if (run == text.end()) break;
        at = std::next(run);
        switch (const char c = *run) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        }
    }
    out += '"';
}

/// RFC 8785 orders members by UTF-16 code units; that differs from byte order only for characters beyond the basic
/// plane against U+E000–U+FFFF.
auto utf16_less(std::string_view a, std::string_view b) -> bool {
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

auto leaves_basic_plane(std::string_view text) -> bool {
    return std::ranges::any_of(text, [](unsigned char c) { return c >= 0xF0; });
}

void append_canonical(std::string& out, const Json& value);

template <class Members, class Member>
void append_members(std::string& out, const Members& members, Member member_of) {
    out += '{';
    bool is_first = true;
    for (const auto& one : members) {
        const auto& member = member_of(one);
        if (!std::exchange(is_first, false)) out += ',';
        append_canonical_string(out, member.first);
        out += ':';
        append_canonical(out, member.second);
    }
    out += '}';
}

void append_canonical(std::string& out, const Json& value) {
    switch (value.type()) {
    case Json::value_t::object: {
        const auto& object = value.get_ref<const Json::object_t&>();
        // Where no name leaves the basic plane, the map's own order is the wanted one.
        if (std::ranges::none_of(object, [](const auto& member) { return leaves_basic_plane(member.first); })) {
            append_members(out, object, [](const auto& member) -> const auto& { return member; });
            break;
        }
        std::vector<const Json::object_t::value_type*> members;
        for (const auto& member : object) members.push_back(&member);
        std::ranges::sort(members, [](const auto* a, const auto* b) { return utf16_less(a->first, b->first); });
        append_members(out, members, [](const auto* member) -> const auto& { return *member; });
        break;
    }
    case Json::value_t::array:
        out += '[';
        for (const auto& element : value) {
            if (&element != &value.front()) out += ',';
            append_canonical(out, element);
        }
        out += ']';
        break;
    case Json::value_t::string:
        append_canonical_string(out, value.get_ref<const std::string&>());
        break;
    case Json::value_t::number_float:
        out += canonical_number(value.get<double>());
        break;
    case Json::value_t::boolean:
        out += value.get<bool>() ? "true" : "false";
        break;
    case Json::value_t::number_integer:
        fmt::format_to(std::back_inserter(out), "{}", value.get<std::int64_t>());
        break;
    case Json::value_t::number_unsigned:
        fmt::format_to(std::back_inserter(out), "{}", value.get<std::uint64_t>());
        break;
    default:
        out += value.dump();
    }
}

} // namespace

auto parse_json(std::string_view text, std::size_t max_depth) -> Result<Json> {
    if (too_deep(text, max_depth)) return fail(Errc::malformed, fmt::format("nested deeper than {} levels", max_depth));
    try {
        return Json::parse(text);
    } catch (const nlohmann::json::exception& e) {
        return fail(Errc::malformed, e.what());
    }
}

auto canonical_json(const Json& value) -> std::string {
    std::string out;
    append_canonical(out, value);
    return out;
}

auto text_at(const Json& object, std::string_view key) -> std::string {
    if (!object.is_object()) return {};
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

} // namespace dossier
