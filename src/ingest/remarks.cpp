#include "remarks.hpp"

#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"

#include <fmt/format.h>

namespace dossier::ingest {

auto wiz_remarks(JsonView issue) -> std::vector<Remark> {
    std::vector<Remark> remarks;
    for (const auto& note : issue["notes"].elements()) {
        const auto at = first_time({note["createdAt"]});
        Remark remark{.id = first_text({note["id"]}),
                      .email = first_text({note.at("/user/email")}),
                      .at = at.value_or(Timestamp{}),
                      .text = std::string(note["text"].string().value_or("")),
                      .status = {}};
        if (at && !remark.id.empty() && !remark.text.empty()) remarks.push_back(std::move(remark));
    }
    const auto id = first_text({issue["id"]});
    auto status = lower(first_text({issue["status"]}));
    const auto at = first_time({issue["statusChangedAt"]});
    if (!id.empty() && !status.empty() && at)
        remarks.push_back({.id = fmt::format("{}:{}:{}", id, status, at->time_since_epoch().count()),
                           .email = {},
                           .at = *at,
                           .text = {},
                           .status = std::move(status)});
    return remarks;
}

auto orca_remark(JsonView entry) -> std::optional<Remark> {
    const auto at = first_time({entry["create_time"]});
    Remark remark{.id = first_text({entry["unique_id"], entry["id"]}),
                  .email = first_text({entry["user_email"]}),
                  .at = at.value_or(Timestamp{}),
                  .text = std::string(entry.at("/details/comment").string().value_or("")),
                  .status = {}};
    if (first_text({entry["type"]}) == "set_status")
        remark.status = lower(first_text({entry.at("/details/to"), entry["sub_type"]}));
    if (!remark.status.empty()) remark.text.clear();
    const bool says_something = !remark.text.empty() || !remark.status.empty();
    if (!at || remark.id.empty() || !says_something) return std::nullopt;
    return remark;
}

auto prisma_remarks(JsonView alert) -> std::vector<Remark> {
    std::vector<Remark> remarks;
    const auto id = first_text({alert["id"], alert["alertId"]});
    if (id.empty()) return remarks;
    std::optional<Timestamp> dismissed_at;
    auto dismissed_by = first_text({alert["dismissedBy"]});
    for (const auto& change : alert["history"].elements()) {
        const auto at = first_time({change["modifiedOn"]});
        auto status = lower(first_text({change["status"]}));
        if (!at || status.empty()) continue;
        auto by = first_text({change["modifiedBy"]});
        const bool is_dismissal = status == "dismissed" || status == "snoozed";
        if (is_dismissal && (!dismissed_at || *dismissed_at < *at)) {
            dismissed_at = at;
            if (!by.empty()) dismissed_by = by;
        }
        remarks.push_back({.id = fmt::format("{}:{}:{}", id, status, at->time_since_epoch().count()),
                           .email = std::move(by),
                           .at = *at,
                           .text = {},
                           .status = std::move(status)});
    }
    if (auto note = first_text({alert["dismissalNote"]}); dismissed_at && !note.empty())
        remarks.push_back({.id = fmt::format("{}:note:{}", id, dismissed_at->time_since_epoch().count()),
                           .email = std::move(dismissed_by),
                           .at = *dismissed_at,
                           .text = std::move(note),
                           .status = {}});
    return remarks;
}

} // namespace dossier::ingest
