#pragma once
// A platform whose findings change while somebody asks: a log of changes, paged, with cursors that are positions in it
// and an overlap that tells the last few again, as real ones do. It can fail, and lets something happen while it is
// being asked.

#include "dossier/ingest/platform_api.hpp"

#include <deque>
#include <functional>
#include <map>

namespace dossier::test {

class ChangingPlatform final : public ingest::PlatformApi {
public:
    explicit ChangingPlatform(std::string source = "wiz") : source_(std::move(source)) {}

    ingest::Capabilities can{.fetch = true, .changes = true, .backlog = true};
    std::size_t page_size = 10;
    std::size_t overlap = 2;                 ///< changes told again at the beginning of a look
    bool never_ends = false;                 ///< says that there is more, and leads nowhere
    std::deque<Errc> errors;                 ///< of the next questions, in turn
    std::function<Task<void>()> while_asked; ///< called once, before an answer
    std::vector<ingest::UnclassifiedStore> stores;
    std::vector<std::string> fetched; ///< ids, in the order of asking
    int looks = 0;                    ///< pages of changes asked for
    std::optional<Timestamp> since;   ///< of the last question

    /// An issue as Wiz's API gives it; put again under the same id it has changed.
    void put(const std::string& id, const std::string& bucket, Timestamp updated, const std::string& status = "OPEN",
             const std::string& severity = "HIGH", const std::string& why = "") {
        ingest::ApiItem item;
        item.source_id = id;
        item.updated_at = updated;
        item.why_not_delivered = why;
        item.raw =
            R"({"id":")" + id + R"(","status":")" + status + R"(","severity":")" + severity + R"(","updatedAt":")" +
            format_time(updated) +
            R"(","sourceRule":{"id":"wc-1","name":"Publicly exposed bucket"},"entitySnapshot":{"id":"e","type":"BUCKET","name":")" +
            bucket + R"(","externalId":"arn:aws:s3:::)" + bucket + R"(","cloudPlatform":"AWS"}})";
        items[id] = item;
        log.push_back(std::move(item));
    }
    void put_raw(std::string raw) { log.push_back({.raw = std::move(raw), .source_id = "raw"}); }

    [[nodiscard]] auto source() const -> const std::string& override { return source_; }
    [[nodiscard]] auto capabilities() const -> ingest::Capabilities override { return can; }
    auto fetch(std::string id, Deadline) -> Task<Result<ingest::ApiItem>> override {
        fetched.push_back(id);
        if (auto failed = next_error()) co_return fail(*failed, "the platform is down");
        if (while_asked) co_await std::exchange(while_asked, nullptr)();
        const auto found = items.find(id);
        if (found == items.end()) co_return fail(Errc::not_found, "no such issue");
        co_return found->second;
    }
    auto remarks(std::string, Deadline) -> Task<Result<std::vector<ingest::Remark>>> override {
        co_return std::vector<ingest::Remark>{};
    }
    auto changes(std::string cursor, Timestamp from, Deadline) -> Task<Result<ingest::ChangePage>> override {
        ++looks;
        since = from;
        if (auto failed = next_error()) co_return fail(*failed, "the platform is down");
        if (while_asked) co_await std::exchange(while_asked, nullptr)();
        ingest::ChangePage page;
        const bool goes_on = cursor.starts_with('+'); // a further page of the same look
        std::size_t at = cursor.empty() ? 0 : std::stoul(cursor);
        if (!goes_on) at -= std::min(at, overlap);
        const auto end = std::min(at + page_size, log.size());
        for (; at < end; ++at) page.items.push_back(log[at]);
        page.has_more = end < log.size() || never_ends;
        page.next_cursor = never_ends ? cursor : (page.has_more ? "+" : "") + std::to_string(end);
        co_return page;
    }
    auto backlog(std::string cursor, Deadline) -> Task<Result<ingest::BacklogPage>> override {
        if (auto failed = next_error()) co_return fail(*failed, "the platform is down");
        ingest::BacklogPage page;
        std::size_t at = cursor.empty() ? 0 : std::stoul(cursor);
        const auto end = std::min(at + page_size, stores.size());
        for (; at < end; ++at) page.stores.push_back(stores[at]);
        page.has_more = end < stores.size();
        page.next_cursor = std::to_string(end);
        co_return page;
    }
    auto neighbours(Finding, ingest::GraphLimits, Deadline) -> Task<Result<std::optional<BlastRadius>>> override {
        co_return std::optional<BlastRadius>{};
    }
    auto insight(Finding, Deadline) -> Task<Result<ingest::ResourceInsight>> override {
        co_return ingest::ResourceInsight{};
    }
    auto classification_policies(Deadline) -> Task<Result<std::vector<PolicyFact>>> override {
        co_return std::vector<PolicyFact>{};
    }
    auto comment(std::string, std::string, std::string, Deadline) -> Task<Result<ingest::WriteReceipt>> override {
        return refuse();
    }
    auto link_ticket(std::string, TicketRef, Deadline) -> Task<Result<ingest::WriteReceipt>> override {
        return refuse();
    }
    auto set_status(std::string, Status, std::string, Deadline) -> Task<Result<ingest::WriteReceipt>> override {
        return refuse();
    }
    auto tag(std::string, Resource, ingest::Classification, std::string, Deadline)
        -> Task<Result<ingest::WriteReceipt>> override {
        return refuse();
    }
    auto check(Deadline) -> Task<net::ConnectCheck> override { co_return net::ConnectCheck{}; }

    std::vector<ingest::ApiItem> log;
    std::map<std::string, ingest::ApiItem> items; ///< as they are now

private:
    auto next_error() -> std::optional<Errc> {
        if (errors.empty()) return std::nullopt;
        const auto error = errors.front();
        errors.pop_front();
        return error;
    }
    static auto refuse() -> Task<Result<ingest::WriteReceipt>> {
        co_return fail(Errc::invalid_argument, "this platform is only read");
    }
    std::string source_;
};

} // namespace dossier::test
