// The part of JiraSink that finds out what an issue of the configured project and type can be created with.
#include "jira_sink.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "markdown_escape.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

constexpr std::chrono::minutes screen_keeps{10};
constexpr std::chrono::minutes ask_again{1}; ///< after a refusal
constexpr std::size_t meta_page = 50;        ///< Cloud takes at most 200
constexpr std::size_t most_meta_items = 2'000;

auto is_out_of_reach(Errc code) -> bool {
    return code == Errc::unavailable || code == Errc::timeout || code == Errc::outcome_unknown ||
           code == Errc::rate_limited || code == Errc::cancelled;
}

} // namespace

auto JiraSink::createmeta(std::string path, const char* cloud_name, Deadline deadline)
    -> Task<Result<std::vector<Json>>> {
    std::vector<Json> all;
    while (all.size() < most_meta_items) {
        auto page =
            co_await jira_.get(fmt::format("{}?startAt={}&maxResults={}", path, all.size(), meta_page), deadline);
        if (!page) co_return fail(page.error());
        const auto& items = createmeta_items(*page, cloud_name);
        all.insert(all.end(), items.begin(), items.end());
        const auto total = page->is_object() ? page->find("total") : page->end();
        const bool has_total = total != page->end() && total->is_number_unsigned();
        if (items.empty() || (has_total ? all.size() >= total->get<std::size_t>() : items.size() < meta_page)) break;
    }
    co_return all;
}

auto JiraSink::read_screen(Deadline deadline) -> Task<Result<JiraScreen>> {
    const auto types_path =
        dialect_.path(fmt::format("/issue/createmeta/{}/issuetypes", percent_encode(config_.project)));
    auto types = co_await createmeta(types_path, "issueTypes", deadline);
    if (!types) co_return fail(types.error());
    std::vector<std::string> names;
    std::string type_id;
    for (const auto& type : *types) {
        names.push_back(one_line(text_in(type, {"name"})));
        if (iequals(names.back(), config_.issue_type) || text_in(type, {"id"}) == config_.issue_type)
            type_id = text_in(type, {"id"});
    }
    if (!is_plain_key(type_id)) {
        co_return fail(Errc::rejected,
                       fmt::format("project {} has no issue type '{}' that we may create{}", config_.project,
                                   config_.issue_type, names.empty() ? "" : "; it has " + join(names, ", ")));
    }
    auto items = co_await createmeta(types_path + "/" + type_id, "fields", deadline);
    if (!items) co_return fail(items.error());
    JiraScreen screen;
    for (const auto& item : *items) {
        auto field = field_from(item);
        if (!field.id.empty()) screen.fields.push_back(std::move(field));
    }
    if (screen.find("summary") == nullptr)
        co_return fail(Errc::malformed, config_.name + " told a create screen without a summary");
    co_return screen;
}

auto JiraSink::create_screen(Deadline deadline) -> Task<Result<std::shared_ptr<const JiraScreen>>> {
    const auto now = std::chrono::steady_clock::now();
    {
        const std::scoped_lock lock(screen_mutex_);
        if (screen_ && now < screen_->until) co_return screen_->screen;
    }
    auto read = co_await screen_flights_.run("screen", [this, deadline] { return read_screen(deadline); }, deadline);
    // Wrong credentials are wrong for the create as well, and each try counts towards a lock.
    if (!read && read.error().code == Errc::unauthenticated) co_return fail(read.error());
    std::shared_ptr<const JiraScreen> screen;
    if (read) screen = std::make_shared<const JiraScreen>(std::move(*read));
    {
        const std::scoped_lock lock(screen_mutex_);
        screen_ = SeenScreen{.screen = screen, .until = now + (screen ? screen_keeps : ask_again)};
    }
    if (read) co_return screen;
    // Without it issues are created with the fields as configured; Jira has the last word anyway.
    log::warn("ticket.fields_unknown", {{"sink", config_.name}, {"reason", read.error().describe()}});
    // What can't be reached now can't take a ticket now; the next try does without the screen.
    if (is_out_of_reach(read.error().code)) co_return fail(read.error());
    co_return screen;
}

void JiraSink::forget_screen() {
    const std::scoped_lock lock(screen_mutex_);
    screen_.reset();
}

} // namespace dossier::ticket
