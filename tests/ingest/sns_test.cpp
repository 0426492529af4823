// SNS' signatures, judged by keys made here and by the vectors of the contracts, where they are at hand; and what its
// handshake fetches, confirms and refuses.

#include "dossier/ingest/sns.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/ingest/handshake.hpp"

#include "finding_row.hpp"
#include "sns_signer.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

namespace dossier::ingest {
namespace {

constexpr auto topic = "arn:aws:sns:us-east-1:123456789012:dspm";
constexpr auto certificate_url = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem";
constexpr auto subscribe_url = "https://sns.us-east-1.amazonaws.com/"
                               "?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:123456789012:dspm&Token=t0k";

auto parsed(const Json& message) -> Result<SnsMessage> {
    const auto document = JsonDocument::parse(dump_json(message));
    if (!document) return fail(document.error());
    return parse_sns(document->root());
}

class SteppedClock final : public Clock {
public:
    Timestamp time{std::chrono::seconds(1'795'500'000)};
    auto now() const -> Timestamp override { return time; }
};

TEST(SnsVectors, AreJudgedAsTheContractSays) {
    const auto payloads = shared_payloads();
    if (payloads.empty()) GTEST_SKIP() << "no contracts here";
    const auto vectors = parse_json(read_text(payloads / "../contracts/upstream/events/sns-vectors.json"));
    ASSERT_TRUE(vectors);
    const auto pem = text_at(*vectors, "certificate_pem");
    const SteppedClock clock;
    std::size_t judged = 0;
    for (const auto& row : vectors->at("cases")) {
        SCOPED_TRACE(text_at(row, "name"));
        const auto message = parsed(row.at("message"));
        const bool good = message && is_sns_certificate_url(message->signing_cert_url) &&
                          verify_sns(*message, pem, clock.now()).has_value();
        EXPECT_EQ(good, row.at("valid").get<bool>());
        ++judged;
    }
    EXPECT_EQ(judged, 15U);
}

TEST(SnsUrls, AreTakenFromItsOwnHostsOnly) {
    const std::pair<const char*, bool> rows[] = {
        {certificate_url, true},
        {"https://sns.eu-central-1.amazonaws.com/x.pem", true},
        {"https://sns.cn-north-1.amazonaws.com.cn/x.pem", true},
        {"https://sns.us-gov-west-1.amazonaws.com/a/b.pem", true},
        {"http://sns.us-east-1.amazonaws.com/x.pem", false},
        {"https://sns.us-east-1.amazonaws.com/x.txt", false},
        {"https://sns.us-east-1.amazonaws.com/x.pem?y=1", false},
        {"https://sns.us-east-1.amazonaws.com/?x=/y.pem", false},
        {"https://sns.us-east-1.amazonaws.com?x.pem", false},
        {"https://sns.us-east-1.amazonaws.com#/x.pem", false},
        {"https://sns.us-east-1.amazonaws.com:8443/x.pem", false},
        {"https://user@sns.us-east-1.amazonaws.com/x.pem", false},
        {"https://evil.example\\@sns.us-east-1.amazonaws.com/x.pem", false},
        {"https://sns.us-east-1.amazonaws.com.evil.example/x.pem", false},
        {"https://sns.us-east-1.amazonaws.com.cn.evil.example/x.pem", false},
        {"https://sns.a.b.amazonaws.com/x.pem", false},
        {"https://sns..amazonaws.com/x.pem", false},
        {"https://sns.amazonaws.com/x.pem", false},
        {"https://evilsns.us-east-1.amazonaws.com/x.pem", false},
        {"https://SNS.us-east-1.amazonaws.com/x.pem", false},
        {"https://169.254.169.254/x.pem", false},
        {"https://localhost/x.pem", false},
        {"file:///etc/ssl/x.pem", false},
        {"https://sns.us-east-1.amazonaws.com/ x.pem", false},
        {"", false},
    };
    for (const auto& [url, expected] : rows) EXPECT_EQ(is_sns_certificate_url(url), expected) << url;

    EXPECT_TRUE(is_sns_confirmation_url(subscribe_url, topic));
    EXPECT_FALSE(is_sns_confirmation_url(subscribe_url, "arn:aws:sns:us-east-1:123456789012:other"));
    const std::string base = "https://sns.us-east-1.amazonaws.com/?Action=";
    EXPECT_FALSE(is_sns_confirmation_url(base + "DeleteTopic&TopicArn=" + topic, topic));
    EXPECT_FALSE(is_sns_confirmation_url("https://evil.example/?Action=ConfirmSubscription", topic));
}

TEST(SnsSignature, CoversEachMemberOfEachType) {
    const SnsSigner signer;
    const SteppedClock clock;
    for (const auto* type : {"Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"}) {
        for (const auto* version : {"1", "2"}) {
            auto message = Json{{"Type", type},
                                {"MessageId", "m1"},
                                {"TopicArn", topic},
                                {"Message", "naïve — 東京\nsecond line"},
                                {"Timestamp", "2026-11-22T10:00:00.000Z"},
                                {"SignatureVersion", version},
                                {"SigningCertURL", certificate_url}};
            if (std::string_view(type) == "Notification") {
                message["Subject"] = "Büro";
            } else {
                message["Token"] = "t0k";
                message["SubscribeURL"] = subscribe_url;
            }
            signer.sign(message);
            ASSERT_TRUE(verify_sns(*parsed(message), signer.certificate(), clock.now())) << message;
            for (const auto& [name, value] : message.items()) {
                if (name == "SigningCertURL" || name == "Type") continue;
                SCOPED_TRACE(std::string(type) + " " + version + " " + name);
                auto changed = message;
                changed[name] = name == "SignatureVersion" ? std::string(version) == "1" ? "2" : "1"
                                                           : value.get<std::string>() + "A";
                const auto read = parsed(changed);
                EXPECT_FALSE(read && verify_sns(*read, signer.certificate(), clock.now()));
            }
        }
    }
}

TEST(SnsSignature, NeedsACertificateInItsTimeAndOfItsKey) {
    const SnsSigner signer;
    const SnsSigner other;
    SteppedClock clock;
    const auto message = parsed(signer.notification(topic, "{}"));
    ASSERT_TRUE(message);
    EXPECT_TRUE(verify_sns(*message, signer.certificate(), clock.now()));
    EXPECT_FALSE(verify_sns(*message, other.certificate(), clock.now()));
    EXPECT_FALSE(verify_sns(*message, "", clock.now()));
    EXPECT_FALSE(verify_sns(*message, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", clock.now()));
    clock.time = Timestamp(std::chrono::seconds(4'000'000'000));
    EXPECT_FALSE(verify_sns(*message, signer.certificate(), clock.now()));
    clock.time = Timestamp(std::chrono::seconds(1'000'000));
    EXPECT_FALSE(verify_sns(*message, signer.certificate(), clock.now()));
}

class SnsHandshakeTest : public testing::Test {
protected:
    SnsSigner signer;
    SteppedClock clock;
    std::vector<std::string> fetched;
    int status = 200;
    bool reachable = true;
    SourceConfig config = [] {
        SourceConfig made;
        made.name = "topics";
        made.kind = "sns";
        made.events.sns.topics = {topic};
        return made;
    }();

    auto handshake() -> std::shared_ptr<Handshake> {
        return make_sns_handshake(
            config,
            [this](std::string url, Deadline) -> Task<Result<net::HttpResponse>> {
                fetched.push_back(url);
                if (!reachable) co_return fail(Errc::unavailable, "refused");
                net::HttpResponse response;
                response.status = status;
                response.body = url.ends_with(".pem") ? signer.certificate() : "<ConfirmSubscriptionResponse/>";
                co_return response;
            },
            "", clock);
    }
    static auto request(const Json& message) -> net::HttpRequest {
        net::HttpRequest made;
        made.body = dump_json(message);
        return made;
    }
    /// "delivery", the answer's body, or the error's name.
    static auto meet(Handshake& shake, const net::HttpRequest& posted) -> std::string {
        const auto met = test::run_task(shake.meet(posted));
        if (!met) return std::string(name_of(met.error().code));
        return *met ? (*met)->body : "delivery";
    }
    auto confirmation(const std::string& url = subscribe_url) -> Json {
        auto message = signer.notification(topic, "You have chosen to subscribe");
        message["Type"] = "SubscriptionConfirmation";
        message["Token"] = "t0k";
        message["SubscribeURL"] = url;
        signer.sign(message);
        return message;
    }
};

TEST_F(SnsHandshakeTest, FetchesACertificateOnceForAllItsMessages) {
    const auto shake = handshake();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(meet(*shake, request(signer.notification(topic, "{}"))), "delivery");
    EXPECT_EQ(fetched, std::vector<std::string>{certificate_url});
}

TEST_F(SnsHandshakeTest, FetchesNothingForWhoIsNotOurs) {
    const auto shake = handshake();
    EXPECT_EQ(meet(*shake, request(signer.notification("arn:aws:sns:us-east-1:666:other", "{}"))), "forbidden");
    auto message = signer.notification(topic, "{}");
    message["SigningCertURL"] = "https://evil.example/x.pem";
    EXPECT_EQ(meet(*shake, request(message)), "unauthenticated");
    EXPECT_EQ(meet(*shake, request(Json::array())), "unauthenticated");
    message = signer.notification(topic, "{}");
    message["Type"] = "Surprise";
    EXPECT_EQ(meet(*shake, request(message)), "malformed");
    EXPECT_TRUE(fetched.empty());
}

TEST_F(SnsHandshakeTest, ConfirmsASubscriptionOnce) {
    const auto shake = handshake();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(meet(*shake, request(confirmation())), dump_json({{"subscribed", topic}}));
    EXPECT_EQ(fetched, (std::vector<std::string>{certificate_url, subscribe_url}));
}

TEST_F(SnsHandshakeTest, LetsSnsAskAgainWhenAConfirmationFails) {
    const auto shake = handshake();
    EXPECT_EQ(meet(*shake, request(signer.notification(topic, "{}"))), "delivery");
    status = 500;
    EXPECT_EQ(meet(*shake, request(confirmation())), "unavailable");
    reachable = false;
    EXPECT_EQ(meet(*shake, request(confirmation())), "unavailable");
    reachable = true;
    status = 200;
    EXPECT_EQ(meet(*shake, request(confirmation())), dump_json({{"subscribed", topic}}));
}

TEST_F(SnsHandshakeTest, ConfirmsNowhereElse) {
    const auto shake = handshake();
    for (const auto* url : {"https://169.254.169.254/latest/meta-data", "http://sns.us-east-1.amazonaws.com/?x",
                            "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe"})
        EXPECT_EQ(meet(*shake, request(confirmation(url))), "forbidden") << url;
    auto forged = confirmation();
    forged["SubscribeURL"] = std::string(subscribe_url) + "&more=1";
    EXPECT_EQ(meet(*shake, request(forged)), "unauthenticated");
    EXPECT_EQ(fetched, std::vector<std::string>{certificate_url});
}

TEST_F(SnsHandshakeTest, NeverSubscribesAgainByItself) {
    const auto shake = handshake();
    auto message = confirmation();
    message["Type"] = "UnsubscribeConfirmation";
    signer.sign(message);
    EXPECT_EQ(meet(*shake, request(message)), dump_json({{"unsubscribed", topic}}));
    EXPECT_EQ(fetched, std::vector<std::string>{certificate_url});
}

TEST_F(SnsHandshakeTest, TakesUnsignedBodiesBehindASecretOnly) {
    auto raw = request({{"issue", {{"id", "I-1"}}}});
    raw.headers.set("x-amz-sns-rawdelivery", "true");
    raw.headers.set("x-amz-sns-topic-arn", topic);
    EXPECT_EQ(meet(*handshake(), raw), "unauthenticated");
    config.auth.type = SourceAuthConfig::Type::basic;
    EXPECT_EQ(meet(*handshake(), raw), "delivery");
    raw.headers.set("x-amz-sns-topic-arn", "arn:aws:sns:us-east-1:666:other");
    EXPECT_EQ(meet(*handshake(), raw), "forbidden");
    // The secret replaces no signature where there is one.
    auto message = signer.notification(topic, "{}");
    message["Message"] = "{\"changed\":1}";
    EXPECT_EQ(meet(*handshake(), request(message)), "unauthenticated");
}

TEST_F(SnsHandshakeTest, WithoutTopicsItTakesSignedMessagesAndConfirmsNothing) {
    config.events.sns.topics.clear();
    config.auth.type = SourceAuthConfig::Type::bearer;
    const auto shake = handshake();
    EXPECT_EQ(meet(*shake, request(signer.notification("arn:aws:sns:us-east-1:1:any", "{}"))), "delivery");
    EXPECT_EQ(meet(*shake, request(confirmation())), "forbidden");
    EXPECT_EQ(fetched, std::vector<std::string>{certificate_url});
}

} // namespace
} // namespace dossier::ingest
