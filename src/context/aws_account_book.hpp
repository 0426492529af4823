#pragma once
// The details of one account, fetched once for all findings of it and kept for hours. A large account takes more pages
// than one finding has time for: what is there already stays, and whoever asks next goes on from its last page.

#include "aws_account.hpp"
#include "dossier/base/single_flight.hpp"
#include "dossier/net/aws_client.hpp"

#include <memory>
#include <mutex>
#include <optional>

namespace dossier::context::aws {

class AccountBook {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// @param aws outlives this
    explicit AccountBook(net::AwsClient& aws, Duration ttl = std::chrono::hours{4}) : aws_(aws), ttl_(ttl) {}

    auto get(Deadline deadline) -> Task<Result<std::shared_ptr<const Account>>>;

private:
    using Shared = std::shared_ptr<const Account>;
    /// An account half read, of which only the one who reads on knows.
    struct Unfinished {
        std::shared_ptr<Account> account = std::make_shared<Account>();
        std::string marker;
        int pages = 0;
        Time begun_at;
    };
    [[nodiscard]] auto kept() -> std::optional<Result<Shared>>;
    auto read_on(Deadline deadline) -> Task<Result<Shared>>;

    net::AwsClient& aws_;
    Duration ttl_;
    SingleFlight<Shared> flights_;
    std::mutex mutex_;
    std::optional<Result<Shared>> kept_; ///< also a refusal, for a shorter time
    Time kept_until_{};
    std::optional<Unfinished> unfinished_; ///< touched by the leader of the flight only
};

} // namespace dossier::context::aws
