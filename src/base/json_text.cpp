#include "dossier/base/json_text.hpp"

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
