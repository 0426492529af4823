#include "scim_server.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>
#include <cctype>

namespace dossier::context {

namespace {

constexpr std::size_t most_pages = 10;
constexpr std::size_t most_resources = 500;

auto key_of(ScimKind kind, std::string_view attribute) -> std::string {
    return (kind == ScimKind::users ? "Users." : "Groups.") + std::string(attribute);
}

/// A path that stays below the base: a hostile directory must not choose where our token goes.
auto is_endpoint(std::string_view path) -> bool {
    return path.size() > 1 && path.size() <= 64 && path.front() == '/' && !path.contains("//") &&
           !path.contains("..") && std::ranges::all_of(path, [](unsigned char c) {
               return std::isalnum(c) != 0 || std::string_view("/._-").contains(static_cast<char>(c));
           });
}

/// A refusal of such a value says something about the filter and not about the value.
auto is_plain_reference(std::string_view value) -> bool {
    return std::ranges::all_of(value, [](unsigned char c) {
        return std::isalnum(c) != 0 || std::string_view("@.-_+ ").contains(static_cast<char>(c));
    });
}

/// RFC 7644 §3.12; AWS sends none.
auto scim_word(JsonView body) -> std::string { return body["scimType"].text_or(""); }

void take_page(ScimList& list, DirectoryAnswer answer) {
    list.pages.push_back(std::move(*answer.body));
    for (const auto resource : list.pages.back().root()["Resources"].elements()) {
        if (list.resources.size() == most_resources) {
            list.is_cut = true;
            return;
        }
        if (resource.is_object()) list.resources.push_back(resource);
    }
}

} // namespace

ScimServer::ScimServer(DirectoryClient::Manner manner, const ProviderConfig& provider, const ContextConfig& config,
                       const SourceMakings& makings)
    : client_(
          [&] {
              manner.code_word = scim_word;
              return std::move(manner);
          }(),
          provider, config, makings) {
    if (!provider.token.empty()) {
        client_.use_token("Bearer", provider.token);
    } else {
        client_.use_tokens(net::client_credentials(client_.token_upstream(), {.url = provider.auth_url,
                                                                              .client_id = provider.client_id,
                                                                              .client_secret = provider.client_secret,
                                                                              .audience = {},
                                                                              .scope = provider.scope}));
    }
}

auto ScimServer::filter(std::string_view attribute, std::string_view value) -> std::string {
    return std::string(attribute) + " eq " + dump_json(Json(std::string(value)));
}

auto ScimServer::known() const -> Known {
    const std::scoped_lock lock(mutex_);
    return known_;
}

template <class Change>
void ScimServer::note(Change change) {
    const std::scoped_lock lock(mutex_);
    change(known_);
}

auto ScimServer::takes_filters() const -> bool { return known().filters; }
auto ScimServer::takes(ScimKind kind, std::string_view attribute) const -> bool {
    return !known().refused.contains(key_of(kind, attribute));
}
auto ScimServer::shows_groups_of_users() const -> bool { return known().user_groups; }

auto ScimServer::discover(Deadline deadline) -> Task<Result<void>> {
    if (known().is_discovered) co_return Result<void>();
    auto work = [this, deadline] { return learn(deadline); };
    auto learned = co_await discovery_.run("discovery", std::move(work), deadline);
    if (!learned) co_return fail(std::move(learned.error()));
    co_return Result<void>();
}

/// A discovery document; none where the server has no such (many lack one or two, some want other rights for them).
auto ScimServer::document(std::string path, Deadline deadline) -> Task<Result<std::optional<JsonDocument>>> {
    auto answer = co_await client_.get(std::move(path), deadline);
    if (!answer) {
        const auto code = answer.error().code;
        const bool is_missing = code == Errc::forbidden || code == Errc::malformed || code == Errc::too_large;
        if (is_missing) co_return std::optional<JsonDocument>();
        co_return fail(std::move(answer.error()));
    }
    if (!answer->ok()) co_return std::optional<JsonDocument>();
    co_return std::move(answer->body);
}

auto ScimServer::learn(Deadline deadline) -> Task<Result<bool>> {
    if (known().is_discovered) co_return true;
    auto config = co_await document("/ServiceProviderConfig", deadline);
    if (!config) co_return fail(std::move(config.error()));
    if (*config) learn_config((*config)->root());
    // The others say little that refusals would not; without them we go on.
    if (auto types = co_await document("/ResourceTypes", deadline); types && *types) learn_types((*types)->root());
    if (auto schemas = co_await document("/Schemas", deadline); schemas && *schemas) learn_schemas((*schemas)->root());
    note([](Known& known) { known.is_discovered = true; });
    co_return true;
}

void ScimServer::learn_config(JsonView config) {
    note([&](Known& known) {
        known.filters = config.at("/filter/supported").boolean().value_or(true);
        const auto pagination = config["pagination"]; // RFC 9865 §4
        if (!pagination.is_object()) return;
        if (pagination["index"].boolean().value_or(true)) return;
        known.paging = pagination["cursor"].boolean().value_or(false) ? Paging::cursor : Paging::none;
    });
}

void ScimServer::learn_types(JsonView list) {
    // RFC 7644 §4 wants a ListResponse, some send the bare array.
    for (const auto type : (list.is_array() ? list : list["Resources"]).elements()) {
        const auto endpoint = type["endpoint"].text_or("");
        if (!is_endpoint(endpoint)) continue;
        const auto id = type["id"].text_or(type["name"].text_or(""));
        note([&](Known& known) {
            if (id == "User") known.endpoints[ScimKind::users] = endpoint;
            if (id == "Group") known.endpoints[ScimKind::groups] = endpoint;
        });
    }
}

void ScimServer::learn_schemas(JsonView list) {
    for (const auto schema : (list.is_array() ? list : list["Resources"]).elements()) {
        if (schema["id"].text_or("") != "urn:ietf:params:scim:schemas:core:2.0:User") continue;
        for (const auto attribute : schema["attributes"].elements())
            if (attribute["name"].text_or("") == "groups") note([](Known& known) { known.user_groups = true; });
    }
}

auto ScimServer::find(ScimKind kind, std::string attribute, std::string value, Deadline deadline)
    -> Task<Result<ScimList>> {
    const auto known_now = known();
    const auto key = key_of(kind, attribute);
    ScimList list;
    if (!known_now.filters || known_now.refused.contains(key)) {
        list.is_refused = true;
        co_return list;
    }
    auto question = known_now.endpoints.at(kind) + "?filter=" + percent_encode(filter(attribute, value));
    if (known_now.paging == Paging::cursor) question += "&cursor=";
    auto answer = co_await client_.get(question, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (!answer->ok()) {
        // 400 invalidFilter, or a plain 400 (AWS) or 501 (not implemented): this server cannot. With other characters
        // the value may be what was refused: SCIMMY calls a filter with an escaped quote invalid.
        const bool may_be_value = !is_plain_reference(value);
        if (answer->status == 404) co_return list;
        if (answer->status != 400 && answer->status != 501 && answer->status != 405)
            co_return fail(client_.refusal(*answer));
        list.is_refused = true;
        if (!may_be_value && !known_now.accepted.contains(key)) note([&](Known& known) { known.refused.insert(key); });
        co_return list;
    }
    note([&](Known& known) { known.accepted.insert(key); });
    take_page(list, std::move(*answer));
    co_return co_await further_pages(std::move(question), std::move(list), deadline);
}

auto ScimServer::further_pages(std::string question, ScimList list, Deadline deadline) -> Task<Result<ScimList>> {
    while (!list.is_cut) {
        const auto page = list.pages.back().root();
        const auto total = page["totalResults"].integer().value_or(0);
        const auto cursor = page["nextCursor"].text_or("");
        const bool is_whole = cursor.empty() && total <= static_cast<std::int64_t>(list.resources.size());
        if (is_whole || page["Resources"].size() == 0) break;
        const auto paging = known().paging;
        if (list.pages.size() == most_pages || (cursor.empty() && paging == Paging::none)) {
            list.is_cut = true;
            break;
        }
        auto next = question;
        const bool restarts = cursor.empty() && paging == Paging::cursor;
        if (!cursor.empty()) {
            if (next.ends_with("&cursor=")) next.resize(next.size() - 8);
            next += "&cursor=" + percent_encode(cursor);
        } else if (restarts) {
            if (next.ends_with("&cursor=")) break; // it was asked for a cursor and gave none
            question += "&cursor=";
            next = question;
        } else {
            next += "&startIndex=" + std::to_string(list.resources.size() + 1);
        }
        auto answer = co_await client_.get(std::move(next), deadline);
        if (!answer) co_return fail(std::move(answer.error()));
        if (!answer->ok()) {
            // No startIndex here: once more from the beginning by cursor, and without either where that fails too.
            const bool by_index = cursor.empty() && !restarts;
            note([&](Known& known) { known.paging = by_index ? Paging::cursor : Paging::none; });
            if (by_index) continue;
            list.is_cut = true;
            break;
        }
        if (restarts) list = ScimList();
        take_page(list, std::move(*answer));
    }
    co_return list;
}

auto ScimServer::read(ScimKind kind, std::string id, Deadline deadline) -> Task<Result<std::optional<JsonDocument>>> {
    auto answer = co_await client_.get(known().endpoints.at(kind) + "/" + percent_encode(id), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->status == 404 || answer->status == 400) co_return std::optional<JsonDocument>(); // 400: no id of theirs
    if (!answer->ok()) co_return fail(client_.refusal(*answer));
    co_return std::move(answer->body);
}

} // namespace dossier::context
