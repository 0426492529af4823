#include "dossier/ingest/reconciler.hpp"

#include "poll_turn.hpp"

#include "dossier/base/log.hpp"

namespace dossier::ingest {

namespace {

constexpr const char* before_first_look = "it changed before dossier first asked the platform";

/// The few values of a metric's label; the platform's own words are in the report.
auto reason_class(const std::string& reason) -> std::string_view {
    if (reason.empty()) return "not_said";
    return reason == before_first_look ? "before_first_look" : "said_by_platform";
}

} // namespace

struct Reconciler::Impl {
    explicit Impl(PollStation from)
        : station(std::move(from)),
          source(station.api->source()),
          turn(station.store, station.clock, "reconcile:" + source, station.replica) {}

    PollStation station;
    std::string source;
    PollTurn turn;
    std::optional<Timestamp> complete_until; ///< all that the platform said up to then is in the store

    auto look() -> Task<Result<bool>> {
        auto ours = co_await turn.take();
        if (!ours || !*ours) co_return ours;
        const auto began = station.clock.now();
        auto looked = co_await read_all(began);
        if (looked) complete_until = began;
        if (complete_until) {
            const std::chrono::duration<double> lag = station.clock.now() - *complete_until;
            station.metrics.set("dossier_reconcile_lag_seconds", lag.count(), {{"source", source}});
        }
        if (!looked) co_return fail(std::move(looked.error()));
        if (auto noted = co_await note_missing(); !noted) co_return fail(std::move(noted.error()));
        co_return true;
    }

    auto read_all(Timestamp began) -> Task<Result<void>> {
        auto stored = co_await station.store.get_cursor(turn.name());
        if (!stored) co_return fail(std::move(stored.error()));
        const bool is_first = !*stored || (*stored)->value.empty();
        auto cursor = is_first ? std::string() : (*stored)->value;
        if (!complete_until) complete_until = is_first ? began - station.config.lookback : (*stored)->updated_at;
        for (bool has_more = true; has_more;) {
            if (auto kept = co_await turn.keep(); !kept) co_return fail(std::move(kept.error()));
            auto page = co_await station.api->changes(cursor, began - station.config.lookback,
                                                      deadline_in(PollTurn::longest_call));
            if (!page) co_return fail(std::move(page.error()));
            if (page->has_more && page->next_cursor == cursor)
                co_return fail(Errc::malformed, "the platform says that there is more, and gives no way to it");
            std::vector<store::IntakeItem> items;
            items.reserve(page->items.size());
            for (auto& found : page->items) items.push_back(read(std::move(found), is_first));
            auto in =
                co_await hand_in(station, turn, store::Via::reconcile, std::move(items), cursor, page->next_cursor);
            if (!in) co_return in;
            cursor = std::move(page->next_cursor);
            has_more = page->has_more;
        }
        co_return Result<void>{};
    }

    auto read(ApiItem found, bool is_first) const -> store::IntakeItem {
        auto item = station.receiver.read_found(source, std::move(found.raw), found.updated_at);
        item.why_not_delivered = std::move(found.why_not_delivered);
        if (item.why_not_delivered.empty() && is_first) item.why_not_delivered = before_first_look;
        return item;
    }

    auto note_missing() -> Task<Result<void>> {
        auto missing = co_await station.store.note_missing(source, station.clock.now());
        if (!missing) co_return fail(std::move(missing.error()));
        for (const auto& [reason, number] : *missing) {
            station.metrics.count("dossier_deliveries_never_total",
                                  {{"source", source}, {"reason", reason_class(reason)}}, static_cast<double>(number));
        }
        co_return Result<void>{};
    }
};

Reconciler::Reconciler(PollStation station) : impl_(std::make_unique<Impl>(std::move(station))) {}
Reconciler::~Reconciler() = default;

auto Reconciler::name() const -> std::string { return impl_->turn.name(); }

auto Reconciler::look() -> Task<Result<bool>> { return impl_->look(); }

auto Reconciler::run() -> Task<void> {
    return poll_for_ever(impl_->station, impl_->turn, impl_->station.config.poll, [this] { return impl_->look(); });
}

} // namespace dossier::ingest
