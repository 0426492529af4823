#pragma once
// What became of a source's deliveries, counted as they come: one row a source and day, and one for each finding that a
// poller found and no delivery has brought yet. An intake costs the same however long the history is.

#include "sql_findings.hpp"

namespace dossier::store {

/// The counts of one intake, saved in its transaction.
class DeliveryCount {
public:
    explicit DeliveryCount(const Intake& intake)
        : source_(intake.source), via_(intake.via), at_(intake.at), grace_(intake.grace) {}
    void quarantined() { ++quarantined_; }
    /// Also settles whether the finding was awaited, and says by how long it was late.
    void taken(Database& db, Taken& taken, const std::string& why_not_delivered);
    void save(WriteSession& session) const;

private:
    auto arrive(Database& db, Taken& taken) -> bool;

    const std::string& source_;
    Via via_;
    Timestamp at_;
    Duration grace_;
    std::int64_t received_ = 0;
    std::int64_t duplicates_ = 0;
    std::int64_t quarantined_ = 0;
};

} // namespace dossier::store
