// Any bytes may come as a delivery: the adapter has to give a whole finding or a clean error for each item, the same at
// each reading, and one that survives being stored. Built once an adapter: DOSSIER_ADAPTER is its name.

#include "adapters.hpp"
#include "fuzz.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"

#define DOSSIER_JOIN(a, b, c) a##b##c
#define DOSSIER_MAKER(name) DOSSIER_JOIN(make_, name, _adapter)
#define DOSSIER_QUOTED(name) #name
#define DOSSIER_NAME(name) DOSSIER_QUOTED(name)

namespace {

using namespace dossier;
using fuzz::require;

auto adapter() -> const ingest::Adapter& {
    static const auto made = [] {
        ingest::SourceConfig config;
        config.name = config.kind = DOSSIER_NAME(DOSSIER_ADAPTER);
        config.map = {{"items", "/data"},   {"id", "/id"},
                      {"title", "/title"},  {"severity", "/severity"},
                      {"data", "/classes"}, {"exposure", "/exposure"},
                      {"tags", "/tags"},    {"resource.id", "/resource/id"}};
        return ingest::DOSSIER_MAKER(DOSSIER_ADAPTER)(config);
    }();
    return *made;
}

void require_whole(const Finding& finding) {
    require(!finding.title.empty() && !finding.source.empty() && !finding.platform.empty(),
            "a finding says what it is");
    require(!finding.fingerprint.empty() && !finding.exposure_key.empty(), "a finding can be told from others");
    require(finding.id.empty(), "only the store gives ids");
    const Json stored = finding;
    const auto text = dump_json(stored);
    const auto read = parse_json(text);
    require(read.has_value(), "a finding is stored as JSON");
    const auto again = read->get<Finding>();
    require(dump_json(Json(again)) == text && content_hash(again) == content_hash(finding),
            "a finding reads the same after it was stored");
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto document = JsonDocument::parse(fuzz::text_of(data, size));
    if (!document) return 0;
    for (const auto& item : adapter().items(document->root())) {
        const auto finding = adapter().normalise(item);
        if (!finding) {
            require(finding.error().code == Errc::malformed && !finding.error().message.empty(),
                    "what is no finding is malformed, with a reason");
            continue;
        }
        require_whole(*finding);
        const auto again = adapter().normalise(item);
        require(again && again->fingerprint == finding->fingerprint && content_hash(*again) == content_hash(*finding),
                "one item reads the same twice");
    }
    return 0;
}
