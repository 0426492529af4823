// What one acknowledged finding costs in the store alone: new findings of 4 KiB, one a delivery, committed by many
// callers at once, with their audit records. Prints CPU (of all threads of this process) and wall time per finding.
//   store_intake [URL [connections [findings]]]     default: sqlite: in a temporary directory, 64, 20000

#include "process_cpu.hpp"

#include "dossier/audit/chain.hpp"
#include "dossier/store/store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <unistd.h>

namespace {

using namespace dossier;

auto one_delivery(int number) -> store::Intake {
    store::Intake intake;
    intake.source = "wiz";
    intake.request_id = fmt::format("req-{}", number);
    intake.at = Timestamp(std::chrono::milliseconds(1'795'000'000'000 + number));
    store::IntakeItem item;
    Finding finding;
    finding.source = "wiz";
    finding.source_id = fmt::format("{}-{}", ::getpid(), number);
    finding.fingerprint = finding.source_id;
    finding.exposure_key = "exp-" + finding.source_id;
    finding.title = "Bucket is public";
    finding.severity = Severity::high;
    finding.resource.name = fmt::format("payments-{}", number);
    item.finding = std::move(finding);
    item.raw = fmt::format("{{\"id\":{},\"pad\":\"{}\"}}", number, std::string(4'060, 'x'));
    intake.items.push_back(std::move(item));
    return intake;
}

auto deliver(store::Store& store, int& next, int count, int& failed) -> Task<void> {
    while (next < count) {
        const auto number = next++;
        store::AuditEntry entry;
        entry.time = Timestamp(std::chrono::milliseconds(1'795'000'000'000 + number));
        entry.action = "finding.received";
        std::vector<store::AuditEntry> audit;
        audit.push_back(std::move(entry));
        const auto taken = co_await store.commit_intake(one_delivery(number), std::move(audit));
        failed += taken ? 0 : 1;
    }
}

} // namespace

auto main(int argc, char** argv) -> int {
    const auto directory = std::filesystem::temp_directory_path() / fmt::format("store-intake-{}", ::getpid());
    const std::string url = argc > 1 && argv[1][0] != '\0' ? argv[1] : "sqlite:" + (directory / "dossier.db").string();
    const int connections = argc > 2 ? std::atoi(argv[2]) : 64;
    const int count = argc > 3 ? std::atoi(argv[3]) : 20'000;
    int failed = 0;
    {
        boost::asio::io_context loop;
        auto opened = store::open_store({.url = url, .password = {}}, audit::seal);
        if (!opened) {
            fmt::print(stderr, "{}\n", opened.error().describe());
            return 1;
        }
        int next = 0;
        const auto began = std::chrono::steady_clock::now();
        const auto cpu = bench::cpu_seconds();
        for (int i = 0; i < connections; ++i)
            boost::asio::co_spawn(loop, deliver(**opened, next, count, failed), boost::asio::detached);
        loop.run();
        const auto spent = bench::cpu_seconds() - cpu;
        const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        fmt::print("{} connections: {:.1f} us CPU and {:.1f} us of time a finding, {:.0f} a second, {} failed\n",
                   connections, spent / count * 1e6, took / count * 1e6, count / took, failed);
        (*opened)->close();
    }
    std::filesystem::remove_all(directory);
    return failed == 0 ? 0 : 1;
}
