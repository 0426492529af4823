#include "control_failure.hpp"

#include "dossier/base/strings.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace dossier::explain {
namespace {

constexpr std::array failures = {
    "public_access",           "cross_account_access",     "excessive_permissions",
    "no_encryption_at_rest",   "no_encryption_in_transit", "no_access_logging",
    "no_backup_or_versioning", "retention_exceeded",       "unclassified_data",
    "nonproduction_real_data", "secret_exposed",           "network_exposure",
    "cross_border_transfer",   "dormant_access",           "unauthorised_access",
    "weak_authentication",
};

/// "iamUserMFA_enabled-consoleAccess" → "iam user mfa enabled console access".
auto words_of_id(std::string_view id) -> std::string {
    static const RE2 hump(R"(([a-z0-9])([A-Z]))");
    static const RE2 end_of_capitals(R"(([A-Z])([A-Z][a-z]))");
    static const RE2 joint(R"([^A-Za-z0-9]+)");
    std::string words(id);
    RE2::GlobalReplace(&words, hump, R"(\1 \2)");
    RE2::GlobalReplace(&words, end_of_capitals, R"(\1 \2)");
    RE2::GlobalReplace(&words, joint, " ");
    return lower(words);
}

/// What a platform calls the fault: title and rule, whose id often says more than its name.
auto headline_of(const Finding& finding) -> std::string {
    return lower(finding.title + "\n" + finding.rule.name) + "\n" + words_of_id(finding.rule.id);
}

/// The words of a platform on what is wrong; tags and names of resources are not among them.
auto words_on(const Finding& finding) -> std::string {
    return headline_of(finding) + "\n" + lower(finding.description);
}

auto says(const std::string& words, const RE2& expression) -> bool { return RE2::PartialMatch(words, expression); }

void add_encryption(const std::string& words, std::set<std::string>& found) {
    static const RE2 in_transit(
        R"(\b(in transit|in-transit|transport|tls|ssl|https?|secure transfer|plain ?text connection)\b)");
    static const RE2 at_rest(R"(\b(at rest|at-rest|kms|cmk|sse|disk|volume|server-side|customer.managed)\b)");
    const bool transit = says(words, in_transit);
    const bool rest = says(words, at_rest);
    if (rest || !transit) found.insert("no_encryption_at_rest");
    if (transit || !rest) found.insert("no_encryption_in_transit");
}

void add_access(const std::string& words, Exposure exposure, std::set<std::string>& found) {
    static const RE2 unused(R"(\b(unused|dormant|stale|inactive|idle|not been used|never used|orphaned)\b)");
    static const RE2 other_account(
        R"(\b(cross.account|external account|other account|third.party account|shared with)\b)");
    static const RE2 excessive(R"(\b(excessive|overly|permissi\w+|privilege\w*|admin\w*|wildcard)\b)");
    const bool dormant = says(words, unused);
    const bool across = exposure == Exposure::cross_account || says(words, other_account);
    if (dormant) found.insert("dormant_access");
    if (across) found.insert("cross_account_access");
    if (!dormant && (!across || says(words, excessive))) found.insert("excessive_permissions");
}

void add_keeping(const std::string& words, std::set<std::string>& found) {
    static const RE2 retention(
        R"(\b(retention|retained|older than|outdated|archiv\w+|lifecycle|expir\w+|kept (too )?long|stale data|past its)\b)");
    static const RE2 backup(
        R"(\b(back.?ups?|versioning|snapshots?|point.in.time|recover\w*|replicat\w+|deletion protection|soft delete)\b)");
    const bool kept = says(words, retention);
    const bool lost = says(words, backup);
    if (kept || !lost) found.insert("retention_exceeded");
    if (lost || !kept) found.insert("no_backup_or_versioning");
}

/// What the headline says beside the family, since a rule on the ciphers of a load balancer is about both.
void add_spoken(const std::string& headline, std::set<std::string>& found) {
    struct Sign {
        const char* failure;
        RE2 expression;
    };
    static const Sign signs[] = {
        {"no_encryption_in_transit", R"(\b(ssl|tls|https|ciphers?|(ssh )?kex|in transit|client certificates?)\b)"},
        {"no_encryption_at_rest",
         R"(\b(encrypted at rest|encryption at rest|(storage|volumes?|snapshots?) (is |are )?(un)?encrypted)\b)"},
        {"no_access_logging",
         R"(\b((audit|access|flow|slow|query|server) ?logs?|logging|cloudtrail|metric filters?|alarms?|publish\w* .{0,40}logs)\b)"},
        {"network_exposure",
         R"(\b(public ip\w*|direct internet|ingress|inbound|non.standard ports?|open ports?|0\.0\.0\.0/0|security groups?|network acls?|nacls?|firewalls?|wafs?|web acls?)\b)"},
        {"excessive_permissions",
         R"(\b(administrat\w+|privileges?|privileged|wildcards?|full access|inline( or attached)? polic(y|ies)|all resources|overly|least privilege)\b|\*:\*)"},
        {"dormant_access",
         R"(\b((un|in)(used|active)|inactivity|never used|stale|dormant|actively used)\b.{0,60}\b(users?|keys?|access|permissions?|credentials?|accounts?|roles?)\b|\b(users?|keys?|access|permissions?|credentials?|accounts?|roles?)\b.{0,60}\b((un|in)(used|active)|inactivity|never used|stale|dormant|actively used)\b)"},
        {"weak_authentication",
         R"(\b(mfa|multi.factor|two.factor|2fa|passwords? polic(y|ies)|password (length|reuse|complexity))\b)"},
        {"no_backup_or_versioning",
         R"(\b(back.?ups?|versioning|point.in.time|deletion protection|multi.az|replication)\b)"},
        {"vulnerability",
         R"(\b(version upgrades?|automatic upgrades?|(minor|engine|runtime) versions?|patch\w*|end of (life|support)|deprecated|unsupported|obsolete)\b)"},
    };
    for (const auto& sign : signs)
        if (says(headline, sign.expression)) found.insert(sign.failure);
}

auto is_about_happenings(const Finding& finding) -> bool {
    return finding.control == ControlFamily::threat || finding.control == ControlFamily::malware ||
           finding.finding_type == FindingType::threat;
}

void add_failures(const Finding& finding, Exposure exposure, std::set<std::string>& found) {
    const auto words = words_on(finding);
    switch (finding.control) {
    case ControlFamily::encryption:
        add_encryption(words, found);
        break;
    case ControlFamily::excessive_access:
        add_access(words, exposure, found);
        break;
    case ControlFamily::backup_retention:
        add_keeping(words, found);
        break;
    case ControlFamily::logging:
        found.insert("no_access_logging");
        break;
    case ControlFamily::classification:
        found.insert("unclassified_data");
        break;
    case ControlFamily::credentials:
        found.insert("secret_exposed");
        break;
    default:
        break;
    }
    add_spoken(headline_of(finding), found);
    if (is_about_happenings(finding)) found.insert("unauthorised_access");
    static const RE2 cross_border(
        R"(\b(cross.border|data residency|residency|outside (of )?(the )?(eu|eea|allowed|permitted)|(not|un)allowed region|transfer to a third country|location rule)\b)");
    if (says(words, cross_border)) found.insert("cross_border_transfer");
}

} // namespace

