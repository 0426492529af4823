#include "dossier/ingest/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ingest {
namespace {

using testing::HasSubstr;

auto nothing_set(const std::string&, bool& found) -> std::string {
    found = false;
    return {};
}

struct Read {
    std::vector<SourceConfig> sources;
    std::vector<std::string> problems;
};

auto read(const std::string& source) -> Read {
    auto document = config::Document::parse(
        "sources: [{name: wiz, kind: wiz}, {name: other, kind: sns, topics: ['arn:aws:sns:us-east-1:1:t']}, " + source +
            "]",
        "d.yaml", nothing_set);
    Read result;
    {
        auto root = document.root();
        result.sources = read_sources(root.items("sources"));
    }
    for (const auto& problem : document.problems()) {
        if (!problem.is_warning) result.problems.push_back(problem.path + ": " + problem.message);
    }
    return result;
}

TEST(EventConfig, TakesEachKindWithWhatItNeeds) {
    for (const auto* source : {
             "{name: a, kind: eventbridge, as: wiz}",
             "{name: a, kind: sns, topics: ['arn:aws:sns:us-east-1:123456789012:t']}",
             "{name: a, kind: sns, auth: {type: bearer, token: 0123456789abcdef}}",
             "{name: a, kind: sqs, queue_url: 'https://sqs.eu-west-1.amazonaws.com/1/q', wait: 20s, batch: 1}",
             "{name: a, kind: sqs, queue_url: 'https://q.example/1/q', region: us-east-1}",
             "{name: a, kind: event_grid, origins: [eventgrid.azure.net]}",
             "{name: a, kind: cloudevents, origins: ['*']}",
             "{name: a, kind: service_bus, url: 'https://n.servicebus.windows.net', queue: q, key_name: k, key: s}",
             "{name: a, kind: service_bus, url: 'https://n.servicebus.windows.net', topic: t, subscription: s, "
             "tenant_id: t, client_id: c, client_secret: x}",
             "{name: a, kind: aws}",
             "{name: a, kind: defender}",
             "{name: a, kind: scc}",
         })
        EXPECT_THAT(read(source).problems, testing::IsEmpty()) << source;
}

TEST(EventConfig, ReadsWhatIsGivenAndCompletesTheRest) {
    const auto sqs = read("{name: a, kind: sqs, queue_url: 'https://sqs.eu-west-1.amazonaws.com/1/q'}").sources[2];
    EXPECT_EQ(sqs.events.sqs.region, "eu-west-1");
    EXPECT_EQ(sqs.events.sqs.wait, Duration{20'000});
    EXPECT_EQ(sqs.events.sqs.visibility, Duration{60'000});
    const auto china =
        read("{name: a, kind: sqs, queue_url: 'https://sqs.cn-north-1.amazonaws.com.cn/1/q'}").sources[2];
    EXPECT_EQ(china.events.sqs.region, "cn-north-1");
    const auto old = read("{name: a, kind: sqs, queue_url: 'https://us-west-2.queue.amazonaws.com/1/q'}").sources[2];
    EXPECT_EQ(old.events.sqs.region, "us-west-2");
    const auto bus = read("{name: a, kind: service_bus, url: 'https://n.example', topic: t, subscription: s, "
                          "key_name: k, key: s}")
                         .sources[2];
    EXPECT_EQ(bus.events.service_bus.entity, "t/subscriptions/s");
}

TEST(EventConfig, SaysWhatIsWrong) {
    const std::pair<const char*, const char*> rows[] = {
        {"{name: a, kind: eventbridge, as: wizz}", "there is no source `wizz`; did you mean `wiz`?"},
        {"{name: a, kind: eventbridge, as: other}", "`other` brings events"},
        {"{name: a, kind: wiz, as: wiz}", "by the kinds that bring events only"},
        {"{name: a, kind: sns}", "needs `topics`"},
        {"{name: a, kind: sns, topics: [findings]}", "is no ARN of a topic"},
        {"{name: a, kind: wiz, topics: ['arn:aws:sns:us-east-1:1:t']}", "used by kind `sns` only"},
        {"{name: a, kind: eventbridge, queue_url: 'https://sqs.us-east-1.amazonaws.com/1/q'}",
         "used by kind `sqs` only"},
        {"{name: a, kind: sqs}", "queue_url"},
        {"{name: a, kind: sqs, queue_url: 'https://q.example/1/q'}", "add `region`"},
        {"{name: a, kind: sqs, queue_url: 'https://sqs.us-east-1.amazonaws.com/1/q', access_key_id: k}",
         "needs `secret_access_key`"},
        {"{name: a, kind: sqs, queue_url: 'https://sqs.us-east-1.amazonaws.com/1/q', wait: 30s}", "between 0 and 20"},
        {"{name: a, kind: sqs, queue_url: 'https://sqs.us-east-1.amazonaws.com/1/q', batch: 11}", "batch"},
        {"{name: a, kind: sqs, queue_url: 'https://sqs.us-east-1.amazonaws.com/1/q', visibility: 13h}",
         "between 1 and 43200"},
        {"{name: a, kind: sqs, queue_url: 'https://sqs.us-east-1.amazonaws.com/1/q', auth: {type: bearer, token: x}}",
         "nobody posts to it"},
        {"{name: a, kind: service_bus, url: 'https://n.example', queue: q}", "`key_name` and `key`"},
        {"{name: a, kind: service_bus, url: 'https://n.example', key_name: k, key: s}", "name either `queue`"},
        {"{name: a, kind: service_bus, url: 'https://n.example', topic: t, key_name: k, key: s}", "`subscription`"},
        {"{name: a, kind: kinesis}", "kinesis"},
    };
    for (const auto& [source, message] : rows)
        EXPECT_THAT(read(source).problems, testing::Contains(HasSubstr(message))) << source;
}

} // namespace
} // namespace dossier::ingest
