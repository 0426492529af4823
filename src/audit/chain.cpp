#include "dossier/audit/chain.hpp"

#include "dossier/base/canonical_json.hpp"
#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::audit {
namespace {

constexpr std::size_t page_size = 500;
constexpr std::size_t most_details_depth = 64; // the record around them stays within what parse_json follows
constexpr std::array<std::string_view, 9> reserved = {"seq",        "time", "actor", "action", "finding_id",
                                                      "dossier_id", "prev", "hash",  "details"};

/// Details stand beside the named members. One that would overwrite a named member goes into `details`, and so does
/// what is no JSON object.
void add_details(canonical::Members& record, const store::AuditEntry& entry) {
    canonical::Members reserved_ones;
    const auto add = [&](std::string_view name, std::string value) {
        const bool is_free = std::ranges::find(reserved, name) == reserved.end();
        (is_free ? record : reserved_ones).set(name, std::move(value));
    };
    for (const auto& [name, value] : entry.members) add(name, value);
    const auto details = JsonDocument::parse(entry.details, most_details_depth);
    if (!details || !details->root().is_object()) {
        record.set("details", canonical::text_of(to_valid_utf8(entry.details)));
        return;
    }
    for (const auto& [name, value] : details->root().members()) add(name, canonical::text_of(value));
    if (!reserved_ones.empty()) record.set("details", reserved_ones.text());
}

/// What is wrong with one stored record by itself, "" when nothing is. @param prev set to what it says came before
auto judge_record(const store::AuditRow& row, std::string& prev) -> std::string {
    auto record = parse_json(row.record);
    if (!record || !record->is_object()) return "is no JSON object";
    // Byte for byte: a second member of the same name would read differently elsewhere under the same hash.
    if (canonical_json(*record) != row.record) return "is not in canonical form";
    const auto actor = record->value("actor", Json::object());
    prev = text_at(*record, "prev");
    if (!(*record)["seq"].is_number_integer() || (*record)["seq"].get<std::int64_t>() != row.seq)
        return "stands in another record's place";
    // The columns serve searches: one that differs would hide a record that is there.
    if (text_at(*record, "action") != to_valid_utf8(row.action) ||
        text_at(*record, "finding_id") != to_valid_utf8(row.finding_id) ||
        text_at(*record, "dossier_id") != to_valid_utf8(row.dossier_id) || !actor.is_object() ||
        text_at(actor, "id") != to_valid_utf8(row.actor_id))
        return "is filed under other words than it holds";
    const auto hash = text_at(*record, "hash");
    record->erase("hash");
    if (hash != row.hash || sha256_hex(canonical_json(*record)) != hash) return "does not match its hash";
    return {};
}

/// Follows the records in sequence and keeps what was seen first.
class Walk {
public:
    explicit Walk(const std::optional<SignedHead>& head) : head_(head) {}

    void take(const store::AuditRow& row) {
        ++records_;
        std::string prev;
        if (row.seq != last_seq_ + 1) {
            broken(last_seq_ + 1, row.seq > last_seq_ + 1
                                      ? fmt::format("record {} is missing", last_seq_ + 1)
                                      : fmt::format("record {} comes twice or out of order", row.seq));
        } else if (const auto fault = judge_record(row, prev); !fault.empty()) {
            broken(row.seq, fmt::format("record {} {}", row.seq, fault));
        } else if (prev != last_hash_) {
            // The later record vouches for the earlier one; where it doesn't, nothing supports the earlier one.
            broken(std::max<std::int64_t>(1, last_seq_),
                   fmt::format("record {} does not follow from the one before it", row.seq));
        }
        if (head_ && row.seq == head_->seq) hash_at_head_ = row.hash;
        last_seq_ = row.seq;
        last_hash_ = row.hash;
    }

    [[nodiscard]] auto result() && -> Verification {
        out_.records = records_;
        if (head_) judge_completeness(*head_);
        out_.ok = out_.integrity == Verdict::ok && out_.completeness != Verdict::broken;
        return std::move(out_);
    }

private:
    void broken(std::int64_t seq, std::string reason) {
        if (out_.integrity == Verdict::broken) return;
        out_.integrity = Verdict::broken;
        out_.first_broken_seq = seq;
        out_.reason = std::move(reason);
    }

    void judge_completeness(const SignedHead& head) {
        out_.completeness = Verdict::ok;
        std::int64_t first = head.seq;
        std::string reason;
        if (head.seq > last_seq_) {
            first = last_seq_ + 1;
            reason = fmt::format("the signed head of {} names record {}, and the chain ends at {}: a cut tail or an "
                                 "old backup",
                                 format_time(head.time), head.seq, last_seq_);
        } else if (head.seq > 0 && hash_at_head_ != head.hash) {
            reason = fmt::format("record {} is not the one that the signed head of {} names: another history", head.seq,
                                 format_time(head.time));
        } else {
            return;
        }
        out_.completeness = Verdict::broken;
        if (out_.integrity == Verdict::broken) return; // its first break is the earlier one
        out_.first_broken_seq = first;
        out_.reason = std::move(reason);
    }

    const std::optional<SignedHead>& head_;
    Verification out_;
    std::int64_t records_ = 0;
    std::int64_t last_seq_ = 0;
    std::string last_hash_;
    std::string hash_at_head_;
};

} // namespace

auto seal(const store::AuditEntry& entry, std::int64_t seq, const std::string& prev) -> store::AuditRow {
    canonical::Members actor;
    actor.set("type", canonical::text_of(to_valid_utf8(entry.actor_type)));
    actor.set("id", canonical::text_of(to_valid_utf8(entry.actor_id)));
    canonical::Members record;
    record.set("seq", std::to_string(seq));
    record.set("time", canonical::text_of(format_time(entry.time)));
    record.set("actor", actor.text());
    record.set("action", canonical::text_of(to_valid_utf8(entry.action)));
    record.set("finding_id", canonical::text_of(to_valid_utf8(entry.finding_id)));
    record.set("dossier_id", canonical::text_of(to_valid_utf8(entry.dossier_id)));
    record.set("prev", canonical::text_of(prev));
    add_details(record, entry);
    auto hash = sha256_hex(record.text());
    record.set("hash", canonical::text_of(hash));
    return {.seq = seq,
            .action = entry.action,
            .actor_id = entry.actor_id,
            .finding_id = entry.finding_id,
            .dossier_id = entry.dossier_id,
            .record = record.text(),
            .hash = std::move(hash)};
}

auto to_string(Verdict verdict) -> std::string_view {
    switch (verdict) {
    case Verdict::ok:
        return "ok";
    case Verdict::broken:
        return "broken";
    case Verdict::unknown:
        return "unknown";
    }
    return "unknown";
}

auto verify_chain(store::AuditStore& store, std::optional<SignedHead> head) -> Task<Result<Verification>> {
    Walk walk(head);
    std::int64_t after = 0;
    while (true) {
        auto page = co_await store.audit_after(after, page_size);
        if (!page) co_return fail(std::move(page.error()));
        if (page->empty()) break;
        for (const auto& row : *page) walk.take(row);
        const auto last = page->back().seq;
        if (last <= after) co_return fail(Errc::storage, "the store gives audit records out of order");
        after = last;
    }
    co_return std::move(walk).result();
}

} // namespace dossier::audit
