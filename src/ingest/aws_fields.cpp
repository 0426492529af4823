#include "aws_fields.hpp"

#include "dossier/base/strings.hpp"

#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"

#include <algorithm>
#include <limits>

namespace dossier::ingest {
namespace {

void add_class(Finding& finding, std::string_view name) { add_all(finding.data.classes, {std::string(name)}); }

void add_volume(Finding& finding, JsonView count) {
    const auto more = count.integer().value_or(0);
    if (more <= 0) return;
    const auto before = finding.data.volume.value_or(0);
    finding.data.volume = more > std::numeric_limits<std::int64_t>::max() - before ? before : before + more;
}

/// "CREDIT_CARD_NUMBER" names a class of its own; the category only names the family.
void add_detection(Finding& finding, JsonView detection) {
    const auto type = first_text({member_like(detection, "type"), member_like(detection, "name")});
    add_all(finding.data.identifiers, {type});
    add_class_of_label(finding.data.classes, type, false);
}

} // namespace

void read_sensitive_data(Finding& finding, JsonView categories) {
    for (const auto& entry : categories.elements()) {
        const auto category = member_like(entry, "category").text_or("");
        if (category == "PERSONAL_INFORMATION") add_class(finding, "pii");
        if (category == "FINANCIAL_INFORMATION") add_class(finding, "financial");
        if (category == "CREDENTIALS") add_class(finding, "secrets");
        for (const auto& detection : member_like(entry, "detections").elements()) add_detection(finding, detection);
        add_volume(finding, member_like(entry, "totalCount"));
    }
}

void read_custom_identifiers(Finding& finding, JsonView identifiers) {
    for (const auto& detection : member_like(identifiers, "detections").elements()) add_detection(finding, detection);
    add_volume(finding, member_like(identifiers, "totalCount"));
}

auto exposure_of_permission(std::string_view effective_permission) -> Exposure {
    if (effective_permission == "PUBLIC") return Exposure::public_;
    if (effective_permission == "NOT_PUBLIC") return Exposure::none;
    return Exposure::unknown;
}

auto aws_console_url(std::string_view partition, std::string_view service, std::string_view region,
                     std::string_view fragment) -> std::string {
    if (region.empty()) return {};
    std::string host = "console.aws.amazon.com";
    if (partition == "aws-cn") host = "console.amazonaws.cn";
    if (partition == "aws-us-gov") host = "console.amazonaws-us-gov.com";
    return "https://" + host + "/" + std::string(service) + "/home?region=" + percent_encode(region) + "#" +
           std::string(fragment);
}

} // namespace dossier::ingest
