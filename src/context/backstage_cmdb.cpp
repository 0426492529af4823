// Backstage's software catalog as a CMDB: the Resource entity that carries the provider's id in an annotation, else the
// one of its name; the group or user that owns it by relation; its system as application and its domain as business
// unit. Questions that come together are asked together, and entities that many point at are read once (by-refs).
// Sources: Backstage catalog API (OpenAPI of plugin-catalog-backend), "Well-known Relations between Catalog Entities".

#include "backstage_entity.hpp"
#include "cmdb_sources.hpp"
#include "coalescer.hpp"
#include "dossier/base/strings.hpp"
#include "remote.hpp"
#include "shelf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace dossier::context {
namespace {

using Known = Result<std::optional<Asset>>;

constexpr std::size_t most_asked = 40;
constexpr std::size_t most_query = 6'000; ///< bytes of filters in an URL; Node refuses 16 KiB of header
constexpr std::size_t most_pages = 10;
constexpr std::size_t page_size = 200;

/// What an entity that others point at tells.
struct Neighbour {
    std::string ref;
    std::string kind;
    std::string title;
    std::string email;
    Criticality criticality = Criticality::unknown;
    std::vector<std::string> members; ///< of a group
    std::string part_of;              ///< the system's domain
};

/// One way to ask for a resource: a key of the entity and its value.
struct Clue {
    std::string key; ///< "metadata.annotations.amazonaws.com/arn"
    std::string value;
};

struct Found {
    std::size_t place = 0;
    Asset asset;
    std::vector<std::string> owners; ///< refs
    std::string system;
    std::string domain;
};

/// A comma ends a condition of a filter and can't be escaped.
auto may_be_asked(std::string_view value) -> bool {
    return !value.empty() && value.size() <= 400 &&
           std::ranges::none_of(value, [](unsigned char c) { return c == ',' || c < 0x20 || c == 0x7f; });
}

auto is_entity_name(std::string_view name) -> bool {
    return !name.empty() && name.size() <= 63 && std::ranges::all_of(name, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    });
}

auto first_of(const std::vector<std::string>& refs, std::string_view kind) -> std::string {
    const auto found = std::ranges::find_if(refs, [&](const auto& ref) { return ref.starts_with(kind); });
    return found == refs.end() ? std::string() : *found;
}

/// Target of `<…>; rel="next"`, as path and query.
auto next_page(const net::HttpResponse& response) -> std::string {
    const auto link = response.headers.get("Link");
    if (!link || link->find("rel=\"next\"") == std::string_view::npos) return {};
    const auto open = link->find('<');
    const auto close = link->find('>');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
    const auto target = link->substr(open + 1, close - open - 1);
    const auto after = target.find("after=");
    if (after == std::string_view::npos) return {};
    return std::string(target.substr(after, target.find('&', after) - after));
}

class BackstageCmdb final : public CmdbSource {
public:
    BackstageCmdb(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
        : name_(provider.name),
          annotations_(provider.annotations),
          remote_("cmdb:" + provider.name, provider, config, makings),
          neighbours_(provider.cache_ttl > Duration{0} ? provider.cache_ttl : config.cache_ttl),
          questions_(most_asked, [this](std::vector<Resource> resources, Deadline deadline) {
              return look_up(std::move(resources), deadline);
          }) {
        if (annotations_.empty())
            annotations_ = {"amazonaws.com/arn", "azure.com/resource-id", "google.com/resource-name"};
        // The base may be that of the backend or that of the catalog.
        prefix_ = remote_.base().ends_with("/api/catalog") ? "" : "/api/catalog";
    }

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }

    auto ask(Resource resource, Deadline deadline) -> Task<Known> override {
        auto known = co_await questions_.ask(std::move(resource), deadline);
        if (!known) co_return fail(std::move(known.error()));
        co_return std::move(*known);
    }

    auto check(Deadline deadline) -> Task<net::ConnectCheck> override {
        auto answer = co_await remote_.get_json(prefix_ + "/entities?filter=kind=resource&limit=1", deadline);
        if (!answer) co_return net::failed_check(remote_.label(), remote_.base(), answer.error());
        net::ConnectCheck check{.what = remote_.label(), .url = remote_.base(), .missing = {}, .detail = {}};
        check.detail = answer->is_array() && !answer->empty() ? "reads resources" : "answers, but shows no resources";
        co_return check;
    }

private:
    [[nodiscard]] auto clues_of(const Resource& resource) const -> std::vector<Clue> {
        std::vector<Clue> clues;
        if (may_be_asked(resource.id))
            for (const auto& annotation : annotations_)
                clues.push_back({"metadata.annotations." + annotation, resource.id});
        if (is_entity_name(resource.name)) clues.push_back({"metadata.name", resource.name});
        return clues;
    }

