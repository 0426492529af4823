#include "dossier/explain/governance.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::explain {
namespace {

constexpr std::size_t most_stores = 5'000;
constexpr std::size_t most_words = 50;
constexpr std::size_t longest_member = 1'024;

class StoreReader {
public:
    StoreReader(const Json& json, std::size_t number) : json_(json), number_(number) {}

    void text(const char* key, std::string& out) {
        const auto found = json_.find(key);
        if (found == json_.end() || found->is_null()) return;
        if (!found->is_string() || found->get_ref<const std::string&>().size() > longest_member)
            return refuse(key, "text of at most 1 KiB");
        out = std::string(trim(found->get_ref<const std::string&>()));
    }
    void words(const char* key, std::vector<std::string>& out) {
        const auto found = json_.find(key);
        if (found == json_.end() || found->is_null()) return;
        if (found->is_string()) {
            if (const auto word = trim(found->get_ref<const std::string&>()); !word.empty()) out.push_back(lower(word));
            return;
        }
        if (!found->is_array() || found->size() > most_words) return refuse(key, "a list of at most 50 words");
        for (const auto& word : *found) {
            if (!word.is_string() || word.get_ref<const std::string&>().size() > longest_member)
                return refuse(key, "a list of words");
            out.push_back(lower(trim(word.get_ref<const std::string&>())));
        }
    }
    void flag(const char* key, bool& out) {
        const auto found = json_.find(key);
        if (found == json_.end() || found->is_null()) return;
        if (!found->is_boolean()) return refuse(key, "true or false");
        out = found->get<bool>();
    }
    void time(const char* key, std::optional<Timestamp>& out) {
        std::string given;
        text(key, given);
        if (given.empty()) return;
        out = parse_time(given.size() == 10 ? given + "T00:00:00Z" : given);
        if (!out) refuse(key, "an RFC 3339 time or a day");
    }
    [[nodiscard]] auto problem() const -> const std::string& { return problem_; }

private:
    void refuse(const char* key, std::string_view wanted) {
        if (problem_.empty()) problem_ = fmt::format("store {}: {} must be {}", number_, key, wanted);
    }
    const Json& json_;
    std::size_t number_;
    std::string problem_;
};

auto read_store(const Json& json, std::size_t number) -> Result<InventoryStore> {
    if (!json.is_object()) return fail(Errc::invalid_argument, fmt::format("store {} is no object", number));
    static constexpr std::array known{
        "id",    "name",        "type",         "cloud",  "account",         "region",      "location", "environment",
        "owner", "date_column", "data_classes", "access", "access_patterns", "last_access", "archived"};
    for (const auto& [key, value] : json.items())
        if (std::ranges::find(known, key) == known.end())
            return fail(Errc::invalid_argument,
                        fmt::format("store {} has an unknown member {}", number, shorten(key, 60)));
    InventoryStore store;
    StoreReader reader(json, number);
    reader.text("id", store.id);
    reader.text("name", store.name);
    reader.text("type", store.type);
    reader.text("cloud", store.cloud);
    reader.text("account", store.account);
    reader.text("location", store.region);
    reader.text("region", store.region);
    reader.text("environment", store.environment);
    reader.text("owner", store.owner);
    reader.text("date_column", store.date_column);
    reader.words("data_classes", store.data_classes);
    reader.words("access", store.access);
    reader.words("access_patterns", store.access);
    reader.time("last_access", store.last_access);
    reader.flag("archived", store.archived);
    if (!reader.problem().empty()) return fail(Errc::invalid_argument, reader.problem());
    if (store.id.empty() && store.name.empty())
        return fail(Errc::invalid_argument, fmt::format("store {} has neither id nor name", number));
    store.cloud = lower(store.cloud);
    return store;
}

} // namespace

auto read_inventory(std::string_view json) -> Result<std::vector<InventoryStore>> {
    auto parsed = parse_json(json, 32);
    if (!parsed) return fail(std::move(parsed.error()));
    const Json* list = &*parsed;
    if (parsed->is_object()) {
        const auto found = parsed->find("stores");
        if (found == parsed->end()) return fail(Errc::invalid_argument, "an inventory is a list of stores");
        list = &*found;
    }
    if (!list->is_array() || list->empty()) return fail(Errc::invalid_argument, "an inventory is a list of stores");
    if (list->size() > most_stores)
        return fail(Errc::too_large, fmt::format("an inventory has at most {} stores", most_stores));
    std::vector<InventoryStore> stores;
    for (const auto& one : *list) {
        auto store = read_store(one, stores.size() + 1);
        if (!store) return fail(std::move(store.error()));
        stores.push_back(std::move(*store));
    }
    return stores;
}

auto store_of(const Finding& finding, const Context& context) -> InventoryStore {
    InventoryStore store{.id = finding.resource.id,
                         .name = finding.resource.name,
                         .type = finding.resource.type,
                         .cloud = finding.resource.cloud,
                         .account = finding.resource.account,
                         .region = finding.resource.region};
    if (context.environment != Environment::unknown) store.environment = to_string(context.environment);
    store.owner = context.owner.email.empty() ? context.owner.id : context.owner.email;
    for (const auto& one : finding.data.classes) store.data_classes.push_back(lower(one));
    if (!context.access_log.empty()) store.last_access = context.access_log.front().at;
    return store;
}

} // namespace dossier::explain
