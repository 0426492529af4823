#include "payload_words.hpp"

#include "dossier/base/recent_texts.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace dossier::ingest {
namespace {

template <class T>
struct Word {
    std::string_view word;
    T meaning;
};

constexpr std::array severities = {
    Word{"critical", Severity::critical},
    Word{"crit", Severity::critical},
    Word{"urgent", Severity::critical},
    Word{"emergency", Severity::critical},
    Word{"fatal", Severity::critical},
    Word{"blocker", Severity::critical},
    Word{"high", Severity::high},
    Word{"important", Severity::high},
    Word{"major", Severity::high},
    Word{"severe", Severity::high},
    Word{"error", Severity::high},
    Word{"medium", Severity::medium},
    Word{"moderate", Severity::medium},
    Word{"med", Severity::medium},
    Word{"warning", Severity::medium},
    Word{"warn", Severity::medium},
    Word{"low", Severity::low},
    Word{"minor", Severity::low},
    Word{"info", Severity::informational},
    Word{"informational", Severity::informational},
    Word{"notice", Severity::informational},
    Word{"information", Severity::informational},
    Word{"none", Severity::informational},
    Word{"negligible", Severity::informational},
};

constexpr std::array statuses = {
    Word{"open", Status::open},
    Word{"opened", Status::open},
    Word{"new", Status::open},
    Word{"active", Status::open},
    Word{"created", Status::open},
    Word{"reopened", Status::open},
    Word{"reopen", Status::open},
    Word{"fail", Status::open},
    Word{"failed", Status::open},
    Word{"unresolved", Status::open},
    Word{"notified", Status::open},
    Word{"in progress", Status::in_progress},
    Word{"inprogress", Status::in_progress},
    Word{"pending resolution", Status::in_progress},
    Word{"pending", Status::in_progress},
    Word{"investigating", Status::in_progress},
    Word{"acknowledged", Status::in_progress},
    Word{"assigned", Status::in_progress},
    Word{"triaged", Status::in_progress},
    Word{"resolved", Status::resolved},
    Word{"closed", Status::resolved},
    Word{"close", Status::resolved},
    Word{"fixed", Status::resolved},
    Word{"remediated", Status::resolved},
    Word{"mitigated", Status::resolved},
    Word{"done", Status::resolved},
    Word{"completed", Status::resolved},
    Word{"inactive", Status::resolved},
    Word{"pass", Status::resolved},
    Word{"passed", Status::resolved},
    Word{"not assessed", Status::resolved},
    Word{"rejected", Status::suppressed},
    Word{"dismissed", Status::suppressed},
    Word{"dismiss", Status::suppressed},
    Word{"snoozed", Status::suppressed},
    Word{"suppressed", Status::suppressed},
    Word{"ignored", Status::suppressed},
    Word{"muted", Status::suppressed},
    Word{"archived", Status::suppressed},
    Word{"false positive", Status::suppressed},
    Word{"wont fix", Status::suppressed},
    Word{"accepted", Status::suppressed},
};

constexpr std::array clouds = {
    Word<std::string_view>{"aws", "aws"},
    Word<std::string_view>{"amazon", "aws"},
    Word<std::string_view>{"amazon web services", "aws"},
    Word<std::string_view>{"azure", "azure"},
    Word<std::string_view>{"microsoft azure", "azure"},
    Word<std::string_view>{"gcp", "gcp"},
    Word<std::string_view>{"google", "gcp"},
    Word<std::string_view>{"google cloud", "gcp"},
    Word<std::string_view>{"google cloud platform", "gcp"},
    Word<std::string_view>{"oci", "oci"},
    Word<std::string_view>{"oracle", "oci"},
    Word<std::string_view>{"oracle cloud infrastructure", "oci"},
    Word<std::string_view>{"alibaba", "alibaba"},
    Word<std::string_view>{"alibaba cloud", "alibaba"},
    Word<std::string_view>{"aliyun", "alibaba"},
    Word<std::string_view>{"kubernetes", "kubernetes"},
    Word<std::string_view>{"k8s", "kubernetes"},
    Word<std::string_view>{"shiftleft", "code"},
};

template <class Table>
auto look_up(const Table& table, std::string_view plain) -> decltype(std::optional(table[0].meaning)) {
    for (const auto& [word, meaning] : table) {
        if (word == plain) return meaning;
    }
    return std::nullopt;
}

/// Lower case, everything but letters and digits a single blank.
auto plain_words(std::string_view text) -> std::string {
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || byte >= 0x80;
        if (is_word) {
            result.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
        } else if (!result.empty() && result.back() != ' ') {
            result.push_back(' ');
        }
    }
    while (result.ends_with(' ')) result.pop_back();
    return result;
}

