#include "platform_graph.hpp"

#include "concurrent.hpp"
#include "dossier/context/blast_radius.hpp"

#include <algorithm>
#include <utility>

namespace dossier::context {
namespace {

// More than a reader takes in; the bounds hold whatever a platform answers.
constexpr std::size_t most_steps = 20;
constexpr std::size_t most_events = 100;
constexpr std::size_t most_policies = 50;
constexpr std::size_t most_principals = 200;

template <class T>
void bound(std::vector<T>& list, std::size_t most) {
    if (list.size() > most) list.resize(most);
}

class PlatformGraph final : public GraphSource {
public:
    PlatformGraph(std::shared_ptr<ingest::PlatformApi> api, ingest::GraphLimits limits)
        : api_(std::move(api)), limits_(limits) {}

    [[nodiscard]] auto name() const -> const std::string& override { return api_->source(); }
    [[nodiscard]] auto serves(const Finding& finding) const -> bool override {
        return finding.source == api_->source() && (wants_graph() || wants_insight());
    }

    auto ask(Finding finding, Deadline deadline) -> Task<Result<Surroundings>> override {
        Result<std::optional<BlastRadius>> graph;
        Result<ingest::ResourceInsight> insight;
        std::vector<Task<void>> questions;
        if (wants_graph())
            questions.push_back(into<std::optional<BlastRadius>>(
                [this, finding, deadline] { return api_->neighbours(finding, limits_, deadline); }, deadline, graph));
        if (wants_insight())
            questions.push_back(into<ingest::ResourceInsight>(
                [this, finding, deadline] { return api_->insight(finding, deadline); }, deadline, insight));
        co_await all_of(std::move(questions));
        // The reason for a gap; the whole question has failed only where nothing was answered.
        if (!graph && (!insight || !wants_insight())) co_return fail(std::move(graph.error()));
        if (!insight && !wants_graph()) co_return fail(std::move(insight.error()));

        Surroundings around;
        if (!graph) around.gaps.push_back({"graph:" + name(), "the blast radius: " + graph.error().message});
        if (!insight)
            around.gaps.push_back({"insight:" + name(), "access log and policies: " + insight.error().message});
        if (graph && *graph) {
            if ((*graph)->origin.empty()) (*graph)->origin = name();
            around.blast_radius = valid_radius(std::move(**graph), finding.resource, limits_);
        }
        if (insight) take(std::move(*insight), around);
        co_return around;
    }

private:
    [[nodiscard]] auto wants_graph() const -> bool { return limits_.max_hops > 0 && api_->capabilities().graph; }
    [[nodiscard]] auto wants_insight() const -> bool {
        const auto can = api_->capabilities();
        return can.access_log || can.policies || can.graph;
    }

    template <class T>
    auto into(std::function<Task<Result<T>>()> ask, Deadline deadline, Result<T>& answer) -> Task<void> {
        answer = co_await within<T>(std::move(ask), name(), deadline);
    }

    void take(ingest::ResourceInsight insight, Surroundings& around) const {
        const auto sign = [&](auto& list, std::size_t most) {
            bound(list, most);
            for (auto& one : list)
                if (one.origin.empty()) one.origin = name();
        };
        bound(insight.exposure_path, most_steps);
        around.exposure_path = std::move(insight.exposure_path);
        newest_first(insight.access_log);
        sign(insight.access_log, most_events);
        around.access_log = std::move(insight.access_log);
        sign(insight.policies, most_policies);
        around.policies = std::move(insight.policies);
        sign(insight.access, most_principals);
        around.access = std::move(insight.access);
    }

    std::shared_ptr<ingest::PlatformApi> api_;
    ingest::GraphLimits limits_;
};

} // namespace

auto make_platform_graph(std::shared_ptr<ingest::PlatformApi> api, ingest::GraphLimits limits)
    -> std::unique_ptr<GraphSource> {
    return std::make_unique<PlatformGraph>(std::move(api), limits);
}

} // namespace dossier::context
