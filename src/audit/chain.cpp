#include "dossier/audit/chain.hpp"

#include "dossier/base/canonical_json.hpp"
#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace dossier::audit {
namespace {

constexpr std::size_t page_size = 500;
constexpr std::size_t most_details_depth = 64; // the record around them stays within what parse_json follows
constexpr std::array<std::string_view, 9> reserved = {"seq",        "time", "actor", "action", "finding_id",
                                                      "dossier_id", "prev", "hash",  "details"};

void append_valid(std::string& out, std::string_view text) {
    canonical::append(out, is_valid_utf8(text) ? text : std::string_view(to_valid_utf8(text)));
}

/// What an entry says beside the named members, in order. A member that would overwrite a named one goes into
/// `details`, and so does what is no JSON object.
class Extras {
public:
    using Member = std::pair<std::string_view, std::string_view>; ///< its value in canonical form

    /// @param entry outlives this
    explicit Extras(const store::AuditEntry& entry) {
        members_.reserve(entry.members.size());
        canonical::Members reserved_ones;
        for (const auto& [name, value] : entry.members) {
            if (is_free(name))
                set(name, value);
            else
                reserved_ones.set(name, value);
        }
        if (entry.details == "{}") {
            if (!reserved_ones.empty()) details_ = reserved_ones.text();
            return;
        }
        if (auto parsed = JsonDocument::parse(entry.details, most_details_depth);
            parsed && parsed->root().is_object()) {
            document_ = std::move(*parsed);
            const auto said = document_.root().members();
            values_.reserve(said.size());
            for (const auto& [name, value] : said) {
                if (is_free(name))
                    set(name, values_.emplace_back(canonical::text_of(value)));
                else
                    reserved_ones.set(name, canonical::text_of(value));
            }
            if (!reserved_ones.empty()) details_ = reserved_ones.text();
        } else {
            append_valid(details_, entry.details);
        }
    }
    [[nodiscard]] auto members() const -> std::span<const Member> { return members_; }
    [[nodiscard]] auto details() const -> const std::string& { return details_; } ///< "" = none

private:
    static auto is_free(std::string_view name) -> bool { return std::ranges::find(reserved, name) == reserved.end(); }
    void set(std::string_view name, std::string_view value) {
        const auto at = std::ranges::lower_bound(members_, name, canonical::is_before, &Member::first);
        if (at != members_.end() && at->first == name)
            at->second = value;
        else
            members_.emplace(at, name, value);
    }

    JsonDocument document_;           ///< holds names
    std::vector<std::string> values_; ///< of `document_`; never grows beyond what it reserved
    std::vector<Member> members_;
    std::string details_;
};

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

/// Written once, in the order of names, without its hash, which then goes to its place.
auto seal(const store::AuditEntry& entry, std::int64_t seq, const std::string& prev) -> store::AuditRow {
    constexpr std::size_t usual_size = 640;
    const Extras extras(entry);
    auto rest = extras.members();
    std::string text;
    std::size_t size = usual_size;
    for (const auto& [name, value] : rest) size += name.size() + value.size();
    text.reserve(size + extras.details().size());
    canonical::Object record(text);
    const auto write_those_before = [&](std::string_view name) {
        for (; !rest.empty() && canonical::is_before(rest.front().first, name); rest = rest.subspan(1))
            record.member(rest.front().first) += rest.front().second;
    };
    const auto member = [&](std::string_view name) -> std::string& {
        write_those_before(name);
        return record.member(name);
    };
    append_valid(member("action"), entry.action);
    canonical::Object actor(member("actor"));
    append_valid(actor.member("id"), entry.actor_id);
    append_valid(actor.member("type"), entry.actor_type);
    actor.close();
    if (!extras.details().empty()) member("details") += extras.details();
    append_valid(member("dossier_id"), entry.dossier_id);
    append_valid(member("finding_id"), entry.finding_id);
    write_those_before("hash");
    const auto place_of_hash = text.size();
    canonical::append(member("prev"), prev);
    member("seq") += std::to_string(seq);
    canonical::append(member("time"), format_time(entry.time));
    for (const auto& [name, value] : rest) record.member(name) += value;
    record.close();
    auto hash = sha256_hex(text);
    text.insert(place_of_hash, fmt::format(R"(,"hash":"{}")", hash));
    return {.seq = seq,
            .action = entry.action,
            .actor_id = entry.actor_id,
            .finding_id = entry.finding_id,
            .dossier_id = entry.dossier_id,
            .record = std::move(text),
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
