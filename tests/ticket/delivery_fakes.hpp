#pragma once
// A store of intents that keeps what was committed, a clock one can step, and a tracker with the manners of real ones:
// its search lags, it loses answers after having done the work, it refuses, and it forgets nothing.

#include "support/run_task.hpp"

#include "dossier/ticket/delivery.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <functional>
#include <set>
#include <utility>

namespace dossier::ticket::test {

/// Runs a task to its end on this thread.
template <class T>
auto run(Task<T> task) -> T {
    asio::io_context context;
    return dossier::test::run_on(context, std::move(task));
}

class StepClock final : public Clock {
public:
    [[nodiscard]] auto now() const -> Timestamp override { return now_; }
    void step(Duration by) { now_ += by; }
    void step_to(Timestamp to) { now_ = std::max(now_, to); }

private:
    Timestamp now_{std::chrono::hours{24 * 365 * 50}};
};

class FakeEffectStore final : public store::EffectStore {
public:
    std::map<std::string, store::Intent> intents;
    std::vector<store::AuditEntry> audit;
    int fail_save_in = 0; ///< the n-th save from now on fails; 0 = none

    auto begin_intent(store::Intent intent) -> Task<Result<store::Intent>> override {
        co_return intents.try_emplace(intent.key, intent).first->second;
    }
    auto save_intent(store::Intent intent, std::vector<store::AuditEntry> entries) -> Task<Result<void>> override {
        if (fail_save_in > 0 && --fail_save_in == 0) co_return fail(Errc::storage, "disk full");
        const auto& kept = intents[intent.key];
        const int tries_before = intent.attempts - (intent.state == store::Intent::State::attempting ? 1 : 0);
        if (kept.attempts > tries_before || (kept.ticket && !intent.ticket))
            co_return fail(Errc::conflict, "overtaken");
        intents[intent.key] = intent;
        audit.insert(audit.end(), entries.begin(), entries.end());
        co_return Result<void>{};
    }
    auto intents_of(std::string dossier_id) -> Task<Result<std::vector<store::Intent>>> override {
        std::vector<store::Intent> found;
        for (const auto& [key, intent] : intents)
            if (intent.dossier_id == dossier_id) found.push_back(intent);
        co_return found;
    }
    auto intents_to_sweep(Timestamp now, std::size_t limit) -> Task<Result<std::vector<store::Intent>>> override {
        std::vector<store::Intent> due;
        for (const auto& [key, intent] : intents) {
            const bool is_due = intent.state == store::Intent::State::done && intent.next_at && *intent.next_at <= now;
            if (is_due && due.size() < limit) due.push_back(intent);
        }
        co_return due;
    }
    auto automatic_actions_since(Timestamp) -> Task<Result<std::size_t>> override { co_return 0U; }
    auto cached_answer(std::string) -> Task<Result<std::optional<std::string>>> override {
        co_return std::optional<std::string>{};
    }
    auto cache_answer(std::string, std::string, Timestamp) -> Task<Result<void>> override { co_return Result<void>{}; }

    [[nodiscard]] auto actions() const -> std::vector<std::string> {
        std::vector<std::string> names;
        for (const auto& entry : audit) names.push_back(entry.action);
        return names;
    }
};

class FakeTracker final : public TicketSink {
public:
    enum class Answer { ok, lost, refused, unreachable, unreadable, nothing_done, not_asked };
    struct Ticket {
        TicketRef ref;
        std::string key;
        std::string body;
        Timestamp visible_at{};
        std::set<std::string> events;
        std::vector<std::string> comments; ///< their texts, each event's once
        std::set<std::string> links;
        std::map<std::string, std::string> files; ///< name → content
        std::string assignee;
        bool closed = false;
    };

    explicit FakeTracker(const Clock& clock, std::string name = "jira") : clock_(clock), name_(std::move(name)) {}

    std::deque<Answer> create_answers;      ///< in turn; then ok
    std::deque<std::optional<Errc>> errors; ///< of anything but create, in turn; then none
    std::set<std::string> people{"alice@acme.example"};
    Duration lag{0};
    std::function<void()> meanwhile; ///< happens once, while the next call waits for its answer
    std::vector<Ticket> tickets;
    int creates = 0;
    Deadline create_deadline{}; ///< of the last one
    int finds = 0;
    int updates = 0;
    int moves = 0;
    bool is_closed_for_good = false; ///< as a ServiceNow incident is
    bool keeps_files = false;
    bool no_way_to_done = false; ///< in the project's workflow

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    auto create(const Draft& draft, const std::string& key, Deadline deadline) -> Task<Result<TicketRef>> override {
        ++creates;
        create_deadline = deadline;
        auto answer = Answer::ok;
        if (!create_answers.empty()) {
            answer = create_answers.front();
            create_answers.pop_front();
        }
        happen();
        if (answer == Answer::refused) co_return fail(Errc::rejected, "summary: too long");
        if (answer == Answer::unreachable) co_return fail(Errc::unavailable, "refused");
        if (answer == Answer::not_asked)
            co_return fail(Error{.code = Errc::unavailable,
                                 .message = "not asked",
                                 .context = {},
                                 .retry_after = Duration{30'000},
                                 .not_sent = true});
        if (answer == Answer::nothing_done) co_return fail(Errc::outcome_unknown, "cut off");
        const auto number = std::to_string(tickets.size() + 1);
        tickets.push_back({.ref = {.sink = name_, .key = "SEC-" + number, .url = "", .id = number},
                           .key = key,
                           .body = draft.body,
                           .visible_at = clock_.now() + lag});
        if (answer == Answer::lost) co_return fail(Errc::outcome_unknown, "cut off");
        if (answer == Answer::unreadable) co_return fail(Errc::too_large, "answer too large");
        co_return tickets.back().ref;
    }
    auto find(const std::string& key, Deadline) -> Task<Result<std::vector<TicketRef>>> override {
        ++finds;
        if (auto error = next_error()) co_return fail(*error, "scripted");
        std::vector<TicketRef> found;
        for (const auto& one : tickets) {
            if (one.key == key && one.visible_at <= clock_.now()) found.push_back(one.ref);
        }
        happen();
        co_return found;
    }
    auto update(const TicketRef& ticket, const Draft& draft, Deadline) -> Task<Result<void>> override {
        if (auto error = next_error()) co_return fail(*error, "scripted");
        ++updates;
        at(ticket).body = draft.body;
        co_return Result<void>{};
    }
    auto comment(const TicketRef& ticket, const std::string& markdown, const std::string& event_id, Audience, Deadline)
        -> Task<Result<void>> override {
        const auto error = next_error();
        if (error && *error != Errc::outcome_unknown) co_return fail(*error, "scripted");
        if (at(ticket).events.insert(event_id).second) at(ticket).comments.push_back(markdown);
        if (error) co_return fail(*error, "cut off after the work was done");
        co_return Result<void>{};
    }
    auto takes_files() const -> bool override { return keeps_files; }
    auto attach(const TicketRef& ticket, const Attachment& file, bool, Deadline) -> Task<Result<void>> override {
        if (auto error = next_error()) co_return fail(*error, "scripted");
        at(ticket).files[file.name] = file.bytes;
        co_return Result<void>{};
    }
    auto assign(const TicketRef& ticket, const std::string& email, Deadline) -> Task<Result<void>> override {
        if (auto error = next_error()) co_return fail(*error, "scripted");
        if (!people.contains(email)) co_return fail(Errc::not_found, "nobody has this address");
        at(ticket).assignee = email;
        co_return Result<void>{};
    }
    auto state(const TicketRef& ticket, Deadline) -> Task<Result<TicketState>> override {
        if (auto error = next_error()) co_return fail(*error, "scripted");
        const auto& one = at(ticket);
        co_return TicketState{.status = one.closed ? "Done" : "To Do",
                              .standing = one.closed ? Standing::done : Standing::open,
                              .assignee = one.assignee};
    }
    auto transition(const TicketRef& ticket, const TicketTarget& target, Deadline) -> Task<Result<void>> override {
        if (auto error = next_error()) co_return fail(*error, "scripted");
        if (target.standing == Standing::open && is_closed_for_good)
            co_return fail(Errc::conflict, "the ticket is closed and cannot be reopened");
        if (target.standing == Standing::done && no_way_to_done)
            co_return fail(Errc::conflict, "no transition leads from To Do to Done");
        ++moves;
        at(ticket).closed = target.standing == Standing::done;
        co_return Result<void>{};
    }
    auto link(const TicketRef& ticket, const TicketRef& other, LinkKind, Deadline) -> Task<Result<void>> override {
        if (auto error = next_error()) co_return fail(*error, "scripted");
        at(ticket).links.insert(other.key);
        co_return Result<void>{};
    }
    auto close_duplicate(const TicketRef& duplicate, const TicketRef&, Deadline) -> Task<Result<void>> override {
        if (auto error = next_error()) co_return fail(*error, "scripted");
        at(duplicate).closed = true;
        co_return Result<void>{};
    }

    /// One call fails after `good` others; negative = none does.
    void fail_after(int good) {
        if (good < 0) return;
        errors.assign(static_cast<std::size_t>(good), std::nullopt);
        errors.emplace_back(Errc::unavailable);
    }
    [[nodiscard]] auto open_tickets() const -> std::size_t {
        return static_cast<std::size_t>(std::ranges::count(tickets, false, &Ticket::closed));
    }

private:
    void happen() {
        if (meanwhile) std::exchange(meanwhile, {})();
    }
    auto next_error() -> std::optional<Errc> {
        if (errors.empty()) return std::nullopt;
        const auto code = errors.front();
        errors.pop_front();
        return code;
    }
    auto at(const TicketRef& ref) -> Ticket& {
        return *std::ranges::find(tickets, ref.key, [](const Ticket& one) { return one.ref.key; });
    }

    const Clock& clock_;
    std::string name_;
};

} // namespace dossier::ticket::test
