// The floor under every acknowledgement: SQLite alone (WAL, FULL), one thread, groups of a given size, rows of 4 KiB.
//   bare_commit FILE GROUP SECONDS [BYTES]      prints JSON: rows, seconds, CPU per row, bytes written per row

#include "intake_table.hpp"
#include "process_cpu.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

namespace {

auto written_bytes() -> std::uint64_t {
    std::ifstream io("/proc/self/io");
    std::string name;
    std::uint64_t value = 0;
    while (io >> name >> value) {
        if (name == "write_bytes:") return value;
    }
    return 0;
}

} // namespace

auto main(int count, char** arguments) -> int {
    if (count < 4) {
        fmt::print(stderr, "usage: bare_commit FILE GROUP SECONDS [BYTES]\n");
        return 2;
    }
    const auto group = std::strtol(arguments[2], nullptr, 10);
    const std::chrono::duration<double> span(std::strtod(arguments[3], nullptr));
    const std::string payload(count > 4 ? std::strtoul(arguments[4], nullptr, 10) : 4096, 'x');
    bench::IntakeTable table(arguments[1]);
    const auto cpu = bench::cpu_seconds();
    const auto written = written_bytes();
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t rows = 0;
    while (std::chrono::steady_clock::now() - begin < span) {
        table.begin();
        for (long i = 0; i < group; ++i) table.insert(payload);
        table.commit();
        rows += static_cast<std::uint64_t>(group);
    }
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const auto each = static_cast<double>(rows);
    fmt::print(
        "{{\"rows\": {}, \"seconds\": {:.4f}, \"cpu_seconds\": {:.4f}, \"cpu_us\": {:.2f}, \"written\": {:.0f}}}\n",
        rows, seconds, bench::cpu_seconds() - cpu, (bench::cpu_seconds() - cpu) / each * 1e6,
        static_cast<double>(written_bytes() - written) / each);
    return 0;
}
