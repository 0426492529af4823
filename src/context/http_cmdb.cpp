// Any CMDB with a REST interface: a GET on an URL made from the resource, and JSON pointers into the answer. 404, 204,
// an empty list and an answer in which no pointer finds anything mean "not in this CMDB". Answers that carry an ETag
// are asked for again with If-None-Match once the cache lets them go.

#include "cmdb_sources.hpp"
#include "cmdb_words.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"
#include "remote.hpp"
#include "shelf.hpp"
#include "url_template.hpp"

#include <fmt/format.h>

#include <utility>

namespace dossier::context {
namespace {

constexpr std::size_t most_text = 500;
constexpr std::size_t most_tag = 200; ///< bytes of an ETag that is kept

/// An answer that may still hold when its time in the cache is over.
struct Tagged {
    std::string tag;
    std::optional<Asset> asset;
};

class HttpCmdb final : public CmdbSource {
public:
    HttpCmdb(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
        : name_(provider.name),
          template_(provider.url),
          map_(provider.map),
          remote_("cmdb:" + provider.name, provider, config, makings),
          tagged_(std::chrono::hours(24), 5'000) {}

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    /// The URL: where it names the account only, all resources of an account are one question.
    [[nodiscard]] auto cache_key(const Resource& resource) const -> std::string override {
        return expand_template(template_, resource).value_or("");
    }

    auto ask(Resource resource, Deadline deadline) -> Task<Result<std::optional<Asset>>> override {
        const auto url = expand_template(template_, resource);
        if (!url) co_return std::optional<Asset>();
        net::ClientRequest request;
        request.url = *url;
        const auto known = tagged_.find(*url);
        if (known) request.headers.set("If-None-Match", known->tag);
        auto response = co_await remote_.send(std::move(request), deadline);
        if (!response) co_return fail(std::move(response.error()));
        if (known && response->status == 304) co_return known->asset;
        if (response->status == 404 || response->status == 204) co_return std::optional<Asset>();
        if (!response->ok()) co_return fail(refusal(remote_.label(), *response));
        auto asset = read(response->body);
        if (!asset) co_return fail(std::move(asset.error()));
        if (const auto tag = response->headers.get("ETag"); tag && tag->size() <= most_tag)
            tagged_.put(*url, {.tag = std::string(*tag), .asset = *asset});
        co_return asset;
    }

    auto check(Deadline deadline) -> Task<net::ConnectCheck> override {
        const std::string nobody = "dossier-check";
        const Resource probe{.id = nobody,
                             .name = nobody,
                             .type = nobody,
                             .cloud = nobody,
                             .account = nobody,
                             .account_name = {},
                             .region = nobody,
                             .tags = {},
                             .url = {}};
        auto answer = co_await ask(probe, deadline);
        if (!answer) co_return net::failed_check(remote_.label(), template_, answer.error());
        co_return net::ConnectCheck{.what = remote_.label(), .url = template_, .missing = {}, .detail = "answers"};
    }

private:
    auto read(const std::string& body) const -> Result<std::optional<Asset>> {
        const auto document = JsonDocument::parse(body, 64);
        if (!document) return fail(Errc::malformed, remote_.label() + " answered with something that is no JSON");
        const auto root = document->root();
        Asset asset;
        bool is_known = false;
        for (const auto& [field, pointer] : map_) {
            const auto value = at(root, pointer);
            if (value.empty()) continue;
            is_known = true;
            put(asset, field, value);
        }
        if (!is_known) return std::optional<Asset>();
        asset.origin = "cmdb:" + name_;
        asset.rule = "cmdb." + name_ + ":url";
        if (root.is_array() && root.size() > 1) asset.rule += fmt::format(", the first of {} answers", root.size());
        return asset;
    }

    /// The value at the pointer; in a list of items, that of the first.
    [[nodiscard]] static auto at(JsonView root, const std::string& pointer) -> std::string {
        auto value = root.at(pointer);
        if (value.is_null() && root.is_array()) value = root[std::size_t{0}].at(pointer);
        if (value.is_array()) value = value[std::size_t{0}];
        const auto text = value.text();
        return text ? shorten(trim(*text), most_text) : std::string();
    }

    static void put(Asset& asset, std::string_view field, std::string value) {
        if (field == "environment")
            asset.environment = environment_from_text(value);
        else if (field == "criticality")
            asset.criticality = criticality_from_text(value);
        else if (field == "business_unit")
            asset.business_unit = std::move(value);
        else if (field == "application")
            asset.application = std::move(value);
        else if (field == "support_group")
            asset.support_group = std::move(value);
        else if (field == "owner")
            asset.owner = std::move(value);
    }

    std::string name_;
    std::string template_;
    std::vector<std::pair<std::string, std::string>> map_;
    Remote remote_;
    Shelf<Tagged> tagged_;
};

} // namespace

auto make_http_cmdb(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    -> std::unique_ptr<CmdbSource> {
    return std::make_unique<HttpCmdb>(provider, config, makings);
}

} // namespace dossier::context
