// AWS' binary event stream: its published vectors, frames cut anywhere, and frames that lie.

#include "dossier/net/aws_client.hpp"
#include "dossier/net/aws_event_stream.hpp"
#include "support/aws_frames.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dossier::net {
namespace {

using testing::crc_of;
using testing::event_frame;
using testing::exception_frame;
using testing::frame_header;
using testing::network_order;
using testing::raw_frame;

struct AwsReading {
    std::vector<std::string> events; ///< as "kind name=payload"
    std::string error;               ///< its code; "" = none
    bool is_whole = false;
};

auto read_frames(std::string_view bytes, std::size_t size, std::size_t max_frame = 1U << 20U) -> AwsReading {
    AwsReading reading;
    AwsEventStream stream(
        [&](const AwsEvent& event) {
            static constexpr const char* kinds[] = {"event ", "exception ", "error "};
            reading.events.push_back(kinds[static_cast<int>(event.kind)] + event.name + "=" + event.payload);
        },
        max_frame);
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        if (const auto fed = stream.feed(bytes.substr(at, size)); !fed) reading.error = name_of(fed.error().code);
    }
    reading.is_whole = stream.is_whole();
    return reading;
}

auto flipped(std::string frame, std::size_t at) -> std::string {
    frame.at(at) = static_cast<char>(frame.at(at) ^ 0x10);
    return frame;
}

TEST(AwsEventStream, FramesAreTheDocumentedOnes) {
    // "Event stream encoding" of the AWS SDK for Go's and Java's test vectors: empty_message and payload_no_headers.
    EXPECT_EQ(raw_frame("", ""), std::string("\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2\x48\xeb\x7d\x98\xc8\xff", 16));
    EXPECT_EQ(raw_frame("", "{'foo':'bar'}"), std::string("\x00\x00\x00\x1d\x00\x00\x00\x00\xfd\x52\x8c\x5a", 12) +
                                                  "{'foo':'bar'}" + "\xc3\x65\x39\x36");
}

