// Keys of the sources that bring events.

#include "dossier/ingest/config.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::ingest {
namespace {

constexpr std::array pushed = {std::string_view("eventbridge"), std::string_view("sns"), std::string_view("event_grid"),
                               std::string_view("cloudevents")};

/// Who may read which key: one place, so that a key under the wrong kind is told what it belongs to.
struct KeyOwner {
    std::string_view key;
    std::vector<std::string_view> kinds;
};

auto key_owners() -> const std::vector<KeyOwner>& {
    static const std::vector<KeyOwner> owners = {
        {"origins", {"event_grid", "cloudevents"}},
        {"topics", {"sns"}},
        {"signing_certificate", {"sns"}},
        {"queue_url", {"sqs"}},
        {"region", {"sqs"}},
        {"access_key_id", {"sqs"}},
        {"secret_access_key", {"sqs"}},
        {"session_token", {"sqs"}},
        {"role_arn", {"sqs"}},
        {"endpoint", {"sqs"}},
        {"visibility", {"sqs"}},
        {"batch", {"sqs"}},
        {"url", {"service_bus"}},
        {"queue", {"service_bus"}},
        {"topic", {"service_bus"}},
        {"subscription", {"service_bus"}},
        {"key_name", {"service_bus"}},
        {"key", {"service_bus"}},
        {"tenant_id", {"service_bus"}},
        {"client_id", {"service_bus"}},
        {"client_secret", {"service_bus"}},
        {"authority", {"service_bus"}},
        {"wait", {"sqs", "service_bus"}},
    };
    return owners;
}

void refuse_keys_of_others(config::Section& section, const std::string& kind) {
    for (const auto& owner : key_owners()) {
        if (std::ranges::find(owner.kinds, kind) != owner.kinds.end() || !section.has(owner.key)) continue;
        section.problem(owner.key,
                        fmt::format("is used by kind `{}` only, not by `{}`", fmt::join(owner.kinds, "` and `"), kind));
    }
}

void read_sns(config::Section& section, SnsConfig& sns) {
    section.read("topics", sns.topics);
    for (const auto& topic : sns.topics) {
        const auto parts = split(topic, ':');
        const bool is_topic = parts.size() == 6 && parts[0] == "arn" && parts[2] == "sns" && !parts[5].empty();
        if (!is_topic)
            section.problem("topics", fmt::format("`{}` is no ARN of a topic, as arn:aws:sns:us-east-1:123456789012:"
                                                  "findings",
                                                  topic));
    }
    section.read("signing_certificate", sns.signing_certificate);
}

/// https://sqs.<region>.amazonaws.com/…, or the older <region>.queue.amazonaws.com.
auto region_of_queue(std::string_view url) -> std::string {
    const auto begin = url.find("://");
    if (begin == std::string_view::npos) return {};
    auto host = url.substr(begin + 3);
    host = host.substr(0, host.find_first_of("/:"));
    const auto labels = split(host, '.');
    if (labels.size() < 3 || !host.contains(".amazonaws.com")) return {};
    if (labels[0] == "sqs") return std::string(labels[1]);
    return labels[1] == "queue" ? std::string(labels[0]) : std::string();
}

void check_span(config::Section& section, std::string_view key, Duration value, Duration least, Duration most) {
    if (value < least || value > most)
        section.problem(key,
                        fmt::format("must lie between {} and {} seconds", least.count() / 1'000, most.count() / 1'000));
}

void read_sqs(config::Section& section, SqsConfig& sqs) {
    section.require("queue_url");
    section.read_url("queue_url", sqs.queue_url);
    section.read("region", sqs.region);
    if (sqs.region.empty()) sqs.region = region_of_queue(sqs.queue_url);
    if (sqs.region.empty() && !sqs.queue_url.empty())
        section.problem("queue_url", "does not say its region; add `region`");
    section.read("access_key_id", sqs.access_key_id);
    section.read("secret_access_key", sqs.secret_access_key);
    section.read("session_token", sqs.session_token);
    if (sqs.access_key_id.empty() != sqs.secret_access_key.empty())
        section.problem("access_key_id", "needs `secret_access_key`, and the other way round");
    section.read("role_arn", sqs.role_arn);
    section.read_url("endpoint", sqs.endpoint);
    section.read("wait", sqs.wait);
    check_span(section, "wait", sqs.wait, Duration{0}, Duration{20'000});
    section.read("visibility", sqs.visibility);
    check_span(section, "visibility", sqs.visibility, Duration{1'000}, Duration{43'200'000});
    section.read("batch", sqs.batch, 1, 10);
}

void read_service_bus(config::Section& section, ServiceBusConfig& bus) {
    section.require("url");
    section.read_url("url", bus.url);
    std::string queue;
    std::string topic;
    std::string subscription;
    section.read("queue", queue);
    section.read("topic", topic);
    section.read("subscription", subscription);
    if (queue.empty() == topic.empty()) section.problem("queue", "name either `queue`, or `topic` and `subscription`");
    if (topic.empty() != subscription.empty())
        section.problem("topic", "needs `subscription`, and the other way round");
    bus.entity = queue.empty() ? topic + "/subscriptions/" + subscription : queue;
    section.read("key_name", bus.key_name);
    section.read("key", bus.key);
    section.read("tenant_id", bus.tenant_id);
    section.read("client_id", bus.client_id);
    section.read("client_secret", bus.client_secret);
    section.read_url("authority", bus.authority);
    const bool has_key = !bus.key_name.empty() && !bus.key.empty();
    const bool has_app = !bus.tenant_id.empty() && !bus.client_id.empty() && !bus.client_secret.empty();
    if (has_key == has_app)
        section.problem("", "needs either `key_name` and `key`, or `tenant_id`, `client_id` and `client_secret`");
    section.read("wait", bus.wait);
    check_span(section, "wait", bus.wait, Duration{0}, Duration{60'000});
}

} // namespace

auto is_event_kind(std::string_view kind) -> bool {
    return is_pulled(kind) || std::ranges::find(pushed, kind) != pushed.end();
}

auto is_pulled(std::string_view kind) -> bool { return kind == "sqs" || kind == "service_bus"; }

auto read_events(config::Section& section, const std::string& kind) -> EventConfig {
    EventConfig events;
    refuse_keys_of_others(section, kind);
    if (kind == "event_grid" || kind == "cloudevents") section.read("origins", events.origins);
    if (kind == "sns") read_sns(section, events.sns);
    if (kind == "sqs") read_sqs(section, events.sqs);
    if (kind == "service_bus") read_service_bus(section, events.service_bus);
    return events;
}

} // namespace dossier::ingest
