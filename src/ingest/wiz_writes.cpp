#include "wiz_writes.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ingest/classification_payload.hpp"

#include "payload_fields.hpp"
#include "wiz_operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace dossier::ingest {
namespace {

/// What a write needs to know of the issue before it writes.
struct Marks {
    std::string type;
    std::string status;
    std::vector<std::pair<std::string, std::string>> notes; ///< id, text
    struct Ticket {
        std::string id;
        std::string key;
        std::string url;
    };
    std::vector<Ticket> tickets;
};

auto read_marks(WizClient& client, std::string issue, Deadline deadline) -> Task<Result<Marks>> {
    Json variables{{"filterBy", {{"id", Json::array({issue})}}}, {"first", 1}};
    const auto answer = co_await client.ask(wiz::issue_marks(), std::move(variables), deadline);
    if (!answer) co_return fail(answer.error());
    for (const auto& node : answer->nodes()) {
        if (first_text({node["id"]}) != issue) continue;
        Marks marks{
            .type = first_text({node["type"]}), .status = first_text({node["status"]}), .notes = {}, .tickets = {}};
        for (const auto& note : node["notes"].elements())
            marks.notes.emplace_back(first_text({note["id"]}), std::string(note["text"].string().value_or("")));
        for (const auto& ticket : node["serviceTickets"].elements()) {
            marks.tickets.push_back({.id = first_text({ticket["id"]}),
                                     .key = first_text({ticket["externalId"], ticket["name"]}),
                                     .url = first_text({ticket["url"]})});
        }
        co_return marks;
    }
    co_return fail(Errc::not_found, fmt::format("Wiz has no issue {}", shorten(issue, 80)));
}

using Find = std::function<std::optional<WriteReceipt>(const Marks&)>;

/// Looks, writes where nothing was found, and looks again where it isn't known whether that was done.
auto write_once(WizClient& client, WizOperation operation, std::string issue, Json input, Find find, Deadline deadline)
    -> Task<Result<WriteReceipt>> {
    const auto before = co_await read_marks(client, issue, deadline);
    if (!before) co_return fail(before.error());
    if (auto done = find(*before)) co_return *done;
    const auto answer = co_await client.ask(operation, {{"input", std::move(input)}}, deadline);
    if (answer) {
        co_return WriteReceipt{.remote_id =
                                   first_text({answer->root().at("/issueNote/id"),
                                               answer->root().at("/serviceTicket/id"), answer->root().at("/issue/id")}),
                               .was_there = false};
    }
    if (answer.error().code != Errc::outcome_unknown) co_return fail(answer.error());
    const auto after = co_await read_marks(client, issue, deadline);
    if (after) {
        if (auto done = find(*after)) {
            done->was_there = false; // it was this attempt
            co_return *done;
        }
    }
    co_return fail(answer.error());
}

auto wiz_status(Status status) -> std::string_view {
    switch (status) {
    case Status::open:
        return "OPEN";
    case Status::in_progress:
        return "IN_PROGRESS";
    case Status::resolved:
        return "RESOLVED";
    case Status::suppressed:
        return "REJECTED";
    }
    return "OPEN";
}

/// The reason that Wiz demands, by the words of the note; the one that claims least where they say nothing.
auto rejection_reason(std::string_view note) -> std::string_view {
    if (icontains(note, "false positive")) return "FALSE_POSITIVE";
    if (icontains(note, "won't fix") || icontains(note, "wont fix") || icontains(note, "will not fix"))
        return "WONT_FIX";
    return "EXCEPTION";
}

auto threat_reason(std::string_view note) -> std::string_view {
    if (icontains(note, "not malicious") || icontains(note, "benign")) return "NOT_MALICIOUS_THREAT";
    if (icontains(note, "security test") || icontains(note, "penetration test")) return "SECURITY_TEST_THREAT";
    if (icontains(note, "planned")) return "PLANNED_ACTION_THREAT";
    if (icontains(note, "malicious")) return "MALICIOUS_THREAT";
    return "INCONCLUSIVE_THREAT";
}

} // namespace