TEST(AwsEventStream, ReadsFramesWhereverTheyAreCut) {
    const std::string every_type = frame_header(":message-type", "event") + std::string("\1a\0", 3) +
                                   std::string("\1b\1", 3) + std::string("\1c\2x", 4) + std::string("\1d\3xx", 5) +
                                   std::string("\1e\4xxxx", 7) + std::string("\1f\5xxxxxxxx", 11) +
                                   std::string("\1g\6\0\2xx", 7) + std::string("\1h\10xxxxxxxx", 11) +
                                   std::string("\1i\11xxxxxxxxxxxxxxxx", 19) + frame_header(":event-type", "z");
    struct Row {
        const char* name;
        std::string bytes;
        std::vector<std::string> events;
    };
    const Row rows[] = {
        {"one event", event_frame("a", "{}"), {"event a={}"}},
        {"several",
         event_frame("a", "1") + event_frame("b", "") + event_frame("c", std::string(300, 'x')),
         {"event a=1", "event b=", "event c=" + std::string(300, 'x')}},
        {"an exception",
         event_frame("a", "1") + exception_frame("throttlingException", "{}"),
         {"event a=1", "exception throttlingException={}"}},
        {"an error without a payload",
         raw_frame(frame_header(":message-type", "error") + frame_header(":error-code", "InternalError") +
                       frame_header(":error-message", "boom"),
                   ""),
         {"error InternalError=boom"}},
        {"headers of every type", raw_frame(every_type, "p"), {"event z=p"}},
        {"a payload of bytes", event_frame("a", std::string("\0\xff\n", 3)), {"event a=" + std::string("\0\xff\n", 3)}},
        {"no type", raw_frame(frame_header(":message-type", "event"), "p"), {"event =p"}},
        {"nothing", "", {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        for (std::size_t size = 1; size <= row.bytes.size() + 1; ++size) {
            const auto reading = read_frames(row.bytes, size);
            EXPECT_EQ(reading.events, row.events);
            EXPECT_EQ(reading.error, "");
            EXPECT_TRUE(reading.is_whole);
        }
    }
}

TEST(AwsEventStream, BelievesNoFrameThatLies) {
    const auto good = event_frame("a", R"({"delta":1})");
    const auto prelude = [](std::uint32_t total, std::uint32_t headers) {
        const auto lengths = network_order(total) + network_order(headers);
        return lengths + crc_of(lengths);
    };
    struct Row {
        const char* name;
        std::string bytes;
        std::string error;
    };
    const Row rows[] = {
        {"a bit of the length", flipped(good, 3), "malformed"},
        {"a bit of the prelude's checksum", flipped(good, 9), "malformed"},
        {"a bit of a header", flipped(good, 20), "malformed"},
        {"a bit of the payload", flipped(good, good.size() - 8), "malformed"},
        {"a bit of the checksum", flipped(good, good.size() - 1), "malformed"},
        {"a length of 4 GiB", prelude(0xFFFFFFFFU, 0), "too_large"},
        {"a length past the bound", prelude((1U << 20U) + 1, 0), "too_large"},
        {"a length below that of a frame", prelude(15, 0), "malformed"},
        {"no length", prelude(0, 0), "malformed"},
        {"headers longer than their frame", prelude(40, 25), "malformed"},
        {"headers of 4 GiB", prelude(40, 0xFFFFFFF0U), "malformed"},
        {"headers past AWS' bound", prelude(1U << 20U, (128U << 10U) + 1), "malformed"},
        {"a header that is cut in its name", raw_frame("\7abc", ""), "malformed"},
        {"a header without a type", raw_frame("\1a", ""), "malformed"},
        {"a header without its length", raw_frame(std::string("\1a\7\0", 4), ""), "malformed"},
        {"a header that is cut in its value", raw_frame(std::string("\1a\7\0\4xy", 7), ""), "malformed"},
        {"a header of a type that doesn't exist", raw_frame("\1a\12", ""), "malformed"},
        {"no message type", raw_frame("", "{}"), "malformed"},
        {"text", "<html><body>Bad Gateway</body></html>", "malformed"},
        {"server-sent events", "data: {\"a\":1}\n\ndata: [DONE]\n\n", "malformed"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        for (const std::size_t size : {std::size_t{1}, std::size_t{7}, row.bytes.size()}) {
            const auto reading = read_frames(row.bytes + good, size);
            EXPECT_EQ(reading.error, row.error);
            EXPECT_TRUE(reading.events.empty()) << "what comes after can't be told from the rest";
        }
    }
}

TEST(AwsEventStream, KnowsThatAFrameIsNotThereYet) {
    const auto good = event_frame("a", "{}");
    for (std::size_t size = 1; size < good.size(); ++size) {
        const auto reading = read_frames(std::string_view(good).substr(0, size), good.size());
        EXPECT_EQ(reading.error, "");
        EXPECT_TRUE(reading.events.empty());
        EXPECT_FALSE(reading.is_whole);
    }
    EXPECT_EQ(read_frames(good, 1, good.size()).error, "");
    EXPECT_EQ(read_frames(good, 1, good.size() - 1).error, "too_large") << "the bound is that of one frame";
}

TEST(AwsEventStream, SaysWhatAnExceptionMeans) {
    struct Row {
        AwsEvent event;
        Errc code;
        const char* word;
    };
    using enum AwsEvent::Kind;
    const Row rows[] = {
        {{exception, "throttlingException", R"({"message":"slow down"})"}, Errc::rate_limited, "ThrottlingException"},
        {{exception, "validationException", "{}"}, Errc::rejected, "ValidationException"},
        {{exception, "internalServerException", "{}"}, Errc::unavailable, "InternalServerException"},
        {{exception, "modelStreamErrorException", "no JSON"}, Errc::unavailable, "ModelStreamErrorException"},
        {{exception, "expiredTokenException", "{}"}, Errc::unauthenticated, "ExpiredTokenException"},
        {{exception, "accessDeniedException", "{}"}, Errc::forbidden, "AccessDeniedException"},
        {{error, "InternalError", "boom"}, Errc::unavailable, "InternalError"},
        {{exception, "<script>", R"({"__type":"x"})"}, Errc::unavailable, "x"},
        {{exception, "", ""}, Errc::unavailable, ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.event.name);
        const auto said = to_error(row.event, "bedrock:InvokeModelWithResponseStream");
        EXPECT_EQ(name_of(said.code), name_of(row.code));
        EXPECT_EQ(aws_code(said), row.word);
        EXPECT_FALSE(said.message.contains("slow down")) << "what a service says may quote what we sent";
        EXPECT_FALSE(said.message.contains('<'));
    }
}

} // namespace
} // namespace dossier::net
