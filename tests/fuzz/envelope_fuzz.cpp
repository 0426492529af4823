// Any bytes may come as an event: the opener gives contents or reasons, in bounded number, and whatever it gives can be
// read by the adapter that the content names.

#include "dossier/ingest/adapter.hpp"
#include "dossier/ingest/envelope.hpp"
#include "dossier/ingest/sns.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace dossier;

auto adapter() -> const ingest::Adapter& {
    static const auto made = [] {
        ingest::SourceConfig config;
        config.name = "bus";
        config.kind = "eventbridge";
        return ingest::make_adapter(config);
    }();
    return *made;
}

void expect(bool claim) {
    if (!claim) std::abort();
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto document = JsonDocument::parse({reinterpret_cast<const char*>(data), size});
    if (!document) return 0;
    ingest::EnvelopeOpener opener;
    const auto enclosed = opener.open(document->root());
    expect(enclosed.size() <= 10'001);
    for (const auto& inner : enclosed) {
        if (!inner.problem.empty()) {
            expect(inner.content.is_null() && !inner.envelope.is_null());
            continue;
        }
        for (const auto& item : adapter().items(inner.content)) {
            const auto finding = adapter().normalise(item);
            expect(finding ? !finding->title.empty() && !finding->fingerprint.empty()
                           : !finding.error().message.empty());
        }
    }
    if (const auto message = ingest::parse_sns(document->root())) expect(!ingest::sns_signed_text(*message).empty());
    return 0;
}
