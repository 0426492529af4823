#include "document_values.hpp"

#include "byte_classes.hpp"
#include "characters.hpp"
#include "text_memo.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>

namespace dossier::redact {

namespace {

/// Longer strings are no names of fields, and a quote that stands alone is none of a string.
constexpr std::size_t longest_string = 4'096;
constexpr std::size_t deepest = 64;

/// Names under which the name of a column stands.
constexpr std::array<std::string_view, 8> column_words{"column",    "columnname", "field", "fieldname",
                                                       "attribute", "name",       "key",   "header"};
/// Names under which the values of that column stand.
constexpr std::array<std::string_view, 6> value_words{"value", "values", "example", "examples", "content", "data"};
/// Names of fields that hold what was read in the store.
constexpr std::array<std::string_view, 14> sample_words{
    "sample",      "samples",       "samplerow",    "samplerows",  "samplevalue", "samplevalues", "sampledata",
    "datasamples", "samplerecords", "samplerecord", "samplelines", "examplerows", "sampledrows",  "samplecontent"};

/// Members that mean something only beside each other: a name of FHIR (HumanName: `family`, `given`, `text`), an
/// address (FHIR's `line`, beside `city` or `postalCode`). Each word alone is anything: a family of machines, a line of
/// code.
enum class Half : std::uint8_t { none, family, given, whole_name, line, place };

struct HalfName {
    std::string_view word;
    Half half = Half::none;
};
constexpr std::array<HalfName, 6> halves{{
    {"family", Half::family},
    {"given", Half::given},
    {"text", Half::whole_name},
    {"line", Half::line},
    {"city", Half::place},
    {"postalcode", Half::place},
}};

/// A value that waits for what stands beside it.
struct Held {
    std::size_t depth = 0; ///< of the object whose member it is
    Half half = Half::none;
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// What goes for all that stands directly inside a bracket.
struct Level {
    bool is_object = false;
    KeyMeaning all = KeyMeaning::none;    ///< of each value, from the name before the bracket
    KeyMeaning column = KeyMeaning::none; ///< of an object that names a column
    KeyMeaning next = KeyMeaning::none;   ///< of the value to come, from its name
    KeyMeaning items = KeyMeaning::none;  ///< of its items, where an array comes
    bool names_column = false;            ///< the value to come may be the name of a column
    Half half = Half::none;               ///< what the value to come is, or each item
    std::size_t half_of = 0;              ///< the depth of the object whose member that is
};

constexpr ByteSet blanks_of_documents(" \t\n\r");

/// Quotes, brackets of both kinds and commas.
auto is_mark(ByteBlock block) -> Compared {
    const auto folded = block | static_cast<unsigned char>(0x20); // [ becomes {, and ] becomes }
    return is_byte(block, '"') | is_byte(block, ',') | is_byte(folded, '{') | is_byte(folded, '}');
}
auto is_quote_or_break(ByteBlock block) -> Compared { return is_byte(block, '"') | is_byte(block, '\n'); }

class Walk {
public:
    explicit Walk(std::string_view text) : text_(text), marks_(text), quotes_(text) {}

    auto run() -> std::vector<FieldValue> {
        for (;;) {
            at_ = is_number_meant() ? next_mark_or_digit() : marks_.next(at_);
            if (at_ == text_.size()) break;
            const char c = text_[at_];
            if (c == '"')
                string();
            else if (c == '[' || c == '{')
                open(c == '{');
            else if (c == ']' || c == '}')
                close();
            else if (is_digit(c))
                number();
            else
                ++at_;
            if (c == ',' && !levels_.empty()) forget();
        }
        while (!levels_.empty()) close_level(); // the text was cut off
        return std::move(found_);
    }

private:
    /// What a name said goes for one value.
    void forget() {
        auto& level = levels_.back();
        level.next = level.items = KeyMeaning::none;
        level.names_column = false;
        if (level.is_object) level.half = Half::none; // an array's goes for each of its items
    }

    [[nodiscard]] auto meaning_here() const -> KeyMeaning {
        if (levels_.empty()) return KeyMeaning::none;
        const auto& level = levels_.back();
        return level.all != KeyMeaning::none ? level.all : level.next;
    }

    /// "samples": 5 counts them.
    [[nodiscard]] auto is_number_meant() const -> bool {
        const auto meaning = meaning_here();
        return meaning != KeyMeaning::none && (meaning != KeyMeaning::sample || levels_.back().all == meaning);
    }

