#include "dossier/base/json_text.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>

namespace dossier {

namespace {

/// What stands behind the backslash of the escapes that have a name; 0 for the others.
constexpr auto escape_names = [] {
    std::array<char, 256> table{};
    table['"'] = '"';
    table['\\'] = '\\';
    table['\b'] = 'b';
    table['\f'] = 'f';
    table['\n'] = 'n';
    table['\r'] = 'r';
    table['\t'] = 't';
    return table;
}();

/// Escapes without growing its text for each run: prompts hold JSON themselves, so that a run between two escapes is
/// ten bytes long. Sixteen bytes are looked at and copied at a time.
class Quoter {
public:
    explicit Quoter(std::string& out) : out_(out) {}

    void write(std::string_view text) {
        *end_++ = '"';
        while (!text.empty()) {
            const auto piece = text.substr(0, most_of_a_piece);
            write_piece(piece);
            text.remove_prefix(piece.size());
            if (!text.empty()) flush();
        }
        *end_++ = '"';
        flush();
    }

private:
    using Block = unsigned char __attribute__((vector_size(16)));
    using Halves = std::array<std::uint64_t, 2>;
    static constexpr std::size_t most_of_a_piece = 128;
    static constexpr std::size_t longest_escape = 6;

    /// How many of the sixteen bytes come before the first that has to be escaped.
    static auto plain_of(Block block) -> std::size_t {
        static_assert(std::endian::native == std::endian::little);
        const auto found = std::bit_cast<Halves>((block < 0x20) | (block == '"') | (block == '\\'));
        if (found[0] != 0) return static_cast<std::size_t>(std::countr_zero(found[0])) / 8;
        if (found[1] != 0) return sizeof(Halves) / 2 + static_cast<std::size_t>(std::countr_zero(found[1])) / 8;
        return sizeof block;
    }

    void write_piece(std::string_view piece) {
        while (!piece.empty()) {
            Block block{};
            const auto size = std::min(piece.size(), sizeof block);
            if (size == sizeof block)
                std::memcpy(&block, piece.data(), sizeof block); // one instruction
            else
                std::memcpy(&block, piece.data(), size);
            std::memcpy(end_, &block, sizeof block); // what comes after the plain ones is overwritten
            const auto plain = std::min(plain_of(block), size);
            end_ += plain;
            piece.remove_prefix(plain);
            if (plain == size) continue;
            write_escape(piece.front());
            piece.remove_prefix(1);
        }
    }

    void write_escape(char c) {
        *end_++ = '\\';
        if (const char name = escape_names[static_cast<unsigned char>(c)]; name != 0)
            *end_++ = name;
        else
            end_ = fmt::format_to(end_, "u{:04x}", static_cast<unsigned>(c));
    }

    void flush() {
        out_.append(written_.data(), static_cast<std::size_t>(end_ - written_.data()));
        end_ = written_.data();
    }

    std::string& out_;
    std::array<char, most_of_a_piece * longest_escape + sizeof(Block) + 2> written_; // NOLINT: filled as it is used
    char* end_ = written_.data();
};

void append_value(std::string& out, const Json& value) {
    switch (value.type()) {
    case Json::value_t::object: {
        out += '{';
        bool is_first = true;
        for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
            if (!std::exchange(is_first, false)) out += ',';
            append_json_text(out, name);
            out += ':';
            append_value(out, member);
        }
        out += '}';
        break;
    }
    case Json::value_t::array: {
        out += '[';
        bool is_first = true;
        for (const auto& element : value.get_ref<const Json::array_t&>()) {
            if (!std::exchange(is_first, false)) out += ',';
            append_value(out, element);
        }
        out += ']';
        break;
    }
    case Json::value_t::string:
        append_json_text(out, value.get_ref<const std::string&>());
        break;
    case Json::value_t::number_integer:
        fmt::format_to(std::back_inserter(out), "{}", value.get<std::int64_t>());
        break;
    case Json::value_t::number_unsigned:
        fmt::format_to(std::back_inserter(out), "{}", value.get<std::uint64_t>());
        break;
    case Json::value_t::boolean:
        out += value.get<bool>() ? "true" : "false";
        break;
    case Json::value_t::null:
        out += "null";
        break;
    default: // numbers that aren't whole as the library prints them
        out += value.dump();
    }
}

} // namespace

void append_json_text(std::string& out, std::string_view text) {
    if (!is_valid_utf8(text)) { // how much of a broken sequence one mark stands for, the library decides
        out += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
        return;
    }
    append_quoted(out, text);
}

void append_quoted(std::string& out, std::string_view text) { Quoter(out).write(text); }

auto dump_json(const Json& value) -> std::string {
    std::string out;
    append_value(out, value);
    return out;
}

} // namespace dossier
