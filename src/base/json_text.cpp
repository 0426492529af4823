#include "dossier/base/json_text.hpp"

#include "dossier/base/byte_block.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "json_quoting.hpp"

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
/// ten bytes long. Sixteen bytes are looked at at a time, and what comes after an escape is copied sixteen at a time.
class Quoter {
public:
    explicit Quoter(std::string& out) : out_(out) {}

    void write(std::string_view text) {
        if (text.size() > most_of_a_piece) out_.reserve(out_.size() + text.size() + text.size() / 8);
        *end_++ = '"';
        while (text.size() >= most_of_a_piece + ahead) {
            for (std::size_t at = 0; at < most_of_a_piece; at += sizeof(Block)) write_block(text.data() + at);
            text.remove_prefix(most_of_a_piece);
            flush();
        }
        while (text.size() >= sizeof(Block) + ahead) {
            write_block(text.data());
            text.remove_prefix(sizeof(Block));
        }
        if (!text.empty()) write_end(text);
        *end_++ = '"';
        flush();
    }

private:
    using Block = ByteBlock;
    static constexpr std::size_t ahead = sizeof(Block); ///< bytes of the text that a block is followed by
    static constexpr std::size_t most_of_a_piece = 256;
    static constexpr std::size_t longest_escape = 6;

    /// Sixteen bytes of which none is the text's last sixteen.
    void write_block(const char* from) {
        const auto block = block_at(from);
        std::memcpy(end_, from, sizeof block); // what comes after the plain ones is overwritten
        std::size_t written = 0;
        each_mark(block_marks((block < 0x20) | (block == '"') | (block == '\\')), [&](std::size_t at) {
            end_ += at - written;
            write_escape(from[at]);
            written = at + 1;
            std::memcpy(end_, from + written, sizeof block);
        });
        end_ += sizeof block - written;
    }

    /// What is shorter than two blocks: as two of them, filled up with what needs no escape.
    void write_end(std::string_view text) {
        std::array<char, 3 * sizeof(Block)> rest; // NOLINT: filled next
        rest.fill(' ');
        std::memcpy(rest.data(), text.data(), text.size());
        std::size_t filled = 0;
        for (; filled < text.size(); filled += sizeof(Block)) write_block(rest.data() + filled);
        end_ -= filled - text.size();
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
    /// Room for a piece, for what is shorter than one and a block ahead, and for what is copied too far.
    std::array<char, (most_of_a_piece + ahead) * longest_escape + 2 * sizeof(Block) + 2>
        written_; // NOLINT: filled as used
    char* end_ = written_.data();
};

/// A text of up to 32 bytes that needs no escape, between quotes.
class ShortText {
public:
    static constexpr std::size_t longest = 32;

    /// False where the text is longer or has something to escape; then nothing was added.
    auto add(std::string_view text) -> bool {
        const auto* const from = text.data();
        auto* const to = written_.data() + size_ + 1;
        const auto size = text.size();
        if (size > longest) return false;
        bool plain = true;
        if (size >= 16)
            plain = copy<Block>(from, to) && copy<Block>(from + size - 16, to + size - 16);
        else if (size >= 8)
            plain = copy<std::uint64_t>(from, to) && copy<std::uint64_t>(from + size - 8, to + size - 8);
        else if (size >= 4)
            plain = copy<std::uint32_t>(from, to) && copy<std::uint32_t>(from + size - 4, to + size - 4);
        else
            for (std::size_t i = 0; i < size; ++i) plain = copy<std::uint8_t>(from + i, to + i) & plain;
        if (!plain) return false;
        put('"');
        size_ += size;
        put('"');
        return true;
    }
    void put(char c) { written_[size_++] = c; }
    [[nodiscard]] auto begin() const -> const char* { return written_.data(); }
    [[nodiscard]] auto size() const -> std::size_t { return size_; }

private:
    using Block = unsigned char __attribute__((vector_size(16)));
    using Halves = std::array<std::uint64_t, 2>;

    /// Is no byte below 0x20, a quote or a backslash?
    template <class Word>
    static auto is_plain(Word word) -> bool {
        constexpr auto ones = static_cast<Word>(~Word{0}) / 0xFF;
        constexpr auto highs = static_cast<Word>(ones * 0x80);
        const auto zero_in = [](Word of) { return static_cast<Word>((of - ones) & ~of); };
        const auto low = static_cast<Word>((word - static_cast<Word>(ones * 0x20)) & ~word);
        const auto quote = zero_in(static_cast<Word>(word ^ static_cast<Word>(ones * '"')));
        const auto slash = zero_in(static_cast<Word>(word ^ static_cast<Word>(ones * '\\')));
        return (static_cast<Word>(low | quote | slash) & highs) == 0;
    }
    static auto is_plain(Block block) -> bool {
        const auto found = std::bit_cast<Halves>((block < 0x20) | (block == '"') | (block == '\\'));
        return (found[0] | found[1]) == 0;
    }
    template <class Word>
    static auto copy(const char* from, char* to) -> bool {
        Word word;
        std::memcpy(&word, from, sizeof word);
        std::memcpy(to, &word, sizeof word);
        return is_plain(word);
    }

    std::array<char, longest + 4> written_; // NOLINT: filled as it is used
    std::size_t size_ = 0;
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

/// Most texts are short and need no escape: names, ids, words. They are looked at and copied once, as two pieces that
/// may overlap.
void append_quoted(std::string& out, std::string_view text) {
    ShortText quoted;
    if (quoted.add(text))
        out.append(quoted.begin(), quoted.size());
    else
        Quoter(out).write(text);
}

void append_member_name(std::string& out, std::string_view name, bool is_first) {
    ShortText quoted;
    if (!is_first) quoted.put(',');
    if (quoted.add(name)) {
        quoted.put(':');
        out.append(quoted.begin(), quoted.size());
        return;
    }
    if (!is_first) out += ',';
    Quoter(out).write(name);
    out += ':';
}

auto dump_json(const Json& value) -> std::string {
    std::string out;
    append_value(out, value);
    return out;
}

} // namespace dossier
