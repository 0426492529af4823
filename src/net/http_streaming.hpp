#pragma once
// The writing side of an answer that is sent while it is made: chunks for HTTP/1.1 (RFC 9112 §7.1), plain bytes until
// the connection ends for HTTP/1.0. Each write has the time that an idle connection has.

#include "watchdog.hpp"

#include "dossier/base/units.hpp"
#include "dossier/net/http_message.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>

namespace dossier::net {

template <class Stream>
class ChunkedBody final : public BodyWriter {
public:
    ChunkedBody(Stream& stream, Watchdog& watchdog, Duration patience, bool is_chunked)
        : stream_(stream), watchdog_(watchdog), patience_(patience), is_chunked_(is_chunked) {}

    auto write(std::string piece) -> Task<Result<void>> override {
        if (piece.empty() && !failure_) co_return Result<void>{};
        if (is_chunked_) piece = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
        co_return co_await write_raw(std::move(piece));
    }
    [[nodiscard]] auto is_open() const -> bool override { return !failure_; }

    void client_is_gone() {
        if (!failure_) failure_ = Error{.code = Errc::cancelled, .message = "the client is gone"};
    }
    /// The last chunk. False: the client never got to read it.
    auto finish() -> Task<bool> {
        if (!is_chunked_) co_return is_open();
        const auto written = co_await write_raw("0\r\n\r\n");
        co_return written.has_value();
    }

private:
    auto write_raw(std::string bytes) -> Task<Result<void>> {
        if (failure_) co_return fail(*failure_);
        watchdog_.arm(deadline_in(patience_));
        const auto [error, count] =
            co_await asio::async_write(stream_, asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
        const bool too_slow = watchdog_.expired();
        watchdog_.disarm();
        if (error && too_slow && !failure_)
            failure_ = Error{.code = Errc::timeout, .message = "the client reads too slowly"};
        if (error) client_is_gone();
        if (failure_) co_return fail(*failure_);
        co_return Result<void>{};
    }

    Stream& stream_;
    Watchdog& watchdog_;
    Duration patience_;
    bool is_chunked_;
    std::optional<Error> failure_;
};

} // namespace dossier::net
