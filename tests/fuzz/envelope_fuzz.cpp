// Any bytes may come as an event: the opener gives contents or reasons, in bounded number, and whatever it gives can be
// read by the adapter that the content names.

#include "fuzz.hpp"

#include "dossier/ingest/adapter.hpp"
#include "dossier/ingest/envelope.hpp"
#include "dossier/ingest/sns.hpp"

namespace {

using namespace dossier;
using fuzz::require;

auto adapter() -> const ingest::Adapter& {
    static const auto made = [] {
        ingest::SourceConfig config;
        config.name = "bus";
        config.kind = "eventbridge";
        return ingest::make_adapter(config);
    }();
    return *made;
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto document = JsonDocument::parse(fuzz::text_of(data, size));
    if (!document) return 0;
    ingest::EnvelopeOpener opener;
    const auto enclosed = opener.open(document->root());
    require(enclosed.size() <= 10'001, "what is enclosed has a limit");
    for (const auto& inner : enclosed) {
        if (!inner.problem.empty()) {
            require(inner.content.is_null() && !inner.envelope.is_null(), "what can't be opened is kept");
            continue;
        }
        for (const auto& item : adapter().items(inner.content)) {
            const auto finding = adapter().normalise(item);
            require(finding ? !finding->title.empty() && !finding->fingerprint.empty()
                            : !finding.error().message.empty(),
                    "what is inside is a whole finding or a clean error");
        }
    }
    if (const auto message = ingest::parse_sns(document->root()))
        require(!ingest::sns_signed_text(*message).empty(), "a signature covers something");
    return 0;
}
