// The classifier's result for people and platforms: as tags, and as a section of drafts and tickets.

#include "dossier/ticket/classification_draft.hpp"

#include "markdown_escape.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::ticket {
namespace {

constexpr std::size_t most_rows_shown = 60;

auto is_law_on_data(std::string_view framework) -> bool {
    static constexpr std::array catalogues = {"NIST", "ISO", "SOC", "CIS"};
    return std::ranges::none_of(catalogues, [&](std::string_view one) { return framework.starts_with(one); });
}

auto words(const std::vector<std::string>& list) -> std::string {
    return list.empty() ? "–" : escape_markdown(join(list, ", "));
}

auto reasoning_of_rules(const StoreClassification& known) -> std::string {
    std::string text;
    std::size_t shown = 0;
    for (const auto& field : known.fields) {
        if (field.labels.empty() || shown++ == 5) continue;
        text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", one_line(field.name), join(field.classes, ", "));
    }
    for (const auto& document : known.documents) {
        if (document.labels.empty() || shown++ == 5) continue;
        text +=
            fmt::format("{}{} ({})", text.empty() ? "" : "; ", one_line(document.name), join(document.classes, ", "));
    }
    if (known.is_test_data) return "Test data: " + shorten(join(known.test_signs, "; "), 400) + ".";
    if (text.empty()) return "No name, sample or text speaks of data that needs care.";
    if (!known.business_context.empty()) text = known.business_context + ": " + text;
    return shorten(text, 480) + ".";
}

} // namespace

auto classification_of(const StoreClassification& known, const Context& context) -> ingest::Classification {
    ingest::Classification tags;
    tags.data_classification = join(known.labels, ", ");
    if (tags.data_classification.empty()) {
        tags.data_classification = known.is_test_data ? "test data" : known.sensitivity;
        tags.data_classification.front() =
            static_cast<char>(std::toupper(static_cast<unsigned char>(tags.data_classification.front())));
    }
    tags.data_domain = known.domain;
    if (context.asset && !context.asset->application.empty()) tags.data_domain = one_line(context.asset->application);
    if (context.asset && !context.asset->business_unit.empty())
        tags.data_domain = one_line(context.asset->business_unit);
    for (const auto& one : known.frameworks)
        if (is_law_on_data(one)) tags.regulatory_frameworks.push_back(one);
    tags.confidence = known.confidence;
    tags.reasoning = reasoning_of_rules(known);
    return tags;
}

auto classification_details(const StoreClassification& known) -> std::string {
    auto text = fmt::format("Sensitivity **{}**, primary class **{}**, domain {}, {:.2f} sure.", known.sensitivity,
                            known.primary.empty() ? "none" : known.primary,
                            known.domain.empty() ? "unknown" : escape_markdown(known.domain), known.confidence);
    if (known.is_test_data) text += " It is test data: " + escape_markdown(join(known.test_signs, "; ")) + ".";
    if (!known.business_context.empty()) text += " Context: " + escape_markdown(known.business_context) + ".";
    if (!known.needs_person.empty()) {
        text += "\n\nA person must look";
        if (!known.steward.empty()) text += fmt::format(" (data steward {})", escape_markdown(known.steward));
        text += ": " + escape_markdown(join(known.needs_person, "; ")) + ".";
    }
    if (!known.fields.empty()) {
        text += "\n\n| Field | Classes | Means | Frameworks | Sure | By |\n| --- | --- | --- | --- | --- | --- |";
        std::size_t shown = 0;
        for (const auto& field : known.fields) {
            if (shown++ == most_rows_shown) break;
            text += fmt::format("\n| {} | {} | {} | {} | {:.2f} | {} |",
                                inline_code(field.container.empty() ? field.name : field.container + "." + field.name),
                                words(field.classes), words(field.labels), words(field.frameworks), field.confidence,
                                escape_markdown(field.by == "correction" ? field.why : field.by));
        }
        if (known.fields.size() > most_rows_shown)
            text += fmt::format("\n\n{} more fields are in the dossier.", known.fields.size() - most_rows_shown);
    }
    if (!known.documents.empty()) {
        text += "\n\n| Document | Classes | Means | Sure | Why |\n| --- | --- | --- | --- | --- |";
        std::size_t shown = 0;
        for (const auto& document : known.documents) {
            if (shown++ == most_rows_shown) break;
            text += fmt::format("\n| {} | {} | {} | {:.2f} | {} |", inline_code(document.name), words(document.classes),
                                words(document.labels), document.confidence, escape_markdown(document.why));
        }
    }
    for (const auto& tag : known.platform_tags)
        text +=
            fmt::format("\n\nThe tag {} is {}: {}.", inline_code(tag.tag),
                        tag.verdict == "added_to" ? "confirmed and added to" : tag.verdict, escape_markdown(tag.why));
    return text;
}

} // namespace dossier::ticket
