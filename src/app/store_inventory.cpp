#include "store_inventory.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/redact/sample_mask.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace dossier::app {
namespace {

using explain::StoreSketch;

constexpr std::size_t most_columns = 5'000;
constexpr std::size_t most_rows = 20;
constexpr std::size_t most_text = std::size_t{64} << 10U;

/// Cells that are masked already stay: a mask of a mask says nothing.
auto masked(const redact::Redactor& redactor, const std::string& field, const std::string& value) -> std::string {
    if (value.find("**") != std::string::npos || (value.starts_with('<') && value.ends_with('>')))
        return shorten(value, 100);
    return redact::mask_sample(redactor, field, value);
}

class JsonInventory {
public:
    explicit JsonInventory(const redact::Redactor& redactor) : redactor_(redactor) {}

    auto read(const Json& json) const -> Result<std::vector<StoreSketch>> {
        std::vector<StoreSketch> stores;
        const auto add = [&](const Json& one) {
            if (one.is_object()) stores.push_back(store_of(one));
        };
        if (json.is_array())
            for (const auto& one : json) add(one);
        else
            add(json);
        if (stores.empty()) return fail(Errc::malformed, "an inventory is an object, or a list of them, one a store");
        return stores;
    }

private:
    auto store_of(const Json& json) const -> StoreSketch {
        StoreSketch store;
        store.name = text_at(json, "name");
        store.kind = text_at(json, "type");
        store.about = text_at(json, "description");
        store.environment = environment_from_text(text_at(json, "environment"));
        if (const auto tags = json.find("tags"); tags != json.end() && tags->is_array())
            for (const auto& tag : *tags)
                if (tag.is_string()) store.tags.push_back(tag.get<std::string>());
        read_columns(json, text_at(json, "table"), store);
        if (const auto tables = json.find("tables"); tables != json.end() && tables->is_array())
            for (const auto& table : *tables)
                if (table.is_object()) read_columns(table, text_at(table, "name"), store);
        if (const auto documents = json.find("documents"); documents != json.end() && documents->is_array())
            for (const auto& one : *documents) {
                if (one.is_string()) store.documents.push_back({.name = one.get<std::string>(), .text = {}});
                if (one.is_object())
                    store.documents.push_back(
                        {.name = text_at(one, "name"), .text = shorten(text_at(one, "text"), most_text)});
            }
        return store;
    }

    void read_columns(const Json& table, const std::string& container, StoreSketch& store) const {
        const auto columns = table.find("columns");
        if (columns == table.end() || !columns->is_array()) return;
        for (const auto& column : *columns) {
            if (store.fields.size() >= most_columns) return;
            if (column.is_string())
                store.fields.push_back({.container = container, .name = column.get<std::string>(), .type = {}});
            if (!column.is_object()) continue;
            const auto name = text_at(column, "name");
            if (name.empty()) continue;
            store.fields.push_back({.container = container, .name = name, .type = text_at(column, "type")});
            if (auto sample = text_at(column, "sample"); !sample.empty())
                store.samples[name].push_back(masked(redactor_, name, sample));
            if (const auto samples = column.find("samples"); samples != column.end() && samples->is_array())
                for (const auto& sample : *samples)
                    if (sample.is_string() && store.samples[name].size() < most_rows)
                        store.samples[name].push_back(masked(redactor_, name, sample.get<std::string>()));
        }
    }

    const redact::Redactor& redactor_;
};

/// One line of a CSV file, RFC 4180 without line feeds inside quotes.
auto csv_cells(std::string_view line) -> std::vector<std::string> {
    std::vector<std::string> cells(1);
    bool is_quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '"' && is_quoted && i + 1 < line.size() && line[i + 1] == '"') {
            cells.back() += line[++i];
        } else if (c == '"') {
            is_quoted = !is_quoted;
        } else if ((c == ',' || c == ';' || c == '\t') && !is_quoted) {
            cells.emplace_back();
        } else if (c != '\r') {
            cells.back() += c;
        }
    }
    return cells;
}

auto read_csv(const std::string& stem, const std::string& content, const redact::Redactor& redactor) -> StoreSketch {
    StoreSketch store{.name = stem};
    std::size_t row = 0;
    for (const auto line : split(content, '\n')) {
        if (trim(line).empty()) continue;
        const auto cells = csv_cells(line);
        for (std::size_t i = 0; i < cells.size() && i < most_columns; ++i) {
            if (row == 0)
                store.fields.push_back({.container = stem, .name = std::string(trim(cells[i])), .type = {}});
            else if (i < store.fields.size())
                store.samples[store.fields[i].name].push_back(masked(redactor, store.fields[i].name, cells[i]));
        }
        if (++row > most_rows) break;
    }
    return store;
}

