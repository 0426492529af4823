// Any bytes may stand in a payload. What is masked lies in the text, in order and apart; what comes out of text is
// text; no planted identifier stays readable, whatever stands around it; and restoring puts back values of the text and
// nothing else.

#include "fuzz.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/redact/redactor.hpp"
#include "dossier/redact/sample_mask.hpp"

#include <array>
#include <string>

namespace {

using namespace dossier;
using fuzz::require;

auto redactor() -> const redact::Redactor& {
    static const auto made = redact::Redactor::make({.extra = {R"(EMP-\d{5})"}}).value();
    return *made;
}

struct Plant {
    std::string_view value;
    std::string_view kind;
};
constexpr std::array plants = {
    Plant{"alice.ngo@acme.example", "EMAIL"},
    Plant{"4111 1111 1111 1111", "CARD"},
    Plant{"DE89 3704 0044 0532 0130 00", "IBAN"},
    Plant{"AKIAQ3EGRZD7SAMPLE42", "AWS_KEY"},
    Plant{"EMP-48151", "CUSTOM"},
};

void check_spans(std::string_view text) {
    for (const auto* key : {"", "password", "phone", "owner"}) {
        std::size_t at = 0;
        for (const auto& span : redactor().find(text, key)) {
            require(span.begin >= at && span.end > span.begin && span.end <= text.size(), "spans are in order");
            require(!span.kind.empty(), "a span says what it is");
            at = span.end;
        }
    }
}

void check_masking(std::string_view text) {
    redact::Redaction state;
    const auto redacted = redactor().redact(text, state);
    require(redactor().redact(text, state) == redacted, "the same values get the same pseudonyms");
    require(!is_valid_utf8(text) || is_valid_utf8(redacted), "text stays text");
    const auto restored = state.restore(redacted);
    if (state.count() == 0) require(restored == redacted, "nothing was masked, nothing is restored");
    require(!is_valid_utf8(text) || is_valid_utf8(restored), "text stays text when it is restored");

    redact::Redaction other;
    require(other.restore(redactor().redact("<EMAIL_1>", other)) == "‹EMAIL_1›", "no payload asks for a value");
    const auto asked = redactor().redact(std::string(text) + "\n<EMAIL_1> <PERSON_1>\n", other);
    require(!asked.ends_with("<EMAIL_1> <PERSON_1>\n"), "whatever stands before it");
}

void check_plants(std::string_view text) {
    const bool is_plain = redactor().find(text).empty();
    for (const auto& plant : plants) {
        if (text.contains(plant.value)) continue;
        redact::Redaction state;
        const auto around = std::string(text) + "\n" + std::string(plant.value) + "\n" + std::string(text);
        const auto masked = redactor().redact(around, state);
        require(!masked.contains(plant.value), "a planted identifier is masked");
        // Of two spellings of one value the first is restored.
        if (is_plain) require(state.restore(masked).contains(plant.value), "and can be restored");
    }
}

/// A value of a column is known by its shape alone.
void check_samples(std::string_view text) {
    const auto mask = redact::mask_sample(redactor(), "notes", text);
    require(mask.empty() || (mask.starts_with('<') && mask.ends_with('>')), "a sample is shown as what it is");
    require(mask.size() < 200, "a mask is short");
    if (!text.contains("Kowalczyk"))
        require(!redact::mask_sample(redactor(), "notes", std::string(text) + " Kowalczyk").contains("Kowalczyk"),
                "no word of a value is in its mask");
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto text = fuzz::text_of(data, size);
    check_spans(text);
    check_masking(text);
    check_plants(text);
    check_samples(text);
    return 0;
}
