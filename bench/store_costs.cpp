// What the store's operations cost at a given number of stored findings.
//   store_costs seed FILE COUNT             fills a new store: COUNT findings of the past, done with, and 2,000 of
//   today store_costs measure FILE NUMBER COUNT STORED   prints JSON: CPU and written bytes of an intake, a redelivery,
//   a page of the
//                                           list, a claim with its release, and of a day's digest. NUMBER sets apart
//                                           the findings of this run

#include "process_cpu.hpp"

#include "dossier/audit/chain.hpp"
#include "dossier/store/store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <thread>

namespace {

using namespace dossier;

constexpr int callers = 64;
constexpr int of_today = 2'000;
constexpr std::int64_t today_ms = 1'795'000'000'000;

/// By write calls, of which only the store makes any here. `write_bytes` counts what becomes dirty in the kernel's
/// cache: of a page in a large folio all of it, so that it grows with the file and not with what is written.
auto written_bytes() -> double {
    std::ifstream io("/proc/self/io");
    std::string name;
    double value = 0;
    while (io >> name >> value) {
        if (name == "wchar:") return value;
    }
    return 0;
}

auto make_item(std::int64_t number, std::size_t raw_size) -> store::IntakeItem {
    store::IntakeItem item;
    Finding finding;
    finding.source = "wiz";
    finding.source_id = fmt::format("issue-{}", number);
    finding.title = "Publicly exposed bucket with PII and PCI data";
    finding.severity = Severity::high;
    finding.finding_type = FindingType::sensitive_data;
    finding.exposure = Exposure::public_;
    finding.control = ControlFamily::public_access;
    finding.resource.id = fmt::format("arn:aws:s3:::exports-{}", number);
    finding.resource.name = fmt::format("exports-{}", number);
    finding.resource.type = "bucket";
    finding.resource.cloud = "aws";
    finding.resource.account = "012345678901";
    finding.fingerprint = make_fingerprint(finding);
    finding.exposure_key = make_exposure_key(finding);
    item.raw = fmt::format("{{\"id\":{},\"pad\":\"{}\"}}", number, std::string(raw_size - 40, 'x'));
    item.finding = std::move(finding);
    return item;
}

auto make_delivery(std::int64_t first, int count, std::int64_t at, std::size_t raw_size) -> store::Intake {
    store::Intake intake;
    intake.source = "wiz";
    intake.request_id = fmt::format("req-{}", first);
    intake.at = Timestamp(std::chrono::milliseconds(at));
    for (int i = 0; i < count; ++i) intake.items.push_back(make_item(first + i, raw_size));
    return intake;
}

auto commit(store::Store& store, store::Intake intake) -> Task<void> {
    std::vector<store::AuditEntry> audit(intake.items.size());
    for (auto& entry : audit) {
        entry.time = intake.at;
        entry.action = "finding.received";
    }
    const auto taken = co_await store.commit_intake(std::move(intake), std::move(audit));
    if (!taken) {
        fmt::print(stderr, "{}\n", taken.error().describe());
        std::exit(1);
    }
}

/// Runs `turn` for each number below `count`, `callers` of them at a time.
void run_all(int count, const std::function<Task<void>(int)>& turn) {
    boost::asio::io_context loop;
    int next = 0;
    const auto caller = [&]() -> Task<void> {
        while (next < count) co_await turn(next++);
    };
    for (int i = 0; i < callers; ++i) boost::asio::co_spawn(loop, caller, boost::asio::detached);
    loop.run();
}

auto open(const std::string& file) -> std::unique_ptr<store::Store> {
    auto opened = store::open_store({.url = "sqlite:" + file, .password = {}}, audit::seal);
    if (!opened) {
        fmt::print(stderr, "{}\n", opened.error().describe());
        std::exit(1);
    }
    return std::move(*opened);
}

void run_script(const std::string& file, const char* sql) {
    sqlite3* db = nullptr;
    char* message = nullptr;
    if (sqlite3_open(file.c_str(), &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, nullptr, nullptr, &message) != SQLITE_OK) {
        fmt::print(stderr, "{}\n", message != nullptr ? message : "can't open the store");
        std::exit(1);
    }
    sqlite3_close(db);
}

/// The past ends a day before today; a finding a minute. The raw form of what is long done is kept short: how much a
/// row of `payloads` holds changes neither the depth nor the number of entries of any index.
void seed(const std::string& file, std::int64_t count) {
    constexpr int in_delivery = 500;
    {
        const auto store = open(file);
        const std::int64_t begin = today_ms - 86'400'000 - count * 60'000;
        run_all(static_cast<int>(count / in_delivery), [&](int turn) -> Task<void> {
            const auto first = static_cast<std::int64_t>(turn) * in_delivery;
            return commit(*store, make_delivery(first, in_delivery, begin + first * 60'000, 512));
        });
        run_all(of_today / in_delivery, [&](int turn) -> Task<void> {
            return commit(*store, make_delivery(count + turn * in_delivery, in_delivery, today_ms + turn, 512));
        });
        store->close();
    }
    run_script(
        file,
        "PRAGMA synchronous=OFF; BEGIN;"
        "UPDATE findings SET stage='digested', is_unfinished=0; UPDATE dossiers SET stage='digested', ready_at=NULL;"
        "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);");
}

struct Report {
    std::string text;
    template <class Work>
    void measure(const char* name, int count, Work work) {
        const auto cpu = bench::cpu_seconds();
        const auto written = written_bytes();
        work();
        const auto each = static_cast<double>(count);
        text += fmt::format("{}\"{}\": {{\"cpu_us\": {:.2f}, \"written\": {:.0f}}}", text.empty() ? "" : ", ", name,
                            (bench::cpu_seconds() - cpu) / each * 1e6, (written_bytes() - written) / each);
    }
};

auto dequeue(store::Store& store, int count) -> Task<void> {
    constexpr std::size_t block = 64;
    for (int done = 0; done < count;) {
        const auto now = Timestamp(std::chrono::milliseconds(today_ms + 10'000'000));
        auto claims = co_await store.claim_ready("bench", now, std::chrono::seconds(60), block);
        if (!claims || claims->empty()) co_return;
        done += static_cast<int>(claims->size());
        for (auto& claim : *claims) {
            store::Release release;
            release.claim = claim;
            release.at = now;
            if (auto released = co_await store.release(std::move(release)); !released) std::exit(1);
        }
    }
}

void measure(const std::string& file, std::int64_t number, int count, std::int64_t stored) {
    const auto store = open(file);
    const auto first = 100'000'000 + number * 1'000'000;
    std::mt19937_64 random(static_cast<std::uint64_t>(number));
    // What the last run left of its own in the queue is taken out before anything is measured.
    run_all(1, [&](int) -> Task<void> { return dequeue(*store, 1'000'000); });
    run_all(200, [&](int turn) -> Task<void> { // statements prepared, the upper pages of the indexes read
        return commit(*store, make_delivery(first + 900'000 + turn, 1, today_ms + 5'000'000, 4096));
    });
    run_all(1, [&](int) -> Task<void> { return dequeue(*store, 1'000'000); });
    // A store reads its keys when there is nothing to do; what is asked here is what it costs in the long run.
    std::this_thread::sleep_for(std::chrono::seconds(3));

    Report report;
    report.measure("intake", count, [&] {
        run_all(count, [&](int turn) -> Task<void> {
            return commit(*store, make_delivery(first + turn, 1, today_ms + 5'000'000, 4096));
        });
    });
    report.measure("dequeue", count, [&] { run_all(1, [&](int) -> Task<void> { return dequeue(*store, count); }); });
    report.measure("dedupe", count, [&] {
        run_all(count, [&](int) -> Task<void> {
            return commit(*store,
                          make_delivery(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(stored)), 1,
                                        today_ms, 4096));
        });
    });
    report.measure("list", count / 10, [&] {
        run_all(count / 10, [&](int) -> Task<void> {
            if (auto page = co_await store->list_findings({}, {}); !page || page->items.size() != 50) std::exit(1);
        });
    });
    report.measure("digest", 20, [&] {
        run_all(20, [&](int) -> Task<void> {
            store::FindingFilter filter;
            filter.since = Timestamp(std::chrono::milliseconds(today_ms));
            filter.until = Timestamp(std::chrono::milliseconds(today_ms + 1'000'000));
            std::size_t seen = 0;
            store::Page page{.limit = 1'000, .cursor = {}};
            while (true) {
                auto facts = co_await store->scan_findings(filter, page);
                if (!facts) std::exit(1);
                seen += facts->items.size();
                if (!facts->next_cursor) break;
                page.cursor = *facts->next_cursor;
            }
            if (seen != of_today) {
                fmt::print(stderr, "a digest of {} findings\n", seen);
                std::exit(1);
            }
        });
    });
    fmt::print("{{{}}}\n", report.text);
    store->close();
}

} // namespace

auto main(int count, char** arguments) -> int {
    const std::string_view what = count > 3 ? arguments[1] : "";
    if (what == "seed") {
        seed(arguments[2], std::strtol(arguments[3], nullptr, 10));
    } else if (what == "measure" && count > 5) {
        measure(arguments[2], std::strtol(arguments[3], nullptr, 10), std::atoi(arguments[4]),
                std::strtol(arguments[5], nullptr, 10));
    } else {
        fmt::print(stderr, "usage: store_costs seed FILE COUNT | measure FILE NUMBER COUNT STORED\n");
        return 2;
    }
    return 0;
}