    void open(bool is_object) {
        ++at_;
        if (levels_.size() >= deepest) { // what goes for this level goes for all that is deeper
            ++deeper_;
            return;
        }
        auto inner = meaning_here();
        if (inner == KeyMeaning::none && !is_object && !levels_.empty()) inner = levels_.back().items;
        // A sample is one down to its last cell; else the fields of an object have names of their own.
        const bool goes_on = !is_object || inner == KeyMeaning::sample;
        const auto half = is_object || levels_.empty() ? Half::none : levels_.back().half;
        const auto half_of = levels_.empty() ? 0 : levels_.back().half_of;
        levels_.push_back(
            {.is_object = is_object, .all = goes_on ? inner : KeyMeaning::none, .half = half, .half_of = half_of});
    }

    void close() {
        ++at_;
        if (deeper_ > 0) {
            --deeper_;
            return;
        }
        if (!levels_.empty()) close_level();
        if (!levels_.empty()) forget();
    }

    void close_level() {
        const auto depth = levels_.size();
        if (levels_.back().is_object && !held_.empty()) settle(depth);
        levels_.pop_back();
    }

    /// Of an object that ends: its halves are what they are beside each other, or nothing.
    void settle(std::size_t depth) {
        auto ours = held_.end();
        while (ours != held_.begin() && std::prev(ours)->depth >= depth) --ours;
        const auto has = [&](Half half) {
            return std::any_of(ours, held_.end(), [&](const Held& held) { return held.half == half; });
        };
        const bool is_name = has(Half::family) && has(Half::given);
        const bool is_address = has(Half::line) && has(Half::place);
        for (auto held = ours; held != held_.end(); ++held) {
            if (is_name && held->half <= Half::whole_name) add(KeyMeaning::person, held->begin, held->end);
            if (is_address && held->half == Half::line) add(KeyMeaning::address, held->begin, held->end);
        }
        held_.erase(ours, held_.end());
    }

    /// Backslashes before the byte at `at`: how deep a quote stands in strings of strings.
    [[nodiscard]] auto escapes_before(std::size_t at) const -> std::size_t {
        auto from = at;
        while (from > 0 && text_[from - 1] == '\\') --from;
        return at - from;
    }

    /// Where the quote is that closes the one at `at_`, on the same line; npos = that one opens nothing.
    [[nodiscard]] auto closing_quote(std::size_t escapes) -> std::size_t {
        static constexpr ByteSet before(" \t\r\n{[,:(=\"");
        const auto start = at_ - escapes;
        if (start > 0 && !before.contains(text_[start - 1])) return std::string_view::npos; // 5" tall
        const auto limit = std::min(text_.size(), at_ + longest_string);
        for (auto at = quotes_.next(at_ + 1); at < limit && text_[at] == '"'; at = quotes_.next(at + 1)) {
            const auto found = escapes_before(at);
            if (found <= escapes) return found == escapes ? at : std::string_view::npos;
        }
        return std::string_view::npos;
    }

    void string() {
        const auto escapes = escapes_before(at_);
        const auto quote = closing_quote(escapes);
        if (quote == std::string_view::npos) {
            ++at_;
            return;
        }
        const auto begin = at_ + 1;
        const auto end = quote - escapes;
        const auto value = text_.substr(begin, end - begin);
        const auto meaning = meaning_here();
        if (meaning != KeyMeaning::sample && holds_document(value)) {
            at_ = begin;
            return;
        }
        at_ = quote + 1;
        auto after = at_;
        while (after < text_.size() && blanks_of_documents.contains(text_[after])) ++after;
        if (after < text_.size() && text_[after] == ':') {
            at_ = after + 1;
            name(value);
            return;
        }
        if (meaning != KeyMeaning::none) add(meaning, begin, end);
        if (!levels_.empty() && levels_.back().half != Half::none)
            held_.push_back({.depth = levels_.back().half_of, .half = levels_.back().half, .begin = begin, .end = end});
        if (!levels_.empty() && levels_.back().names_column) levels_.back().column = meaning_of_key(value);
    }

    /// A document in a string of a document, with its quotes escaped or with its escapes taken off: "{".
    static auto holds_document(std::string_view value) -> bool {
        static constexpr ByteSet beginnings("{[ \t\r\n\f\v");
        if (value.empty() || !beginnings.contains(value.front())) return false;
        const auto start = trim(value);
        return (start.starts_with('{') || start.starts_with('[')) && (start.contains('"') || start.size() == 1);
    }

