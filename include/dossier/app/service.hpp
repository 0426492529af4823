#pragma once
// `dossier serve`: owns everything that runs, in the order in which it may die.
//
// Start: store → audit head → wiring → workers → listeners → pollers. Stop (SIGTERM, SIGINT): listeners drain (what is
// under way is answered), pollers end, workers reach their next checkpoint, background loops end, the audit head is
// signed, the lanes stop, the store closes. SIGHUP reads configuration, prompts, knowledge and certificates again; what
// can't be read leaves the old in place. Listen addresses, store, queue sizes and audit key need a restart.

#include "dossier/app/config.hpp"
#include "dossier/base/error.hpp"

#include <memory>
#include <string>

namespace dossier::app {

class Service {
public:
    Service(AppConfig config, std::string config_path);
    ~Service();
    Service(const Service&) = delete;
    auto operator=(const Service&) -> Service& = delete;

    /// Opens everything and begins to listen.
    auto start() -> Result<void>;
    /// Blocks until a signal has asked to stop and everything has ended.
    void run_until_stopped();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::app
