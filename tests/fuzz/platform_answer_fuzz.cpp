// What a platform's API answers beyond findings: entities of Wiz' graph, alerts of Orca and Prisma Cloud as items to
// store, comments. Anything may be missing or of another type; what is taken is whole and can be stored.

#include "fuzz.hpp"

#include "adapters.hpp"
#include "orca_alerts.hpp"
#include "prisma_alerts.hpp"
#include "remarks.hpp"
#include "wiz_graph.hpp"

#include "dossier/base/json.hpp"

namespace {

using namespace dossier;
using fuzz::require;

auto orca() -> const ingest::Adapter& {
    static const auto made = ingest::make_adapter({.name = "orca", .kind = "orca"});
    return *made;
}

void check_item(const ingest::ApiItem& item) {
    require(JsonDocument::parse(item.raw, 256).has_value(), "what is stored can be read again");
}

void check_remarks(const std::vector<ingest::Remark>& remarks) {
    for (const auto& remark : remarks) {
        require(!remark.id.empty() && remark.at != Timestamp{}, "a remark has an id and a time");
        require(remark.text.empty() != remark.status.empty(), "it says something or sets a status");
    }
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto document = JsonDocument::parse(fuzz::text_of(data, size));
    if (!document) return 0;
    const auto root = document->root();
    if (const auto entity = ingest::read_wiz_entity(root)) {
        require(!entity->id.empty(), "an entity has an id");
        require(parse_json(entity->properties, 256).has_value(), "its properties are JSON");
    }
    check_item(ingest::orca_item(root, orca()));
    check_item(ingest::prisma_item(root));
    static_cast<void>(ingest::why_prisma_was_silent(root));
    check_remarks(ingest::wiz_remarks(root));
    check_remarks(ingest::prisma_remarks(root));
    if (const auto remark = ingest::orca_remark(root)) check_remarks({*remark});
    return 0;
}