    void name(std::string_view name) {
        if (levels_.empty()) levels_.push_back({.is_object = true}); // members without their brackets
        auto& level = levels_.back();
        forget();
        const auto says = what_says(name);
        level.names_column = says.names_column;
        if (says.half != Half::none) {
            level.half = says.half;
            level.half_of = levels_.size();
        }
        if (level.column != KeyMeaning::none && (says.holds_sample || says.holds_value))
            level.next = level.items = level.column;
        else if (says.holds_sample)
            level.next = level.items = KeyMeaning::sample;
        else // a value of its own is an assignment, and judged with what stands around it
            level.items = says.items;
    }

    /// What the name of a member says of its value.
    struct NameSays {
        bool names_column = false;
        bool holds_value = false;
        bool holds_sample = false;
        Half half = Half::none;
        KeyMeaning items = KeyMeaning::none; ///< of each, where it is an array
    };

    static auto what_says(std::string_view name) -> NameSays {
        thread_local TextMemo<NameSays> known;
        return known.get(name, [](std::string_view of) {
            const Folded folded(of);
            const auto word = folded.word();
            const auto half = std::ranges::find(halves, word, &HalfName::word);
            return NameSays{.names_column = contains(column_words, word),
                            .holds_value = contains(value_words, word),
                            .holds_sample = contains(sample_words, word),
                            .half = half == halves.end() ? Half::none : half->half,
                            .items = meaning_of_items(of)};
        });
    }

    /// Of "owners" and "patientNames" as of "owner" and "patientName".
    static auto meaning_of_items(std::string_view name) -> KeyMeaning {
        const auto meaning = meaning_of_key(name);
        const bool is_plural = name.ends_with('s') || name.ends_with('S');
        return meaning == KeyMeaning::none && is_plural ? meaning_of_key(name.substr(0, name.size() - 1)) : meaning;
    }

    void number() {
        const auto end = std::min(text_.find_first_not_of("0123456789.+-eE", at_), text_.size());
        add(meaning_here(), at_, end);
        at_ = end;
    }

    void add(KeyMeaning meaning, std::size_t begin, std::size_t end) {
        if (end > begin && !is_masked(text_.substr(begin, end - begin)))
            found_.push_back({.meaning = meaning, .begin = begin, .end = end, .is_delimited = true});
    }

    /// As mask_sample leaves it: <EMAIL>, <TEXT 40 with SSN>.
    static auto is_masked(std::string_view value) -> bool {
        if (value.size() < 3 || value.front() != '<' || value.back() != '>') return false;
        const auto inner = replace_all(std::string(value.substr(1, value.size() - 2)), " with ", " ");
        return inner.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_, ") == std::string::npos &&
               is_letter(inner.front());
    }

    [[nodiscard]] auto next_mark_or_digit() const -> std::size_t {
        static constexpr ByteSet telling("\"[]{},0123456789");
        auto at = at_;
        while (at < text_.size() && !telling.contains(text_[at])) ++at;
        return at;
    }

    /// The letters of a name in lower case; names of more letters than any list has are cut.
    class Folded {
    public:
        explicit Folded(std::string_view name) {
            for (const char c : name.substr(0, longest))
                if (is_letter(c)) bytes_[size_++] = static_cast<char>(c | 0x20);
        }
        [[nodiscard]] auto word() const -> std::string_view { return {bytes_.data(), size_}; }

    private:
        static constexpr std::size_t longest = 24;
        std::array<char, longest> bytes_{};
        std::size_t size_ = 0;
    };

    static auto contains(std::span<const std::string_view> words, std::string_view word) -> bool {
        return std::ranges::find(words, word) != words.end();
    }

    std::string_view text_;
    ByteSearch<is_mark> marks_;
    ByteSearch<is_quote_or_break> quotes_;
    std::size_t at_ = 0;
    std::vector<Level> levels_;
    std::size_t deeper_ = 0; ///< brackets that are open beyond those of `levels_`
    std::vector<Held> held_; ///< by depth, since inner objects end first
    std::vector<FieldValue> found_;
};

} // namespace

auto document_values(std::string_view text) -> std::vector<FieldValue> {
    // Without a name in quotes there is no document.
    if (!text.contains('"') || !text.contains(':')) return {};
    return Walk(text).run();
}

} // namespace dossier::redact