    /// Filter sets are alternatives, conditions within one must all hold.
    [[nodiscard]] auto filters_of(const std::vector<Resource>& resources) const -> std::string {
        std::string query;
        for (const auto& resource : resources)
            for (const auto& clue : clues_of(resource))
                query += (query.empty() ? "filter=" : "&filter=") +
                         percent_encode(fmt::format("kind=resource,{}={}", clue.key, clue.value));
        return query;
    }

    auto look_up(std::vector<Resource> resources, Deadline deadline) -> Task<Result<std::vector<Known>>> {
        const auto filters = filters_of(resources);
        if (resources.size() > 1 && filters.size() > most_query) {
            const auto half = resources.begin() + static_cast<std::ptrdiff_t>(resources.size() / 2);
            auto first = co_await look_up({resources.begin(), half}, deadline);
            if (!first) co_return first;
            auto second = co_await look_up({half, resources.end()}, deadline);
            if (!second) co_return second;
            first->insert(first->end(), second->begin(), second->end());
            co_return first;
        }
        std::vector<Known> answers(resources.size(), Known(std::optional<Asset>()));
        if (filters.empty()) co_return answers;
        auto entities = co_await list(filters, deadline);
        if (!entities) co_return fail(std::move(entities.error()));
        std::vector<Found> found;
        for (std::size_t i = 0; i < resources.size(); ++i)
            if (auto one = match(*entities, resources[i], i)) found.push_back(std::move(*one));

        // First whoever is named on the resources, then what those point at.
        std::vector<std::string> refs;
        for (const auto& one : found) {
            refs.insert(refs.end(), one.owners.begin(), one.owners.end());
            refs.push_back(one.system);
            refs.push_back(one.domain);
        }
        if (auto read = co_await read_neighbours(refs, deadline); !read) co_return fail(std::move(read.error()));
        refs.clear();
        for (auto& one : found) {
            if (const auto system = neighbours_.find(one.system); system && one.domain.empty())
                one.domain = system->part_of;
            refs.push_back(one.domain);
            for (const auto& owner : one.owners)
                if (const auto group = neighbours_.find(owner); group && group->members.size() == 1)
                    refs.push_back(group->members.front());
        }
        if (auto read = co_await read_neighbours(refs, deadline); !read) co_return fail(std::move(read.error()));
        for (auto& one : found) {
            complete(one);
            answers[one.place] = std::optional<Asset>(std::move(one.asset));
        }
        co_return answers;
    }

    auto list(std::string filters, Deadline deadline) -> Task<Result<std::vector<Json>>> {
        std::vector<Json> entities;
        std::string page = fmt::format("limit={}", page_size);
        for (std::size_t pages = 0; pages < most_pages; ++pages) {
            auto response = co_await remote_.get(fmt::format("{}/entities?{}&{}", prefix_, filters, page), deadline);
            if (!response) co_return fail(std::move(response.error()));
            if (!response->ok()) co_return fail(refusal(remote_.label(), *response));
            auto document = parse_json(response->body, 64);
            if (!document || !document->is_array())
                co_return fail(Errc::malformed,
                               remote_.label() + " answered with something that is no list of entities");
            for (auto& entity : *document) entities.push_back(std::move(entity));
            const auto next = next_page(*response);
            if (next.empty() || document->empty()) break;
            page = fmt::format("limit={}&{}", page_size, next);
        }
        co_return entities;
    }

    /// The entity that holds the resource's id, else that of its name; of several the first by reference.
    [[nodiscard]] auto match(const std::vector<Json>& entities, const Resource& resource, std::size_t place) const
        -> std::optional<Found> {
        const Json* best = nullptr;
        std::string how;
        std::size_t rivals = 0;
        const auto offer = [&](const Json& entity, std::string words) {
            if (best != nullptr && how == words) ++rivals;
            if (best != nullptr && (how != words || ref_of(*best) <= ref_of(entity))) return;
            best = &entity;
            how = std::move(words);
        };
        for (const auto& key : annotations_)
            for (const auto& entity : entities)
                if (kind_of(entity) == "resource" && !resource.id.empty() &&
                    iequals(annotation(entity, key), resource.id))
                    offer(entity, fmt::format("{}={}", key, resource.id));
        if (best == nullptr)
            for (const auto& entity : entities)
                if (kind_of(entity) == "resource" && !resource.name.empty() && !is_another(entity, resource) &&
                    iequals(scalar(member(member(entity, "metadata"), "name")), resource.name))
                    offer(entity, "metadata.name=" + resource.name);
        if (best == nullptr) return std::nullopt;

        Found found{.place = place, .owners = related(*best, "ownedBy")};
        const auto whole = related(*best, "partOf");
        found.system = first_of(whole, "system:");
        found.domain = first_of(whole, "domain:");
        found.asset.origin = name_ == "backstage" ? name_ : "backstage:" + name_; // has a trust of its own
        found.asset.rule = fmt::format("cmdb.{}:{}", name_, how);
        if (rivals > 0) found.asset.rule += fmt::format(", the first of {} entities", rivals + 1);
        found.asset.environment = environment_of(*best);
        found.asset.criticality = criticality_of(*best);
        return found;
    }

