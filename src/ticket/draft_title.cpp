#include "draft_title.hpp"

#include "dossier/base/strings.hpp"
#include "markdown_escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace dossier::ticket {
namespace {

constexpr std::size_t max_title_bytes = 255; // Jira's summary; bytes are never fewer than its characters
constexpr std::size_t max_name_bytes = 90;

auto upper(std::string text) -> std::string {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

/// "virtualMachine" → "virtual machine", "AWS_S3_BUCKET" → "aws s3 bucket".
auto type_words(std::string_view type) -> std::string {
    std::string words;
    bool was_lower = false;
    for (const char c : type) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '_' || c == '-' || c == '.' || c == ':' || c == '/') {
            words += ' ';
            was_lower = false;
            continue;
        }
        if (was_lower && std::isupper(byte) != 0) words += ' ';
        was_lower = std::islower(byte) != 0;
        words += byte < 0x80 ? static_cast<char>(std::tolower(byte)) : c;
    }
    return one_line(words);
}

auto kind_of(const Resource& resource) -> std::string {
    const auto words = type_words(resource.type);
    if (words.empty()) return "resource";
    const bool is_bucket = words.find("bucket") != std::string::npos;
    if (is_bucket && resource.cloud == "aws") return "S3 bucket";
    if (is_bucket && resource.cloud == "gcp") return "GCS bucket";
    return words;
}

auto name_of(const Resource& resource) -> std::string {
    return shorten(one_line(resource.name.empty() ? resource.id : resource.name), max_name_bytes);
}

auto data_words(const std::vector<std::string>& classes) -> std::string {
    static constexpr std::array<std::string_view, 3> acronyms{"pii", "phi", "pci"};
    std::vector<std::string> words;
    for (const auto& one : classes) {
        const bool is_acronym = std::ranges::find(acronyms, one) != acronyms.end();
        words.push_back(is_acronym ? upper(one) : one_line(one) + (one == "secrets" ? "" : " data"));
    }
    if (words.size() < 2) return join(words, "");
    const auto last = words.back();
    words.pop_back();
    return join(words, ", ") + " and " + last;
}

auto place_of(const Resource& resource) -> std::string {
    const auto account = one_line(resource.account.empty() ? resource.account_name : resource.account);
    const auto cloud = resource.cloud.size() <= 3 ? upper(resource.cloud) : one_line(resource.cloud);
    return one_line(fmt::format("{} {}", cloud, account));
}

} // namespace

auto platform_name(const Finding& finding) -> std::string {
    if (finding.platform == "wiz") return "Wiz";
    if (finding.platform == "prisma") return "Prisma Cloud";
    if (finding.platform == "orca") return "Orca";
    return one_line(finding.source);
}

auto headline(const Finding& finding) -> std::string {
    const auto name = name_of(finding.resource);
    const auto title = one_line(finding.title);
    if (name.empty()) return title.empty() ? "Finding without a title" : title;
    const std::string_view reach = finding.exposure == Exposure::public_         ? "Public "
                                   : finding.exposure == Exposure::cross_account ? "Cross-account "
                                                                                 : "";
    auto subject = fmt::format("{}{} {}", reach, kind_of(finding.resource), name);
    subject.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(subject.front())));
    const bool says_it_all = !finding.data.classes.empty() &&
                             (!reach.empty() || finding.finding_type == FindingType::sensitive_data) &&
                             finding.control != ControlFamily::encryption;
    if (says_it_all) return fmt::format("{} holds {}", subject, data_words(finding.data.classes));
    return title.empty() ? subject : fmt::format("{}: {}", subject, title);
}

auto draft_title(const DossierView& view) -> std::string {
    if (view.findings.empty()) return fmt::format("Dossier {}", one_line(view.dossier_id));
    const auto& finding = view.findings.front();
    const auto place = place_of(finding.resource);
    const auto suffix = place.empty() ? "" : fmt::format(" ({})", shorten(place, 60));
    const auto prefix = fmt::format("[{}] ", to_string(finding.severity));
    return prefix + shorten(headline(finding), max_title_bytes - prefix.size() - suffix.size()) + suffix;
}

} // namespace dossier::ticket