auto wiz_comment(WizClient& client, std::string issue, std::string text, std::string key, Deadline deadline)
    -> Task<Result<WriteReceipt>> {
    if (key.empty()) co_return fail(Errc::invalid_argument, "a comment needs a key");
    if (!text.contains(key)) text += "\n\n[" + key + "]";
    Json input{{"issueId", issue}, {"text", text}};
    Find find = [key](const Marks& marks) -> std::optional<WriteReceipt> {
        for (const auto& [id, said] : marks.notes)
            if (said.contains(key)) return WriteReceipt{.remote_id = id, .was_there = true};
        return std::nullopt;
    };
    co_return co_await write_once(client, wiz::create_note(), std::move(issue), std::move(input), std::move(find),
                                  deadline);
}

auto wiz_link_ticket(WizClient& client, std::string issue, TicketRef ticket, Deadline deadline)
    -> Task<Result<WriteReceipt>> {
    if (ticket.key.empty() || ticket.url.empty())
        co_return fail(Errc::invalid_argument, "Wiz links tickets by their number and URL");
    Json input{{"issueId", issue}, {"ticketId", ticket.key}, {"ticketUrl", ticket.url}};
    Find find = [ticket](const Marks& marks) -> std::optional<WriteReceipt> {
        for (const auto& one : marks.tickets)
            if (one.key == ticket.key || one.url == ticket.url)
                return WriteReceipt{.remote_id = one.id, .was_there = true};
        return std::nullopt;
    };
    co_return co_await write_once(client, wiz::associate_ticket(), std::move(issue), std::move(input), std::move(find),
                                  deadline);
}

auto wiz_set_status(WizClient& client, std::string issue, Status status, std::string note, Deadline deadline)
    -> Task<Result<WriteReceipt>> {
    const auto wanted = std::string(wiz_status(status));
    const auto marks = co_await read_marks(client, issue, deadline);
    if (!marks) co_return fail(marks.error());
    if (iequals(marks->status, wanted)) co_return WriteReceipt{.remote_id = issue, .was_there = true};
    const bool is_threat = iequals(marks->type, "THREAT_DETECTION");
    if (status == Status::resolved && !is_threat) {
        co_return fail(Errc::rejected, fmt::format("Wiz resolves {} issues itself, when their cause is gone; only "
                                                   "threats may be set RESOLVED",
                                                   marks->type.empty() ? "such" : marks->type));
    }
    if (iequals(marks->status, "RESOLVED") && !is_threat)
        co_return fail(Errc::rejected, "Wiz has resolved the issue; it reopens by itself when its cause is back");
    Json patch{{"status", wanted}};
    if (status == Status::suppressed) patch["resolutionReason"] = rejection_reason(note);
    if (status == Status::resolved) patch["resolutionReason"] = threat_reason(note);
    if (patch.contains("resolutionReason") && !note.empty()) patch["resolutionNote"] = note;
    Json input{{"id", issue}, {"patch", std::move(patch)}};
    Find find = [issue, wanted](const Marks& now) -> std::optional<WriteReceipt> {
        if (!iequals(now.status, wanted)) return std::nullopt;
        return WriteReceipt{.remote_id = issue, .was_there = true};
    };
    co_return co_await write_once(client, wiz::update_issue(), std::move(issue), std::move(input), std::move(find),
                                  deadline);
}

auto wiz_classification_note(const Resource& resource, const Classification& classification, std::string_view key)
    -> std::string {
    const auto& what = resource.id.empty() ? resource.name : resource.id;
    return fmt::format("Classification by {} of {} [{}]:\n{}", classification.classified_by,
                       what.empty() ? "the resource of this issue" : what, key, list_payload(classification));
}

} // namespace dossier::ingest
