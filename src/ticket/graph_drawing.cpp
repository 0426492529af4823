#include "dossier/ticket/graph_drawing.hpp"

#include "markdown_escape.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace dossier::ticket {
namespace {

constexpr std::size_t most_in_column = 14;
constexpr std::size_t most_columns = 8;
constexpr std::size_t most_edges = 200; ///< Mermaid draws 500 by default
constexpr std::size_t label_limit = 30;
constexpr std::size_t text_limit = 300;

struct Look {
    std::string_view kind;
    std::string_view fill;
    std::string_view line;
};
constexpr std::array looks{
    Look{"resource", "#eef1f5", "#5b6b7f"}, Look{"data_store", "#e3f0fb", "#1f6aa5"},
    Look{"data", "#e5f6ea", "#2c7a47"},     Look{"identity", "#f1e9fb", "#6b3fa0"},
    Look{"internet", "#fde7e7", "#b3261e"}, Look{"network", "#eef1f5", "#5b6b7f"},
    Look{"compute", "#fff4dd", "#8a6100"},  Look{"secret", "#fdeede", "#a8500f"},
    Look{"finding", "#fbe9f3", "#9c2c6b"},
};

auto look_of(const std::string& kind) -> const Look& {
    const auto* found = std::ranges::find(looks, kind, &Look::kind);
    return found == looks.end() ? looks.front() : *found;
}

auto words_of(const std::string& word) -> std::string { return replace_all(word, "_", " "); }
auto name_of(const GraphNode& node) -> const std::string& { return node.name.empty() ? node.id : node.name; }

/// What is drawn of a radius: columns by hops, and how many of each had no room.
struct Layout {
    struct Place {
        std::size_t column = 0;
        std::size_t row = 0;
    };
    std::vector<std::vector<const GraphNode*>> columns;
    std::vector<std::size_t> left_out;
    std::map<std::string_view, Place> places;
    std::vector<const GraphEdge*> edges;
};

auto lay_out(const BlastRadius& radius) -> Layout {
    Layout layout;
    for (const auto& node : radius.nodes) { // in order of hops and ids
        const auto column = std::min(static_cast<std::size_t>(std::max(node.hops, 0)), most_columns - 1);
        if (layout.columns.size() <= column) {
            layout.columns.resize(column + 1);
            layout.left_out.resize(column + 1);
        }
        auto& nodes = layout.columns[column];
        if (nodes.size() == most_in_column) {
            ++layout.left_out[column];
            continue;
        }
        layout.places.emplace(node.id, Layout::Place{column, nodes.size()});
        nodes.push_back(&node);
    }
    for (const auto& edge : radius.edges) {
        if (layout.edges.size() == most_edges) break;
        if (layout.places.contains(edge.from) && layout.places.contains(edge.to)) layout.edges.push_back(&edge);
    }
    return layout;
}

auto description_of(const BlastRadius& radius) -> std::string {
    std::vector<std::string> counts;
    for (const auto& [kind, count] : counts_by_kind(radius))
        counts.push_back(fmt::format("{} {}", count, words_of(kind)));
    auto text = fmt::format("{} nodes and {} edges within {} hops of the resource", radius.nodes.size(),
                            radius.edges.size(), radius.hops);
    if (!counts.empty()) text += ": " + join(counts, ", ");
    if (!radius.origin.empty()) text += "; according to " + one_line(radius.origin);
    if (radius.truncated) text += "; there is more (" + one_line(radius.truncated_by) + ")";
    return text;
}

// ---- SVG ------------------------------------------------------------------------------------------------------------

constexpr int box_width = 200;
constexpr int box_height = 46;
constexpr int column_pitch = 270;
constexpr int row_pitch = 66;
constexpr int margin = 20;
constexpr int head = 40; ///< the line that names the hops

/// For element content and attribute values; characters that XML 1.0 has no room for are gone.
auto xml(std::string_view text) -> std::string {
    return escape_xml(replace_all(replace_all(one_line(text), "\xEF\xBF\xBE", ""), "\xEF\xBF\xBF", ""));
}

auto x_of(std::size_t column) -> int { return margin + static_cast<int>(column) * column_pitch; }
auto y_of(std::size_t row) -> int { return margin + head + static_cast<int>(row) * row_pitch; }

/// From the side of one box to the side of another; within a column, a bow to the right of it.
auto edge_path(Layout::Place from, Layout::Place to) -> std::string {
    const int y1 = y_of(from.row) + box_height / 2;
    const int y2 = y_of(to.row) + box_height / 2;
    if (from.column == to.column) {
        const int x = x_of(from.column) + box_width;
        return fmt::format("M{} {} C{} {} {} {} {} {}", x, y1, x + 45, y1, x + 45, y2, x, y2);
    }
    const bool forward = from.column < to.column;
    const int x1 = x_of(from.column) + (forward ? box_width : 0);
    const int x2 = x_of(to.column) + (forward ? 0 : box_width);
    const int middle = (x1 + x2) / 2;
    return fmt::format("M{} {} C{} {} {} {} {} {}", x1, y1, middle, y1, middle, y2, x2, y2);
}

auto node_box(const GraphNode& node, Layout::Place place) -> std::string {
    const auto& look = look_of(node.kind);
    const int x = x_of(place.column);
    const int y = y_of(place.row);
    auto about = name_of(node) == node.id ? node.id : fmt::format("{} ({})", name_of(node), node.id);
    if (!node.why.empty()) about += ": " + node.why;
    const auto kind = node.type.empty() ? words_of(node.kind) : fmt::format("{}, {}", words_of(node.kind), node.type);
    std::string out = "<g>";
    out += fmt::format("<title>{}</title>", xml(shorten(about, text_limit)));
    out += fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" rx="6" fill="{}" stroke="{}" stroke-width="{}"/>)",
                       x, y, box_width, box_height, look.fill, look.line, node.hops == 0 ? 3 : 1);
    out += fmt::format(R"(<text x="{}" y="{}" font-size="13" font-weight="600" fill="#16202c">{}</text>)", x + 10,
                       y + 20, xml(shorten(name_of(node), label_limit)));
    out += fmt::format(R"(<text x="{}" y="{}" font-size="11" fill="{}">{}</text>)", x + 10, y + 36, look.line,
                       xml(shorten(kind, label_limit + 4)));
    return out + "</g>\n";
}