/// Sentences as plain words with a blank at both ends, so that " pii " finds whole words.
auto spaced(std::string_view text) -> std::string { return " " + plain_words(text) + " "; }

auto has_any(std::string_view spaced_text, std::initializer_list<std::string_view> phrases) -> bool {
    return std::ranges::any_of(phrases, [&](auto phrase) { return spaced_text.contains(phrase); });
}

void add_class(std::vector<std::string>& classes, std::string_view name) {
    const auto at = std::ranges::lower_bound(classes, name);
    if (at == classes.end() || *at != name) classes.emplace(at, name);
}

} // namespace

auto severity_from_word(std::string_view word) -> std::optional<Severity> {
    return look_up(severities, plain_words(word));
}

auto status_from_word(std::string_view word) -> std::optional<Status> { return look_up(statuses, plain_words(word)); }

auto cloud_from_word(std::string_view word) -> std::string {
    auto plain = plain_words(word);
    if (const auto known = look_up(clouds, plain)) return std::string(*known);
    return plain;
}

void add_class_of_label(std::vector<std::string>& classes, std::string_view label, bool keep_unknown) {
    const auto text = spaced(label);
    if (text.size() <= 2) return;
    const auto before = classes.size();
    bool known = false;
    const auto note = [&](std::string_view name, std::initializer_list<std::string_view> phrases) {
        if (!has_any(text, phrases)) return;
        add_class(classes, name);
        known = true;
    };
    note("pii", {" pii ", " personal ", " personally ", " gdpr ", " ccpa ", " ssn ", " social security", " passport",
                 " driver", " tax number", " tax id", " national id", " email", " phone number", " date of birth",
                 " person name", " home address"});
    note("phi", {" phi ", " hipaa ", " health", " medical", " patient"});
    note("pci", {" pci ", " credit card", " card number", " cardholder", " payment card", " debit card"});
    note("financial", {" financial", " finance ", " bank ", " iban ", " swift code", " routing number"});
    note("secrets",
         {" secret", " credential", " password", " api key", " access key", " private key", " ssh key", " token "});
    note("customer", {" customer"});
    note("classified", {" classified "});
    if (!known && keep_unknown && classes.size() == before) {
        add_class(classes, shorten(trim(std::string_view(text)), 64));
    }
}

auto exposure_from_label(std::string_view label) -> Exposure {
    const auto text = spaced(label);
    if (has_any(text, {" not public ", " private ", " none ", " not exposed ", " isolated "})) return Exposure::none;
    if (has_any(text, {" unknown "})) return Exposure::unknown;
    if (has_any(text, {" public ", " publicly ", " internet ", " public facing ", " internet facing ", " anyone ",
                       " everyone ", " anonymous ", " external ", " world "})) {
        return Exposure::public_;
    }
    if (has_any(text, {" cross account ", " crossaccount ", " shared "})) return Exposure::cross_account;
    if (has_any(text, {" internal ", " vpc ", " restricted "})) return Exposure::internal;
    return Exposure::unknown;
}

