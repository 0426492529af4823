#include "dossier/base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <sstream>
#include <unordered_map>

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

/// Name and labels as one text, by which a metric is found again without the registry's maps of labels.
auto key_of(std::string_view name, Labels labels) -> const std::string& {
    thread_local std::string key;
    key.assign(name);
    for (const auto& [label, value] : labels) {
        key += '\0';
        key += label;
        key += '\0';
        key += value;
    }
    return key;
}

} // namespace

struct Metrics::Impl {
    template <class Metric>
    struct Known {
        std::map<std::string, prometheus::Family<Metric>*, std::less<>> families;
        std::unordered_map<std::string, Metric*> metrics; ///< the registry never drops one
    };
    prometheus::Registry registry;
    std::mutex mutex;
    Known<prometheus::Counter> counters;
    Known<prometheus::Gauge> gauges;
    Known<prometheus::Histogram> histograms;

    /// @param add_to makes the metric of a family with these labels
    template <class Metric, class Build, class AddTo>
    auto find(Known<Metric>& known, Build build, std::string_view name, Labels labels, AddTo add_to) -> Metric& {
        const auto& key = key_of(name, labels);
        const std::lock_guard lock(mutex);
        if (const auto found = known.metrics.find(key); found != known.metrics.end()) return *found->second;
        auto family = known.families.find(name);
        if (family == known.families.end())
            family = known.families.emplace(name, &build().Name(std::string(name)).Register(registry)).first;
        auto& metric = add_to(*family->second, to_map(labels));
        known.metrics.emplace(key, &metric);
        return metric;
    }
    auto gauge(std::string_view name, Labels labels) -> prometheus::Gauge& {
        return find(gauges, prometheus::BuildGauge, name, labels,
                    [](auto& family, const LabelMap& with) -> auto& { return family.Add(with); });
    }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::count(std::string_view name, Labels labels, double by) {
    impl_
        ->find(impl_->counters, prometheus::BuildCounter, name, labels,
               [](auto& family, const LabelMap& with) -> auto& { return family.Add(with); })
        .Increment(by);
}

void Metrics::set(std::string_view name, double value, Labels labels) { impl_->gauge(name, labels).Set(value); }

void Metrics::add(std::string_view name, double delta, Labels labels) { impl_->gauge(name, labels).Increment(delta); }

void Metrics::observe(std::string_view name, double seconds, Labels labels) {
    impl_
        ->find(impl_->histograms, prometheus::BuildHistogram, name, labels,
               [](auto& family, const LabelMap& with) -> auto& { return family.Add(with, buckets); })
        .Observe(seconds);
}

auto Metrics::render() const -> std::string {
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, impl_->registry.Collect());
    return out.str();
}

} // namespace dossier
