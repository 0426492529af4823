// The part of ServiceNowSink that attaches files (Attachment API).
#include "servicenow_sink.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"
#include "markdown_tree.hpp"
#include "tracker_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {

auto ServiceNowSink::is_shortened(const Draft& draft) const -> bool {
    return utf16_units(markdown_to_plain(draft.body)) > max_text;
}

auto ServiceNowSink::has_file(std::string sys_id, std::string name, Deadline deadline) -> Task<Result<bool>> {
    const auto query =
        percent_encode(fmt::format("table_name={}^table_sys_id={}^file_name={}", config_.table, sys_id, name));
    auto answer =
        co_await now_.get(fmt::format("/api/now/attachment?sysparm_query={}&sysparm_limit=50", query), deadline);
    if (!answer) co_return fail(answer.error());
    // Query parts that can't be used are dropped: each row is compared.
    const auto& rows = array_in(*answer, "result");
    co_return std::ranges::any_of(rows, [&](const Json& row) {
        return text_in(row, {"table_sys_id"}) == sys_id && text_in(row, {"file_name"}) == name;
    });
}

auto ServiceNowSink::attach(const TicketRef& ticket, const Attachment& file, bool may_be_there, Deadline deadline)
    -> Task<Result<void>> {
    if (!is_sys_id(ticket.id)) co_return fail(Errc::invalid_argument, "a ticket without sys_id can't get a file");
    if (!is_plain_key(file.name)) co_return fail(Errc::invalid_argument, "a file needs a plain name");
    if (may_be_there) {
        auto there = co_await has_file(ticket.id, file.name, deadline);
        if (there && *there) co_return Result<void>{};
        const auto code = there ? Errc::internal : there.error().code;
        const bool may_not_look = code == Errc::forbidden || code == Errc::not_found || code == Errc::rejected;
        if (!there && !may_not_look) co_return fail(there.error());
        if (!there) log::warn("ticket.attachments_hidden", {{"sink", config_.name}, {"reason", there.error().message}});
    }
    auto added = co_await now_.upload(fmt::format("/api/now/attachment/file?table_name={}&table_sys_id={}&file_name={}",
                                                  config_.table, ticket.id, percent_encode(file.name)),
                                      net::Headers{{"Content-Type", file.content_type}}, file.bytes, deadline);
    if (!added) co_return fail(added.error());
    co_return Result<void>{};
}

} // namespace dossier::ticket
