#include "config_tree.hpp"

#include "config_text.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace dossier::config {
namespace {

constexpr int most_depth = 64;

/// Plain scalars by YAML's core schema, in the forms that JSON has too.
auto typed_scalar(const std::string& text) -> Json {
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    const auto* begin = text.data();
    const auto* end = begin + text.size();
    std::int64_t whole = 0;
    if (const auto [at, error] = std::from_chars(begin, end, whole); error == std::errc{} && at == end) return whole;
    const bool looks_numeric = !text.empty() && text.find_first_not_of("+-.0123456789eE") == std::string::npos;
    double number = 0;
    if (const auto [at, error] = std::from_chars(begin, end, number);
        looks_numeric && error == std::errc{} && at == end && std::isfinite(number))
        return number;
    return text;
}

class Flattener {
public:
    Flattener(Document::State& document, std::string path) : document_(document), path_(std::move(path)) {}

    void take(const YAML::Node& mapping, int depth) {
        if (depth > 16) return document_.add(line_of(mapping), path_, "merges (`<<`) are nested too deeply");
        std::map<std::string, int> own;
        std::vector<YAML::Node> merges;
        for (const auto& pair : mapping) {
            const int line = line_of(pair.first);
            if (!document_.spend_entry(line, path_)) return;
            if (!pair.first.IsScalar()) {
                document_.add(line, path_, fmt::format("a key must be a word, not {}", shape_of(pair.first)));
                continue;
            }
            const auto& key = pair.first.Scalar();
            if (key == "<<") {
                merges.push_back(pair.second);
                continue;
            }
            if (const auto [first, is_new] = own.emplace(key, line); !is_new) {
                document_.add(line, join_path(path_, key),
                              fmt::format("duplicate key, first on line {}", first->second));
                continue;
            }
            if (seen_.insert(key).second) entries.push_back({.key = key, .line = line, .value = pair.second});
        }
        for (const auto& merge : merges) take_merge(merge, depth);
    }

    std::vector<Entry> entries;

private:
    void take_merge(const YAML::Node& merge, int depth) {
        if (merge.IsMap()) return take(merge, depth + 1);
        if (!merge.IsSequence())
            return document_.add(line_of(merge), path_, "`<<` takes a mapping or a list of mappings");
        for (const auto& part : merge) {
            if (!document_.spend_entry(line_of(merge), path_)) return;
            if (part.IsMap())
                take(part, depth + 1);
            else
                document_.add(line_of(part), path_, "`<<` takes a mapping or a list of mappings");
        }
    }

    Document::State& document_;
    std::string path_;
    std::set<std::string> seen_;
};

auto json_of(Document::State& document, const YAML::Node& node, int line, const std::string& path, int depth)
    -> std::optional<Json> {
    if (!document.spend_entry(line, path)) return std::nullopt;
    if (depth > most_depth) {
        document.add(line, path, "nested too deeply");
        return std::nullopt;
    }
    if (!node.IsDefined() || node.IsNull()) return Json(nullptr);
    if (node.IsScalar()) {
        std::string text;
        if (!document.expand_scalar(node, line, path, text)) return std::nullopt;
        const bool is_plain = node.Tag() == "?" && text == node.Scalar();
        return is_plain ? typed_scalar(text) : Json(text);
    }
    if (node.IsSequence()) {
        Json list = Json::array();
        for (const auto& element : node) {
            auto value = json_of(document, element, line_of(element), path, depth + 1);
            if (!value) return std::nullopt;
            list.push_back(std::move(*value));
        }
        return list;
    }
    Json object = Json::object();
    for (const auto& entry : document.flatten(node, path)) {
        auto value = json_of(document, entry.value, entry.line, join_path(path, entry.key), depth + 1);
        if (!value) return std::nullopt;
        object[entry.key] = std::move(*value);
    }
    return object;
}

} // namespace

void Document::State::add(int line, std::string path, std::string message, bool is_warning) {
    if (has_failed) return;
    const auto at = std::ranges::upper_bound(problems, line, {}, &Problem::line);
    problems.insert(at, Problem{.file = name,
                                .line = line,
                                .path = std::move(path),
                                .message = std::move(message),
                                .is_warning = is_warning});
}

namespace {

/// Notes where documents begin. YAML::LoadAll isn't used, since yaml-cpp 0.7 begins documents without end, and without
/// moving on, where one begins with a comma.
class DocumentStarts final : public YAML::EventHandler {
public:
    std::vector<int> lines; ///< 1-based

    void OnDocumentStart(const YAML::Mark& mark) override { lines.push_back(mark.line + 1); }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
};

auto second_document_of(const std::string& text) -> std::optional<int> {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentStarts starts;
    while (starts.lines.size() < 2 && parser.HandleNextDocument(starts)) {
    }
    return starts.lines.size() < 2 ? std::nullopt : std::optional(starts.lines[1]);
}

} // namespace

void Document::State::parse(const std::string& text) {
    try {
        // yaml-cpp 0.7 lets a single quote that is never closed swallow the rest of the file; the end marker makes it
        // an error, as it is with double quotes.
        const auto closed = text + (text.ends_with('\n') ? "...\n" : "\n...\n");
        root = YAML::Load(closed);
        if (const auto second = second_document_of(closed))
            add(*second, "",
                "a second YAML document (`---`, or a character that ends the first); the configuration is one");
    } catch (const YAML::Exception& error) {
        add(error.mark.is_null() ? 0 : error.mark.line + 1, "", "not valid YAML: " + error.msg);
        has_failed = true;
    }
}

auto Document::State::spend_entry(int line, const std::string& path) -> bool {
    if (entries_left > 0) {
        if (--entries_left == 0)
            add(line, path, "the configuration expands to too many entries (aliases that multiply?)");
    }
    return entries_left > 0;
}

auto Document::State::expand_scalar(const YAML::Node& node, int line, const std::string& path, std::string& out)
    -> bool {
    auto expansion = expand(node.Scalar(), environment);
    for (auto& message : expansion.problems) add(line, path, std::move(message));
    if (!expansion.problems.empty() || bytes_left == 0) return false;
    if (expansion.text.size() >= bytes_left) {
        bytes_left = 0;
        add(line, path, "the configuration expands to too much text (aliases that multiply?)");
        return false;
    }
    bytes_left -= expansion.text.size();
    out = std::move(expansion.text);
    return true;
}

auto Document::State::flatten(const YAML::Node& mapping, const std::string& path) -> std::vector<Entry> {
    Flattener flattener(*this, path);
    flattener.take(mapping, 0);
    return std::move(flattener.entries);
}

auto Document::State::to_json(const YAML::Node& node, int line, const std::string& path) -> std::string {
    const auto value = json_of(*this, node, line, path, 0);
    return value ? dump_json(*value) : "";
}

auto line_of(const YAML::Node& node) -> int {
    const auto mark = node.Mark();
    return mark.is_null() ? 0 : mark.line + 1;
}

auto shape_of(const YAML::Node& node) -> std::string_view {
    if (!node.IsDefined() || node.IsNull()) return "nothing";
    if (node.IsMap()) return "a mapping";
    return node.IsSequence() ? "a list" : "a single value";
}

auto join_path(const std::string& path, std::string_view key) -> std::string {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

} // namespace dossier::config
