#pragma once
// A platform with the manners of real ones: it keeps what was written to it, finds a comment again by its key, loses
// answers after having done the work, refuses, and forgets nothing.

#include "dossier/ingest/classification_payload.hpp"
#include "dossier/ingest/platform_api.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace dossier::test {

class FakePlatform final : public ingest::PlatformApi {
public:
    enum class Answer { ok, lost, cut_off, refused, forbidden, unreachable, rate_limited };
    struct Write {
        std::string kind; ///< comment | ticket_link | status | tags
        std::string source_id;
        std::string what; ///< the text, the ticket's key, the status, the flat payload
        std::string key;
    };

    explicit FakePlatform(std::string source = "wiz") : source_(std::move(source)) {}

    ingest::Capabilities can{.graph = true,
                             .access_log = true,
                             .policies = true,
                             .comment = true,
                             .tags = true,
                             .status = true,
                             .ticket_link = true};
    std::optional<BlastRadius> graph;
    ingest::ResourceInsight known;
    std::optional<Errc> graph_error;
    std::optional<Errc> insight_error;
    std::deque<Answer> answers; ///< to writes, in turn; then ok
    std::vector<Write> writes;  ///< what is there now
    int calls = 0;              ///< writes that were asked for
    int questions = 0;

    [[nodiscard]] auto source() const -> const std::string& override { return source_; }
    [[nodiscard]] auto capabilities() const -> ingest::Capabilities override { return can; }
    auto fetch(std::string, Deadline) -> Task<Result<ingest::ApiItem>> override { return none<ingest::ApiItem>(); }
    auto remarks(std::string, Deadline) -> Task<Result<std::vector<ingest::Remark>>> override {
        return none<std::vector<ingest::Remark>>();
    }
    auto changes(std::string, Timestamp, Deadline) -> Task<Result<ingest::ChangePage>> override {
        return none<ingest::ChangePage>();
    }
    auto neighbours(Finding, ingest::GraphLimits, Deadline) -> Task<Result<std::optional<BlastRadius>>> override {
        ++questions;
        if (graph_error) co_return fail(*graph_error, "the graph is down");
        co_return graph;
    }
    auto insight(Finding, Deadline) -> Task<Result<ingest::ResourceInsight>> override {
        ++questions;
        if (insight_error) co_return fail(*insight_error, "the log is down");
        co_return known;
    }
    auto backlog(std::string, Deadline) -> Task<Result<ingest::BacklogPage>> override {
        return none<ingest::BacklogPage>();
    }
    auto classification_policies(Deadline) -> Task<Result<std::vector<PolicyFact>>> override {
        return none<std::vector<PolicyFact>>();
    }
    auto comment(std::string source_id, std::string text, std::string key, Deadline)
        -> Task<Result<ingest::WriteReceipt>> override {
        co_return write({.kind = "comment", .source_id = source_id, .what = text, .key = key});
    }
    auto link_ticket(std::string source_id, TicketRef ticket, Deadline) -> Task<Result<ingest::WriteReceipt>> override {
        co_return write({.kind = "ticket_link", .source_id = source_id, .what = ticket.key, .key = ticket.url});
    }
    auto set_status(std::string source_id, Status status, std::string, Deadline)
        -> Task<Result<ingest::WriteReceipt>> override {
        const std::string word(to_string(status));
        co_return write({.kind = "status", .source_id = source_id, .what = word, .key = word});
    }
    auto tag(std::string source_id, Resource, ingest::Classification classification, std::string key, Deadline)
        -> Task<Result<ingest::WriteReceipt>> override {
        co_return write(
            {.kind = "tags", .source_id = source_id, .what = ingest::flat_payload(classification), .key = key});
    }
    auto check(Deadline) -> Task<net::ConnectCheck> override { co_return net::ConnectCheck{}; }

    [[nodiscard]] auto written(std::string_view kind) const -> std::vector<Write> {
        std::vector<Write> found;
        std::ranges::copy_if(writes, std::back_inserter(found), [&](const Write& one) { return one.kind == kind; });
        return found;
    }

private:
    template <class T>
    auto none() -> Task<Result<T>> {
        co_return fail(Errc::invalid_argument, "not in this test");
    }

    /// What carries a key that is there already is not written again: real clients look first.
    auto write(Write wanted) -> Result<ingest::WriteReceipt> {
        ++calls;
        auto answer = Answer::ok;
        if (!answers.empty()) {
            answer = answers.front();
            answers.pop_front();
        }
        if (answer == Answer::refused) return fail(Errc::rejected, "the finding is archived");
        if (answer == Answer::forbidden) return fail(Errc::forbidden, "update:issues is missing");
        if (answer == Answer::unreachable) return fail(Errc::unavailable, "refused");
        if (answer == Answer::rate_limited)
            return fail(Error{.code = Errc::rate_limited, .message = "slower", .retry_after = Duration{30'000}});
        if (answer == Answer::cut_off) return fail(Errc::outcome_unknown, "cut off");
        const auto same = std::ranges::find_if(writes, [&](const Write& one) {
            return one.kind == wanted.kind && one.source_id == wanted.source_id && one.key == wanted.key;
        });
        const bool was_there = same != writes.end();
        const auto number = was_there ? same - writes.begin() : std::ssize(writes);
        if (!was_there) writes.push_back(std::move(wanted));
        if (answer == Answer::lost) return fail(Errc::outcome_unknown, "cut off");
        return ingest::WriteReceipt{.remote_id = "r" + std::to_string(number + 1), .was_there = was_there};
    }

    std::string source_;
};

} // namespace dossier::test
