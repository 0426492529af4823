#pragma once
// Explanations that serve all like findings. The first of them is explained by an LLM from its own evidence; its text
// is kept without its particulars, and each other one fills in its own. However many like findings are explained at the
// same time, one of them asks and the others wait for its text. Nothing is taken on trust: a filled text is held
// against the evidence of the finding it is for like any answer.

#include "dossier/base/single_flight.hpp"
#include "dossier/base/time.hpp"
#include "dossier/explain/grounding.hpp"
#include "dossier/store/store.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace dossier::explain {

struct SharedText {
    std::string dossier_id; ///< for which it was written
    std::string provider;
    std::string model;
    std::string session_id;
    std::vector<std::string> left_out;
    DraftedNarrative text; ///< with marks in the place of particulars
};

/// How many like findings are in the making, by key. Thread-safe.
class Crowds {
public:
    /// One of them, for as long as it lives.
    class Member {
    public:
        Member(Crowds& crowds, std::string key);
        ~Member();
        Member(const Member&) = delete;
        auto operator=(const Member&) -> Member& = delete;
        [[nodiscard]] auto count() const -> std::size_t { return count_; } ///< when it came, itself included

    private:
        Crowds& crowds_;
        std::string key_;
        std::size_t count_ = 0;
    };

private:
    std::mutex mutex_;
    std::map<std::string, std::size_t> sizes_;
};

class SharedTexts {
public:
    /// @param from see Sharing
    SharedTexts(store::EffectStore& store, const Clock& clock, std::size_t from)
        : store_(store), clock_(clock), from_(from) {}

    /// Counts a finding among its likes until the value goes.
    [[nodiscard]] auto join(const std::string& key) -> std::unique_ptr<Crowds::Member> {
        return std::make_unique<Crowds::Member>(crowds_, key);
    }
    /// Enough of them are in the making for one text to serve them all.
    [[nodiscard]] auto is_storm(const Crowds::Member& one) const -> bool { return one.count() > from_; }

    /// Has an LLM write a text, and generalises it; nullopt where nobody wrote one.
    using Write = std::function<Task<std::optional<SharedText>>()>;
    /// The text under `key`: kept, or written by one of those who ask meanwhile. nullopt: it could not be had.
    auto get(std::string key, Write write, Deadline deadline) -> Task<std::optional<SharedText>>;
    [[nodiscard]] auto now() const -> Timestamp { return clock_.now(); }

private:
    auto kept(std::string key) -> Task<std::optional<SharedText>>;

    store::EffectStore& store_;
    const Clock& clock_;
    std::size_t from_;
    Crowds crowds_;
    SingleFlight<SharedText> flights_;
};

} // namespace dossier::explain
