#pragma once
// Who may still come in: the bound on acknowledged findings that are not done (`queue.capacity`, DESIGN §10), shared
// out fairly among sources, with the time after which asking again makes sense. A delivery gets room for all of its
// items or for none. What is committed just now counts too, by Places, until the store counts it itself.

#include "dossier/base/error.hpp"
#include "dossier/base/fair_share.hpp"
#include "dossier/store/store.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace dossier::ingest {

/// Webhooks go first: who asks the platforms or takes messages off a queue can wait, so they have half of the queue.
enum class Patience { pushed, pulled };

class Admission {
public:
    using Time = FairShare::Time;

    Admission(std::size_t capacity, const store::IntakeStore& store);

    /// Room for some items of a source, given back when it goes.
    class Place {
    public:
        Place(Admission& admission, std::string source, std::int64_t items)
            : admission_(&admission), source_(std::move(source)), items_(items) {}
        Place(Place&& other) noexcept
            : admission_(std::exchange(other.admission_, nullptr)),
              source_(std::move(other.source_)),
              items_(other.items_) {}
        auto operator=(Place&&) -> Place& = delete;
        ~Place() {
            if (admission_ != nullptr) admission_->give_back(source_, items_);
        }

    private:
        Admission* admission_;
        std::string source_;
        std::int64_t items_;
    };

    /// `overloaded`, with a time to come back and the reason (`why_refused`) where there is no room.
    [[nodiscard]] auto take(const std::string& source, std::size_t items, Patience patience, Time now = clock())
        -> Result<Place>;
    /// The same without taking it.
    [[nodiscard]] auto look(const std::string& source, std::size_t items, Patience patience, Time now = clock())
        -> Result<void>;
    /// So many findings came in that make work.
    void accepted(std::size_t items);
    [[nodiscard]] auto capacity() const -> std::size_t { return static_cast<std::size_t>(bound_.total()); }

private:
    static auto clock() -> Time { return std::chrono::steady_clock::now(); }
    auto check(const std::string& source, std::int64_t items, Patience patience, Time now) -> Result<void>;
    [[nodiscard]] auto refusal(std::string_view reason, std::int64_t excess) const -> Error;
    void give_back(const std::string& source, std::int64_t items);
    void measure(Time now, std::int64_t backlog);

    FairShare bound_;
    const store::IntakeStore& store_;
    std::mutex mutex_;
    FairShare::Held committing_; ///< items, by source
    std::int64_t committing_in_all_ = 0;
    bool is_full_ = false; ///< as was last logged

    struct Pace { ///< how fast the backlog is worked off
        Time since{};
        std::int64_t backlog = 0;
        std::int64_t accepted = 0; ///< since then
        double per_second = 0;     ///< 0 = unknown
    } pace_;
};

/// Of an error of Admission: `queue_full`, or `over_share` where others still get in.
[[nodiscard]] auto why_refused(const Error& error) -> std::string_view;

} // namespace dossier::ingest
