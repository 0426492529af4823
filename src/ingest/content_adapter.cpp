// The adapter of sources that bring findings of several platforms: each item goes to the adapter that its content
// names.

#include "dossier/base/strings.hpp"

#include "adapters.hpp"
#include "content.hpp"
#include "json_unfolder.hpp"

#include <map>
#include <utility>

namespace dossier::ingest {
namespace {

class ContentAdapter final : public Adapter {
public:
    /// @param kinds that are taken; empty = all
    ContentAdapter(SourceConfig config, std::vector<std::string_view> kinds)
        : config_(std::move(config)), kinds_(std::move(kinds)) {}

    auto items(JsonView body) const -> std::vector<JsonView> override {
        std::vector<JsonView> all;
        for (const auto& item : content_items(body)) {
            const auto* const content = content_of(item);
            // A platform may wrap its findings in a list of its own; what names nobody is one item.
            if (content == nullptr) {
                all.push_back(item);
                continue;
            }
            for (const auto& inner : adapter_of(*content)->items(item)) all.push_back(inner);
        }
        return all;
    }

    auto normalise(JsonView item) const -> Result<Finding> override {
        JsonUnfolder unfold;
        item = unfold(item);
        const auto* const content = content_of(item);
        if (content == nullptr) return fail(Errc::malformed, "nothing in it says of which platform it is a finding");
        if (!kinds_.empty() && std::ranges::find(kinds_, content->kind) == kinds_.end())
            return fail(Errc::malformed, "this is a finding of " + std::string(content->name) +
                                             ", which a source of kind `" + config_.kind + "` does not take");
        return adapter_of(*content)->normalise(item);
    }

private:
    [[nodiscard]] auto adapter_of(const ContentKind& content) const -> std::unique_ptr<Adapter> {
        auto config = config_;
        config.kind = content.kind;
        return content.make(config);
    }

    SourceConfig config_;
    std::vector<std::string_view> kinds_;
};

} // namespace

auto make_content_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<ContentAdapter>(config, std::vector<std::string_view>{});
}

auto make_aws_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<ContentAdapter>(config,
                                            std::vector<std::string_view>{"macie", "securityhub", "guardduty", "ocsf"});
}

} // namespace dossier::ingest
