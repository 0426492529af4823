// ServiceNow as a CMDB: the row of cmdb_ci for a resource, who owns it, which service it belongs to and how much that
// matters. Questions that come together are asked together (`IN`), and people and services are read once.
// Sources: ServiceNow Table API; CMDB table descriptions (cmdb_ci, svc_ci_assoc, cmdb_rel_ci, cmdb_key_value).

#include "cmdb_sources.hpp"
#include "cmdb_words.hpp"
#include "coalescer.hpp"
#include "concurrent.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "servicenow_match.hpp"
#include "servicenow_table.hpp"
#include "shelf.hpp"
#include "tags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace dossier::context {
namespace {

using Known = Result<std::optional<Asset>>;
using Rows = std::vector<Json>;

constexpr std::size_t most_asked = 64;
constexpr std::size_t most_query = 6'000; ///< bytes in the URL; instances refuse longer ones at about 8 KiB
constexpr std::string_view ci_fields =
    "sys_id,name,sys_class_name,object_id,correlation_id,owned_by,managed_by,managed_by_group,support_group,assigned_"
    "to,"
    "business_unit,department,cost_center,environment,operational_status,install_status,busines_criticality,"
    "sys_updated_on";
/// Who may answer for a CI, in the order of trust.
constexpr std::array<std::string_view, 3> owner_columns{"owned_by", "managed_by", "assigned_to"};
constexpr std::array<std::string_view, 2> group_columns{"support_group", "managed_by_group"};

struct User {
    std::string email;
    std::string name;
    std::string user_name;
    bool is_active = true;
};

struct Service {
    std::string name;
    Criticality criticality = Criticality::unknown;
    std::string owner; ///< sys_id
    std::string owner_name;
    std::string support_group;
};

/// Somebody as a row names him.
struct Reference {
    std::string column;
    std::string id; ///< sys_id, or whatever stands there
    std::string name;
};

/// A resource that was found, on its way to an Asset.
struct Found {
    std::size_t place = 0; ///< among the resources asked for
    std::string ci;        ///< sys_id
    Asset asset;
    std::vector<Reference> owners;
    std::string unread; ///< tables that could not be had
};

auto ids_of(const std::vector<Found>& found) -> std::vector<std::string> {
    std::vector<std::string> ids;
    for (const auto& one : found)
        if (is_sys_id(one.ci)) ids.push_back(one.ci);
    return ids;
}

void take(std::string& mine, std::string theirs) {
    if (mine.empty()) mine = std::move(theirs);
}

class ServiceNowCmdb final : public CmdbSource {
public:
    ServiceNowCmdb(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
        : name_(provider.name),
          table_(provider.table.empty() ? "cmdb_ci" : provider.table),
          map_(provider.map.begin(), provider.map.end()),
          fields_(ci_fields),
          remote_("cmdb:" + provider.name, provider, config, makings),
          users_(provider.cache_ttl > Duration{0} ? provider.cache_ttl : config.cache_ttl),
          services_(provider.cache_ttl > Duration{0} ? provider.cache_ttl : config.cache_ttl),
          questions_(most_asked, [this](std::vector<Resource> resources, Deadline deadline) {
              return look_up(std::move(resources), deadline);
          }) {
        for (const auto& [field, column] : map_) fields_ += "," + column;
        if (provider.client_id.empty()) return;
        remote_.use_tokens({.url = provider.auth_url.empty() ? remote_.base() + "/oauth_token.do" : provider.auth_url,
                            .client_id = provider.client_id,
                            .client_secret = provider.client_secret,
                            .audience = {},
                            .scope = provider.scope,
                            .by_basic = false,
                            .user = provider.user,
                            .password = provider.password});
    }

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }

    auto ask(Resource resource, Deadline deadline) -> Task<Known> override {
        auto known = co_await questions_.ask(std::move(resource), deadline);
        if (!known) co_return fail(std::move(known.error()));
        co_return std::move(*known);
    }

