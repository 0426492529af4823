#include "dossier/ticket/enclosures.hpp"

#include "markdown_escape.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/graph_drawing.hpp"

#include <fmt/format.h>

namespace dossier::ticket {
namespace {

auto named_by_content(std::string_view stem, std::string_view extension, std::string type, std::string bytes)
    -> Attachment {
    auto name = fmt::format("{}-{}.{}", stem, sha256_hex(bytes).substr(0, 8), extension);
    return {.name = std::move(name), .content_type = std::move(type), .bytes = std::move(bytes)};
}

auto finding_json(const Finding& finding) -> Json {
    return {{"id", finding.id},
            {"source", finding.source},
            {"source_id", finding.source_id},
            {"title", finding.title},
            {"severity", to_string(finding.severity)},
            {"rule", {{"id", finding.rule.id}, {"name", finding.rule.name}}},
            {"resource", {{"id", finding.resource.id}, {"name", finding.resource.name}}},
            {"exposure", to_string(finding.exposure)},
            {"url", finding.url}};
}

auto csv_cell(std::string_view text) -> std::string {
    std::string cell;
    const bool is_formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
    if (is_formula) cell = "'";
    cell += text;
    if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
    return "\"" + replace_all(cell, "\"", "\"\"") + "\"";
}

} // namespace

auto evidence_file(const std::string& dossier_id, int revision, const std::vector<Finding>& findings,
                   const Narrative& narrative) -> Attachment {
    Json document{{"dossier", dossier_id},
                  {"revision", revision},
                  {"findings", Json::array()},
                  {"evidence", Json::array()},
                  {"sentences", Json::array()}};
    for (const auto& finding : findings) document["findings"].push_back(finding_json(finding));
    for (const auto& one : narrative.evidence) {
        document["evidence"].push_back({{"id", one.id},
                                        {"kind", one.kind},
                                        {"statement", one.statement},
                                        {"value", one.value},
                                        {"origin", one.origin}});
    }
    for (const auto& sentence : narrative.sentences)
        document["sentences"].push_back({{"text", sentence.text}, {"evidence", sentence.evidence}});
    return named_by_content("dossier-evidence", "json", "application/json", canonical_json(document));
}

auto picture_file(const BlastRadius& radius) -> Attachment {
    return named_by_content("blast-radius", "svg", "image/svg+xml", draw_svg(radius));
}

auto members_file(const std::vector<store::GroupMember>& members) -> Attachment {
    std::string csv = "state,severity,resource,finding,owner,own_ticket,url,finding_id,dossier_id\r\n";
    for (const auto& one : members) {
        const std::string cells[] = {one.is_open ? "open" : "over",
                                     std::string(to_string(one.severity)),
                                     one.resource,
                                     one.title,
                                     one.owner,
                                     one.own_ticket,
                                     one.url,
                                     one.finding_id,
                                     one.dossier_id};
        std::string line;
        for (const auto& cell : cells) line += (line.empty() ? "" : ",") + csv_cell(cell);
        csv += line + "\r\n";
    }
    return named_by_content("dossier-findings", "csv", "text/csv", std::move(csv));
}

auto text_file(const Draft& draft) -> Attachment {
    return named_by_content("dossier-text", "md", "text/markdown",
                            fmt::format("# {}\n\n{}\n", escape_markdown(draft.title), draft.body));
}

} // namespace dossier::ticket
