#include "dossier/audit/head_keeper.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "durable_file.hpp"
#include "signing_key.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

namespace dossier::audit {
namespace {

auto signed_text(const SignedHead& head) -> std::string {
    return canonical_json(Json{{"seq", head.seq}, {"hash", head.hash}, {"time", format_time(head.time)}});
}

auto to_text(const SignedHead& head) -> std::string {
    return canonical_json(Json{{"seq", head.seq},
                               {"hash", head.hash},
                               {"time", format_time(head.time)},
                               {"signature", head.signature}}) +
           "\n";
}

auto from_text(const std::string& text) -> std::optional<SignedHead> {
    const auto json = parse_json(text);
    if (!json || !json->is_object() || !json->contains("seq") || !(*json)["seq"].is_number_integer())
        return std::nullopt;
    const auto time = parse_time(text_at(*json, "time"));
    if (!time) return std::nullopt;
    return SignedHead{.seq = (*json)["seq"].get<std::int64_t>(),
                      .hash = text_at(*json, "hash"),
                      .time = *time,
                      .signature = text_at(*json, "signature")};
}

} // namespace

struct HeadKeeper::Impl {
    SigningKey key;
    std::string path;          ///< of the head
    asio::thread_pool disk{1}; ///< fsync must not hold up a lane

    Impl(SigningKey k, std::string p) : key(std::move(k)), path(std::move(p)) {}

    [[nodiscard]] auto load() const -> Result<std::optional<SignedHead>> {
        const auto text = read_whole_file(path);
        if (!text) return fail(text.error());
        if (!*text) return std::nullopt;
        auto head = from_text(**text);
        const auto signature = head ? base64_decode(head->signature) : fail(Errc::malformed, "");
        if (!signature || !key.holds(signed_text(*head), *signature))
            return fail(Errc::malformed, fmt::format("the signature of {} does not hold: the file was altered, or "
                                                     "belongs to another key",
                                                     path));
        return head;
    }

    [[nodiscard]] auto write(SignedHead head) const -> Result<void> {
        auto signature = key.sign(signed_text(head));
        if (!signature) return fail(signature.error());
        head.signature = base64_encode(*signature);
        return replace_file(path, to_text(head), 0644);
    }

    template <class Work>
    auto on_disk(Work work) -> Task<std::invoke_result_t<Work>> {
        using Answer = std::invoke_result_t<Work>;
        // The lambda itself is handed over; co_spawn keeps it as long as the coroutine.
        return asio::co_spawn(
            disk, [work = std::move(work)]() -> Task<Answer> { co_return work(); }, asio::use_awaitable);
    }
};

HeadKeeper::HeadKeeper(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HeadKeeper::~HeadKeeper() { impl_->disk.join(); }

auto HeadKeeper::open(const AuditConfig& config) -> Result<std::unique_ptr<HeadKeeper>> {
    auto key = SigningKey::open(config.key);
    if (!key) return fail(std::move(key.error()));
    return std::unique_ptr<HeadKeeper>(new HeadKeeper(std::make_unique<Impl>(std::move(*key), config.key + ".head")));
}

auto HeadKeeper::load() const -> Result<std::optional<SignedHead>> { return impl_->load(); }

auto HeadKeeper::save(store::AuditStore& store, Timestamp now) -> Task<Result<void>> {
    auto known = co_await impl_->on_disk([impl = impl_.get()] { return impl->load(); });
    if (!known) co_return fail(std::move(known.error()));
    auto head = co_await store.audit_head();
    if (!head) co_return fail(std::move(head.error()));
    if (head->seq == 0 && !*known) co_return Result<void>();

    // A head that says more than the store has is the only proof of a cut tail: it is never overwritten.
    if (*known) {
        const auto seq = (*known)->seq;
        const auto hash = (*known)->hash;
        if (seq == head->seq && hash == head->hash) co_return Result<void>();
        auto rows = co_await store.audit_after(seq - 1, 1);
        if (!rows) co_return fail(std::move(rows.error()));
        if (rows->empty() || rows->front().seq != seq || rows->front().hash != hash)
            co_return fail(Errc::conflict,
                           fmt::format("the audit chain in the store does not hold record {} of the signed head; {} is "
                                       "left as it is (a cut tail or an old backup?)",
                                       seq, impl_->path));
    }
    SignedHead next{.seq = head->seq, .hash = head->hash, .time = now, .signature = {}};
    co_return co_await impl_->on_disk([impl = impl_.get(), next = std::move(next)] { return impl->write(next); });
}

auto HeadKeeper::run(store::AuditStore& store, const Clock& clock, Duration interval) -> Task<void> {
    std::string last_failure; // told once, not every interval
    try {
        while (co_await sleep_for(interval)) {
            const auto saved = co_await save(store, clock.now());
            const auto failure = saved ? std::string() : saved.error().describe();
            if (!failure.empty() && failure != last_failure) log::error("audit.head_failed", {{"error", failure}});
            last_failure = failure;
        }
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) throw; // cancelled while it saved: the end
    }
}

} // namespace dossier::audit