    auto check(Deadline deadline) -> Task<net::ConnectCheck> override {
        net::ConnectCheck check{.what = remote_.label(), .url = remote_.base(), .missing = {}, .detail = {}};
        for (const auto* table : {table_.c_str(), "sys_user", "svc_ci_assoc", "cmdb_ci_service", "cmdb_key_value"}) {
            auto rows = co_await read_table(
                remote_, {.table = table, .query = "sys_idISNOTEMPTY", .fields = "sys_id", .limit = 1}, deadline);
            if (rows) continue;
            if (rows.error().code != Errc::forbidden)
                co_return net::failed_check(remote_.label(), remote_.base(), rows.error());
            check.verdict = net::ConnectCheck::Verdict::permission;
            check.missing.push_back(fmt::format("read on {}", table));
        }
        check.detail = fmt::format("reads {}", table_);
        co_return check;
    }

private:
    static auto condition(const std::vector<Resource>& resources) -> std::string {
        std::vector<std::string> ids;
        std::vector<std::string> names;
        for (const auto& resource : resources) {
            for (auto& id : id_spellings(resource)) ids.push_back(std::move(id));
            if (!resource.name.empty()) names.push_back(resource.name);
        }
        return either({any_of("object_id", ids), any_of("correlation_id", ids), any_of("name", names)});
    }

