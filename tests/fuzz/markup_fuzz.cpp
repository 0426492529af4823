// Draft bodies are edited by people and shaped by hostile names: whatever they hold, the ADF is valid JSON of a
// document within its limit, the HTML opens no tag of its own, and the plain text keeps to its length.

#include "dossier/base/json.hpp"
#include "dossier/ticket/markup.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace dossier;

auto is_sound(const Json& node) -> bool {
    if (!node.is_object() || !node.contains("type")) return false;
    if (node["type"] == "text") return node.contains("text") && !node["text"].get<std::string>().empty();
    if (!node.contains("content")) return true;
    for (const auto& child : node["content"]) {
        if (!is_sound(child)) return false;
    }
    return true;
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string_view markdown{reinterpret_cast<const char*>(data), size};
    for (const std::size_t limit : {std::size_t{600}, std::size_t{32'000}}) {
        const auto adf = ticket::markdown_to_adf(markdown, limit);
        const auto document = parse_json(adf, 256);
        if (!document || (*document)["type"] != "doc" || !is_sound(*document) || adf.size() > limit) std::abort();
    }
    const auto html = ticket::markdown_to_html(markdown);
    for (const auto* forbidden : {"<script", "<img", "<iframe", "javascript:\"", "href=\"javascript"}) {
        if (html.find(forbidden) != std::string::npos) std::abort();
    }
    (void)ticket::markdown_to_plain(markdown, 500);
    return 0;
}
