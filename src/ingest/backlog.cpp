#include "dossier/ingest/backlog.hpp"

#include "poll_turn.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"

#include <algorithm>
#include <set>

namespace dossier::ingest {

namespace {

// What a store of any size may put into a finding.
constexpr std::size_t most_rows = 100;
constexpr std::size_t most_cells = 50;
constexpr std::size_t most_fields = 500;
constexpr std::size_t most_objects = 200;
constexpr std::size_t longest_name = 300;
constexpr std::size_t resolved_at_once = 100;

auto masked_row(const std::vector<std::pair<std::string, std::string>>& row, const MaskSample& mask) -> std::string {
    std::string text;
    for (std::size_t i = 0; i < row.size() && i < most_cells; ++i) {
        const auto& [field, value] = row[i];
        if (!text.empty()) text += ", ";
        text += shorten(field, longest_name) + "=" + mask(field, value);
    }
    return text;
}

auto profile_of(const UnclassifiedStore& found, const MaskSample& mask) -> DataProfile {
    DataProfile data;
    for (std::size_t i = 0; i < found.fields.size() && i < most_fields; ++i) {
        const auto& field = found.fields[i];
        data.fields.push_back({.container = shorten(field.container, longest_name),
                               .name = shorten(field.name, longest_name),
                               .type = shorten(field.type, longest_name)});
    }
    for (std::size_t i = 0; i < found.objects.size() && i < most_objects; ++i)
        data.objects.push_back(shorten(found.objects[i], longest_name));
    for (std::size_t i = 0; i < found.rows.size() && i < most_rows; ++i)
        data.samples.push_back(masked_row(found.rows[i], mask));
    return data;
}

} // namespace

auto unclassified_finding(const std::string& source, const std::string& platform, const UnclassifiedStore& found,
                          const MaskSample& mask, Timestamp seen_at) -> Finding {
    Finding finding;
    finding.source = source;
    finding.platform = platform;
    finding.source_id = "store:" + found.source_id; // apart from the ids of the platform's findings
    finding.resource = found.resource;
    const auto& called = found.resource.name.empty() ? found.resource.id : found.resource.name;
    finding.title = shorten("Sensitivity unknown: " + (called.empty() ? found.source_id : called), longest_name);
    finding.description = "Nobody has classified what this data store holds.";
    finding.recommendation = "Classify the content of the data store and tag it.";
    finding.severity = Severity::low;
    finding.finding_type = FindingType::unclassified_data;
    finding.control = ControlFamily::classification;
    finding.data = profile_of(found, mask);
    finding.last_seen = seen_at;
    if (found.last_scanned) finding.facts.emplace_back("last_scanned", format_time(*found.last_scanned));
    finding.url = found.url;
    if (!found.store_kind.empty()) finding.facts.emplace_back("store_kind", found.store_kind);
    auto tags = found.current_tags;
    std::ranges::sort(tags);
    if (!tags.empty()) finding.facts.emplace_back("current_classification", shorten(join(tags, ", "), longest_name));
    finding.fingerprint = make_fingerprint(finding);
    finding.exposure_key = make_exposure_key(finding);
    return finding;
}

struct BacklogPoller::Impl {
    Impl(PollStation from, std::string platform_, MaskSample mask_)
        : station(std::move(from)),
          source(station.api->source()),
          platform(std::move(platform_)),
          mask(std::move(mask_)),
          turn(station.store, station.clock, "backlog:" + source, station.replica) {}

    PollStation station;
    std::string source;
    std::string platform;
    MaskSample mask;
    PollTurn turn;

    auto look() -> Task<Result<bool>> {
        auto ours = co_await turn.take();
        if (!ours || !*ours) co_return ours;
        std::set<std::string> seen; // fingerprints
        if (auto read = co_await read_all(seen); !read) co_return fail(std::move(read.error()));
        if (auto ended = co_await resolve_others(seen); !ended) co_return fail(std::move(ended.error()));
        co_return true;
    }

    auto read_all(std::set<std::string>& seen) -> Task<Result<void>> {
        std::string cursor;
        for (bool has_more = true; has_more;) {
            if (auto kept = co_await turn.keep(); !kept) co_return fail(std::move(kept.error()));
            auto page = co_await station.api->backlog(cursor, deadline_in(PollTurn::longest_call));
            if (!page) co_return fail(std::move(page.error()));
            if (page->has_more && page->next_cursor == cursor)
                co_return fail(Errc::malformed, "the platform says that there is more, and gives no way to it");
            std::vector<store::IntakeItem> items;
            for (const auto& found : page->stores) {
                auto finding = unclassified_finding(source, platform, found, mask, station.clock.now());
                seen.insert(finding.fingerprint);
                items.push_back(item_of(std::move(finding)));
            }
            if (auto in = co_await hand_in_all(std::move(items)); !in) co_return in;
            cursor = std::move(page->next_cursor);
            has_more = page->has_more;
        }
        co_return Result<void>{};
    }

    /// Not shown any more by a whole look: classified, or gone.
    auto resolve_others(const std::set<std::string>& seen) -> Task<Result<void>> {
        std::string after;
        for (;;) {
            auto rows = co_await station.store.open_backlog(source, after, resolved_at_once);
            if (!rows) co_return fail(std::move(rows.error()));
            if (rows->empty()) co_return Result<void>{};
            after = rows->back().id;
            std::vector<store::IntakeItem> items;
            for (const auto& row : *rows) {
                if (seen.contains(row.fingerprint)) continue;
                auto finding = from_text<Finding>(row.raw);
                if (!finding) co_return fail(std::move(finding.error()).with("finding", row.id));
                finding->status = Status::resolved;
                finding->last_seen = station.clock.now();
                finding->facts.emplace_back("resolution_reason", "classified, or gone from the platform's inventory");
                items.push_back(item_of(std::move(*finding)));
            }
            if (items.empty()) continue;
            if (auto in = co_await hand_in_all(std::move(items)); !in) co_return in;
        }
    }

    static auto item_of(Finding finding) -> store::IntakeItem {
        store::IntakeItem item;
        item.raw = to_text(finding);
        item.finding = std::move(finding);
        return item;
    }

    auto hand_in_all(std::vector<store::IntakeItem> items) -> Task<Result<void>> {
        co_return co_await hand_in(station, turn, store::Via::backlog, std::move(items), "", "");
    }
};

BacklogPoller::BacklogPoller(PollStation station, std::string platform, MaskSample mask)
    : impl_(std::make_unique<Impl>(std::move(station), std::move(platform), std::move(mask))) {}
BacklogPoller::~BacklogPoller() = default;

auto BacklogPoller::name() const -> std::string { return impl_->turn.name(); }

auto BacklogPoller::look() -> Task<Result<bool>> { return impl_->look(); }

auto BacklogPoller::run() -> Task<void> {
    return poll_for_ever(impl_->station, impl_->turn, impl_->station.config.backlog_every,
                         [this] { return impl_->look(); });
}

} // namespace dossier::ingest
