#include "dossier/explain/prompt_catalogue.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/base/strings.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace dossier::explain {
namespace {

namespace fs = std::filesystem;

class Directory {
public:
    Directory() : path_(fs::temp_directory_path() / ("dossier-prompts-" + random_hex(6))) {
        fs::create_directories(path_);
    }
    ~Directory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Directory(const Directory&) = delete;
    auto operator=(const Directory&) -> Directory& = delete;
    void write(const std::string& name, const std::string& content) const { std::ofstream(path_ / name) << content; }
    [[nodiscard]] auto path() const -> std::string { return path_.string(); }

private:
    fs::path path_;
};

constexpr const char* schema = R"({"type":"object","additionalProperties":false,"required":["a"],
"properties":{"a":{"type":"string"}}})";

auto prompt(const std::string& version) -> std::string {
    return "---\nid: narrative\nversion: " + version +
           "\nschema: s.json\nparams: { temperature: 0.2, max_tokens: 900 }\n---\nWrite version " + version + ".\n";
}

TEST(PromptCatalogue, SharesAVersionOutByTheKeyAlone) {
    const Directory directory;
    directory.write("s.json", schema);
    directory.write("CHANGELOG.md", "no prompt");
    for (const char* version : {"1.0.0", "1.1.0", "1.2.0"})
        directory.write(std::string(version) + ".md", prompt(version));
    auto catalogue = PromptCatalogue::load(directory.path());
    ASSERT_TRUE(catalogue) << catalogue.error().message;
    EXPECT_EQ(catalogue->choose("narrative", "dos_1")->ref.version, "1.2.0") << "the newest, without a rollout";
    EXPECT_EQ(catalogue->roll_out({{"narrative", {{"9.0.0", 100}}}}).error().code, Errc::not_found);
    EXPECT_EQ(catalogue->roll_out({{"poem", {{"1.0.0", 100}}}}).error().code, Errc::not_found);

    ASSERT_TRUE(catalogue->roll_out({{"narrative", {{"1.0.0", 90}, {"1.1.0", 10}}}}));
    std::map<std::string, int> counts;
    std::map<std::string, std::string> arms;
    for (int i = 0; i < 5'000; ++i) {
        const auto key = "dos_" + std::to_string(i);
        arms[key] = catalogue->choose("narrative", key)->ref.version;
        ++counts[arms[key]];
    }
    EXPECT_EQ(counts.size(), 2U) << "what has no share is not used";
    EXPECT_NEAR(counts["1.1.0"], 500, 75);
    ASSERT_TRUE(catalogue->roll_out({{"narrative", {{"1.0.0", 80}, {"1.1.0", 20}}}}));
    for (const auto& [key, arm] : arms) {
        const auto now = catalogue->choose("narrative", key)->ref.version;
        if (arm == "1.1.0") EXPECT_EQ(now, "1.1.0") << "a share that grows keeps those that it had";
    }
    EXPECT_EQ(catalogue->choose("narrative", "dos_7")->ref.version,
              catalogue->choose("narrative", "dos_7")->ref.version);
}

TEST(PromptCatalogue, EveryVersionOfOursSaysWhatChangedInIt) {
    const auto catalogue = PromptCatalogue::load(std::string(DOSSIER_SOURCE_DIR) + "/config/prompts");
    ASSERT_TRUE(catalogue) << catalogue.error().message;
    std::ifstream in(std::string(DOSSIER_SOURCE_DIR) + "/config/prompts/CHANGELOG.md");
    const std::string log{std::istreambuf_iterator<char>(in), {}};
    for (const auto& prompt : catalogue->all()) {
        SCOPED_TRACE(prompt.ref.id + " " + prompt.ref.version);
        EXPECT_EQ(prompt.changes.empty(), prompt.ref.version == "1.0.0");
        EXPECT_TRUE(log.contains("## " + prompt.ref.id + " " + prompt.ref.version));
    }
}

TEST(PromptCatalogue, ComparesVersionsAsNumbers) {
    const Directory directory;
    directory.write("s.json", schema);
    directory.write("a.md", prompt("1.9.0"));
    directory.write("b.md", prompt("1.10.0"));
    directory.write("c.md", prompt("1.2.0"));
    directory.write("README.md", "no prompt");
    const auto catalogue = PromptCatalogue::load(directory.path());
    ASSERT_TRUE(catalogue) << catalogue.error().message;
    const auto newest = catalogue->find("narrative");
    ASSERT_TRUE(newest);
    EXPECT_EQ(newest->ref.version, "1.10.0");
    EXPECT_EQ(newest->text, "Write version 1.10.0.");
    EXPECT_DOUBLE_EQ(newest->temperature, 0.2);
    EXPECT_EQ(newest->max_tokens, 900U);
    EXPECT_EQ(newest->ref.hash, sha256_hex(prompt("1.10.0") + schema));
    EXPECT_EQ(catalogue->find("narrative", "1.2.0")->ref.version, "1.2.0");
    EXPECT_EQ(catalogue->find("narrative", "2.0.0").error().code, Errc::not_found);
    EXPECT_EQ(catalogue->find("other").error().code, Errc::not_found);
}

