#include "dossier/base/json_view.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <bit>
#include <charconv>
#include <cmath>

namespace dossier {

namespace dom = simdjson::dom;

namespace {

// A view is simdjson's own two-word element, kept in a form that needs no simdjson header.
struct Tape {
    const void* document;
    std::size_t index;
};
static_assert(sizeof(Tape) == sizeof(dom::element) && std::is_trivially_copyable_v<dom::element>);

auto element_of(const void* tape, std::size_t index) -> dom::element {
    return std::bit_cast<dom::element>(Tape{tape, index});
}

auto is_blank_word(std::string_view text) -> bool {
    static constexpr std::string_view words[] = {"n/a", "na", "blank", "null", "none", "undefined", "-"};
    return std::ranges::any_of(words, [&](std::string_view word) { return iequals(word, text); });
}

/// Where memory is lacking nothing is known of the text: it may be read later.
auto failed(simdjson::error_code error) -> std::unexpected<Error> {
    if (error == simdjson::MEMALLOC) return fail(Errc::overloaded, "no memory is left to read the JSON");
    return fail(Errc::malformed, simdjson::error_message(error));
}

/// Is it valid JSON whose only fault is a number that no machine type holds? nlohmann reads big integers as doubles.
auto with_rounded_numbers(std::string_view text, std::size_t max_depth) -> Result<std::string> {
    auto parsed = parse_json(text, max_depth);
    if (!parsed) return std::unexpected(parsed.error());
    return dump_json(*parsed);
}

} // namespace

struct JsonDocument::Impl {
    dom::document document;
    dom::element root;
};

namespace {

/// The document that a thread was done with last. What it was read into is warm, and of the size that is usual.
template <class Impl>
struct Spare {
    static constexpr std::size_t most_kept = 16U << 10U; ///< of text; it takes ten times as much
    std::unique_ptr<Impl> impl;
    ~Spare() { is_gone = true; }
    inline static thread_local bool is_gone = false; ///< trivial, so still there while the thread's objects go
};
template <class Impl>
thread_local Spare<Impl> spare;

} // namespace

namespace {

constexpr std::size_t usual_size = 32U << 10U;
constexpr std::size_t usual_depth = 128;

/// What parsing needs beside the document is several times the text's size: a thread keeps it for the usual texts.
template <class Impl>
auto parse_into(Impl& impl, std::string_view text, std::size_t max_depth) -> simdjson::error_code {
    thread_local dom::parser of_this_thread;
    std::optional<dom::parser> of_its_own;
    const bool is_usual = text.size() <= usual_size && max_depth == usual_depth;
    auto& parser = is_usual ? of_this_thread : of_its_own.emplace();
    const auto capacity = std::max<std::size_t>(text.size(), 64);
    if (parser.capacity() < capacity) {
        if (const auto error = parser.allocate(capacity, max_depth)) return error;
    }
    return parser.parse_into_document(impl.document, text.data(), text.size()).get(impl.root);
}

} // namespace

JsonDocument::JsonDocument(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonDocument::JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
auto JsonDocument::operator=(JsonDocument&&) noexcept -> JsonDocument& = default;
JsonDocument::~JsonDocument() {
    if (impl_ && !Spare<Impl>::is_gone && impl_->document.capacity() <= Spare<Impl>::most_kept)
        spare<Impl>.impl = std::move(impl_);
}

auto JsonDocument::parse(std::string_view text, std::size_t max_depth) -> Result<JsonDocument> {
    if (text.empty()) return fail(Errc::malformed, "no JSON found"); // simdjson copies, also from nowhere
    auto impl = Spare<Impl>::is_gone ? nullptr : std::move(spare<Impl>.impl);
    if (!impl) impl = std::make_unique<Impl>();
    auto error = parse_into(*impl, text, max_depth);
    if (error == simdjson::NUMBER_ERROR) {
        const auto rounded = with_rounded_numbers(text, max_depth);
        if (!rounded) return std::unexpected(rounded.error());
        error = parse_into(*impl, *rounded, max_depth);
    }
    if (error == simdjson::DEPTH_ERROR)
        return fail(Errc::malformed, fmt::format("nested deeper than {} levels", max_depth));
    if (error) return failed(error);
    return JsonDocument(std::move(impl));
}

auto JsonDocument::root() const -> JsonView {
    if (!impl_) return {};
    const auto tape = std::bit_cast<Tape>(impl_->root);
    return {tape.document, tape.index};
}

auto JsonView::kind() const -> Kind {
    if (tape_ == nullptr) return Kind::null;
    switch (element_of(tape_, index_).type()) {
    case dom::element_type::ARRAY:
        return Kind::array;
    case dom::element_type::OBJECT:
        return Kind::object;
    case dom::element_type::STRING:
        return Kind::string;
    case dom::element_type::BOOL:
        return Kind::boolean;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
        return Kind::number;
    case dom::element_type::NULL_VALUE:
        return Kind::null;
    }
    return Kind::null;
}

namespace {
auto to_tape(dom::element element) -> Tape { return std::bit_cast<Tape>(element); }
} // namespace

auto JsonView::operator[](std::string_view key) const -> JsonView {
    if (tape_ == nullptr) return {};
    dom::element found;
    if (element_of(tape_, index_).at_key(key).get(found)) return {}; // no object, or no such member
    const auto tape = to_tape(found);
    return {tape.document, tape.index};
}

auto JsonView::operator[](std::size_t index) const -> JsonView {
    if (!is_array()) return {};
    dom::element found;
    if (element_of(tape_, index_).at(index).get(found)) return {};
    const auto tape = to_tape(found);
    return {tape.document, tape.index};
}

/// One step of a pointer: an element by its number, or a member.
auto JsonView::step(std::string_view name) const -> JsonView {
    if (!is_array()) return (*this)[name];
    std::size_t index = 0;
    const auto* const last = name.data() + name.size();
    const auto [end, error] = std::from_chars(name.data(), last, index);
    return error == std::errc{} && end == last ? (*this)[index] : JsonView{};
}

auto JsonView::at(std::string_view pointer) const -> JsonView {
    if (tape_ == nullptr || pointer.empty()) return *this;
    if (pointer.front() != '/') return {};
    JsonView view = *this;
    while (!pointer.empty() && view.tape_ != nullptr) {
        pointer.remove_prefix(1);
        const auto name = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(name.size());
        view = name.contains('~') ? view.step(replace_all(replace_all(std::string(name), "~1", "/"), "~0", "~"))
                                  : view.step(name);
    }
    return view;
}

auto JsonView::elements() const -> std::vector<JsonView> {
    std::vector<JsonView> result;
    if (!is_array()) return result;
    result.reserve(size());
    for (const dom::element element : dom::array(element_of(tape_, index_))) {
        const auto tape = to_tape(element);
        result.push_back({tape.document, tape.index});
    }
    return result;
}

auto JsonView::members() const -> std::vector<std::pair<std::string_view, JsonView>> {
    std::vector<std::pair<std::string_view, JsonView>> result;
    if (!is_object()) return result;
    result.reserve(size());
    for (const auto field : dom::object(element_of(tape_, index_))) {
        const auto tape = to_tape(field.value);
        result.emplace_back(field.key, JsonView{tape.document, tape.index});
    }
    return result;
}

auto JsonView::size() const -> std::size_t {
    if (is_array()) return dom::array(element_of(tape_, index_)).size();
    if (is_object()) return dom::object(element_of(tape_, index_)).size();
    return 0;
}

auto JsonView::string() const -> std::optional<std::string_view> {
    if (!is_string()) return std::nullopt;
    std::string_view text;
    if (element_of(tape_, index_).get(text)) return std::nullopt;
    return text;
}

auto JsonView::text() const -> std::optional<std::string> {
    switch (kind()) {
    case Kind::string: {
        const auto text = trim(*string());
        if (text.empty() || is_blank_word(text)) return std::nullopt;
        return std::string(text);
    }
    case Kind::number: {
        const auto element = element_of(tape_, index_);
        if (const auto value = element.get_int64(); !value.error()) return std::to_string(value.value_unsafe());
        if (const auto value = element.get_uint64(); !value.error()) return std::to_string(value.value_unsafe());
        const double value = double(element);
        if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
        return fmt::format("{}", value);
    }
    case Kind::boolean:
        return bool(element_of(tape_, index_)) ? "true" : "false";
    default:
        return std::nullopt;
    }
}

auto JsonView::text_or(std::string_view fallback) const -> std::string {
    auto value = text();
    return value ? std::move(*value) : std::string(fallback);
}

auto JsonView::integer() const -> std::optional<std::int64_t> {
    if (const auto value = number(); value && std::abs(*value) < 9e18) {
        if (const auto exact = tape_ != nullptr ? element_of(tape_, index_).get_int64()
                                                : simdjson::simdjson_result<std::int64_t>(simdjson::INCORRECT_TYPE);
            !exact.error())
            return exact.value_unsafe();
        if (*value == std::floor(*value)) return static_cast<std::int64_t>(*value);
    }
    return std::nullopt;
}

auto JsonView::number() const -> std::optional<double> {
    if (kind() == Kind::number) {
        double value = 0;
        if (element_of(tape_, index_).get(value)) return std::nullopt;
        return value;
    }
    if (const auto text = string()) {
        const auto trimmed = trim(*text);
        double value = 0;
        const auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), value);
        if (!trimmed.empty() && error == std::errc{} && end == trimmed.data() + trimmed.size() && std::isfinite(value))
            return value;
    }
    return std::nullopt;
}

auto JsonView::boolean() const -> std::optional<bool> {
    if (kind() == Kind::boolean) return bool(element_of(tape_, index_));
    if (const auto value = string()) {
        const auto word = lower(trim(*value));
        if (word == "true" || word == "yes") return true;
        if (word == "false" || word == "no") return false;
    }
    return std::nullopt;
}

auto JsonView::dump() const -> std::string {
    if (tape_ == nullptr) return "null";
    return simdjson::minify(element_of(tape_, index_));
}

} // namespace dossier
