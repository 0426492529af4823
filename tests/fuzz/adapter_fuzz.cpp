// Any bytes may come as a delivery: every adapter has to give a whole finding or a clean error for each item.

#include "dossier/ingest/adapter.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace dossier;

auto adapters() -> const std::array<std::unique_ptr<ingest::Adapter>, 4>& {
    static const auto made = [] {
        std::array<std::unique_ptr<ingest::Adapter>, 4> all;
        std::size_t next = 0;
        for (const auto* kind : {"wiz", "prisma", "orca", "generic"}) {
            ingest::SourceConfig config;
            config.name = config.kind = kind;
            config.map = {{"items", "/data"},   {"id", "/id"},
                          {"title", "/title"},  {"severity", "/severity"},
                          {"data", "/classes"}, {"exposure", "/exposure"},
                          {"tags", "/tags"},    {"resource.id", "/resource/id"}};
            all[next++] = ingest::make_adapter(config);
        }
        return all;
    }();
    return made;
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto document = JsonDocument::parse({reinterpret_cast<const char*>(data), size});
    if (!document) return 0;
    for (const auto& adapter : adapters()) {
        for (const auto& item : adapter->items(document->root())) {
            const auto finding = adapter->normalise(item);
            if (finding ? finding->title.empty() || finding->fingerprint.empty() : finding.error().message.empty()) {
                std::abort();
            }
        }
    }
    return 0;
}
