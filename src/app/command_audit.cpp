#include "dossier/app/commands.hpp"

#include "dossier/app/config.hpp"
#include "dossier/audit/head_keeper.hpp"
#include "dossier/base/json.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>
#include <thread>

namespace dossier::app {

auto audit_verify(const std::string& config_path, std::ostream& out) -> int {
    const auto loaded = load_config(config_path);
    if (loaded.has_errors()) {
        for (const auto& problem : loaded.problems) std::cerr << problem.describe() << '\n';
        return exit_usage;
    }
    auto store = store::open_store_for_reading(loaded.config.store);
    if (!store) {
        std::cerr << store.error().describe() << '\n';
        return exit_failed;
    }
    auto keeper = audit::HeadKeeper::open(loaded.config.audit);
    if (!keeper) {
        std::cerr << keeper.error().describe() << '\n';
        return exit_failed;
    }
    const auto head = (*keeper)->load();
    asio::io_context context;
    auto pending = asio::co_spawn(context, audit::verify_chain(**store, head ? *head : std::nullopt), asio::use_future);
    context.run();
    auto verdict = pending.get();
    (*store)->close();
    if (!verdict) {
        std::cerr << verdict.error().describe() << '\n';
        return exit_failed;
    }
    if (!head) {
        verdict->ok = false;
        verdict->completeness = audit::Verdict::broken;
        verdict->reason = head.error().message;
    }
    OrderedJson answer{{"ok", verdict->ok},
                       {"records", verdict->records},
                       {"integrity", audit::to_string(verdict->integrity)},
                       {"completeness", audit::to_string(verdict->completeness)},
                       {"first_broken_seq", nullptr}};
    if (verdict->first_broken_seq) answer["first_broken_seq"] = *verdict->first_broken_seq;
    if (!verdict->reason.empty()) answer["reason"] = verdict->reason;
    out << answer.dump(2) << '\n';
    return verdict->ok ? exit_done : exit_failed;
}

} // namespace dossier::app
