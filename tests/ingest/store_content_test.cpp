// What a delivery shows of a store's inside, wherever a customer's template put it.

#include "store_content.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

auto content_of(const std::string& text) -> DataProfile {
    const auto document = JsonDocument::parse(text);
    if (!document) throw std::runtime_error(document.error().describe());
    JsonUnfolder unfold;
    DataProfile data;
    read_store_content(unfold, document->root(), data);
    return data;
}

auto columns_in(const DataProfile& data) -> std::vector<std::string> {
    std::vector<std::string> names;
    for (const auto& field : data.fields) names.push_back(field.container + "." + field.name + ":" + field.type);
    return names;
}

TEST(StoreContent, FindsColumnsWhereTemplatesPutThem) {
    struct Row {
        const char* name;
        const char* text;
        std::vector<std::string> columns;
    };
    const Row rows[] = {
        {"names alone", R"({"columns": ["email", "patient_dob"]})", {".email:", ".patient_dob:"}},
        {"objects",
         R"({"columns": [{"name": "email", "type": "varchar", "table": "users"}, {"column": "n"}]})",
         {"users.email:varchar", ".n:"}},
        {"other words",
         R"({"fieldNames": ["a"], "field_names": [{"fieldName": "b", "dataType": "int"}]})",
         {".b:int", ".a:"}},
        {"of a table that is named beside them", R"({"resource": {"table_name": "t", "columns": ["a"]}})", {"t.a:"}},
        {"tables",
         R"({"tables": [{"name": "users", "columns": ["email"]}, {"table": "x", "fields": [{"name": "b"}]}]})",
         {"users.email:", "x.b:"}},
        {"tables by name", R"({"schema": {"users": ["email"], "x": ["b"], "version": 3}})", {"users.email:", "x.b:"}},
        {"a schema that is a list of columns",
         R"({"schema": [{"name": "a", "type": "int"}, {"name": "b"}]})",
         {".a:int", ".b:"}},
        {"in a resource of an issue", R"({"issue": {"entitySnapshot": {"columns": ["a"]}}})", {".a:"}},
        {"in JSON inside a text", R"({"columns": "[\"a\", {\"name\": \"b\"}]"})", {".a:", ".b:"}},
        {"nothing of the kind",
         R"({"columns": 7, "fields": {"a": 1}, "tables": "x", "rows": [1, null], "files": {}})",
         {}},
        {"wrong types inside",
         R"({"columns": [null, 1.5, [], {"name": []}, "a", ""], "tables": [1, [], {}]})",
         {".a:"}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(columns_in(content_of(row.text)), row.columns);
    }
}

TEST(StoreContent, TakesRowsAndDocumentsWithTheirText) {
    const auto data = content_of(R"({"sample_rows": [{"email": "a@b.example", "n": 1}, "x"], "files": ["Q3_plan.docx",
        {"path": "scan.pdf", "extracted_text": "Patient presents with hypertension."}]})");
    EXPECT_THAT(data.samples, ElementsAre(R"({"email":"a@b.example","n":"1"})"));
    EXPECT_THAT(data.objects, ElementsAre("Q3_plan.docx", "scan.pdf"));
    ASSERT_EQ(data.texts.size(), 1U);
    EXPECT_EQ(data.texts[0].first, "scan.pdf");
    EXPECT_THAT(data.fields, IsEmpty());
}

TEST(StoreContent, IsBounded) {
    std::string columns;
    for (int i = 0; i < 3'000; ++i) columns += (i == 0 ? "" : ",") + ("\"c" + std::to_string(i)) + "\"";
    const auto data = content_of("{\"columns\":[" + columns + "],\"files\":[" + columns + "],\"fields\":[\"" +
                                 std::string(5'000, 'x') + "\"]}");
    EXPECT_EQ(data.fields.size(), 500U);
    EXPECT_EQ(data.objects.size(), 500U);
    EXPECT_LE(content_of("{\"fields\":[\"" + std::string(5'000, 'x') + "\"]}").fields.at(0).name.size(), 310U);
}

} // namespace
} // namespace dossier::ingest
