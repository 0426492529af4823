// AWS' older protocols answer in XML, and whoever answers may not be AWS: a document is read within its bounds or
// refused with a reason, and no declaration gets in that could name entities of its own.

#include "fuzz.hpp"

#include "dossier/base/xml_view.hpp"

#include <string>

namespace {

using namespace dossier;
using fuzz::require;

constexpr int most_depth = 64;

void walk(XmlView view, int depth) {
    require(depth <= most_depth, "nothing is nested deeper than the limit");
    require(!view.is_null() && !view.name().contains('\0'), "an element is there and can be named");
    const auto text = view.text();
    require(text.empty() || (!std::string_view(" \t\r\n").contains(text.front()) &&
                             !std::string_view(" \t\r\n").contains(text.back())),
            "text has no white space around it");
    static_cast<void>(view.attribute("type"));
    for (const auto* name : {"member", "Error", "Code", "Owner", "a"}) {
        const auto all = view.all(name);
        require(all.empty() == view[name].is_null(), "the first of none is none");
        for (const auto& child : all) {
            require(child.name() == name, "children are those of the name");
            walk(child, depth + 1);
        }
    }
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto text = fuzz::text_of(data, size);
    const auto document = XmlDocument::parse(text, most_depth);
    if (!document) {
        require(document.error().code == Errc::malformed && !document.error().message.empty(),
                "what is no document is malformed, with a reason");
        return 0;
    }
    require(!text.contains('\0'), "a document is text");
    walk(document->root(), 1);
    return 0;
}
