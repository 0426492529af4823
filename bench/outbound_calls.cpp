// What a call to the outside costs: the service's HTTP client with many calls under way beside one bare libcurl handle
// that asks over one connection again and again. Prints JSON: calls, CPU a call, resident memory a call in flight.
//   outbound_calls easy URL SECONDS [BODY_BYTES]
//   outbound_calls client URL SECONDS IN_FLIGHT [BODY_BYTES]      two lanes, as the service has on two cores

#include "process_cpu.hpp"

#include "dossier/net/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include <unistd.h>

namespace {

using namespace dossier;
using Clock = std::chrono::steady_clock;

auto resident_kib() -> double {
    std::ifstream pages("/proc/self/statm");
    double size = 0;
    double resident = 0;
    pages >> size >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

struct Counted {
    std::uint64_t calls = 0;
    double seconds = 0;
    double cpu = 0;
    double kib = 0; ///< a call in flight
};

void print(const Counted& counted) {
    fmt::print("{{\"calls\": {}, \"seconds\": {:.3f}, \"cpu_us\": {:.2f}, \"kib\": {:.1f}}}\n", counted.calls,
               counted.seconds, counted.cpu / static_cast<double>(counted.calls) * 1e6, counted.kib);
}

auto swallow(char* /*bytes*/, std::size_t size, std::size_t count, void* /*user*/) -> std::size_t {
    return size * count;
}

auto run_easy(const std::string& url, double seconds, std::size_t body_bytes) -> Counted {
    const std::string body(body_bytes, 'x');
    auto* handle = curl_easy_init();
    auto* headers = curl_slist_append(nullptr, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, swallow);
    if (!body.empty()) {
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.data());
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    }
    Counted counted;
    const auto ask = [&] {
        long status = 0;
        if (curl_easy_perform(handle) != CURLE_OK) return false;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        return status == 200;
    };
    if (ask()) { // the connection is no call's business
        const auto began = Clock::now();
        const auto cpu = bench::cpu_seconds();
        while (Clock::now() - began < std::chrono::duration<double>(seconds) && ask()) ++counted.calls;
        counted.cpu = bench::cpu_seconds() - cpu;
        counted.seconds = std::chrono::duration<double>(Clock::now() - began).count();
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(handle);
    return counted;
}

struct Callers {
    net::HttpClient& client;
    std::string url;
    std::string body;
    Clock::time_point end;
    std::atomic<std::uint64_t> done;
    std::atomic<std::uint64_t> failed;

    auto call_again() -> Task<void> {
        while (Clock::now() < end) {
            net::ClientRequest request;
            request.url = url;
            if (!body.empty()) {
                request.method = "POST";
                request.headers.set("Content-Type", "application/json");
                request.body = FixedText(body);
            }
            const auto answer = co_await client.send(std::move(request), deadline_in(std::chrono::seconds(30)));
            ++(answer && answer->status == 200 ? done : failed);
        }
    }
};

auto run_client(const std::string& url, double seconds, std::size_t in_flight, std::size_t body_bytes) -> Counted {
    Runtime runtime(2);
    runtime.start();
    Counted counted;
    {
        net::HttpClient client(runtime);
        const auto whole = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
        Callers callers{client, url, std::string(body_bytes, 'x'), Clock::now() + whole, 0, 0};
        TaskScope scope;
        const auto idle = resident_kib();
        // Connections are made beside the first calls: what they cost is left out.
        for (std::size_t i = 0; i < in_flight; ++i) {
            scope.spawn(runtime.next_lane().get_executor(), "caller", [&callers] { return callers.call_again(); });
        }
        auto top = idle;
        const auto watch = [&](auto until) {
            while (Clock::now() < callers.end && !until()) {
                top = std::max(top, resident_kib());
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
            }
        };
        watch([&] { return callers.done >= in_flight; });
        const auto cpu = bench::cpu_seconds();
        const auto first = callers.done.load();
        const auto warm = Clock::now();
        watch([] { return false; });
        counted.calls = callers.done - first;
        counted.cpu = bench::cpu_seconds() - cpu;
        counted.seconds = std::chrono::duration<double>(Clock::now() - warm).count();
        counted.kib = (top - idle) / static_cast<double>(in_flight);
        while (scope.running() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        std::atomic<bool> closed = false;
        asio::co_spawn(
            runtime.lane(0),
            [&]() -> Task<void> {
                co_await scope.close(deadline_in(std::chrono::seconds(30)));
                closed = true;
            },
            asio::detached);
        while (!closed) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        if (callers.failed > 0) {
            fmt::print(stderr, "{} calls failed\n", callers.failed.load());
            counted.calls = 0;
        }
    }
    runtime.stop();
    return counted;
}

} // namespace

auto main(int count, char** arguments) -> int {
    const std::string mode = count > 1 ? arguments[1] : "";
    const bool easy = mode == "easy" && count >= 4;
    if (!easy && !(mode == "client" && count >= 5)) {
        fmt::print(stderr, "usage: outbound_calls easy URL SECONDS [BODY_BYTES]\n"
                           "       outbound_calls client URL SECONDS IN_FLIGHT [BODY_BYTES]\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const auto seconds = std::strtod(arguments[3], nullptr);
    const auto number = [&](int at) { return count > at ? std::strtoul(arguments[at], nullptr, 10) : 0UL; };
    const auto counted =
        easy ? run_easy(arguments[2], seconds, number(4)) : run_client(arguments[2], seconds, number(4), number(5));
    if (counted.calls == 0) {
        fmt::print(stderr, "outbound_calls: no call was answered with 200\n");
        return 1;
    }
    print(counted);
    return 0;
}
