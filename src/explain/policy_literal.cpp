#include "policy_literal.hpp"

#include "dossier/base/byte_block.hpp"
#include "dossier/base/json_text.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::explain {
namespace {

constexpr std::size_t longest_writable = 1'024;
constexpr std::size_t longest_label = 60;

auto quoted_by_doubling(std::string_view text, char quote) -> std::string {
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out + quote;
}

auto all_writable(const Json& value) -> bool {
    if (value.is_string()) return is_writable(value.get_ref<const std::string&>());
    if (value.is_array()) return std::ranges::all_of(value, all_writable);
    if (!value.is_object()) return true;
    return std::ranges::all_of(value.get_ref<const Json::object_t&>(), [](const auto& member) {
        return (member.first.empty() || is_writable(member.first)) && all_writable(member.second);
    });
}

void append_line(std::string& out, std::size_t indent) { out.append(1, '\n').append(indent, ' '); }

/// As the library prints it with two blanks a level, all but the first line moved in.
void append_json(std::string& out, const Json& value, std::size_t indent) {
    constexpr std::size_t step = 2;
    if (!value.is_structured() || value.empty()) {
        out += dump_json(value);
    } else if (value.is_array()) {
        out += '[';
        for (bool is_first = true; const auto& item : value) {
            if (!std::exchange(is_first, false)) out += ',';
            append_line(out, indent + step);
            append_json(out, item, indent + step);
        }
        append_line(out, indent);
        out += ']';
    } else {
        out += '{';
        for (bool is_first = true; const auto& [key, item] : value.get_ref<const Json::object_t&>()) {
            if (!std::exchange(is_first, false)) out += ',';
            append_line(out, indent + step);
            append_json_text(out, key);
            out += ": ";
            append_json(out, item, indent + step);
        }
        append_line(out, indent);
        out += '}';
    }
}

auto may_need_escape(std::string_view text) -> bool {
    unsigned marks = 0;
    each_block(text, 'x', [&](ByteBlock block, std::size_t) {
        marks |= block_bits((block == '$') | (block == '%') | (block == '"') | (block == '\\'));
    });
    return marks != 0;
}

void append_hcl_string(std::string& out, std::string_view text) {
    out += '"';
    if (!may_need_escape(text)) {
        out.append(text) += '"';
        return;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool opens = (c == '$' || c == '%') && at + 1 < text.size() && text[at + 1] == '{';
        // Doubling is the usual escape, but after another of the same it would be read otherwise.
        if (opens && at > 0 && text[at - 1] == c)
            out += c == '$' ? "\\u0024" : "\\u0025";
        else if (opens)
            out.append(2, c);
        else if (c == '"' || c == '\\')
            out += {'\\', c};
        else
            out += c;
    }
    out += '"';
}

void append_hcl(std::string& out, const Json& value, std::size_t indent) {
    if (value.is_string()) {
        append_hcl_string(out, value.get_ref<const std::string&>());
    } else if (value.is_array()) {
        const bool is_short = value.size() <= 1 && (value.empty() || !value.front().is_structured());
        out += '[';
        for (const auto& item : value) {
            if (!is_short) append_line(out, indent + 2);
            append_hcl(out, item, is_short ? indent : indent + 2);
            if (!is_short) out += ',';
        }
        if (!is_short) append_line(out, indent);
        out += ']';
    } else if (value.is_object()) {
        out += '{';
        for (const auto& [key, item] : value.get_ref<const Json::object_t&>()) {
            append_line(out, indent + 2);
            append_hcl_string(out, key);
            out += " = ";
            append_hcl(out, item, indent + 2);
        }
        if (!value.empty()) append_line(out, indent);
        out += '}';
    } else {
        out += dump_json(value);
    }
}

} // namespace

auto is_writable(std::string_view text) -> bool {
    if (text.empty() || text.size() > longest_writable) return false;
    unsigned others = 0;
    each_block(text, 'x',
               [&](ByteBlock block, std::size_t) { others |= block_bits((block < 0x20) | (block >= 0x7f)); });
    if (others == 0) return true; // printable ASCII
    if (!is_valid_utf8(text)) return false;
    if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) return false;
    // What turns the order of characters on a reviewer's screen, separates lines or shows as nothing; and C1 controls.
    static constexpr std::array<std::string_view, 6> unseen{"\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x80\x8d",
                                                            "\xe2\x80\x8e", "\xe2\x80\x8f", "\xef\xbb\xbf"};
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto rest = text.substr(at);
        const auto second = rest.size() > 1 ? static_cast<unsigned char>(rest[1]) : 0U;
        const auto third = rest.size() > 2 ? static_cast<unsigned char>(rest[2]) : 0U;
        if (rest.starts_with('\xc2') && second < 0xa0) return false;
        if (rest.starts_with("\xe2\x80") && third >= 0xa8 && third <= 0xae) return false;
        if (rest.starts_with("\xe2\x81") && third >= 0xa0 && third <= 0xaf) return false;
        if (std::ranges::any_of(unseen, [&](auto one) { return rest.starts_with(one); })) return false;
    }
    return true;
}

auto hcl_string(std::string_view text) -> std::string {
    std::string out;
    append_hcl_string(out, text);
    return out;
}

auto hcl_expression(const Json& value, std::size_t indent) -> std::string {
    std::string out;
    append_hcl(out, value, indent);
    return out;
}

auto shell_word(std::string_view text) -> std::string {
    std::string out = "'";
    out.reserve(text.size() + 2);
    for (auto quote = text.find('\''); quote != std::string_view::npos; quote = text.find('\'')) {
        out.append(text, 0, quote).append("'\\''");
        text.remove_prefix(quote + 1);
    }
    return out.append(text) += '\'';
}

auto sql_string(std::string_view text) -> std::string {
    return quoted_by_doubling(replace_all(std::string(text), "\\", "\\\\"), '\'');
}

auto sql_identifier(std::string_view text) -> std::string { return quoted_by_doubling(text, '"'); }

auto hcl_label(std::string_view text) -> std::string {
    std::string out;
    for (const char c : lower(text)) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_plain)
            out += c;
        else if (!out.empty() && out.back() != '_')
            out += '_';
        if (out.size() == longest_label) break;
    }
    while (out.ends_with('_')) out.pop_back();
    if (out.empty()) return "resource";
    return out.front() >= '0' && out.front() <= '9' ? "r_" + out : out;
}

auto literal(const Json& value, std::string_view language, std::string_view form, std::size_t indent)
    -> std::optional<std::string> {
    if (!all_writable(value)) return std::nullopt;
    if (form == "name") return value.is_string() ? std::optional(hcl_label(value.get<std::string>())) : std::nullopt;
    if (form == "id") {
        if (language != "sql" || !value.is_string()) return std::nullopt;
        return sql_identifier(value.get<std::string>());
    }
    if (!form.empty()) return std::nullopt;
    if (language == "json") {
        std::string text;
        append_json(text, value, indent);
        return text;
    }
    if (language == "hcl") {
        auto text = hcl_expression(value, indent);
        return value.is_structured() ? "jsonencode(" + text + ")" : text;
    }
    if (!value.is_string() && !value.is_structured()) return dump_json(value);
    const auto text = value.is_string() ? value.get<std::string>() : dump_json(value);
    if (language == "bash") return shell_word(text);
    if (language == "sql") return sql_string(text);
    return std::nullopt;
}

} // namespace dossier::explain