namespace {

auto classes_in(std::string_view text) -> std::vector<std::string> {
    std::vector<std::string> classes;
    if (has_any(text, {" pii ", " personal data", " personal information", " personally identifiable", " gdpr "})) {
        add_class(classes, "pii");
    }
    if (has_any(text, {" phi ", " health data", " health record", " health information", " medical record",
                       " patient data", " patient record"})) {
        add_class(classes, "phi");
    }
    const bool names_standard_only = text.contains(" pci dss ");
    if (has_any(text, {" pci data", " cardholder", " credit card", " payment card", " card number"}) ||
        (text.contains(" pci ") && !names_standard_only)) {
        add_class(classes, "pci");
    }
    if (has_any(text, {" financial data", " financial record", " financial information", " bank account"})) {
        add_class(classes, "financial");
    }
    if (has_any(text, {" customer data", " customer record", " customer information"})) add_class(classes, "customer");
    if (has_any(text, {" contains secret", " containing secret", " exposed secret", " secrets in ", " plaintext secret",
                       " cleartext secret", " cleartext credential", " plaintext credential", " hardcoded secret",
                       " hardcoded credential", " secrets found", " secret found", " cleartext cloud key",
                       " cleartext key", " with secrets"})) {
        add_class(classes, "secrets");
    }
    return classes;
}

auto exposure_in(std::string_view text) -> Exposure {
    // A rule is named after what ought to be ("should not be public") and fails where it is not so.
    const bool states_a_rule = has_any(text, {" should ", " must ", " ensure ", " ensures ", " block public "});
    const bool denies = has_any(
        text, {" not public", " not publicly ", " non public", " not internet ", " not exposed ", " not be public"});
    if (denies && !states_a_rule) return Exposure::unknown;
    if (has_any(text, {" publicly ",          " public access",
                       " public read",        " public write",
                       " public bucket",      " is public ",
                       " are public ",        " be public ",
                       " public internet",    " public facing",
                       " internet facing",    " internet exposed",
                       " internet reachable", " internet accessible",
                       " to the internet",    " from the internet",
                       " to internet",        " exposed to public",
                       " to the public",      " open to the world",
                       " world readable",     " world writable",
                       " open to all",        " allows all traffic",
                       " anonymous access",   " unauthenticated access",
                       " allusers ",          " all users ",
                       " 0 0 0 0 0 ",         " public exposure",
                       " all principals",     " public vm ",
                       " public s3 ",         " public storage",
                       " public snapshot",    " public database",
                       " public rds ",        " public container"})) {
        return Exposure::public_;
    }
    if (has_any(text, {" cross account", " external account", " third party account", " another account",
                       " other accounts", " shared with external", " unknown account"})) {
        return Exposure::cross_account;
    }
    return Exposure::unknown;
}

auto finding_type_in(std::string_view text) -> std::optional<FindingType> {
    if (has_any(text, {" unclassified", " unknown sensitivity", " not classified", " not been classified",
                       " unscanned data", " unknown data"})) {
        return FindingType::unclassified_data;
    }
    if (has_any(text, {" sensitive data", " datafinding", " data finding", " data at risk", " data exposure"})) {
        return FindingType::sensitive_data;
    }
    if (has_any(text, {" cve ", " vulnerab", " outdated ", " unpatched "})) return FindingType::vulnerability;
    if (has_any(text, {" malware", " ransomware", " suspicious", " anomal", " detected ", " brute force", " cryptomin",
                       " crypto min", " compromised", " intrusion", " threat "})) {
        return FindingType::threat;
    }
    if (has_any(text, {" excessive ", " over privileged", " overprivileged", " overly permissive", " unused role",
                       " unused user", " inactive user", " inactive identit", " stale user", " stale role",
                       " stale identit", " stale account", " admin privileg", " admin permission",
                       " privilege escalation", " mfa ", " root access key", " dormant "})) {
        return FindingType::identity;
    }
    if (has_any(text, {" not encrypted", " unencrypted", " encryption", " public", " exposed", " misconfig", " should ",
                       " security group", " firewall", " logging", " bucket ", " not enabled", " disabled ", " allows ",
                       " allow ", " unrestricted"})) {
        return FindingType::misconfiguration;
    }
    return std::nullopt;
}

/// What a sentence says.
struct Prose {
    std::vector<std::string> classes;
    Exposure exposure = Exposure::unknown;
    std::optional<FindingType> type;
};

/// A rule's title comes with each of its findings, so what was said last is remembered.
auto read_prose(std::string_view prose) -> const Prose& {
    constexpr std::size_t most_kept = 128U << 10U;
    thread_local RecentTexts<Prose> recent(most_kept, sizeof(Prose) + 128);
    return recent.of(prose, [](std::string_view of) {
        const auto text = spaced(of);
        return Prose{.classes = classes_in(text), .exposure = exposure_in(text), .type = finding_type_in(text)};
    });
}

} // namespace

void add_classes_in_prose(std::vector<std::string>& classes, std::string_view prose) {
    for (const auto& name : read_prose(prose).classes) add_class(classes, name);
}

auto exposure_from_prose(std::string_view prose) -> Exposure { return read_prose(prose).exposure; }

auto finding_type_from_prose(std::string_view prose) -> std::optional<FindingType> { return read_prose(prose).type; }

} // namespace dossier::ingest