    auto look_up(std::vector<Resource> resources, Deadline deadline) -> Task<Result<std::vector<Known>>> {
        auto query = condition(resources);
        if (resources.size() > 1 && percent_encode(query).size() > most_query) {
            const auto half = resources.begin() + static_cast<std::ptrdiff_t>(resources.size() / 2);
            auto first = co_await look_up({resources.begin(), half}, deadline);
            if (!first) co_return first;
            auto second = co_await look_up({half, resources.end()}, deadline);
            if (!second) co_return second;
            first->insert(first->end(), second->begin(), second->end());
            co_return first;
        }
        const auto limit = std::min<std::size_t>(1'000, resources.size() * 4 + 6);
        auto rows = co_await read_table(remote_, {.table = table_, .query = query, .fields = fields_, .limit = limit},
                                        deadline);
        if (!rows) co_return fail(std::move(rows.error()));

        std::vector<Known> answers(resources.size(), Known(std::optional<Asset>()));
        std::vector<Found> found;
        std::vector<bool> is_ours(rows->size(), false);
        std::vector<std::size_t> unknown;
        for (std::size_t i = 0; i < resources.size(); ++i) {
            if (const auto match = match_ci(*rows, resources[i])) {
                is_ours[match->row] = true;
                found.push_back(describe((*rows)[match->row], *match, i));
            } else {
                unknown.push_back(i);
            }
        }
        // Rows that nobody asked for: a condition was dropped. What was not found is then asked for column by column.
        const bool is_crowded = rows->size() == limit || std::ranges::count(is_ours, true) == 0;
        for (const auto i : unknown) {
            if (rows->empty() || !is_crowded) break;
            auto alone = co_await look_up_alone(resources[i], i, deadline);
            if (!alone)
                answers[i] = fail(std::move(alone.error()));
            else if (*alone)
                found.push_back(std::move(**alone));
        }
        co_await add_details(found, deadline);
        for (auto& one : found) answers[one.place] = std::optional<Asset>(std::move(one.asset));
        co_return answers;
    }

    auto look_up_alone(Resource resource, std::size_t place, Deadline deadline) -> Task<Result<std::optional<Found>>> {
        const auto ids = id_spellings(resource);
        bool is_answered = false;
        bool is_ignored = false;
        const std::array queries{any_of("object_id", ids), any_of("correlation_id", ids),
                                 any_of("name", {resource.name})};
        for (const auto& query : queries) {
            if (query.empty()) continue;
            auto rows = co_await read_table(remote_, {.table = table_, .query = query, .fields = fields_, .limit = 10},
                                            deadline);
            if (!rows) co_return fail(std::move(rows.error()));
            if (const auto match = match_ci(*rows, resource))
                co_return std::optional<Found>(describe((*rows)[match->row], *match, place));
            (rows->empty() ? is_answered : is_ignored) = true;
        }
        if (is_answered || !is_ignored) co_return std::optional<Found>();
        co_return fail(Errc::rejected, remote_.label() + " ignored the look-up and answered other rows: the account "
                                                         "must be able to read and query object_id, correlation_id "
                                                         "and name");
    }

    [[nodiscard]] auto mapped(const Json& row, const char* field) const -> std::string {
        const auto column = map_.find(field);
        return column == map_.end() ? std::string() : shown(row, column->second);
    }

    [[nodiscard]] auto describe(const Json& row, const CiMatch& match, std::size_t place) const -> Found {
        Found found{.place = place, .ci = stored(row, "sys_id")};
        auto& asset = found.asset;
        asset.origin = "cmdb:" + name_;
        asset.rule = fmt::format("cmdb.{}:{}", name_, match.how);
        if (match.rivals > 0) asset.rule += fmt::format(", {} of {} rows", match.preferred, match.rivals + 1);
        asset.business_unit = mapped(row, "business_unit");
        for (const auto* column : {"business_unit", "department", "cost_center"})
            take(asset.business_unit, shown(row, column));
        asset.application = mapped(row, "application");
        asset.support_group = mapped(row, "support_group");
        for (const auto column : group_columns) take(asset.support_group, shown(row, column));
        for (const auto& text : {mapped(row, "environment"), shown(row, "environment"), stored(row, "environment")})
            if (asset.environment == Environment::unknown) asset.environment = environment_from_text(text);
        for (const auto& text :
             {mapped(row, "criticality"), shown(row, "busines_criticality"), stored(row, "busines_criticality")})
            if (asset.criticality == Criticality::unknown) asset.criticality = criticality_from_text(text);
        std::vector<std::string> columns(owner_columns.begin(), owner_columns.end());
        if (const auto column = map_.find("owner"); column != map_.end())
            columns.insert(columns.begin(), column->second);
        for (auto& column : columns)
            if (auto id = stored(row, column); !id.empty())
                found.owners.push_back({.column = column, .id = std::move(id), .name = shown(row, column)});
        return found;
    }

    /// What other tables say, as far as it can be had in three quarters of the time that is left: the row itself must
    /// not be lost over them.
    auto add_details(std::vector<Found>& found, Deadline deadline) -> Task<void> {
        const auto until = deadline - (deadline - std::chrono::steady_clock::now()) / 4;
        std::vector<std::string> asked; // people
        std::vector<Task<void>> reads;
        reads.push_back(add_services(found, until));
        reads.push_back(read_people(found, asked, until));
        co_await all_of(std::move(reads));
        co_await add_tags(found, until);
        co_await read_people(found, asked, until); // whom services and tags brought up
        for (auto& one : found) choose_owner(one);
    }

    /// Rows of a table that says more about what was found. A table that the account may not read, or that the instance
    /// doesn't have, leaves the answer as it is; one that can't be had this time is named in the rule.
    auto more(std::vector<Found>& found, TableRead read, Deadline deadline) -> Task<Rows> {
        auto rows = co_await read_table(remote_, read, deadline);
        if (rows) co_return std::move(*rows);
        const auto code = rows.error().code;
        if (code != Errc::forbidden && code != Errc::rejected && code != Errc::not_found)
            for (auto& one : found) one.unread += fmt::format("; {} could not be read", read.table);
        log::debug("context.table_unread",
                   {{"source", remote_.label()}, {"table", read.table}, {"reason", rows.error().message}});
        co_return Rows{};
    }

    /// Services by the CI that belongs to them: by svc_ci_assoc, else one step up the relations.
    auto services_of(std::vector<Found>& found, Deadline deadline) -> Task<std::multimap<std::string, std::string>> {
        std::multimap<std::string, std::string> services; // sys_id of the CI → of the service
        auto cis = ids_of(found);
        for (const auto& row : co_await more(found,
                                             {.table = "svc_ci_assoc",
                                              .query = any_of("ci_id", cis),
                                              .fields = "ci_id,service_id",
                                              .limit = cis.size() * 4},
                                             deadline))
            services.emplace(stored(row, "ci_id"), stored(row, "service_id"));
        std::erase_if(cis, [&](const std::string& ci) { return services.contains(ci); });
        for (const auto& row : co_await more(found,
                                             {.table = "cmdb_rel_ci",
                                              .query = any_of("child", cis),
                                              .fields = "parent,child,type",
                                              .limit = cis.size() * 8},
                                             deadline))
            services.emplace(stored(row, "child"), stored(row, "parent"));
        co_return services;
    }

    auto add_services(std::vector<Found>& found, Deadline deadline) -> Task<void> {
        const auto services = co_await services_of(found, deadline);
        std::vector<std::string> unread;
        for (const auto& [ci, service] : services)
            if (is_sys_id(service) && !services_.find(service)) unread.push_back(service);
        for (const auto& row : co_await more(found,
                                             {.table = "cmdb_ci_service",
                                              .query = any_of("sys_id", unread),
                                              .fields = "sys_id,name,busines_criticality,owned_by,support_group",
                                              .limit = unread.size()},
                                             deadline)) {
            auto criticality = criticality_from_text(shown(row, "busines_criticality"));
            if (criticality == Criticality::unknown)
                criticality = criticality_from_text(stored(row, "busines_criticality"));
            if (std::ranges::find(unread, stored(row, "sys_id")) == unread.end()) continue;
            services_.put(stored(row, "sys_id"), {.name = shown(row, "name"),
                                                  .criticality = criticality,
                                                  .owner = stored(row, "owned_by"),
                                                  .owner_name = shown(row, "owned_by"),
                                                  .support_group = shown(row, "support_group")});
        }
        for (auto& one : found) {
            const auto [begin, end] = services.equal_range(one.ci);
            for (auto each = begin; each != end; ++each)
                if (const auto service = services_.find(each->second)) take_service(one, *service);
        }
    }

    /// Of several services the most critical one counts.
    static void take_service(Found& found, const Service& service) {
        auto& asset = found.asset;
        take(asset.application, service.name);
        take(asset.support_group, service.support_group);
        if (service.criticality != Criticality::unknown &&
            (asset.criticality == Criticality::unknown || service.criticality > asset.criticality))
            asset.criticality = service.criticality;
        if (!service.owner.empty())
            found.owners.push_back(
                {.column = "the service's owned_by", .id = service.owner, .name = service.owner_name});
    }

    /// The cloud's own tags, as discovery wrote them down, where the row itself says nothing.
    auto add_tags(std::vector<Found>& found, Deadline deadline) -> Task<void> {
        std::vector<std::string> cis;
        for (const auto& one : found)
            if (is_sys_id(one.ci) && (one.asset.environment == Environment::unknown || one.owners.empty()))
                cis.push_back(one.ci);
        for (const auto& row : co_await more(found,
                                             {.table = "cmdb_key_value",
                                              .query = any_of("configuration_item", cis),
                                              .fields = "configuration_item,key,value",
                                              .limit = cis.size() * 50},
                                             deadline)) {
            const auto one = std::ranges::find(found, stored(row, "configuration_item"), &Found::ci);
            if (one == found.end()) continue;
            const auto meaning = tag_meaning(stored(row, "key"));
            const auto value = stored(row, "value");
            if (meaning == TagMeaning::environment && one->asset.environment == Environment::unknown)
                one->asset.environment = environment_from_text(value);
            if (meaning == TagMeaning::team) take(one->asset.support_group, value);
            if (meaning == TagMeaning::owner)
                one->owners.push_back({.column = "tag " + stored(row, "key"), .id = value, .name = {}});
        }
    }

    /// Puts the people who are named on the shelf, but for those who were `asked` for before.
    auto read_people(std::vector<Found>& found, std::vector<std::string>& asked, Deadline deadline) -> Task<void> {
        std::vector<std::string> unread;
        for (const auto& one : found)
            for (const auto& owner : one.owners)
                if (is_sys_id(owner.id) && !users_.find(owner.id) &&
                    std::ranges::find(asked, owner.id) == asked.end()) {
                    asked.push_back(owner.id);
                    unread.push_back(owner.id);
                }
        for (const auto& row : co_await more(found,
                                             {.table = "sys_user",
                                              .query = any_of("sys_id", unread),
                                              .fields = "sys_id,name,email,user_name,active",
                                              .limit = unread.size()},
                                             deadline)) {
            if (std::ranges::find(unread, stored(row, "sys_id")) == unread.end()) continue;
            users_.put(stored(row, "sys_id"), {.email = stored(row, "email"),
                                               .name = shown(row, "name"),
                                               .user_name = stored(row, "user_name"),
                                               .is_active = stored(row, "active") != "false"});
        }
    }

    /// The first who is still there; the rule says who was passed over.
    void choose_owner(Found& found) {
        auto& asset = found.asset;
        std::string gone;
        for (const auto& owner : found.owners) {
            const auto user = is_sys_id(owner.id) ? users_.find(owner.id) : std::nullopt;
            if (user && !user->is_active) {
                gone += fmt::format(", {} is inactive", owner.column);
                continue;
            }
            if (user && !(user->email.empty() && user->user_name.empty())) {
                asset.owner = user->email.empty() ? user->user_name : user->email;
                asset.owner_name = user->name.empty() ? owner.name : user->name;
            } else {
                // A reference that can't be followed still has the name it is shown by.
                asset.owner = is_sys_id(owner.id) ? owner.name : owner.id;
                asset.owner_name = owner.name == asset.owner ? std::string() : owner.name;
            }
            if (asset.owner.empty()) continue;
            asset.rule += fmt::format(", {}", owner.column);
            break;
        }
        asset.rule += gone + found.unread;
    }

    std::string name_;
    std::string table_;
    std::map<std::string, std::string, std::less<>> map_;
    std::string fields_;
    Remote remote_;
    Shelf<User> users_;
    Shelf<Service> services_;
    Coalescer<Resource, Known> questions_;
};

} // namespace

auto make_servicenow_cmdb(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    -> std::unique_ptr<CmdbSource> {
    return std::make_unique<ServiceNowCmdb>(provider, config, makings);
}

} // namespace dossier::context
