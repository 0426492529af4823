#pragma once
// The rooms put together from one configuration: everything that a reload replaces. What outlives a reload (threads,
// store, HTTP client, audit head) is the Foundation. A request or a dossier under work holds the Wiring it began with.

#include "dossier/api/rest_api.hpp"
#include "dossier/app/config.hpp"
#include "dossier/base/runtime.hpp"
#include "dossier/ingest/poller.hpp"
#include "dossier/net/http_client.hpp"
#include "dossier/ticket/delivery.hpp"

#include <memory>
#include <vector>

namespace dossier::app {

/// What stays while configurations come and go. Owned by the caller.
struct Foundation {
    Runtime& runtime;
    net::HttpClient& client;
    store::Store& store;
    audit::HeadKeeper& heads;
    const Clock& clock;
    Metrics& metrics;
    std::string replica; ///< names this process among those that share the store
    /// What goes on after a request was answered; each task holds the wiring it began with. nullptr = no requests come.
    TaskScope* after_answers = nullptr;
};

class Wiring {
public:
    /// Reads prompts, knowledge and patterns; the error names the file.
    [[nodiscard]] static auto make(const AppConfig& config, const Foundation& foundation)
        -> Result<std::shared_ptr<Wiring>>;
    ~Wiring();
    Wiring(const Wiring&) = delete;
    auto operator=(const Wiring&) -> Wiring& = delete;

    [[nodiscard]] auto receiver() -> ingest::Receiver&;
    [[nodiscard]] auto builder() -> pipeline::DossierBuilder&;
    [[nodiscard]] auto reviews() -> approve::ReviewQueue&;
    [[nodiscard]] auto delivery() -> ticket::Delivery&;
    [[nodiscard]] auto chat() -> approve::Chat*; ///< nullptr = neither Slack nor Teams
    [[nodiscard]] auto routes() const -> const api::Routes&;
    [[nodiscard]] auto admin_routes() const -> const api::Routes&;
    /// What runs in the background for as long as this wiring is in force.
    [[nodiscard]] auto pollers() const -> const std::vector<std::shared_ptr<ingest::Poller>>&;

private:
    struct Parts;
    explicit Wiring(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

} // namespace dossier::app
