// Two readers of JSON must agree: what JsonView accepts is what nlohmann accepts, and its dump says the same value.

#include "dossier/base/json.hpp"
#include "dossier/base/json_view.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace dossier;

void walk(JsonView view, int depth) {
    (void)view.text();
    (void)view.integer();
    (void)view.number();
    (void)view.boolean();
    (void)view.at("/a/0/~1");
    (void)view["a"];
    (void)view[std::size_t{7}];
    if (view.elements().size() + view.members().size() != view.size() && (view.is_array() || view.is_object())) {
        std::abort();
    }
    if (depth == 0) return;
    for (const auto& element : view.elements()) walk(element, depth - 1);
    for (const auto& [key, member] : view.members()) walk(member, depth - 1);
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto document = JsonDocument::parse(text);
    if (!document) {
        if (document.error().message.empty()) std::abort();
        return 0;
    }
    walk(document->root(), 16);
    const auto dumped = document->root().dump();
    const auto again = JsonDocument::parse(dumped);
    if (!again || again->root().dump() != dumped) std::abort();
    if (!parse_json(dumped)) std::abort();
    return 0;
}
