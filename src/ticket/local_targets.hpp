#pragma once
// The two targets without a vendor: files in a directory, and a signed message.
//
// Files are written beside their place, synced and linked into it, so that a file is there whole or not at all and one
// that stands there already is never overwritten: the same content is ours, another one is a conflict.
//
// A message is `POST` JSON with `X-Dossier-Timestamp`, `X-Dossier-Signature: sha256=<hex HMAC of timestamp.body>` and
// `Idempotency-Key`, which is the same over every try: the receiver has to take a key once. It may answer with `id` and
// `url` of what it made.

#include "forge_client.hpp"
#include "policy_files.hpp"

namespace dossier::ticket {

class FileTarget final : public ActionTarget {
public:
    explicit FileTarget(PolicyTargetConfig config) : config_(std::move(config)) {}
    [[nodiscard]] auto name() const -> const std::string& override { return config_.name; }
    [[nodiscard]] auto takes() const -> std::string_view override { return "policy"; }
    auto find(Action action, Deadline deadline) -> Task<Result<std::optional<ActionReceipt>>> override;
    auto perform(Action action, Deadline deadline) -> Task<Result<ActionReceipt>> override;
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    PolicyTargetConfig config_;
};

class WebhookTarget final : public ActionTarget {
public:
    WebhookTarget(PolicyTargetConfig config, net::HttpClient& client, const Clock& clock, Metrics& metrics);
    [[nodiscard]] auto name() const -> const std::string& override { return config_.name; }
    [[nodiscard]] auto takes() const -> std::string_view override { return "policy"; }
    auto find(Action action, Deadline deadline) -> Task<Result<std::optional<ActionReceipt>>> override;
    auto perform(Action action, Deadline deadline) -> Task<Result<ActionReceipt>> override;
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override;

private:
    PolicyTargetConfig config_;
    ForgeClient client_;
    const Clock& clock_;
};

} // namespace dossier::ticket
