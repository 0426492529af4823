#include "aws_clients.hpp"

#include "dossier/base/strings.hpp"

namespace dossier::context::aws {
namespace {

constexpr std::string_view account_mark = "{account}";
constexpr std::size_t most_accounts = 2'000;
constexpr std::size_t most_regions = 64;
/// Long enough to gather what a burst of findings asks for, short against the time a finding has.
constexpr std::chrono::milliseconds linger{100};

auto home_role(const ProviderConfig& provider) -> std::string {
    return provider.role_arn.contains(account_mark) ? "" : provider.role_arn;
}

} // namespace

auto client_settings(const ProviderConfig& provider, const ContextConfig& config, std::string role_arn)
    -> net::AwsSettings {
    net::AwsSettings settings;
    settings.name = "identity:" + provider.name;
    settings.region = provider.region;
    settings.keys = {.access_key_id = provider.access_key_id.reveal(),
                     .secret_access_key = provider.secret_access_key,
                     .session_token = provider.session_token};
    settings.role_arn = std::move(role_arn);
    settings.endpoints = provider.endpoints;
    settings.max_in_flight = provider.max_in_flight > 0 ? provider.max_in_flight : config.max_in_flight;
    settings.rate = provider.rate;
    return settings;
}

auto AccountDesk::batches_of(const std::string& region) -> TagBatches& {
    const std::scoped_lock lock(mutex_);
    // Regions come from findings: what no region is called ends with the others.
    const auto key = batches_.size() < most_regions || batches_.contains(region) ? region : aws.region();
    auto& batches = batches_[key];
    if (!batches)
        batches = std::make_unique<TagBatches>(
            most_arns_a_call,
            [this, key](std::vector<std::string> arns, Deadline deadline) {
                return tags_of(aws, key, std::move(arns), deadline);
            },
            linger);
    return *batches;
}

auto AccountDesk::tags(std::string region, std::string arn, Deadline deadline) -> Task<Result<Tags>> {
    return batches_of(region.empty() ? aws.region() : region).ask(std::move(arn), deadline);
}

AccountDesks::AccountDesks(const ProviderConfig& provider, const ContextConfig& config, const SourceMakings& makings)
    : provider_(provider),
      config_(config),
      makings_(makings),
      home_(makings, client_settings(provider, config, home_role(provider))) {}

auto AccountDesks::of(const std::string& account) -> AccountDesk& {
    if (!is_account_id(account) || !provider_.role_arn.contains(account_mark)) return home_;
    const std::scoped_lock lock(mutex_);
    const auto at = by_account_.find(account);
    if (at != by_account_.end()) return *at->second;
    if (by_account_.size() >= most_accounts) return home_;
    auto desk = std::make_unique<AccountDesk>(
        makings_, client_settings(provider_, config_, replace_all(provider_.role_arn, account_mark, account)));
    return *by_account_.emplace(account, std::move(desk)).first->second;
}

} // namespace dossier::context::aws
