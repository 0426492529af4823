// Any bytes may stand in a payload: spans have to lie in the text, in order and apart, and restoring has to put back
// values of the text and nothing else.

#include "dossier/redact/redactor.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace dossier;

auto redactor() -> const redact::Redactor& {
    static const auto made = redact::Redactor::make({.extra = {R"(EMP-\d{5})"}}).value();
    return *made;
}

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto* key : {"", "password", "phone"}) {
        std::size_t at = 0;
        for (const auto& span : redactor().find(text, key)) {
            require(span.begin >= at && span.end > span.begin && span.end <= text.size() && !span.kind.empty());
            at = span.end;
        }
    }
    redact::Redaction state;
    const auto redacted = redactor().redact(text, state);
    require(redactor().redact(text, state) == redacted); // the same values, the same pseudonyms
    if (state.count() == 0) require(state.restore(redacted) == redacted);
    redact::Redaction other;
    require(other.restore(redactor().redact("<EMAIL_1>", other)) == "‹EMAIL_1›");
    return 0;
}
