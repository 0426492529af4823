#include "store_content.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "payload_fields.hpp"
#include "sifted_object.hpp"

#include <algorithm>
#include <array>

namespace dossier::ingest {
namespace {

constexpr std::size_t most_entries = 500;
constexpr std::size_t most_sample_rows = 20;
constexpr std::size_t most_row_cells = 50;
constexpr std::size_t most_texts = 20;

constexpr std::array column_names = {"columns", "column_names", "columnNames", "field_names", "fieldNames", "fields"};
constexpr std::array table_names = {"tables", "schemas", "schema"};
constexpr std::array row_names = {"samples", "sample_rows", "sampleRows", "sample_data", "sampleData", "rows"};
constexpr std::array object_names = {"objects", "files", "documents", "object_names", "objectNames"};

/// Tables with columns, or columns themselves: `schema` is used for both.
void read_tables(JsonUnfolder& unfold, JsonView tables, DataProfile& data) {
    if (tables.is_object()) { // {"customers": ["email", …]}
        for (const auto& [name, columns] : tables.members())
            if (columns.is_array()) read_columns(unfold, columns, std::string(name), data);
        return;
    }
    for (auto table : tables.elements()) {
        table = unfold(table);
        const auto name = first_text({table["name"], table["table"], table["table_name"], table["tableName"]});
        bool has_columns = false;
        for (const auto* key : column_names) {
            if (!table[key].is_array()) continue;
            read_columns(unfold, table[key], name, data);
            has_columns = true;
        }
        if (!has_columns) return read_columns(unfold, tables, {}, data);
    }
}

void read_holder(JsonUnfolder& unfold, JsonView view, DataProfile& data) {
    if (!view.is_object()) return;
    const SiftedObject holder(view);
    const auto each = [&](const auto& names, auto read) {
        for (const auto* name : names)
            if (const auto value = holder[name]; !value.is_null()) read(unfold(value));
    };
    each(table_names, [&](JsonView tables) { read_tables(unfold, tables, data); });
    each(column_names, [&](JsonView columns) {
        const auto container = first_text({holder["table"], holder["table_name"], holder["tableName"]});
        read_columns(unfold, columns, container, data);
    });
    each(row_names, [&](JsonView rows) { read_sample_rows(unfold, rows, data); });
    each(object_names, [&](JsonView objects) { read_objects(unfold, objects, data); });
}

} // namespace

void read_columns(JsonUnfolder& unfold, JsonView columns, const std::string& container, DataProfile& data) {
    for (auto column : columns.elements()) {
        if (data.fields.size() == most_entries) return;
        column = unfold(column);
        const auto name = column.is_object()
                              ? first_text({column["name"], column["column"], column["field"], column["column_name"],
                                            column["columnName"], column["field_name"], column["fieldName"]})
                              : std::string(column.is_string() ? column.text_or("") : "");
        if (name.empty()) continue;
        auto table = first_text({column["table"], column["container"], column["table_name"], column["tableName"]});
        if (table.empty()) table = container;
        data.fields.push_back(
            {.container = shorten(table, 300),
             .name = shorten(name, 300),
             .type = shorten(first_text({column["type"], column["data_type"], column["dataType"]}), 100)});
    }
}

void read_sample_rows(JsonUnfolder& unfold, JsonView rows, DataProfile& data) {
    for (auto row : rows.elements()) {
        row = unfold(row);
        if (!row.is_object() || data.samples.size() == most_sample_rows) continue;
        Json cells = Json::object();
        for (const auto& [key, value] : row.members())
            if (cells.size() < most_row_cells)
                cells[std::string(key)] = shorten(to_valid_utf8(first_text({value})), 1'024);
        data.samples.push_back(dump_json(cells));
    }
}

void read_objects(JsonUnfolder& unfold, JsonView objects, DataProfile& data) {
    for (auto object : objects.elements()) {
        object = unfold(object);
        const auto name = object.is_object() ? first_text({object["name"], object["key"], object["path"]})
                                             : std::string(object.text_or(""));
        if (name.empty() || data.objects.size() == most_entries) continue;
        data.objects.push_back(shorten(name, 300));
        if (auto text = first_text({object["text"], object["content"], object["extracted_text"]});
            !text.empty() && data.texts.size() < most_texts)
            data.texts.emplace_back(data.objects.back(), shorten(to_valid_utf8(text), 8'192));
    }
}

void read_store_content(JsonUnfolder& unfold, JsonView item, DataProfile& data) {
    static constexpr std::array holders = {"resource",   "entity",     "entitySnapshot", "graphEntity",
                                           "asset",      "data_store", "dataStore",      "store",
                                           "asset_data", "content",    "evidence",       "dataFinding"};
    const auto read = [&](JsonView outer) {
        read_holder(unfold, outer, data);
        const SiftedObject sifted(outer);
        for (const auto* name : holders)
            if (const auto inner = sifted[name]; !inner.is_null()) read_holder(unfold, unfold(inner), data);
    };
    read(item);
    read(unfold(item["issue"])); // Wiz puts the issue beside the resource, or around it
}

} // namespace dossier::ingest
