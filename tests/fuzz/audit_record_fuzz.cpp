// The audit trail holds words that strangers chose. Whatever they are: a record is canonical JSON (RFC 8785) that says
// the same after being read, its chain holds, and one changed byte breaks it where it was changed.

#include "fuzz.hpp"

#include "audit/fake_audit_store.hpp"
#include "dossier/base/json.hpp"
#include "support/run_task.hpp"

namespace {

using namespace dossier;
using fuzz::require;

void check_canonical_form(std::string_view text) {
    const auto value = parse_json(text);
    if (!value) return;
    const auto canonical = canonical_json(*value);
    const auto again = parse_json(canonical);
    require(again.has_value(), "the canonical form is JSON");
    require(canonical_json(*again) == canonical, "the canonical form of the canonical form is the same");
}

auto verdict_on(audit::FakeAuditStore& store) -> audit::Verification {
    auto result = test::run_task(audit::verify_chain(store, std::nullopt));
    require(result.has_value(), "a chain in memory can be read");
    return *result;
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const auto whole = fuzz::text_of(data, size);
    check_canonical_form(whole);

    auto rest = whole;
    auto entry = audit::sample_entry(1);
    entry.actor_id = fuzz::take_line(rest);
    entry.action = fuzz::take_line(rest);
    entry.details = rest;
    auto other = audit::sample_entry(2);
    other.details = whole;
    audit::FakeAuditStore store;
    require(test::run_task(store.append_audit({entry, other, audit::sample_entry(3)})).has_value(), "records are kept");
    const auto sound = verdict_on(store);
    require(sound.ok && sound.records == 3, "a chain that nobody touched holds");

    const auto record = size % 3;
    auto& text = store.rows[record].record;
    text[size * 31 % text.size()] ^= static_cast<char>(1 + size % 7);
    const auto broken = verdict_on(store);
    require(!broken.ok && broken.first_broken_seq.has_value() && !broken.reason.empty(), "a changed byte is told");
    return 0;
}