/// What stands between a table's brackets, cut at the commas of the outermost level.
auto definitions(std::string_view body) -> std::vector<std::string_view> {
    std::vector<std::string_view> parts;
    int depth = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < body.size(); ++i) {
        if (body[i] == '(') ++depth;
        if (body[i] == ')') --depth;
        if (body[i] == ',' && depth == 0) {
            parts.push_back(trim(body.substr(begin, i - begin)));
            begin = i + 1;
        }
    }
    parts.push_back(trim(body.substr(begin)));
    return parts;
}

auto unquoted(std::string_view name) -> std::string {
    std::string plain;
    for (const char c : name)
        if (c != '"' && c != '`' && c != '[' && c != ']') plain += c;
    return plain;
}

/// The column that a definition defines; "" for keys and constraints.
void read_definition(std::string_view text, const std::string& table, StoreSketch& store) {
    std::vector<std::string_view> words;
    for (const auto word : split(replace_all(replace_all(std::string(text), "\n", " "), "\t", " "), ' '))
        if (!word.empty()) words.push_back(word);
    static constexpr std::string_view no_columns[] = {"primary",    "foreign", "unique", "key",
                                                      "constraint", "index",   "check",  "like"};
    if (text.empty() || store.fields.size() >= most_columns) return;
    const auto plain = replace_all(replace_all(std::string(text), "\n", " "), "\t", " ");
    const auto space = plain.find(' ');
    const auto name = unquoted(plain.substr(0, space));
    if (std::ranges::find(no_columns, lower(name)) != std::end(no_columns)) return;
    auto type = space == std::string::npos ? std::string() : std::string(trim(std::string_view(plain).substr(space)));
    if (const auto end = type.find(' '); end != std::string::npos) type.resize(end);
    store.fields.push_back({.container = table, .name = name, .type = type});
}

auto read_sql(const std::string& stem, const std::string& content) -> Result<StoreSketch> {
    StoreSketch store{.name = stem};
    std::string text;
    for (const auto line : split(content, '\n')) text += std::string(line.substr(0, line.find("--"))) + "\n";
    const auto lowered = lower(text);
    for (auto at = lowered.find("create "); at != std::string::npos; at = lowered.find("create ", at + 1)) {
        const auto open = text.find('(', at);
        const auto table = lowered.find("table", at);
        if (open == std::string::npos || table == std::string::npos || table > open) continue;
        auto name = std::string(trim(std::string_view(text).substr(table + 5, open - table - 5)));
        if (lower(name).starts_with("if not exists")) name = trim(std::string_view(name).substr(13));
        name = unquoted(name);
        std::size_t end = open + 1;
        for (int depth = 1; end < text.size() && depth > 0; ++end)
            depth += text[end] == '(' ? 1 : text[end] == ')' ? -1 : 0;
        for (const auto part : definitions(std::string_view(text).substr(open + 1, end - open - 2)))
            read_definition(part, name, store);
    }
    if (store.fields.empty()) return fail(Errc::malformed, "no CREATE TABLE was found");
    return store;
}

} // namespace

auto read_inventory(const std::string& name, const std::string& content, const redact::Redactor& redactor)
    -> Result<std::vector<StoreSketch>> {
    const std::filesystem::path path(name);
    const auto ending = lower(path.extension().string());
    const auto stem = path.stem().string();
    if (!is_valid_utf8(content)) return fail(Errc::malformed, "the input is no valid UTF-8");
    if (ending == ".csv" || ending == ".tsv") return std::vector{read_csv(stem, content, redactor)};
    if (ending == ".sql" || ending == ".ddl") {
        auto store = read_sql(stem, content);
        if (!store) return fail(std::move(store.error()));
        return std::vector{std::move(*store)};
    }
    if (ending == ".txt" || ending == ".md") {
        StoreSketch store{.name = stem};
        store.documents.push_back({.name = path.filename().string(), .text = shorten(content, most_text)});
        return std::vector{std::move(store)};
    }
    auto json = parse_json(content);
    if (!json) return fail(std::move(json.error()));
    return JsonInventory(redactor).read(*json);
}

} // namespace dossier::app
