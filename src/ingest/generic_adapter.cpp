// Any other platform: the configuration maps canonical names to JSON pointers, `items` points at the list of findings.
// Severities may be words or Lacework's digits, where 1 is critical (VENDORS §4).

#include "dossier/base/strings.hpp"

#include "adapters.hpp"
#include "finding_draft.hpp"
#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"
#include "store_content.hpp"

#include <array>
#include <map>
#include <utility>

namespace dossier::ingest {
namespace {

auto severity_of(JsonView value) -> std::optional<Severity> {
    static constexpr std::array by_digit = {Severity::critical, Severity::high, Severity::medium, Severity::low,
                                            Severity::informational};
    if (const auto digit = value.integer()) {
        if (*digit < 1 || *digit > std::ssize(by_digit)) return std::nullopt;
        return by_digit[static_cast<std::size_t>(*digit - 1)];
    }
    return severity_from_word(value.text_or(""));
}

class GenericAdapter final : public Adapter {
public:
    explicit GenericAdapter(const SourceConfig& config)
        : config_(config), pointers_(config.map.begin(), config.map.end()) {}

    auto items(JsonView body) const -> std::vector<JsonView> override {
        const auto pointer = pointers_.find("items");
        if (pointer != pointers_.end() && body.is_object()) {
            const auto list = body.at(pointer->second);
            if (list.is_array()) return list.elements();
            if (list.is_object()) return {list};
        }
        return Adapter::items(body);
    }

    auto normalise(JsonView item) const -> Result<Finding> override {
        JsonUnfolder unfold;
        item = unfold(item);
        if (!item.is_object()) return fail(Errc::malformed, "the item is no JSON object");
        auto draft = draft_for(config_);
        auto& finding = draft.finding;
        finding.source_id = text(unfold, item, "id");
        finding.title = text(unfold, item, "title");
        if (!finding.source_id.empty()) draft.title_if_none = "Finding " + finding.source_id;
        if (finding.source_id.empty() && finding.title.empty()) {
            return fail(Errc::malformed, "neither `id` nor `title` of the source's map points at anything in the item");
        }
        finding.description = text(unfold, item, "description");
        finding.recommendation = text(unfold, item, "recommendation");
        draft.severity = severity_of(view(unfold, item, "severity"));
        finding.status = status_from_word(text(unfold, item, "status")).value_or(Status::open);
        draft.type = parse_word<FindingType>(lower(text(unfold, item, "finding_type")));
        finding.rule = {.id = text(unfold, item, "rule.id"), .name = text(unfold, item, "rule.name")};
        finding.url = link(text(unfold, item, "url"), config_.console_url);
        finding.first_seen = first_time({view(unfold, item, "first_seen")});
        finding.last_seen = first_time({view(unfold, item, "last_seen")});
        read_resource(unfold, finding, item);
        for (const auto& label : words_in(view(unfold, item, "data"))) {
            add_class_of_label(finding.data.classes, label, true);
        }
        read_content(unfold, finding, item);
        if (const auto reach = view(unfold, item, "exposure"); const auto flag = reach.boolean()) {
            finding.exposure = *flag ? Exposure::public_ : Exposure::none;
        } else {
            finding.exposure = exposure_from_label(spaced_camel_case(reach.text_or("")));
        }
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
    std::map<std::string, std::string, std::less<>> pointers_;

    /// The mapped value. A pointer may lead through JSON inside a string, a step at a time.
    auto view(JsonUnfolder& unfold, JsonView item, std::string_view name) const -> JsonView {
        const auto pointer = pointers_.find(name);
        if (pointer == pointers_.end()) return {};
        if (auto direct = item.at(pointer->second); !direct.is_null()) return unfold(direct);
        std::string_view rest = pointer->second;
        JsonView here = item;
        while (rest.starts_with('/') && !here.is_null()) {
            const auto end = rest.find('/', 1);
            here = unfold(here.at(rest.substr(0, end)));
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
        }
        return rest.empty() ? here : JsonView();
    }

    auto text(JsonUnfolder& unfold, JsonView item, std::string_view name) const -> std::string {
        const auto value = view(unfold, item, name);
        if (value.is_array()) return join(words_in(value), ", ");
        return first_text({value});
    }

    void read_content(JsonUnfolder& unfold, Finding& finding, JsonView item) const {
        read_columns(unfold, view(unfold, item, "fields"), {}, finding.data);
        read_sample_rows(unfold, view(unfold, item, "samples"), finding.data);
        read_objects(unfold, view(unfold, item, "objects"), finding.data);
    }

    void read_resource(JsonUnfolder& unfold, Finding& finding, JsonView item) const {
        auto& resource = finding.resource;
        resource.id = text(unfold, item, "resource.id");
        resource.name = text(unfold, item, "resource.name");
        resource.type = text(unfold, item, "resource.type");
        resource.cloud = cloud_from_word(text(unfold, item, "cloud"));
        resource.account = text(unfold, item, "account");
        resource.region = text(unfold, item, "region");
        resource.tags = read_tags(view(unfold, item, "tags"));
    }

    /// UnknownInternetExposure → "Unknown Internet Exposure".
    static auto spaced_camel_case(std::string_view word) -> std::string {
        std::string result;
        for (const char c : word) {
            if (c >= 'A' && c <= 'Z' && !result.empty()) result.push_back(' ');
            result.push_back(c);
        }
        return icontains(word, "public") || !word.contains(' ') ? result : std::string(word);
    }
};

} // namespace

auto make_generic_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<GenericAdapter>(config);
}

} // namespace dossier::ingest
