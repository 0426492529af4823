#include "dossier/finding/redelivery.hpp"

#include <gtest/gtest.h>

namespace dossier {
namespace {

auto at(int minute) -> Timestamp { return Timestamp{std::chrono::minutes{29'000'000 + minute}}; }

TEST(Redelivery, IsJudgedByContentAndTime) {
    struct Row {
        const char* name;
        std::optional<KnownFinding> known;
        IncomingFinding incoming;
        Outcome expected;
    };
    const KnownFinding open{.status = Status::open, .content_hash = "A", .last_seen = {}, .earlier_hashes = {}};
    const KnownFinding open_dated{
        .status = Status::open, .content_hash = "A", .last_seen = at(10), .earlier_hashes = {}};
    const KnownFinding resolved{
        .status = Status::resolved, .content_hash = "R", .last_seen = {}, .earlier_hashes = {"A"}};
    const KnownFinding resolved_dated{
        .status = Status::resolved, .content_hash = "R", .last_seen = at(20), .earlier_hashes = {"A"}};
    const auto incoming = [](Status status, const char* hash, std::optional<Timestamp> seen = {}, bool first = false) {
        return IncomingFinding{.status = status, .content_hash = hash, .last_seen = seen, .is_first_report = first};
    };
    const Row rows[] = {
        {"never seen", {}, incoming(Status::open, "A"), Outcome::created},
        {"never seen and over already", {}, incoming(Status::resolved, "A"), Outcome::resolved},
        {"the same again", open, incoming(Status::open, "A"), Outcome::duplicate},
        {"the same, seen later", open_dated, incoming(Status::open, "A", at(30)), Outcome::duplicate},
        {"changed", open, incoming(Status::open, "B"), Outcome::updated},
        {"resolved", open, incoming(Status::resolved, "R"), Outcome::resolved},
        {"suppressed", open, incoming(Status::suppressed, "S"), Outcome::resolved},
        {"an older version comes late", open_dated, incoming(Status::open, "Z", at(5)), Outcome::duplicate},
        {"creation overtaken by its update", open, incoming(Status::open, "Z", {}, true), Outcome::duplicate},
        {"creation redelivered after the resolution", resolved, incoming(Status::open, "A"), Outcome::duplicate},
        {"opened again with a later date", resolved_dated, incoming(Status::open, "A", at(30)), Outcome::updated},
        {"opened again with new content", resolved, incoming(Status::open, "C"), Outcome::updated},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(to_string(outcome_of(row.known ? &*row.known : nullptr, row.incoming)), to_string(row.expected));
    }
}

} // namespace
} // namespace dossier
