#include "dossier/ticket/purview.hpp"

#include "markdown_escape.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

constexpr std::size_t longest_purview_name = 100;

/// Stands in a path as it is.
auto is_purview_name(std::string_view name) -> bool {
    const auto is_fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !name.empty() && name.size() <= longest_purview_name && std::ranges::all_of(name, is_fine);
}

auto matches_any(const std::vector<std::string>& globs, std::initializer_list<std::string_view> values) -> bool {
    return globs.empty() || std::ranges::any_of(globs, [&](const std::string& glob) {
               return std::ranges::any_of(
                   values, [&](std::string_view value) { return !value.empty() && glob_match(glob, value); });
           });
}

auto read_scan_rule(config::Section& section) -> PurviewScanRule {
    PurviewScanRule rule;
    auto match = section.child("match");
    match.read("resource", rule.resource);
    match.read("account", rule.account);
    section.read("data_source", rule.data_source);
    section.read("scan", rule.scan);
    for (const auto* key : {"data_source", "scan"}) section.require(key);
    for (const auto& [key, value] : {std::pair{"data_source", rule.data_source}, std::pair{"scan", rule.scan}})
        if (!value.empty() && !is_purview_name(value))
            section.problem(key, "expected a name as Purview has them: letters, digits, - and _");
    return rule;
}

auto read_scanner(config::Section& section, std::vector<std::string>& names) -> PurviewConfig {
    PurviewConfig purview;
    section.read_name("name", purview.name, names);
    std::string kind;
    section.require("kind");
    section.read_word("kind", kind, {"purview"});
    section.read_url("url", purview.url);
    section.read_url("auth_url", purview.auth_url);
    section.read("tenant_id", purview.tenant_id);
    section.read("client_id", purview.client_id);
    section.read("client_secret", purview.client_secret);
    for (const auto* key : {"url", "client_id", "client_secret", "scans"}) section.require(key);
    if (purview.auth_url.empty()) section.require("tenant_id");
    if (!purview.tenant_id.empty() &&
        purview.tenant_id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                                            "UVWXYZ0123456789-.") != std::string::npos)
        section.problem("tenant_id", "expected the id or domain of a tenant");
    section.read_word("level", purview.level, {"full", "incremental"});
    section.read("poll", purview.poll);
    section.read("timeout", purview.timeout);
    for (const auto* key : {"poll", "timeout"})
        if (section.has(key) && (std::string_view(key) == "poll" ? purview.poll : purview.timeout).count() <= 0)
            section.problem(key, "must be longer than nothing");
    for (auto& rule : section.items("scans")) purview.scans.push_back(read_scan_rule(rule));
    return purview;
}

} // namespace

auto read_scanners(std::vector<config::Section> sections) -> std::vector<PurviewConfig> {
    std::vector<std::string> names;
    std::vector<PurviewConfig> scanners;
    for (auto& section : sections) scanners.push_back(read_scanner(section, names));
    return scanners;
}

auto to_text(const ScanOrder& order) -> std::string {
    return dump_json({{"data_source", order.data_source}, {"scan", order.scan}, {"level", order.level}});
}

auto scan_order_from(const std::string& text) -> std::optional<ScanOrder> {
    const auto json = parse_json(text);
    if (!json || !json->is_object()) return std::nullopt;
    ScanOrder order{
        .data_source = text_at(*json, "data_source"), .scan = text_at(*json, "scan"), .level = text_at(*json, "level")};
    const bool is_level = order.level == "Full" || order.level == "Incremental";
    if (!is_level || !is_purview_name(order.data_source) || !is_purview_name(order.scan)) return std::nullopt;
    return order;
}

auto scan_for(const PurviewConfig& config, const Resource& resource) -> std::optional<ScanOrder> {
    for (const auto& rule : config.scans) {
        if (!matches_any(rule.resource, {resource.id, resource.name}) || !matches_any(rule.account, {resource.account}))
            continue;
        return ScanOrder{.data_source = rule.data_source,
                         .scan = rule.scan,
                         .level = config.level == "full" ? "Full" : "Incremental"};
    }
    return std::nullopt;
}

auto scan_draft(const PurviewConfig& config, const Finding& finding, const ScanOrder& order) -> Draft {
    const auto& resource = finding.resource;
    const auto name = one_line(resource.name.empty() ? resource.id : resource.name);
    Draft draft;
    draft.kind = "scan";
    draft.sink = config.name;
    draft.approval = "before_create"; // a scan reads all data of the store, and costs: somebody has to want it
    draft.title = shorten(fmt::format("Scan {} in Microsoft Purview", name), 200);
    draft.body = fmt::format("Start the scan {} of the data source {} in Microsoft Purview ({}), which covers {}.\n\n"
                             "- **Finding:** {}\n- **Resource:** {}\n- **Purview account:** {}\n\n"
                             "Purview reads the store with the scan's own credential, classifies what it finds and "
                             "bills for it. The outcome is said on the ticket.\n",
                             inline_code(order.scan), inline_code(order.data_source), lower(order.level),
                             inline_code(name), escape_markdown(shorten(one_line(finding.title), 200)),
                             inline_code(one_line(resource.id)), inline_code(config.url));
    draft.payload = to_text(order);
    draft.finding_ids = {finding.id};
    draft.severity = finding.severity;
    return draft;
}

auto run_id_of(const std::string& action_key) -> std::string {
    auto hex = sha256_hex("purview:" + action_key).substr(0, 32);
    hex[12] = '8'; // version: made by a scheme of our own
    hex[16] = "89ab"[static_cast<std::size_t>(hex[16]) % 4];
    for (const std::size_t at : {8U, 13U, 18U, 23U}) hex.insert(at, 1, '-');
    return hex;
}

} // namespace dossier::ticket