// ---- Mermaid --------------------------------------------------------------------------------------------------------

/// Inside a quoted label. Letters, digits, blanks and a few harmless signs stay; all else becomes Mermaid's own number
/// form, so that no quote, tag, Markdown string or `%%{…}%%` directive can begin.
auto mermaid_text(std::string_view text) -> std::string {
    std::string out;
    for (const char c : one_line(text)) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = byte >= 0x80 || std::isalnum(byte) != 0 ||
                              std::string_view{" -_./:,@+()"}.find(c) != std::string_view::npos;
        if (is_plain)
            out += c;
        else
            out += fmt::format("#{};", byte);
    }
    return out;
}

auto mermaid_id(const std::string& id) -> std::string { return "n" + sha256_hex(id).substr(0, 12); }

} // namespace

auto draw_svg(const BlastRadius& radius) -> std::string {
    const auto layout = lay_out(radius);
    std::size_t rows = 1;
    for (std::size_t i = 0; i < layout.columns.size(); ++i)
        rows = std::max(rows, layout.columns[i].size() + (layout.left_out[i] > 0 ? 1 : 0));
    const auto columns = std::max<std::size_t>(layout.columns.size(), 1);
    const int width = x_of(columns - 1) + box_width + margin + 30;
    const int height = y_of(rows) + margin;
    const auto root = radius.nodes.empty() ? std::string("nothing") : name_of(radius.nodes.front());

    std::string out = fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" )"
        R"(aria-labelledby="title desc" font-family="system-ui, sans-serif">)",
        width, height);
    out += fmt::format("\n<title id=\"title\">Blast radius of {}</title>\n", xml(shorten(root, text_limit)));
    out += fmt::format("<desc id=\"desc\">{}</desc>\n", xml(description_of(radius)));
    out += R"(<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" )"
           R"(orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#5b6b7f"/></marker></defs>)";
    out += fmt::format("\n<rect width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>\n", width, height);
    for (std::size_t column = 0; column < layout.columns.size(); ++column) {
        const auto label = column == 0 ? std::string("the resource")
                                       : fmt::format("{} {}{}", column, column == 1 ? "hop" : "hops",
                                                     column == most_columns - 1 ? " and more" : "");
        out += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"12\" fill=\"#5b6b7f\">{}</text>\n", x_of(column),
                           margin + 16, label);
    }
    for (const auto* edge : layout.edges) {
        const auto relation =
            edge->why.empty() ? words_of(edge->relation) : fmt::format("{}: {}", words_of(edge->relation), edge->why);
        out += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"#5b6b7f\" marker-end=\"url(#tip)\"><title>{}</title>"
                           "</path>\n",
                           edge_path(layout.places.at(edge->from), layout.places.at(edge->to)),
                           xml(shorten(relation, text_limit)));
    }
    for (std::size_t column = 0; column < layout.columns.size(); ++column) {
        const auto& nodes = layout.columns[column];
        for (std::size_t row = 0; row < nodes.size(); ++row) out += node_box(*nodes[row], {column, row});
        if (layout.left_out[column] > 0)
            out += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"12\" fill=\"#5b6b7f\">and {} more</text>\n",
                               x_of(column) + 10, y_of(nodes.size()) + 20, layout.left_out[column]);
    }
    return out + "</svg>\n";
}

auto draw_mermaid(const BlastRadius& radius) -> std::string {
    const auto layout = lay_out(radius);
    std::string out = "flowchart LR\n";
    for (std::size_t column = 0; column < layout.columns.size(); ++column) {
        for (const auto* node : layout.columns[column])
            out += fmt::format("    {}[\"{} - {}\"]:::{}\n", mermaid_id(node->id),
                               mermaid_text(shorten(name_of(*node), 2 * label_limit)), words_of(node->kind),
                               look_of(node->kind).kind);
        if (layout.left_out[column] > 0)
            out += fmt::format("    more{}[\"and {} more\"]\n", column, layout.left_out[column]);
    }
    for (const auto* edge : layout.edges)
        out += fmt::format("    {} -->|\"{}\"| {}\n", mermaid_id(edge->from), mermaid_text(words_of(edge->relation)),
                           mermaid_id(edge->to));
    for (const auto& look : looks)
        out += fmt::format("    classDef {} fill:{},stroke:{},color:#16202c\n", look.kind, look.fill, look.line);
    return out;
}

} // namespace dossier::ticket
