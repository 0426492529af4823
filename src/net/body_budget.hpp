#pragma once
// How many bytes of request bodies may be in memory at once, over all connections: what a flood of large bodies can
// take is known beforehand, whatever `max_connections` and `max_body` multiply to. Shared out by route (the first three
// parts of a path, so that each webhook source is one), so that one sender of large bodies can't keep the others out.

#include "dossier/base/fair_share.hpp"

#include <mutex>
#include <string>
#include <string_view>

namespace dossier::net {

class BodyBudget {
public:
    explicit BodyBudget(std::uint64_t bytes) : bound_(static_cast<std::int64_t>(bytes)) {}

    /// What one request holds, until it goes.
    class Hold {
    public:
        Hold(BodyBudget& budget, std::string_view path);
        ~Hold();
        Hold(const Hold&) = delete;
        auto operator=(const Hold&) -> Hold& = delete;

        /// True where a body of so many bytes would fit now. Nothing is taken: what is announced may never come.
        [[nodiscard]] auto would_fit(std::uint64_t bytes) -> bool;
        /// Takes what has come. False where it doesn't fit; then nothing changes.
        [[nodiscard]] auto grow_to(std::uint64_t bytes) -> bool;

    private:
        BodyBudget& budget_;
        std::string who_;
        std::int64_t bytes_ = 0;
    };

private:
    auto fits(const std::string& who, std::int64_t more) -> bool; ///< under the mutex

    FairShare bound_;
    std::mutex mutex_;
    FairShare::Held held_;
    std::int64_t in_all_ = 0;
};

} // namespace dossier::net