auto is_control_word(std::string_view word) -> bool {
    return parse_word<ControlFamily>(word).has_value() || std::ranges::find(failures, word) != failures.end();
}

auto failed_controls(const std::vector<Finding>& findings, Exposure exposure, Environment environment)
    -> std::set<std::string> {
    std::set<std::string> found;
    for (const auto& finding : findings) {
        found.insert(std::string(to_string(finding.control)));
        add_failures(finding, exposure, found);
    }
    if (exposure == Exposure::public_) found.insert("public_access");
    if (exposure == Exposure::cross_account) {
        found.insert("excessive_access");
        found.insert("cross_account_access");
    }
    const bool has_data =
        std::ranges::any_of(findings, [](const Finding& finding) { return !finding.data.classes.empty(); });
    if (has_data && !counts_as_prod(environment)) found.insert("nonproduction_real_data");
    if (found.size() > 1) found.erase(std::string(to_string(ControlFamily::other)));
    return found;
}

auto data_facets(const std::vector<Finding>& findings) -> std::set<std::string> {
    struct Facet {
        const char* name;
        const char* parent; ///< class that it belongs to; "" = none
        RE2 expression;
    };
    static const Facet facets[] = {
        {"government_id", "pii",
         R"(\b(ssn|social.security|passport|driver'?s?.licen[cs]e|driving.licen[cs]e|national.(id|identity|insurance)|tax.?id|itin|government.id|aadhaar|cpf|nino)\b)"},
        {"sensitive_pii", "pii",
         R"(\b(biometric|genetic|ethnic\w*|racial|race|religio\w+|sexual|political|trade.union|sensitive.pii|sensitive.personal)\b)"},
        {"children", "pii", R"(\b(children|child|minors?|pupils?|students?)\b)"},
        {"pci_sad", "pci", R"(\b(cvv2?|cvc2?|card.verification|track.data|magnetic.stripe|pin.block)\b)"},
        {"credentials", "secrets",
         R"(\b(credentials?|passwords?|secrets?|api.keys?|access.keys?|private.keys?|tokens?)\b)"},
        {"confidential", "",
         R"(\b(confidential|intellectual.property|source.code|trade.secrets?|proprietary|internal.only)\b)"},
    };
    std::set<std::string> found;
    std::string words;
    for (const auto& finding : findings) {
        found.insert(finding.data.classes.begin(), finding.data.classes.end());
        words += join(finding.data.classes, "\n") + "\n" + join(finding.data.identifiers, "\n") + "\n";
    }
    words = replace_all(lower(words), "_", " ");
    for (const auto& facet : facets) {
        if (!says(words, facet.expression)) continue;
        found.insert(facet.name);
        if (*facet.parent != '\0') found.insert(facet.parent);
    }
    return found;
}

} // namespace dossier::explain
