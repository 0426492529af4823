#include "dossier/base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <sstream>

namespace dossier {

namespace {

using LabelMap = std::map<std::string, std::string>;

auto to_map(Labels labels) -> LabelMap {
    LabelMap map;
    for (const auto& [name, value] : labels) map.emplace(name, value);
    return map;
}

const prometheus::Histogram::BucketBoundaries buckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                         0.5,   1,      2.5,   5,    10,    30,   60,  120};

} // namespace

struct Metrics::Impl {
    prometheus::Registry registry;
    std::mutex mutex; // the registry's own lock doesn't cover finding a family by name
    std::map<std::string, prometheus::Family<prometheus::Counter>*, std::less<>> counters;
    std::map<std::string, prometheus::Family<prometheus::Gauge>*, std::less<>> gauges;
    std::map<std::string, prometheus::Family<prometheus::Histogram>*, std::less<>> histograms;

    template <class Build, class Map>
    auto family(Map& known, std::string_view name, Build build) -> auto& {
        const std::lock_guard lock(mutex);
        const auto found = known.find(name);
        if (found != known.end()) return *found->second;
        auto& made = build().Name(std::string(name)).Register(registry);
        known.emplace(name, &made);
        return made;
    }
    auto gauge(std::string_view name, Labels labels) -> prometheus::Gauge& {
        return family(gauges, name, [] { return prometheus::BuildGauge(); }).Add(to_map(labels));
    }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::count(std::string_view name, Labels labels, double by) {
    impl_->family(impl_->counters, name, [] { return prometheus::BuildCounter(); }).Add(to_map(labels)).Increment(by);
}

void Metrics::set(std::string_view name, double value, Labels labels) { impl_->gauge(name, labels).Set(value); }

void Metrics::add(std::string_view name, double delta, Labels labels) { impl_->gauge(name, labels).Increment(delta); }

void Metrics::observe(std::string_view name, double seconds, Labels labels) {
    impl_->family(impl_->histograms, name, [] { return prometheus::BuildHistogram(); })
        .Add(to_map(labels), buckets)
        .Observe(seconds);
}

auto Metrics::render() const -> std::string {
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, impl_->registry.Collect());
    return out.str();
}

} // namespace dossier
