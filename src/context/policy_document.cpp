#include "policy_document.hpp"

#include "dossier/base/strings.hpp"
#include "policy_markup.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::context {
namespace {

constexpr std::size_t most_sections = 2'000;
constexpr std::size_t most_section_bytes = 8'000;
constexpr std::size_t most_heading_bytes = 160;
constexpr std::size_t most_yaml_nodes = 20'000;
constexpr int most_yaml_depth = 32;

constexpr std::pair<std::string_view, PolicyFormat> endings[] = {
    {".md", PolicyFormat::markdown}, {".markdown", PolicyFormat::markdown}, {".txt", PolicyFormat::text},
    {".text", PolicyFormat::text},   {".html", PolicyFormat::html},         {".htm", PolicyFormat::html},
    {".yaml", PolicyFormat::yaml},   {".yml", PolicyFormat::yaml},          {".json", PolicyFormat::yaml},
};
constexpr std::pair<std::string_view, PolicyFormat> media_types[] = {
    {"text/markdown", PolicyFormat::markdown}, {"text/html", PolicyFormat::html},
    {"text/plain", PolicyFormat::text},        {"application/xhtml+xml", PolicyFormat::html},
    {"application/yaml", PolicyFormat::yaml},  {"application/x-yaml", PolicyFormat::yaml},
    {"application/json", PolicyFormat::yaml},
};

/// Collects lines under the headings above them.
class Sections {
public:
    explicit Sections(PolicyDocument& document) : document_(document) {}

    void heading(std::size_t level, std::string_view text) {
        const auto words = shorten(trim(text), most_heading_bytes);
        if (words.empty()) return;
        if (document_.title.empty()) document_.title = words;
        path_.resize(std::min(path_.size(), level - 1));
        path_.push_back(words);
        begun_ = false;
    }
    void line(std::string_view text) {
        const auto words = trim(text);
        if (words.empty()) {
            is_new_paragraph_ = true;
            return;
        }
        if (!begun_) {
            if (document_.sections.size() == most_sections) return;
            document_.sections.push_back({.heading = join(path_, " / "), .text = {}});
            begun_ = true;
        }
        auto& section = document_.sections.back().text;
        if (section.size() + words.size() > most_section_bytes) return;
        if (!section.empty()) section += is_new_paragraph_ ? '\n' : ' ';
        section += words;
        is_new_paragraph_ = false;
    }
    void paragraph(std::string_view text) {
        is_new_paragraph_ = true;
        line(text);
    }

private:
    PolicyDocument& document_;
    std::vector<std::string> path_;
    bool begun_ = false; ///< the section of the current heading exists
    bool is_new_paragraph_ = false;
};

void read_markdown(std::string_view content, Sections& sections) {
    for (const auto& line : markdown_lines(content)) {
        if (line.level > 0)
            sections.heading(line.level, line.text);
        else if (line.begins_paragraph)
            sections.paragraph(line.text);
        else
            sections.line(line.text);
    }
}

/// A short line of its own between blank lines, without a full stop, is a heading.
void read_text(std::string_view content, Sections& sections) {
    const auto lines = split(content, '\n');
    const auto blank = [&](std::size_t i) { return i >= lines.size() || trim(lines[i]).empty(); };
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto line = trim(lines[i]);
        const bool stands_alone = !line.empty() && (i == 0 || blank(i - 1)) && blank(i + 1);
        const bool is_rule = !line.empty() && line.find_first_not_of("-=*_ ") == std::string_view::npos;
        if (is_rule) continue;
        const bool is_underlined = i + 1 < lines.size() && !line.empty() && !blank(i + 1) &&
                                   trim(lines[i + 1]).find_first_not_of("-=") == std::string_view::npos;
        const bool is_short = line.size() <= 80 && !line.ends_with('.') && !line.ends_with(',') && !line.ends_with(';');
        if (is_underlined || (stands_alone && is_short))
            sections.heading(1, line);
        else
            sections.line(line);
    }
}

