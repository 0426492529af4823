// The part of JiraSink that attaches files and links to pages outside.
#include "jira_sink.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"
#include "markdown_escape.hpp"
#include "tracker_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

using net::Repeat;

/// multipart/form-data (RFC 7578) with the one part that Jira reads. @return boundary and body
auto multipart(const Attachment& file) -> std::pair<std::string, std::string> {
    std::string boundary = "dossier-" + sha256_hex(file.bytes).substr(0, 32);
    auto body = fmt::format("--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n"
                            "Content-Type: {}\r\n\r\n{}\r\n--{}--\r\n",
                            boundary, file.name, file.content_type, file.bytes, boundary);
    return {std::move(boundary), std::move(body)};
}

} // namespace

auto JiraSink::is_shortened(const Draft& draft) const -> bool { return dialect_.is_too_long(draft.body); }

auto JiraSink::has_file(TicketRef ticket, std::string name, Deadline deadline) -> Task<Result<bool>> {
    auto issue = co_await jira_.get(issue_path(ticket, "?fields=attachment"), deadline);
    if (!issue) co_return fail(issue.error());
    const Json none;
    const auto fields = issue->is_object() ? issue->find("fields") : issue->end();
    const auto& files = array_in(fields == issue->end() ? none : *fields, "attachment");
    co_return std::ranges::any_of(files, [&](const Json& one) { return text_in(one, {"filename"}) == name; });
}

auto JiraSink::attach(const TicketRef& ticket, const Attachment& file, bool may_be_there, Deadline deadline)
    -> Task<Result<void>> {
    // The name stands in a header of the body and is what a repeat is recognised by.
    if (!is_plain_key(file.name)) co_return fail(Errc::invalid_argument, "a file needs a plain name");
    if (may_be_there) {
        auto there = co_await has_file(ticket, file.name, deadline);
        if (!there) co_return fail(there.error());
        if (*there) co_return Result<void>{};
    }
    auto [boundary, body] = multipart(file);
    net::Headers headers{{"Content-Type", "multipart/form-data; boundary=" + boundary},
                         {"X-Atlassian-Token", "no-check"}};
    auto added =
        co_await jira_.upload(issue_path(ticket, "/attachments"), std::move(headers), std::move(body), deadline);
    if (!added) co_return fail(added.error());
    co_return Result<void>{};
}

auto JiraSink::refer(const TicketRef& ticket, const WebLink& link, Deadline deadline) -> Task<Result<void>> {
    constexpr std::size_t max_global_id = 255;
    // With a globalId Jira updates the link that is there: the one write of its that may simply be repeated.
    Json body{{"globalId", shorten(link.id, max_global_id)},
              {"application", {{"name", "dossier"}}},
              {"relationship", "is about"},
              {"object", {{"url", link.url}, {"title", shorten_text(one_line(link.title), max_global_id)}}}};
    auto linked =
        co_await jira_.call("POST", issue_path(ticket, "/remotelink"), std::move(body), Repeat::safe, deadline);
    if (!linked) co_return fail(linked.error());
    co_return Result<void>{};
}

} // namespace dossier::ticket
