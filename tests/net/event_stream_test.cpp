#include "dossier/net/event_stream.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dossier::net {
namespace {

/// Every event as "name=data", read in pieces of `size` bytes.
auto events_of(std::string_view bytes, std::size_t size) -> std::vector<std::string> {
    std::vector<std::string> events;
    EventStream stream([&](const ServerEvent& event) { events.push_back(event.name + "=" + event.data); });
    for (std::size_t at = 0; at < bytes.size(); at += size) EXPECT_TRUE(stream.feed(bytes.substr(at, size)));
    return events;
}

TEST(EventStream, ReadsWhatTheStandardSaysWhereverItIsCut) {
    struct Row {
        const char* name;
        std::string bytes;
        std::vector<std::string> expected;
    };
    const std::vector<Row> rows = {
        {"LF", "data: a\n\ndata: b\n\n", {"message=a", "message=b"}},
        {"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", {"message=a", "message=b"}},
        {"CR", "data: a\r\rdata: b\r\r", {"message=a", "message=b"}},
        {"line ends mixed", "data: a\r\ndata: b\n\r\ndata: c\r\n\n", {"message=a\nb", "message=c"}},
        {"several data lines", "data: a\ndata:\ndata: c\n\n", {"message=a\n\nc"}},
        {"a named event", "event: error\ndata: {}\n\ndata: x\n\n", {"error={}", "message=x"}},
        {"only one blank is taken", "data:  a \n\n", {"message= a "}},
        {"no blank", "data:a\n\n", {"message=a"}},
        {"a field without a colon", "data\n\n", {"message="}},
        {"comments", ": ping\n\n:\ndata: a\n: x\n\n", {"message=a"}},
        {"other fields", "id: 7\nretry: 100\nfoo: bar\ndata: a\n\n", {"message=a"}},
        {"a name without data", "event: ping\n\ndata: a\n\n", {"message=a"}},
        {"a byte order mark",
         "\xEF\xBB\xBF"
         "data: a\n\n",
         {"message=a"}},
        {"a mark later is text",
         "data: \xEF\xBB\xBF"
         "a\n\n",
         {"message=\xEF\xBB\xBF"
          "a"}},
        {"colons in the data", "data: a:b\n\n", {"message=a:b"}},
        {"no end", "data: a\n\ndata: b\n", {"message=a"}},
        {"nothing", "\n\r\n\n", {}},
        {"a NUL", std::string("data: a\0b\n\n", 11), {std::string("message=a\0b", 11)}},
        {"names differ by case", "Data: a\n\n", {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        for (std::size_t size = 1; size <= row.bytes.size(); ++size)
            EXPECT_EQ(events_of(row.bytes, size), row.expected);
    }
}

TEST(EventStream, IsBoundedInLinesAndEvents) {
    int events = 0;
    EventStream line([&](const ServerEvent&) { ++events; }, 100);
    EXPECT_TRUE(line.feed(std::string(100, 'x')));
    const auto refused = line.feed("x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_large);
    EXPECT_FALSE(line.feed("\n\ndata: a\n\n")) << "what is broken stays broken";

    EventStream event([&](const ServerEvent&) { ++events; }, 100);
    for (int i = 0; i < 9; ++i) EXPECT_TRUE(event.feed("data: 123456789\n"));
    EXPECT_TRUE(event.feed("data: 123456789\n"));
    EXPECT_FALSE(event.feed("data: 1\n"));
    EXPECT_FALSE(event.feed("\n"));
    EXPECT_EQ(events, 0);

    EventStream many([&](const ServerEvent&) { ++events; }, 100);
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(many.feed("data: a\n\n"));
    EXPECT_EQ(events, 1'000) << "the bound is for one event, not for the stream";
}

} // namespace
} // namespace dossier::net