TEST(PromptCatalogue, HashCoversTextAndSchema) {
    const auto hash = [](const std::string& text, const std::string& answer_schema) {
        const Directory directory;
        directory.write("s.json", answer_schema);
        directory.write("a.md", text);
        return PromptCatalogue::load(directory.path())->find("narrative")->ref.hash;
    };
    const auto base = hash(prompt("1.0.0"), schema);
    EXPECT_EQ(hash(prompt("1.0.0"), schema), base);
    EXPECT_NE(hash(prompt("1.0.0") + "More.", schema), base);
    EXPECT_NE(hash(prompt("1.0.0"), std::string(schema) + "\n"), base);
}

TEST(PromptCatalogue, NamesTheFileAndTheFault) {
    struct Row {
        const char* name;
        std::string content;
        std::string answer_schema;
        const char* says;
    };
    const std::string head = "---\nid: n\nversion: 1.0.0\nschema: s.json\n";
    const std::vector<Row> rows = {
        {"no front matter", "Write.", schema, "front matter"},
        {"front matter without end", "---\nid: n\n", schema, "front matter"},
        {"no id", "---\nversion: 1.0.0\nschema: s.json\n---\nx", schema, "lacks id"},
        {"no version", "---\nid: n\nschema: s.json\n---\nx", schema, "lacks version"},
        {"version of words", "---\nid: n\nversion: newest\nschema: s.json\n---\nx", schema, "dotted number"},
        {"no schema", "---\nid: n\nversion: 1.0.0\n---\nx", schema, "lacks schema"},
        {"absent schema", "---\nid: n\nversion: 1.0.0\nschema: t.json\n---\nx", schema, "t.json is not beside it"},
        {"schema is no JSON", head + "---\nx", "{", "no JSON"},
        {"schema of a list", head + "---\nx", R"({"type":"array"})", "object"},
        {"open schema", head + "---\nx", R"({"type":"object","required":["a"],"properties":{"a":{"type":"string"}}})",
         "additionalProperties"},
        {"optional member", head + "---\nx",
         R"({"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}})",
         "require"},
        {"unknown key", head + "modle: x\n---\nx", schema, "modle"},
        {"unknown parameter", head + "params: { heat: 1 }\n---\nx", schema, "heat"},
        {"temperature of words", head + "params: { temperature: hot }\n---\nx", schema, "front matter can't be read"},
        {"temperature too high", head + "params: { temperature: 9 }\n---\nx", schema, "temperature"},
        {"broken YAML", "---\nid: [n\n---\nx", schema, "front matter can't be read"},
        {"no text", head + "---\n\n", schema, "no text"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const Directory directory;
        directory.write("s.json", row.answer_schema);
        directory.write("bad-1.md", row.content);
        const auto catalogue = PromptCatalogue::load(directory.path());
        ASSERT_FALSE(catalogue);
        EXPECT_TRUE(catalogue.error().message.contains("bad-1.md")) << catalogue.error().message;
        EXPECT_TRUE(icontains(catalogue.error().message, row.says)) << catalogue.error().message;
    }
}

TEST(PromptCatalogue, RefusesOneVersionTwiceAndAnEmptyOrAbsentDirectory) {
    const Directory directory;
    EXPECT_EQ(PromptCatalogue::load(directory.path()).error().code, Errc::not_found);
    EXPECT_EQ(PromptCatalogue::load(directory.path() + "/none").error().code, Errc::not_found);
    directory.write("s.json", schema);
    directory.write("a.md", prompt("1.0.0"));
    directory.write("b.md", prompt("1.0"));
    ASSERT_TRUE(PromptCatalogue::load(directory.path()));
    directory.write("c.md", prompt("1.0.0"));
    ASSERT_FALSE(PromptCatalogue::load(directory.path()));
}

TEST(PromptCatalogue, ShipsTheNarrativePromptInTheBinary) {
    const Directory elsewhere;
    const auto here = fs::current_path();
    fs::current_path(elsewhere.path());
    const auto catalogue = PromptCatalogue::load("");
    fs::current_path(here);
    ASSERT_TRUE(catalogue) << catalogue.error().message;
    const auto built_in = catalogue->find("narrative");
    ASSERT_TRUE(built_in);
    const auto on_disk = PromptCatalogue::load(std::string(DOSSIER_SOURCE_DIR) + "/config/prompts");
    ASSERT_TRUE(on_disk) << on_disk.error().message;
    EXPECT_EQ(on_disk->find("narrative", built_in->ref.version)->ref.hash, built_in->ref.hash);
}

} // namespace
} // namespace dossier::explain
