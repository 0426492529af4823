// Lacework, now FortiCNAPP (VENDORS §4): alerts of the API and the flat webhook, whose severity is a digit with 1 the
// worst. The resource stands in the prose only, so most of these findings have none.

#include "adapters.hpp"
#include "finding_draft.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"

#include <array>
#include <utility>

namespace dossier::ingest {
namespace {

auto lacework_severity(JsonView value) -> std::optional<Severity> {
    static constexpr std::array worst_first = {Severity::critical, Severity::high, Severity::medium, Severity::low,
                                               Severity::informational};
    const auto rank = value.integer().value_or(0);
    if (rank >= 1 && rank <= std::ssize(worst_first)) return worst_first[static_cast<std::size_t>(rank - 1)];
    return severity_from_word(value.text_or(""));
}

class LaceworkAdapter final : public Adapter {
public:
    explicit LaceworkAdapter(const SourceConfig& config) : config_(config) {}

    auto normalise(JsonView item) const -> Result<Finding> override {
        auto draft = draft_for(config_);
        auto& finding = draft.finding;
        finding.source_id = first_text({item["alertId"], item["event_id"]});
        finding.title = first_text({item["alertName"], item["event_title"], item.at("/alertInfo/subject")});
        if (!finding.source_id.empty()) draft.title_if_none = "Lacework alert " + finding.source_id;
        finding.description = first_text({item.at("/alertInfo/description"), item["event_description"]});
        finding.rule = {.id = first_text({item["policyId"], item["rec_id"]}), .name = first_text({item["alertType"]})};
        draft.severity = lacework_severity(item["severity"].is_null() ? item["event_severity"] : item["severity"]);
        finding.status = status_from_word(item["status"].text_or("")).value_or(Status::open);
        finding.exposure = exposure_from_label(item["internetExposure"].text_or(""));
        finding.first_seen = first_time({item["startTime"], item["event_timestamp"]});
        finding.last_seen = first_time({item["endTime"], item["event_timestamp"]});
        finding.url = link(first_text({item["event_link"]}));
        const auto machine = item.at("/entityMap/Machine");
        const auto first = machine.is_array() ? machine[std::size_t{0}] : machine;
        finding.resource.id = first_text({first["instanceId"], first["id"]});
        finding.resource.name = first_text({first["hostname"], first["name"]});
        finding.resource.account = first_text({first["acct"]});
        finding.resource.cloud = cloud_from_word(first_text({item.at("/derivedFields/source")}));
        add_fact(finding, "category", first_text({item.at("/derivedFields/sub_category")}));
        add_fact(finding, "lacework_account", first_text({item["lacework_account"]}));
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
};

} // namespace

auto make_lacework_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<LaceworkAdapter>(config);
}

} // namespace dossier::ingest
