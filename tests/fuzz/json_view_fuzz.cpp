// Two readers of JSON must agree: what JsonView accepts is what nlohmann accepts, its dump says the same value, and
// every value is found at the pointer (RFC 6901) that leads to it.

#include "fuzz.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"

namespace {

using namespace dossier;
using fuzz::require;

void walk(JsonView root, JsonView view, const std::string& pointer, int depth) {
    static_cast<void>(view.text());
    static_cast<void>(view.integer());
    static_cast<void>(view.number());
    static_cast<void>(view.boolean());
    static_cast<void>(view.at("/a/0/~1"));
    static_cast<void>(view[std::size_t{7}]);
    const auto elements = view.elements();
    const auto members = view.members();
    if (view.is_array() || view.is_object())
        require(elements.size() + members.size() == view.size(), "size counts what is inside");
    require(root.at(pointer).dump() == view.dump(), "a pointer leads to its value");
    if (depth == 0) return;
    for (std::size_t i = 0; i < elements.size(); ++i)
        walk(root, elements[i], pointer + "/" + std::to_string(i), depth - 1);
    for (const auto& [key, member] : members) {
        // Of two members of one name the pointer can mean only one.
        if (view[key].dump() != member.dump()) continue;
        walk(root, member, pointer + "/" + replace_all(replace_all(std::string(key), "~", "~0"), "/", "~1"), depth - 1);
    }
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto document = JsonDocument::parse(fuzz::text_of(data, size));
    if (!document) {
        require(!document.error().message.empty(), "a refusal has a reason");
        return 0;
    }
    walk(document->root(), document->root(), "", 5);
    const auto dumped = document->root().dump();
    const auto again = JsonDocument::parse(dumped);
    require(again && again->root().dump() == dumped, "a dump reads as it was written");
    require(parse_json(dumped).has_value(), "both readers take it");
    return 0;
}
