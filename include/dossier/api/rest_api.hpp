#pragma once
// The REST routes of DESIGN §3 over the rooms below. `Services` is what they reach; nothing here decides anything that
// another room should.

#include "dossier/api/routes.hpp"
#include "dossier/approve/chat.hpp"
#include "dossier/approve/review_queue.hpp"
#include "dossier/audit/head_keeper.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/ingest/receiver.hpp"
#include "dossier/pipeline/dossier_builder.hpp"
#include "dossier/report/questioner.hpp"
#include "dossier/store/store.hpp"
#include "dossier/ticket/callbacks.hpp"

#include <memory>

namespace dossier::api {

struct Services {
    store::Store& store;
    ingest::Receiver& receiver;
    pipeline::DossierBuilder& builder;
    approve::ReviewQueue& reviews;
    report::Questioner& questioner;
    audit::HeadKeeper& heads;
    const Clock& clock;
    Metrics& metrics;
    pipeline::Mode mode = pipeline::Mode::assist;    ///< as configured
    std::size_t capacity = 0;                        ///< queue.capacity
    bool metrics_elsewhere = false;                  ///< `server.admin_listen` is set: no /metrics here
    ticket::Callbacks* callbacks = nullptr;          ///< nullptr = no tracker calls back
    const explain::Classifier* classifier = nullptr; ///< takes corrections of classifications
    approve::Chat* chat = nullptr;                   ///< nullptr = neither Slack nor Teams
    const Authenticator* authenticator = nullptr;    ///< of the routes; for people who sign in by a form
};

/// Adds every route. `services` and `routes` outlive the server.
void add_rest_routes(Routes& routes, const Services& services);
/// Only health, readiness and metrics, for `server.admin_listen`.
void add_admin_routes(Routes& routes, const Services& services);

/// OpenAPI 3.1 document of the table, as JSON text.
[[nodiscard]] auto openapi_document(const Routes& routes) -> std::string;

} // namespace dossier::api
