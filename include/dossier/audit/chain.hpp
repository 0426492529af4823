#pragma once
// The hash chain of the audit trail. A record is RFC 8785 canonical JSON {seq, time, actor {type, id}, action,
// finding_id, dossier_id, …details, prev, hash} with hash = SHA-256 over the canonical form without `hash`; prev is the
// hash before it ("" for the first), so altering, removing or reordering shows, and anyone can check it with sha256sum.
// Integrity (altered, reordered, removed inside) and completeness (cut tail, old backup) are judged apart: the second
// needs the head that was signed and kept outside the store.

#include "dossier/base/task.hpp"
#include "dossier/store/store.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace dossier::audit {

/// The store's Sealer.
[[nodiscard]] auto seal(const store::AuditEntry& entry, std::int64_t seq, const std::string& prev) -> store::AuditRow;

enum class Verdict { ok, broken, unknown };
[[nodiscard]] auto to_string(Verdict) -> std::string_view;

struct Verification {
    bool ok = false; ///< integrity ok and completeness not broken
    std::int64_t records = 0;
    Verdict integrity = Verdict::ok;
    Verdict completeness = Verdict::unknown;
    std::optional<std::int64_t> first_broken_seq;
    std::string reason; ///< one sentence, "" when all is well
};

/// What a signed head says: the chain had at least `seq` records and the last was `hash`.
struct SignedHead {
    std::int64_t seq = 0;
    std::string hash;
    Timestamp time{};
    std::string signature; ///< base64 Ed25519 over the canonical JSON of the other members
};

/// Walks the whole chain in pages. @param head nullopt = completeness unknown
[[nodiscard]] auto verify_chain(store::AuditStore& store, std::optional<SignedHead> head) -> Task<Result<Verification>>;

} // namespace dossier::audit
