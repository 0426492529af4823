#include "dossier/finding/aws_arn.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::aws {
namespace {

constexpr std::size_t longest_arn = 2048;

auto is_printable(std::string_view text) -> bool {
    return std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

} // namespace

auto Arn::text() const -> std::string {
    const bool has_no_place = service == "s3" || service == "iam";
    return fmt::format("arn:{}:{}:{}:{}:{}", partition, service, has_no_place ? "" : region,
                       service == "s3" ? "" : account, resource);
}

auto Arn::name() const -> std::string_view {
    const std::string_view all = resource;
    return all.substr(all.find_last_of(":/") + 1);
}

auto is_account_id(std::string_view text) -> bool {
    return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

auto is_bucket_name(std::string_view text) -> bool {
    return text.size() >= 3 && text.size() <= 63 && text.front() != '.' && !text.contains("..") &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
               std::string_view::npos;
}

auto parse_arn(std::string_view text) -> std::optional<Arn> {
    if (text.size() > longest_arn || !is_printable(text)) return std::nullopt;
    const auto parts = split(text, ':');
    if (parts.size() < 6 || parts[0] != "arn" || !parts[1].starts_with("aws") || parts[2].empty()) return std::nullopt;
    if (!parts[4].empty() && !is_account_id(parts[4])) return std::nullopt;
    const auto offset = static_cast<std::size_t>(parts[5].data() - text.data());
    Arn arn{.partition = std::string(parts[1]),
            .service = lower(parts[2]),
            .region = std::string(parts[3]),
            .account = std::string(parts[4]),
            .resource = std::string(text.substr(offset))};
    if (arn.resource.empty()) return std::nullopt;
    return arn;
}

auto arn_of(const Resource& resource) -> std::optional<Arn> {
    if (!resource.cloud.empty() && resource.cloud != "aws") return std::nullopt;
    auto arn = parse_arn(resource.id);
    const bool is_bucket = icontains(resource.type, "bucket");
    if (!arn && resource.cloud == "aws" && is_bucket)
        for (const auto* name : {&resource.name, &resource.id}) // platforms put ids of their own into the id
            if (!arn && is_bucket_name(*name))
                arn = Arn{.partition = "aws", .service = "s3", .region = "", .account = "", .resource = *name};
    if (!arn) return std::nullopt;
    if (arn->service == "s3") { // of objects and access points, what counts is the bucket
        if (arn->resource.starts_with("accesspoint/")) return std::nullopt;
        arn->resource = arn->resource.substr(0, arn->resource.find('/'));
        if (!is_bucket_name(arn->resource)) return std::nullopt;
    }
    if (arn->region.empty() && resource.region != "global") arn->region = lower(resource.region);
    if (arn->account.empty() && is_account_id(resource.account)) arn->account = resource.account;
    return arn;
}

} // namespace dossier::aws
