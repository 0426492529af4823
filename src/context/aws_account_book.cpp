#include "aws_account_book.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

namespace dossier::context::aws {
namespace {

constexpr int most_listing_pages = 500;
constexpr std::size_t largest_page = 32U << 20U;
constexpr std::chrono::minutes unfinished_for{10}; ///< markers don't live for ever
constexpr std::chrono::minutes refused_for{1};

} // namespace

auto AccountBook::kept() -> std::optional<Result<Shared>> {
    const std::scoped_lock lock(mutex_);
    if (!kept_ || std::chrono::steady_clock::now() >= kept_until_) return std::nullopt;
    return kept_;
}

auto AccountBook::get(Deadline deadline) -> Task<Result<Shared>> {
    if (auto known = kept()) co_return std::move(*known);
    auto work = [this, deadline] { return read_on(deadline); };
    co_return co_await flights_.run("account", std::move(work), deadline);
}

auto AccountBook::read_on(Deadline deadline) -> Task<Result<Shared>> {
    if (auto known = kept()) co_return std::move(*known); // somebody was faster
    const auto keep = [this](Result<Shared> result, Duration span) {
        const std::scoped_lock lock(mutex_);
        kept_ = std::move(result);
        kept_until_ = std::chrono::steady_clock::now() + span;
    };
    const auto now = std::chrono::steady_clock::now();
    if (!unfinished_ || now - unfinished_->begun_at > unfinished_for) {
        Unfinished from_the_start;
        from_the_start.begun_at = now;
        unfinished_ = std::move(from_the_start);
    }
    for (;;) {
        std::vector<std::pair<std::string, std::string>> parameters{{"MaxItems", "1000"}};
        if (!unfinished_->marker.empty()) parameters.emplace_back("Marker", unfinished_->marker);
        auto request = net::aws_query("iam", "GetAccountAuthorizationDetails", "2010-05-08", std::move(parameters));
        request.max_response = largest_page;
        auto answer = co_await aws_.xml(std::move(request), deadline);
        if (!answer) {
            const bool is_final = answer.error().code == Errc::forbidden || answer.error().code == Errc::rejected;
            if (is_final) {
                unfinished_.reset();
                keep(fail(answer.error()), refused_for);
            }
            co_return fail(std::move(answer.error()));
        }
        const auto page = answer->root()["GetAccountAuthorizationDetailsResult"];
        read_page(*unfinished_->account, page);
        unfinished_->marker = page.text_at("Marker");
        const bool has_more = iequals(page.text_at("IsTruncated"), "true") && !unfinished_->marker.empty();
        if (!has_more || ++unfinished_->pages >= most_listing_pages) break;
    }
    Shared account = unfinished_->account;
    unfinished_.reset();
    if (account->unreadable > 0)
        log::warn("aws.policies_unreadable", {{"account", account->id}, {"policies", account->unreadable}});
    keep(account, ttl_);
    co_return account;
}

} // namespace dossier::context::aws