    /// An entity of that name that carries the id of some other resource.
    [[nodiscard]] auto is_another(const Json& entity, const Resource& resource) const -> bool {
        return std::ranges::any_of(annotations_, [&](const std::string& key) {
            const auto id = annotation(entity, key);
            return !id.empty() && resource.id.starts_with(id.substr(0, 4)) && !iequals(id, resource.id);
        });
    }

    /// Puts the entities behind `refs` on the shelf, those that the catalog doesn't know as empty ones.
    auto read_neighbours(std::vector<std::string> refs, Deadline deadline) -> Task<Result<void>> {
        std::ranges::sort(refs);
        const auto repeats = std::ranges::unique(refs);
        refs.erase(repeats.begin(), repeats.end());
        std::erase_if(refs, [&](const std::string& ref) { return ref.empty() || neighbours_.find(ref); });
        if (refs.empty()) co_return Result<void>{};
        auto answer = co_await remote_.post_json(prefix_ + "/entities/by-refs", Json{{"entityRefs", refs}}, deadline);
        if (!answer) co_return fail(std::move(answer.error()));
        const auto& items = list_in(*answer, "items");
        if (items.size() != refs.size())
            co_return fail(Errc::malformed,
                           remote_.label() + " answered another number of entities than was asked for");
        for (std::size_t i = 0; i < refs.size(); ++i) {
            Neighbour neighbour{.ref = refs[i]};
            // In place of an unknown reference stands null.
            if (items[i].is_object() && ref_of(items[i]) == refs[i]) {
                neighbour.kind = kind_of(items[i]);
                neighbour.title = title_of(items[i]);
                neighbour.email = email_of(items[i]);
                neighbour.criticality = criticality_of(items[i]);
                neighbour.members = related(items[i], "hasMember");
                neighbour.part_of = first_of(related(items[i], "partOf"), "domain:");
            }
            neighbours_.put(refs[i], std::move(neighbour));
        }
        co_return Result<void>{};
    }

    void complete(Found& found) {
        auto& asset = found.asset;
        if (const auto system = neighbours_.find(found.system)) {
            asset.application = system->title;
            if (asset.criticality == Criticality::unknown) asset.criticality = system->criticality;
        }
        if (const auto domain = neighbours_.find(found.domain)) asset.business_unit = domain->title;
        for (const auto& ref : found.owners) {
            const auto owner = neighbours_.find(ref);
            if (!owner) continue;
            if (owner->kind.empty()) { // the relation outlives what it points at, or we may not see it
                if (asset.support_group.empty() && ref.starts_with("group:"))
                    asset.support_group = ref.substr(ref.find('/') + 1);
                continue;
            }
            if (owner->kind == "group")
                take_group(asset, *owner);
            else
                take_person(asset, *owner);
        }
    }

    void take_group(Asset& asset, const Neighbour& group) {
        if (asset.support_group.empty()) asset.support_group = group.title;
        if (!asset.owner.empty()) return;
        // A group of one is a person; a larger one is reached by its own address.
        const auto only = group.members.size() == 1 ? neighbours_.find(group.members.front()) : std::nullopt;
        if (only && !only->email.empty()) return take_person(asset, *only);
        if (group.email.empty()) return;
        asset.owner = group.email;
        asset.owner_name = group.title;
        asset.owner_is_group = true;
        asset.rule += ", ownedBy " + group.ref;
    }

    static void take_person(Asset& asset, const Neighbour& person) {
        if (!asset.owner.empty()) return;
        asset.owner = person.email.empty() ? person.ref.substr(person.ref.find('/') + 1) : person.email;
        asset.owner_name = person.title;
        asset.rule += ", ownedBy " + person.ref;
    }

    std::string name_;
    std::vector<std::string> annotations_;
    std::string prefix_;
    Remote remote_;
    Shelf<Neighbour> neighbours_;
    Coalescer<Resource, Known> questions_;
};

} // namespace

auto make_backstage_cmdb(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    -> std::unique_ptr<CmdbSource> {
    return std::make_unique<BackstageCmdb>(provider, config, makings);
}

} // namespace dossier::context
