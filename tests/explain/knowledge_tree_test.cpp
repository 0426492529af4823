#include "embedded.hpp"
#include "knowledge_tree.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>

namespace dossier::explain {
namespace {

auto all_of(const KnowledgeNode& node) -> std::string {
    std::string all;
    if (node.is_map())
        for (const auto& [key, value] : node.members()) all += all_of(key) + ":" + all_of(value) + ";";
    else if (node.is_list())
        for (const auto& element : node) all += all_of(element) + ",";
    else if (node.is_text())
        return "'" + std::string(node.text()) + "'";
    else
        return node ? "null" : "absent";
    return (node.is_map() ? "{" : "[") + all + (node.is_map() ? "}" : "]");
}

TEST(KnowledgeTree, SaysWhatTheYamlSays) {
    const struct {
        const char* yaml;
        const char* said;
    } rows[] = {
        {"", "null"},
        {"a", "'a'"},
        {"a: 1\nb: [x, \"y: z\", ~]\n", "{'a':'1';'b':['x','y: z',null,];}"},
        {"- {}\n- []\n- ''\n", "[{},[],'',]"},
        {"a: &it [x]\nb: *it\n", "{'a':['x',];'b':['x',];}"},
        {"a: |\n  two\n  lines: 1\n", "{'a':'two\nlines: 1\n';}"},
        {"ä: »ö«\n", "{'ä':'»ö«';}"},
    };
    for (const auto& row : rows) {
        const auto flat = flat_knowledge(row.yaml);
        EXPECT_EQ(all_of(KnowledgeNode::root(flat)), row.said) << row.yaml;
    }
}

TEST(KnowledgeTree, NodesKnowTheirLines) {
    const auto flat = flat_knowledge("a: 1\nlist:\n  - x\n  - y: 2\n");
    const auto root = KnowledgeNode::root(flat);
    EXPECT_EQ(root.line(), 1);
    EXPECT_EQ(root["list"].line(), 3);
    int last = 0;
    for (const auto& element : root["list"]) last = element.line();
    EXPECT_EQ(last, 4);
    EXPECT_FALSE(root["none"]);
    EXPECT_FALSE(root["none"]["below"]);
}

TEST(KnowledgeTree, GivesValuesOfTheirKindAlone) {
    const auto flat = flat_knowledge("number: 0.85\ncount: 12\nyes: Yes\nno: off\nword: hi\nnull: ~\nlist: [1]\n");
    const auto root = KnowledgeNode::root(flat);
    EXPECT_EQ(root["number"].as_number(), 0.85);
    EXPECT_EQ(root["count"].as_count(), 12U);
    EXPECT_TRUE(root["yes"].as_claim());
    EXPECT_FALSE(root["no"].as_claim());
    EXPECT_EQ(root["word"].as_text(), "hi");
    const std::function<void()> wrong[] = {
        [&] { static_cast<void>(root["word"].as_number()); },   [&] { static_cast<void>(root["number"].as_count()); },
        [&] { static_cast<void>(root["count"].as_claim()); },   [&] { static_cast<void>(root["list"].as_text()); },
        [&] { static_cast<void>(root["absent"].as_number()); }, [&] { static_cast<void>(root["word"]["below"]); },
    };
    for (const auto& ask : wrong) EXPECT_THROW(ask(), KnowledgeMistake);
}

TEST(KnowledgeTree, RefusesWhatIsNoYamlWithItsLine) {
    try {
        static_cast<void>(flat_knowledge("a: 1\nb: [\n"));
        FAIL();
    } catch (const KnowledgeMistake& mistake) {
        EXPECT_GE(mistake.line, 2);
    }
}

TEST(KnowledgeTree, RefusesAliasesThatMakeMuchOfLittle) {
    std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const auto before = "*a" + std::to_string(i - 1);
        yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) yaml += (j == 0 ? "" : ", ") + before;
        yaml += "]\n";
    }
    EXPECT_THROW(static_cast<void>(flat_knowledge(yaml)), KnowledgeMistake);
}

TEST(Embedded, HoldsOfEachFileWhatItSays) {
    std::size_t flat = 0;
    for (const auto& file : embedded_files()) {
        std::ifstream in(std::string(DOSSIER_SOURCE_DIR "/") + file.name, std::ios::binary);
        const std::string content{std::istreambuf_iterator<char>(in), {}};
        ASSERT_FALSE(content.empty()) << file.name;
        if (file.name.ends_with(".yaml")) {
            ++flat;
            EXPECT_TRUE(file.flat == flat_knowledge(content)) << file.name;
        } else {
            EXPECT_EQ(file.content, content) << file.name;
        }
    }
    EXPECT_GT(flat, 20U);
}

} // namespace
} // namespace dossier::explain
