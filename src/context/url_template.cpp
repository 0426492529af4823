#include "url_template.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::context {
namespace {

const std::vector<std::string_view> fields = {"resource.id",     "resource.name", "resource.account",
                                              "resource.region", "resource.type", "resource.cloud"};

auto value_of(std::string_view field, const Resource& resource) -> const std::string& {
    if (field == "resource.id") return resource.id;
    if (field == "resource.name") return resource.name;
    if (field == "resource.account") return resource.account;
    if (field == "resource.region") return resource.region;
    return field == "resource.type" ? resource.type : resource.cloud;
}

struct Piece {
    std::string_view before; ///< literal text
    std::string_view field;  ///< the place after it; "" at the end
};

/// nullopt where a brace has no partner.
auto pieces_of(std::string_view text) -> std::optional<std::vector<Piece>> {
    std::vector<Piece> pieces;
    while (!text.empty()) {
        const auto open = text.find('{');
        const auto before = text.substr(0, open);
        if (before.find('}') != std::string_view::npos) return std::nullopt;
        if (open == std::string_view::npos) {
            pieces.push_back({.before = before, .field = {}});
            break;
        }
        const auto close = text.find('}', open);
        if (close == std::string_view::npos) return std::nullopt;
        pieces.push_back({.before = before, .field = text.substr(open + 1, close - open - 1)});
        text.remove_prefix(close + 1);
    }
    return pieces;
}

} // namespace

auto fault_in_template(std::string_view text) -> std::string {
    const auto pieces = pieces_of(text);
    if (!pieces) return "a brace has no partner";
    const auto host = text.find("://");
    const auto path = host == std::string_view::npos ? host : text.find_first_of("/?#", host + 3);
    const auto first = text.find('{');
    if (first != std::string_view::npos && (path == std::string_view::npos || first < path))
        return "a place for the resource may stand in the path and the query only, not in the host";
    for (const auto& piece : *pieces) {
        if (piece.field.data() == nullptr || std::ranges::find(fields, piece.field) != fields.end()) continue;
        const auto near = nearest(piece.field, fields);
        return fmt::format("`{{{}}}` is no place for something known of a resource; {}", piece.field,
                           near ? fmt::format("did you mean `{{{}}}`?", *near)
                                : "known: {resource.id}, .name, .account, .region, .type, .cloud");
    }
    return {};
}

auto expand_template(std::string_view text, const Resource& resource) -> std::optional<std::string> {
    const auto pieces = pieces_of(text);
    if (!pieces) return std::nullopt;
    std::string url;
    for (const auto& piece : *pieces) {
        url += piece.before;
        if (piece.field.data() == nullptr) continue;
        const auto value = trim(value_of(piece.field, resource));
        // "." and ".." stay as they are when encoded, and would climb out of their path.
        if (value.empty() || value == "." || value == "..") return std::nullopt;
        url += percent_encode(value);
    }
    return url;
}

} // namespace dossier::context
