#pragma once
// What changed in Wiz since a cursor. Issues come in the order of their last change of status, resolved ones too. Each
// page starts anew at the time of the last issue seen rather than at Wiz's page cursor: pages shift while issues move
// to the end, and Wiz gives at most 10,000 rows of one question. Changes without a change of status (severity, notes)
// move no issue there; a look through all open issues by id, one page a call, finds those by `updatedAt`.

#include "dossier/ingest/platform_api.hpp"
#include "wiz_client.hpp"
#include "wiz_delivery.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace dossier::ingest {

/// The cursor as kept. Times are Wiz's.
struct WizCursor {
    struct Seen {
        Timestamp at{};   ///< its change of status
        std::string mark; ///< what it looked like
    };
    Timestamp since{};                ///< changes after this are asked for
    std::string page;                 ///< Wiz's cursor, where more issues share a time than fit a page
    std::optional<Timestamp> newest;  ///< latest change of status seen
    std::map<std::string, Seen> seen; ///< issues near `newest`, so that the overlap says nothing twice
    std::string sweep_page;           ///< where the look through open issues stands
    Timestamp sweep_since{};          ///< it looks for updates after this
    Timestamp sweep_next{};           ///< … and the next one after this
    Timestamp updated{};              ///< latest update seen

    /// A cursor that is none starts anew.
    [[nodiscard]] static auto parse(std::string_view text, Timestamp since) -> WizCursor;
    [[nodiscard]] auto text() const -> std::string;
};

class WizChanges {
public:
    explicit WizChanges(WizClient& client) : client_(client) {}
    auto next(std::string cursor, Timestamp since, Deadline deadline) -> Task<Result<ChangePage>>;

private:
    auto read_page(WizCursor& cursor, ChangePage& page, Deadline deadline) -> Task<Result<void>>;
    auto sweep(WizCursor& cursor, ChangePage& page, Deadline deadline) -> Task<void>;
    /// Automation rules, read every ten minutes; nullptr where they can't be seen.
    auto rules(Deadline deadline) -> Task<std::shared_ptr<const std::vector<WizAutomationRule>>>;

    WizClient& client_;
    std::mutex mutex_;
    std::shared_ptr<const std::vector<WizAutomationRule>> rules_;
    std::chrono::steady_clock::time_point rules_until_{};
};

/// Issues as items to store; a data finding carries what holds it (`dataStore`), `{}` where the graph doesn't know it.
/// @param nodes live as long as the task
auto wiz_issue_items(WizClient& client, std::vector<JsonView> nodes, Deadline deadline) -> Task<std::vector<ApiItem>>;

} // namespace dossier::ingest
