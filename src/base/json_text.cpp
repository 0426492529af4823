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
/// What is written goes where it is wanted at once, where there is room for the worst; else by way of a buffer.
class Quoter {
public:
    explicit Quoter(std::string& out) : out_(out) {}

    void write(std::string_view text) {
        if (text.size() > most_of_a_piece) out_.reserve(out_.size() + text.size() + text.size() / 8);
        out_ += '"';
        for (; text.size() >= most_of_a_piece + ahead; text.remove_prefix(most_of_a_piece))
            write_piece([&](char* end) { return write_blocks(text.substr(0, most_of_a_piece), end); });
        write_piece([&](char* end) {
            const auto before_end = text.size() < ahead ? 0 : (text.size() - ahead) / sizeof(Block) * sizeof(Block);
            end = write_end(text, before_end, write_blocks(text.substr(0, before_end), end));
            *end = '"';
            return end + 1;
        });
    }

private:
    using Block = ByteBlock;
    static constexpr std::size_t ahead = sizeof(Block); ///< bytes of the text that a block is followed by
    static constexpr std::size_t most_of_a_piece = 256;
    static constexpr std::size_t longest_escape = 6;
    /// For a piece, for what is shorter than one and a block ahead, and for what is copied too far.
    static constexpr std::size_t room = (most_of_a_piece + ahead) * longest_escape + 2 * sizeof(Block) + 2;

    /// @param write writes from where it is told, at most `room` bytes, and says where it ended
    template <class Write>
    void write_piece(Write write) {
        const auto size = out_.size();
        if (out_.capacity() - size >= room) {
            out_.resize_and_overwrite(size + room, [&](char* begin, std::size_t) {
                return static_cast<std::size_t>(write(begin + size) - begin);
            });
        } else {
            std::array<char, room> buffer; // NOLINT: filled as used
            out_.append(buffer.data(), static_cast<std::size_t>(write(buffer.data()) - buffer.data()));
        }
    }

    static auto write_blocks(std::string_view text, char* end) -> char* {
        for (std::size_t at = 0; at < text.size(); at += sizeof(Block)) end = write_block(text.data() + at, end);
        return end;
    }

    /// Sixteen bytes which sixteen others follow.
    static auto write_block(const char* from, char* end) -> char* {
        const auto block = block_at(from);
        std::memcpy(end, from, sizeof block); // what comes after the plain ones is overwritten
        std::size_t written = 0;
        each_bit(block_bits((block < 0x20) | (block == '"') | (block == '\\')), [&](std::size_t at) {
            end = write_escape(from[at], end + (at - written));
            written = at + 1;
            std::memcpy(end, from + written, sizeof block);
        });
        return end + (sizeof block - written);
    }

    /// What is left behind the blocks before, fewer than two of them: as two, filled up with what needs no escape.
    static auto write_end(std::string_view text, std::size_t from, char* end) -> char* {
        std::array<char, 3 * sizeof(Block)> rest; // NOLINT: filled next
        rest.fill(' ');
        const auto left = text.size() - from;
        if (left >= sizeof(Block)) { // a block, and one that ends where the text does
            std::memcpy(rest.data(), text.data() + from, sizeof(Block));
            std::memcpy(rest.data() + left - sizeof(Block), text.data() + text.size() - sizeof(Block), sizeof(Block));
        } else {
            std::memcpy(rest.data(), text.data() + from, left);
        }
        std::size_t filled = 0;
        for (; filled < left; filled += sizeof(Block)) end = write_block(rest.data() + filled, end);
        return end - (filled - left);
    }

    static auto write_escape(char c, char* end) -> char* {
        const char name = escape_names[static_cast<unsigned char>(c)];
        *end++ = '\\';
        if (name == 0) return fmt::format_to(end, "u{:04x}", static_cast<unsigned>(c));
        *end = name;
        return end + 1;
    }

    std::string& out_;
};

/// A text of up to 64 bytes that needs no escape, between quotes.
class ShortText {
public:
    static constexpr std::size_t longest = 64;

    /// False where the text is longer or has something to escape; then nothing was added.
    /// @tparam only_ascii whether it is longer or other than ASCII
    template <bool only_ascii = false>
    auto add(std::string_view text) -> bool {
        const auto* const from = text.data();
        auto* const to = written_.data() + size_ + 1;
        const auto size = text.size();
        if (size > longest) return false;
        bool plain = true;
        const auto copy_ends = [&]<class Word>(Word) {
            const auto to_last = size - sizeof(Word);
            return copy<Word, only_ascii>(from, to) && copy<Word, only_ascii>(from + to_last, to + to_last);
        };
        if (size > 32)
            plain = copy_ends(Block{}) && copy<Block, only_ascii>(from + 16, to + 16) &&
                    copy<Block, only_ascii>(from + size - 32, to + size - 32);
        else if (size >= 16)
            plain = copy_ends(Block{});
        else if (size >= 8)
            plain = copy_ends(std::uint64_t{});
        else if (size >= 4)
            plain = copy_ends(std::uint32_t{});
        else
            for (std::size_t i = 0; i < size; ++i) plain = copy<std::uint8_t, only_ascii>(from + i, to + i) & plain;
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
    using Block = ByteBlock;

    /// Is no byte below 0x20, a quote or a backslash, nor, where that is asked, beyond ASCII?
    template <bool only_ascii, class Word>
    static auto is_plain(Word word) -> bool {
        constexpr auto ones = static_cast<Word>(~Word{0}) / 0xFF;
        constexpr auto highs = static_cast<Word>(ones * 0x80);
        const auto zero_in = [](Word of) { return static_cast<Word>((of - ones) & ~of); };
        const auto low = static_cast<Word>((word - static_cast<Word>(ones * 0x20)) & ~word);
        const auto quote = zero_in(static_cast<Word>(word ^ static_cast<Word>(ones * '"')));
        const auto slash = zero_in(static_cast<Word>(word ^ static_cast<Word>(ones * '\\')));
        const auto foreign = only_ascii ? word : Word{0};
        return (static_cast<Word>(low | quote | slash | foreign) & highs) == 0;
    }
    template <bool only_ascii>
    static auto is_plain(Block block) -> bool {
        using Signed = signed char __attribute__((vector_size(16)));
        const auto marks = (block == '"') | (block == '\\');
        if constexpr (only_ascii) return block_bits(marks | (std::bit_cast<Signed>(block) < 0x20)) == 0;
        return block_bits(marks | (block < 0x20)) == 0;
    }
    template <class Word, bool only_ascii>
    static auto copy(const char* from, char* to) -> bool {
        Word word;
        std::memcpy(&word, from, sizeof word);
        std::memcpy(to, &word, sizeof word);
        return is_plain<only_ascii>(word);
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
    if (ShortText quoted; quoted.add<true>(text)) {
        out.append(quoted.begin(), quoted.size());
        return;
    }
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
