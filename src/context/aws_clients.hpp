#pragma once
// One client an account. A role ARN with `{account}` in it means a role of that name in every account, assumed with the
// configured credentials; without it there is one client for all. What is kept of an account lies beside its client.

#include "aws_account_book.hpp"
#include "aws_lookups.hpp"
#include "aws_sources.hpp"
#include "coalescer.hpp"
#include "dossier/finding/aws_arn.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace dossier::context::aws {
using namespace dossier::aws;

/// A client and what is asked through it in batches or seldom.
class AccountDesk {
public:
    AccountDesk(const SourceMakings& makings, net::AwsSettings settings)
        : aws(makings.client, makings.metrics, std::move(settings)), book(aws) {}

    /// The resource's tags, together with those that others ask for in the same region meanwhile.
    auto tags(std::string region, std::string arn, Deadline deadline) -> Task<Result<Tags>>;

    net::AwsClient aws;
    AccountBook book;

private:
    using TagBatches = Coalescer<std::string, Tags>;
    auto batches_of(const std::string& region) -> TagBatches&;

    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<TagBatches>, std::less<>> batches_;
};

class AccountDesks {
public:
    AccountDesks(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings);

    /// With the configured credentials and, unless it differs by account, the configured role.
    auto home() -> AccountDesk& { return home_; }
    /// The desk for a resource's account; the home desk where there is but one or the account isn't known.
    auto of(const std::string& account) -> AccountDesk&;

private:
    ProviderConfig provider_;
    ContextConfig config_;
    SourceMakings makings_;
    AccountDesk home_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<AccountDesk>, std::less<>> by_account_;
};

} // namespace dossier::context::aws
