#pragma once
// The rooms put together for a test, all real over an SQLite store in a directory of its own; only the edges are
// fakes: an LLM that refuses (so the template narrator writes) and counts, a tracker, the scanner's own API where a
// test connects it, the sources of context, the clock.

#include "support/failing_store.hpp"
#include "support/fake_platform.hpp"
#include "support/run_task.hpp"
#include "ticket/delivery_fakes.hpp"

#include "dossier/audit/chain.hpp"
#include "dossier/audit/head_keeper.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/pipeline/dossier_builder.hpp"

#include <filesystem>
#include <stdexcept>

namespace dossier::test {

class TempDirectory {
public:
    TempDirectory() : path_(std::filesystem::temp_directory_path() / ("dossier-test-" + random_hex(8))) {
        std::filesystem::create_directories(path_);
    }
    ~TempDirectory() {
        std::error_code ignored; // what can't be removed is the system's to clean
        std::filesystem::remove_all(path_, ignored);
    }
    TempDirectory(const TempDirectory&) = delete;
    auto operator=(const TempDirectory&) -> TempDirectory& = delete;
    [[nodiscard]] auto file(const std::string& name) const -> std::string { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// The value of a task that is expected to succeed.
template <class T>
auto value_of(Task<Result<T>> task) -> T {
    auto result = run_task(std::move(task));
    if (!result) throw std::runtime_error("unexpected error: " + result.error().describe());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class RefusingLlm final : public explain::LlmProvider {
public:
    explicit RefusingLlm(int& calls) : calls_(calls) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto model() const -> const std::string& override { return model_; }
    auto complete(explain::LlmRequest, Deadline) -> Task<Result<explain::LlmAnswer>> override {
        ++calls_;
        co_return fail(Errc::rejected, "refused");
    }

private:
    int& calls_;
    std::string name_ = "main";
    std::string model_ = "model-1";
};

/// What the sources of context say, as the test has set it.
struct Known {
    std::string owner = "alice@acme.example";
    double confidence = 0.95;
    Environment environment = Environment::dev;
};

class KnownIdentity final : public context::IdentitySource {
public:
    explicit KnownIdentity(const Known& known) : known_(known) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    auto ask(Resource, Deadline) -> Task<Result<context::IdentityAnswer>> override {
        context::IdentityAnswer answer;
        answer.owners = {{.person = {.email = known_.owner},
                          .rule = "resource=*",
                          .origin = "identity:file",
                          .confidence = known_.confidence}};
        co_return answer;
    }
    auto person(std::string, Deadline) -> Task<Result<std::optional<Person>>> override {
        co_return std::optional<Person>{};
    }

private:
    const Known& known_;
    std::string name_ = "identity:file";
};

class KnownAssets final : public context::CmdbSource {
public:
    explicit KnownAssets(const Known& known) : known_(known) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    auto ask(Resource, Deadline) -> Task<Result<std::optional<Asset>>> override {
        co_return Asset{.environment = known_.environment, .rule = "name=*", .origin = "cmdb:file"};
    }

private:
    const Known& known_;
    std::string name_ = "cmdb:file";
};

class House {
public:
    TempDirectory directory;
    ticket::test::StepClock clock;
    Metrics metrics;
    int llm_calls = 0;
    Known known;
    std::unique_ptr<store::Store> real =
        *store::open_store({.url = "sqlite:" + directory.file("dossier.db")}, audit::seal);
    FailingStore store{*real};
    ingest::Receiver receiver{{scanner(), wiz()}, store, clock, metrics, 1'000};
    std::unique_ptr<explain::Assessor> assessor = *explain::Assessor::load("");
    std::unique_ptr<explain::Governor> governor = *explain::Governor::load("");
    std::shared_ptr<const redact::Redactor> redactor = *redact::Redactor::make({});
    std::shared_ptr<ticket::test::FakeTracker> tracker = std::make_shared<ticket::test::FakeTracker>(clock);
    ticket::Delivery delivery{
        {{"jira", tracker}}, store, {.settle = Duration{60'000}, .instance = "t"}, clock, metrics};
    std::shared_ptr<FakePlatform> platform = std::make_shared<FakePlatform>("scan");
    ticket::LifecycleConfig lifecycle;
    ticket::GroupConfig group;
    ingest::WriteBackConfig may_write;
    bool is_connected = false; ///< whether the platform is written to
    std::string rule;          ///< that the scanner names; "" = none
    std::string bucket = "payments-export";
    std::string extra; ///< further members of what the scanner sends: R"(,"classes":["pii"])"
    pipeline::PipelineConfig config;
    std::vector<std::shared_ptr<ingest::PlatformApi>> platforms;
    std::string approval = "before_assign";

    /// A builder as a restart would make it: nothing is remembered but what is in the store.
    auto builder() -> pipeline::DossierBuilder& {
        std::vector<std::unique_ptr<context::IdentitySource>> identity;
        identity.push_back(std::make_unique<KnownIdentity>(known));
        std::vector<std::unique_ptr<context::CmdbSource>> cmdb;
        cmdb.push_back(std::make_unique<KnownAssets>(known));
        enrichers_.push_back(std::make_unique<context::Enricher>(
            context::ContextSources{.identity = std::move(identity), .cmdb = std::move(cmdb)}, context::ContextConfig{},
            metrics));
        write_backs_.push_back(std::make_unique<ticket::WriteBack>(
            std::vector<ticket::WriteBackPlatform>{{.api = platform, .config = may_write}}, store,
            net::RetryPolicy{.base = Duration{1'000}, .max = Duration{60'000}}, clock, metrics));
        lifecycles_.push_back(std::make_unique<ticket::Lifecycle>(
            std::map<std::string, std::shared_ptr<ticket::TicketSink>>{{"jira", tracker}},
            ticket::LifecycleStore{.tickets = store, .effects = store}, lifecycle,
            net::RetryPolicy{.base = Duration{1'000}, .max = Duration{60'000}}, clock, metrics));
        std::vector<std::unique_ptr<explain::LlmProvider>> providers;
        providers.push_back(std::make_unique<RefusingLlm>(llm_calls));
        auto prompts = std::make_shared<explain::PromptCatalogue>(*explain::PromptCatalogue::load(""));
        gateways_.push_back(std::make_unique<explain::LlmGateway>(std::move(providers), explain::LlmConfig{}, &store,
                                                                  clock, metrics, &store));
        narrators_.push_back(
            std::make_unique<explain::Narrator>(*gateways_.back(), std::move(prompts), redactor, metrics));
        builders_.push_back(std::make_unique<pipeline::DossierBuilder>(
            pipeline::Stations{.store = store,
                               .receiver = receiver,
                               .enricher = *enrichers_.back(),
                               .assessor = *assessor,
                               .governor = *governor,
                               .narrator = *narrators_.back(),
                               .delivery = delivery,
                               .redactor = *redactor,
                               .clock = clock,
                               .metrics = metrics,
                               .config = config,
                               .platforms = platforms,
                               .default_approval = approval,
                               .default_sink = "jira",
                               .lifecycle = lifecycles_.back().get(),
                               .write_back = is_connected ? write_backs_.back().get() : nullptr,
                               .group = group}));
        return *builders_.back();
    }

    /// A delivery of the scanner. @param number of the finding; all are of `bucket` and of the same kind
    auto deliver(int number, const std::string& status = "open", const std::string& title = "S3 bucket is public",
                 const std::string& severity = "high") -> store::IntakeResult {
        net::HttpRequest request;
        request.method = "POST";
        request.headers.set("Content-Type", "application/json");
        request.body = R"({"id":"f)" + std::to_string(number) + R"(","title":")" + title + R"(","status":")" + status +
                       R"(","rule":")" + rule + R"(","severity":")" + severity + R"(","arn":"arn:aws:s3:::)" + bucket +
                       "\"" + extra + "}";
        request.request_id = "req-1";
        return value_of(receiver.receive("scan", std::move(request))).results.at(0);
    }

    /// A body of the source "wiz", which has an API.
    auto deliver_wiz(std::string body) -> store::IntakeResult {
        net::HttpRequest request;
        request.body = std::move(body);
        return value_of(receiver.receive("wiz", std::move(request))).results.at(0);
    }

    auto claim() -> std::vector<store::Claim> {
        return value_of(store.claim_ready("worker", clock.now(), Duration{60'000}, 10));
    }
    /// Claims what is ready and takes each as far as it goes. @return how the claims ended
    auto work(bool crash = false) -> std::vector<store::Release> {
        std::vector<store::Release> ends;
        for (auto& claim : claim()) {
            ends.push_back(run_task(builder().advance(std::move(claim))));
            if (crash) continue;
            auto released = run_task(real->release(ends.back()));
            // A dossier whose finding moved away is nobody's.
            if (!released && released.error().code != Errc::conflict)
                throw std::runtime_error(released.error().describe());
        }
        if (crash) value_of(real->abandon_leases("worker"));
        return ends;
    }
    auto dossier(const std::string& id) -> store::DossierRow { return value_of(store.get_dossier(id)); }
    auto draft(const std::string& dossier_id) -> Draft { return dossier(dossier_id).drafts.at(0); }
    auto decide(const std::string& draft_id, DraftState decision) -> Task<void> {
        auto decided = co_await real->decide_draft(draft_id, "", decision, "bob", "", clock.now(), {});
        if (!decided) throw std::runtime_error(decided.error().describe());
    }
    auto edit(const std::string& draft_id, std::string body) -> Task<void> {
        auto draft = co_await real->get_draft(draft_id);
        draft->body = std::move(body);
        auto edited = co_await real->edit_draft(draft_id, "", *draft, {}, {});
        if (!edited) throw std::runtime_error(edited.error().describe());
    }
    auto audited(const std::string& action) -> std::size_t {
        return value_of(store.list_audit({.action = action}, {.limit = 200})).items.size();
    }

private:
    static auto wiz() -> ingest::SourceConfig {
        ingest::SourceConfig config{.name = "wiz", .kind = "wiz"};
        config.api = ingest::ApiConfig{};
        return config;
    }
    static auto scanner() -> ingest::SourceConfig {
        return {.name = "scan",
                .kind = "generic",
                .map = {{"id", "/id"},
                        {"title", "/title"},
                        {"rule.id", "/rule"},
                        {"status", "/status"},
                        {"severity", "/severity"},
                        {"data", "/classes"},
                        {"finding_type", "/type"},
                        {"resource.id", "/arn"}}};
    }
    // All are kept: a request may hold on to an older one.
    std::vector<std::unique_ptr<context::Enricher>> enrichers_;
    std::vector<std::unique_ptr<explain::LlmGateway>> gateways_;
    std::vector<std::unique_ptr<explain::Narrator>> narrators_;
    std::vector<std::unique_ptr<ticket::Lifecycle>> lifecycles_;
    std::vector<std::unique_ptr<ticket::WriteBack>> write_backs_;
    std::vector<std::unique_ptr<pipeline::DossierBuilder>> builders_;
};

} // namespace dossier::test
