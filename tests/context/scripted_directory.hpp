#pragma once
// A directory on loopback whose answers a test writes by path, and the way to ask it: sources as the factory makes
// them.

#include "support/run_task.hpp"

#include "source_factory.hpp"

#include "dossier/base/strings.hpp"
#include "net/scripted_server.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dossier::context {

using namespace std::chrono_literals;

/// What came in, decoded.
struct DirectoryRequest {
    std::string method;
    std::string target; ///< path and query, percent-decoded
    std::string head;
    std::string body;
    [[nodiscard]] auto has(std::string_view text) const -> bool { return target.find(text) != std::string::npos; }
};

using net::test::answer;
using net::test::Answer;

class DirectoryTest : public ::testing::Test {
protected:
    DirectoryTest() { runtime_.start(); }
    ~DirectoryTest() override { runtime_.stop(); }

    using Script = std::function<Answer(const DirectoryRequest&)>;

    /// Starts the server and points `provider` at it.
    void serve(ProviderConfig provider, Script script) {
        server_ = std::make_unique<net::test::ScriptedServer>(
            [this, script = std::move(script)](const std::string& head, const std::string& body, int) {
                DirectoryRequest request{
                    .method = head.substr(0, head.find(' ')), .target = {}, .head = head, .body = body};
                const auto begin = request.method.size() + 1;
                request.target = percent_decode(head.substr(begin, head.find(' ', begin) - begin)).value_or("?");
                {
                    const std::scoped_lock lock(mutex_);
                    targets_.push_back(request.target);
                }
                return script(request);
            });
        provider.url = server_->url("");
        if (provider.kind == "msgraph") provider.auth_url = server_->url("/token");
        ContextConfig config;
        config.timeout = 5s;
        const SourceMakings makings{.client = client_, .metrics = metrics_, .platforms = {}, .graph_limits = {}};
        auto made = make_identity_source(provider, config, makings);
        ASSERT_TRUE(made.has_value()) << made.error().describe();
        source_ = std::move(*made);
    }

    template <class T>
    auto wait(Task<T> task) -> T {
        return dossier::test::start_task(runtime_.lane(0), std::move(task)).get();
    }
    auto person(std::string name) -> Result<std::optional<Person>> {
        return wait(source_->person(std::move(name), deadline_in(5s)));
    }
    /// The person, or an empty one with the failure as its id.
    auto found(const std::string& name) -> Person {
        auto answer = person(name);
        if (!answer) return {.id = std::string(name_of(answer.error().code)) + ": " + answer.error().message};
        return answer->value_or(Person{.id = "nobody"});
    }
    auto groups_of(Person person) -> std::vector<std::string> {
        auto groups = wait(source_->groups_of(std::move(person), deadline_in(5s)));
        return groups ? *groups
                      : std::vector{std::string(name_of(groups.error().code)) + ": " + groups.error().message};
    }
    auto team(std::string name) -> Result<std::optional<Team>> {
        return wait(source_->team(std::move(name), deadline_in(5s)));
    }
    auto check() -> net::ConnectCheck { return wait(source_->check(deadline_in(5s))); }
    auto targets() -> std::vector<std::string> {
        const std::scoped_lock lock(mutex_);
        return std::exchange(targets_, {});
    }
    auto url() -> std::string { return server_->url(""); }

    Metrics metrics_;
    Runtime runtime_{1};
    net::HttpClient client_{runtime_};
    std::unique_ptr<net::test::ScriptedServer> server_;
    std::unique_ptr<IdentitySource> source_;

private:
    std::mutex mutex_;
    std::vector<std::string> targets_;
};

} // namespace dossier::context
