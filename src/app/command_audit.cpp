#include "dossier/app/commands.hpp"

#include "dossier/app/config.hpp"
#include "dossier/audit/head_keeper.hpp"
#include "dossier/base/json.hpp"
#include "presence.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <filesystem>
#include <iostream>

namespace dossier::app {

auto audit_verify(const std::string& config_path, std::ostream& out) -> int {
    const auto loaded = load_config(config_path, lenient_environment);
    if (loaded.has_errors()) {
        for (const auto& problem : loaded.problems) std::cerr << problem.describe() << '\n';
        return exit_usage;
    }
    const auto complain = [](const std::string& what) {
        std::cerr << "dossier audit verify: " << what << '\n';
        return exit_failed;
    };
    // Looking must not make what it looks for.
    if (const auto file = embedded_store_file(loaded.config.store.url); file && !std::filesystem::exists(*file))
        return complain("there is no store at " + *file);
    auto store = store::open_store(loaded.config.store, audit::seal);
    if (!store) return complain(store.error().describe());
    Result<std::optional<audit::SignedHead>> head = std::nullopt;
    if (std::filesystem::exists(loaded.config.audit.key)) {
        auto keeper = audit::HeadKeeper::open(loaded.config.audit);
        if (!keeper) return complain(keeper.error().describe());
        head = (*keeper)->load();
    }
    asio::io_context context;
    auto pending = asio::co_spawn(context, audit::verify_chain(**store, head ? *head : std::nullopt), asio::use_future);
    context.run();
    auto verdict = pending.get();
    (*store)->close();
    if (!verdict) return complain(verdict.error().describe());
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
