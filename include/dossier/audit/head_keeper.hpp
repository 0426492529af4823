#pragma once
// Keeps the signed head of the chain outside the store (`<key>.head`, replaced atomically), so that a cut tail or an
// old backup shows. Writes it when the chain has moved, at most once an interval, and at the end. The key pair is
// Ed25519;
// `<key>.pub` is what an auditor needs.

#include "dossier/audit/chain.hpp"
#include "dossier/audit/config.hpp"

#include <memory>

namespace dossier::audit {

class HeadKeeper {
public:
    /// Makes the key on first use. `storage` when the files can't be read or written.
    [[nodiscard]] static auto open(const AuditConfig& config) -> Result<std::unique_ptr<HeadKeeper>>;
    ~HeadKeeper();

    /// Signs and writes the store's head if it moved.
    auto save(store::AuditStore& store, Timestamp now) -> Task<Result<void>>;
    /// Runs `save` every `interval` until cancelled.
    auto run(store::AuditStore& store, const Clock& clock, Duration interval) -> Task<void>;
    /// The head on disk if its signature holds; nullopt when there is none; `malformed` when it was tampered with.
    [[nodiscard]] auto load() const -> Result<std::optional<SignedHead>>;

private:
    struct Impl;
    explicit HeadKeeper(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::audit
