#include "dossier/base/json.hpp"

#include "dossier/base/canonical_json.hpp"

#include <fmt/format.h>

#include <algorithm>
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
        canonical::append(out, std::string_view(member.first));
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
        std::ranges::sort(members,
                          [](const auto* a, const auto* b) { return canonical::is_before(a->first, b->first); });
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
        canonical::append(out, std::string_view(value.get_ref<const std::string&>()));
        break;
    case Json::value_t::number_float:
        canonical::append(out, value.get<double>());
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
