#pragma once
// Lanes and a client for tests of the client half, and a way to await from the test's own thread.

#include "support/run_task.hpp"

#include "dossier/net/http_client.hpp"

#include <future>

#include <gtest/gtest.h>

namespace dossier::net::test {

using namespace std::chrono_literals;

class NetClientTest : public ::testing::Test {
protected:
    NetClientTest() { runtime.start(); }
    ~NetClientTest() override {
        client.reset();
        runtime.stop();
    }

    template <class T>
    auto start(Task<T> task, std::size_t lane = 0) -> std::future<T> {
        return dossier::test::start_task(runtime.lane(lane), std::move(task));
    }
    template <class T>
    auto wait(Task<T> task) -> T {
        return start(std::move(task)).get();
    }
    auto send(ClientRequest request, std::chrono::milliseconds within = 5s) -> Result<HttpResponse> {
        return wait(client->send(std::move(request), deadline_in(within)));
    }

    Runtime runtime{2};
    std::unique_ptr<HttpClient> client = std::make_unique<HttpClient>(runtime);
};

/// The code of a failure, for a readable mismatch: "200" or "timeout".
inline auto summary(const Result<HttpResponse>& result) -> std::string {
    return result ? std::to_string(result->status) : std::string(name_of(result.error().code));
}

} // namespace dossier::net::test