/// Keys are headings, what stands below is the text.
class YamlReader {
public:
    explicit YamlReader(Sections& sections) : sections_(sections) {}

    void read(const YAML::Node& node, std::size_t level) {
        if (++nodes_ > most_yaml_nodes || level > static_cast<std::size_t>(most_yaml_depth)) return;
        if (node.IsMap()) {
            // What is said at this level first: a heading below would take it for its own.
            for (const auto& [key, value] : pairs_of(node))
                if (value.IsScalar()) sections_.paragraph(key + ": " + value.Scalar());
            for (const auto& [key, value] : pairs_of(node)) {
                if (value.IsScalar() || value.IsNull()) continue;
                sections_.heading(level, replace_all(key, "_", " "));
                read(value, level + 1);
            }
        } else if (node.IsSequence()) {
            for (const auto& item : node) {
                if (item.IsScalar())
                    sections_.paragraph(item.Scalar());
                else
                    read_item(item, level);
            }
        } else if (node.IsScalar()) {
            sections_.paragraph(node.Scalar());
        }
    }

private:
    static auto pairs_of(const YAML::Node& map) -> std::vector<std::pair<std::string, YAML::Node>> {
        std::vector<std::pair<std::string, YAML::Node>> pairs;
        for (const auto& pair : map)
            pairs.emplace_back(pair.first.IsScalar() ? pair.first.Scalar() : std::string(), pair.second);
        return pairs;
    }
    /// A list of mappings is a list of sections where they have names.
    void read_item(const YAML::Node& item, std::size_t level) {
        if (item.IsMap()) {
            for (const auto& [key, value] : pairs_of(item)) {
                const bool names_it = key == "name" || key == "title" || key == "id" || key == "heading";
                if (!names_it || !value.IsScalar()) continue;
                sections_.heading(level, value.Scalar());
                return read(item, level + 1);
            }
        }
        read(item, level);
    }

    Sections& sections_;
    std::size_t nodes_ = 0;
};

} // namespace

auto policy_format(std::string_view name, std::string_view media_type) -> Result<PolicyFormat> {
    const auto lowered = lower(name.substr(0, name.find_first_of("?#")));
    for (const auto& [ending, format] : endings)
        if (lowered.ends_with(ending)) return format;
    for (const auto& [type, format] : media_types)
        if (media_type == type) return format;
    return fail(Errc::invalid_argument, fmt::format("{} can't be read as a policy: save it as Markdown, text, HTML, "
                                                    "YAML or JSON",
                                                    name));
}

auto read_policy(std::string name, std::string_view content, PolicyFormat format) -> Result<PolicyDocument> {
    if (content.size() > most_policy_bytes)
        return fail(Errc::too_large, fmt::format("{} is larger than {} KiB", name, most_policy_bytes >> 10U));
    if (content.starts_with("%PDF") || content.starts_with("PK\x03\x04") ||
        content.find('\0') != std::string_view::npos)
        return fail(Errc::malformed, name + " is no text, whatever its name says");
    const auto text = to_valid_utf8(content.starts_with("\xef\xbb\xbf") ? content.substr(3) : content);
    PolicyDocument document{.name = std::move(name), .title = {}, .sections = {}};
    Sections sections(document);
    switch (format) {
    case PolicyFormat::markdown:
        read_markdown(text, sections);
        break;
    case PolicyFormat::text:
        read_text(text, sections);
        break;
    case PolicyFormat::html:
        read_markdown(html_as_markdown(text), sections);
        break;
    case PolicyFormat::yaml:
        try {
            YamlReader(sections).read(YAML::Load(text), 1);
        } catch (const YAML::Exception& error) {
            return fail(Errc::malformed, fmt::format("{}: {}", document.name, error.what()));
        }
        break;
    }
    if (document.title.empty()) document.title = document.name;
    return document;
}

} // namespace dossier::context
