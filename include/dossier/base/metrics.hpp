#pragma once
// Prometheus metrics (prometheus-cpp underneath). Names carry unit and kind (`dossier_upstream_request_seconds`,
// `_total`); labels have few values and are never ids. A registry is made in `app` and passed in.

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace dossier {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Metrics {
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    auto operator=(const Metrics&) -> Metrics& = delete;

    /// Counter `name` (ends in _total) with these labels goes up. Thread-safe, as all of these.
    void count(std::string_view name, Labels labels = {}, double by = 1);
    void set(std::string_view name, double value, Labels labels = {});
    void add(std::string_view name, double delta, Labels labels = {});
    /// Histogram of seconds with buckets from 1 ms to 120 s.
    void observe(std::string_view name, double seconds, Labels labels = {});
    /// Text exposition format 0.0.4.
    [[nodiscard]] auto render() const -> std::string;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier
