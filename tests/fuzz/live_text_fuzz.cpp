// A model's answer while it is being written: wherever its pieces are cut, a reader sees the same text, and neither a
// planted address, nor markup, nor a link is ever in it.

#include "fuzz.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/explain/live_text.hpp"

#include <string>

namespace {

using namespace dossier;
using fuzz::require;

auto redactor() -> const redact::Redactor& {
    static const auto made = redact::Redactor::make({}).value();
    return *made;
}

auto shown_of(std::string_view answer, std::size_t piece) -> std::string {
    std::string shown;
    explain::LiveText live(redactor(), [&](std::string_view text) {
        require(is_valid_utf8(text), "what is shown is text");
        shown += text;
    });
    for (std::size_t at = 0; at < answer.size(); at += piece) live.feed(answer.substr(at, piece));
    live.finish();
    return shown;
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    if (size == 0) return 0;
    const auto text = fuzz::text_of(data, size);
    require(shown_of(text, size) == shown_of(text, 1 + data[0] % 9U), "the cut makes no difference");
    const auto planted = shown_of(R"({"summary": ")" + replace_all(std::string(text), "\"", "'") +
                                      R"( alice.ngo@acme.example <b>x</b> [y](https://evil.example/) "})",
                                  1 + data[0] % 9U);
    require(text.contains("alice.ngo") || !planted.contains("alice.ngo@acme.example"), "an address is not shown");
    require(!planted.contains("<b>"), "markup is not shown");
    require(!planted.contains("](http"), "a link is not shown");
    return 0;
}
