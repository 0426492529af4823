#include "dossier/base/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>

namespace dossier::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

auto fake_environment(const std::string& name, bool& found) -> std::string {
    static const std::map<std::string, std::string> variables = {
        {"TOKEN", "s3cret-value"}, {"EMPTY", ""}, {"NUMBER", "17"}, {"NESTED", "${TOKEN}"}};
    const auto at = variables.find(name);
    found = at != variables.end();
    return found ? at->second : "";
}

auto document(std::string text) -> Document { return Document::parse(std::move(text), "c.yaml", fake_environment); }

auto told(const Document& document) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& problem : document.problems()) out.push_back(problem.describe());
    return out;
}

auto temporary_file(const std::string& name, const std::string& content) -> std::string {
    const auto path = (std::filesystem::temp_directory_path() / ("dossier_config_test_" + name)).string();
    std::ofstream(path, std::ios::binary) << content;
    return path;
}

TEST(Config, ReadsEveryTypeAndKeepsDefaultsOfAbsentAndNullKeys) {
    auto doc = document("text: hello\nflag: true\nwhole: 7\nsize: 12\nreal: 0.5\nwait: 5m\nbytes: 4MiB\nrate: 60/m\n"
                        "secret: ${TOKEN}\nlist: [a, b]\nsingle: a\nmap: {x: 1, y: two}\nnothing: ~\n");
    std::string text;
    std::string nothing = "default";
    std::string absent = "default";
    bool flag = false;
    int whole = 0;
    std::size_t size = 0;
    double real = 0;
    Duration wait{};
    ByteSize bytes;
    Rate rate;
    Secret secret;
    std::vector<std::string> list;
    std::vector<std::string> single;
    std::vector<std::pair<std::string, std::string>> map;
    {
        auto root = doc.root();
        root.read("text", text);
        root.read("flag", flag);
        root.read("whole", whole);
        root.read("size", size);
        root.read("real", real);
        root.read("wait", wait);
        root.read("bytes", bytes);
        root.read("rate", rate);
        root.read("secret", secret);
        root.read("list", list);
        root.read("single", single);
        root.read("map", map);
        root.read("nothing", nothing);
        root.read("absent", absent);
        EXPECT_FALSE(root.has("nothing"));
    }
    EXPECT_THAT(told(doc), IsEmpty());
    EXPECT_EQ(text, "hello");
    EXPECT_TRUE(flag);
    EXPECT_EQ(whole, 7);
    EXPECT_EQ(size, 12U);
    EXPECT_EQ(real, 0.5);
    EXPECT_EQ(wait, Duration{300'000});
    EXPECT_EQ(bytes.bytes, 4U << 20U);
    EXPECT_EQ(rate.per_second, 1.0);
    EXPECT_EQ(secret.reveal(), "s3cret-value");
    EXPECT_THAT(list, ElementsAre("a", "b"));
    EXPECT_THAT(single, ElementsAre("a"));
    EXPECT_THAT(map, ElementsAre(Pair("x", "1"), Pair("y", "two")));
    EXPECT_EQ(nothing, "default");
    EXPECT_EQ(absent, "default");
}

TEST(Config, ExpandsReferencesOnceAndOnlyWhereTheyAre) {
    const auto one_newline = temporary_file("one", "from file\n");
    const auto two_newlines = temporary_file("two", "x\n\n");
    const struct {
        const char* name;
        std::string written;
        std::string expected;
    } rows[] = {
        {"variable", "${TOKEN}", "s3cret-value"},
        {"inside text", "a-${NUMBER}-b-${NUMBER}", "a-17-b-17"},
        {"empty variable", "a${EMPTY}b", "ab"},
        {"value is not expanded again", "${NESTED}", "${TOKEN}"},
        {"escaped", "$${TOKEN}", "${TOKEN}"},
        {"lone dollars", "$5 and $TOKEN and $", "$5 and $TOKEN and $"},
        {"file, its last newline trimmed", "${file:" + one_newline + "}", "from file"},
        {"one newline only", "${file:" + two_newlines + "}", "x\n"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto doc = document("key: '" + row.written + "'\n");
        std::string value;
        doc.root().read("key", value);
        EXPECT_THAT(told(doc), IsEmpty());
        EXPECT_EQ(value, row.expected);
    }
}

TEST(Config, ExpandsInNumbersListsMapsAndJson) {
    auto doc = document("whole: ${NUMBER}\nlist: ['${NUMBER}']\nmap: {k: '${NUMBER}'}\njson: {a: ['${NUMBER}', 17]}\n");
    int whole = 0;
    std::vector<std::string> list;
    std::vector<std::pair<std::string, std::string>> map;
    std::string json;
    {
        auto root = doc.root();
        root.read("whole", whole);
        root.read("list", list);
        root.read("map", map);
        root.read_json("json", json);
    }
    EXPECT_THAT(told(doc), IsEmpty());
    EXPECT_EQ(whole, 17);
    EXPECT_THAT(list, ElementsAre("17"));
    EXPECT_THAT(map, ElementsAre(Pair("k", "17")));
    EXPECT_EQ(json, R"({"a":["17",17]})");
}

TEST(Config, TypesJsonByTheCoreSchema) {
    auto doc = document("j: {i: 1, f: 1.5, t: true, n: null, s: '1', w: word, v: 1.2.3, neg: -4, l: [], o: {}}\n");
    std::string json;
    doc.root().read_json("j", json);
    EXPECT_EQ(json, R"({"f":1.5,"i":1,"l":[],"n":null,"neg":-4,"o":{},"s":"1","t":true,"v":"1.2.3","w":"word"})");
}

struct Everything {
    std::string listen;
    int workers = 0;
    bool flag = false;
    Duration wait{};
    ByteSize bytes;
    Rate rate;
    Secret token;
    std::string url;
    std::string word;
    std::vector<std::string> list;
    int choice = 0;
};

/// The reader that the table of mistakes below goes through.
auto read_everything(Document& doc) -> Everything {
    Everything out;
    auto root = doc.root();
    root.read("listen", out.listen);
    root.read("workers", out.workers, 1, 64);
    root.read("flag", out.flag);
    root.read("wait", out.wait);
    root.read("bytes", out.bytes);
    root.read("rate", out.rate);
    root.read("token", out.token);
    root.read_url("url", out.url);
    root.read_word("word", out.word, {"alpha", "beta"});
    root.read_words("list", out.list, {"high", "critical"});
    root.read_enum("choice", out.choice, {{"one", 1}, {"two", 2}});
    auto inner = root.child("inner");
    int depth = 0;
    inner.read("depth", depth);
    for (auto& item : root.items("items")) {
        std::string name;
        item.require("name");
        item.read("name", name);
    }
    return out;
}

TEST(Config, TellsEachMistakeWithItsLineAndWhatWasExpected) {
    const struct {
        const char* name;
        const char* text;
        const char* expected;
    } rows[] = {
        {"misspelt key", "flag: true\n\nlisten_: x\n",
         "c.yaml:3: listen_: unknown key `listen_`; did you mean `listen`?"},
        {"strange key", "zzzzzzzzzzzzzzzz: 1\n",
         "c.yaml:1: zzzzzzzzzzzzzzzz: unknown key `zzzzzzzzzzzzzzzz`; known here: `listen`, "},
        {"misspelt key within", "inner:\n  dept: 1\n",
         "c.yaml:2: inner.dept: unknown key `dept`; did you mean `depth`?"},
        {"misspelt key in a list", "items:\n  - name: a\n  - { name: b, nam: c }\n",
         "c.yaml:3: items[1].nam: unknown key `nam`; did you mean `name`?"},
        {"duplicate key", "flag: true\nflag: false\n", "c.yaml:2: flag: duplicate key, first on line 1"},
        {"unset variable", "\nlisten: ${NO_SUCH}\n", "c.yaml:2: listen: environment variable `NO_SUCH` is not set"},
        {"unset variable of a number", "workers: ${NO_SUCH}\n", "c.yaml:1: workers: environment variable `NO_SUCH`"},
        {"missing file", "token: ${file:/no/such/file}\n",
         "c.yaml:1: token: can't read file `/no/such/file` of ${file:…}: no such file"},
        {"directory for a file", "token: ${file:/}\n", "not a regular file"},
        {"endless file", "token: ${file:/dev/zero}\n", "not a regular file"},
        {"open reference", "listen: ${TOKEN\n", "c.yaml:1: listen: `${` without its `}`"},
        {"strange reference", "listen: ${a b}\n", "c.yaml:1: listen: `${…}` must hold the name of an environment"},
        {"word for a number", "workers: many\n",
         "c.yaml:1: workers: expected a whole number from 1 to 64, found `many`"},
        {"number too small", "workers: 0\n", "c.yaml:1: workers: expected a whole number from 1 to 64, found `0`"},
        {"number too large", "workers: 65\n", "found `65`"},
        {"number beyond any type", "workers: 99999999999999999999\n", "expected a whole number from 1 to 64"},
        {"number with a tail", "workers: 7x\n", "expected a whole number from 1 to 64, found `7x`"},
        {"yes for a boolean", "flag: yes\n", "c.yaml:1: flag: expected true or false, found `yes`"},
        {"number for a duration", "wait: soon\n", "c.yaml:1: wait: expected a duration such as 500ms"},
        {"bad size", "bytes: 4 loaves\n", "c.yaml:1: bytes: expected a size such as 64KiB"},
        {"bad rate", "rate: fast\n", "c.yaml:1: rate: expected a rate such as 200/s"},
        {"list for a text", "listen: [a]\n", "c.yaml:1: listen: expected text, found a list"},
        {"mapping for a secret", "token: {a: b}\n", "c.yaml:1: token: expected text, found a mapping"},
        {"text for a mapping", "inner: 3\n", "c.yaml:1: inner: expected a mapping (key: value), found a single value"},
        {"mapping for a list", "items: {a: b}\n", "c.yaml:1: items: expected a list, found a mapping"},
        {"text in a list of mappings", "items:\n  - a\n", "c.yaml:2: items[0]: expected a mapping"},
        {"mapping in a list of texts", "list:\n  - {a: b}\n", "c.yaml:2: list[0]: expected text, found a mapping"},
        {"required key missing", "items:\n  - {}\n", "c.yaml:2: items[0].name: is required"},
        {"required key empty", "items: [{name: ''}]\n", "c.yaml:1: items[0].name: must not be empty"},
        {"required variable empty", "items: [{name: '${EMPTY}'}]\n",
         "c.yaml:1: items[0].name: must not be empty, and `${EMPTY}` is"},
        {"misspelt word", "word: alpah\n", "c.yaml:1: word: `alpah` is none of `alpha`, `beta`; did you mean `alpha`?"},
        {"misspelt choice", "choice: tow\n", "c.yaml:1: choice: `tow` is none of `one`, `two`; did you mean `two`?"},
        {"misspelt word in a list", "list: [hihg]\n", "did you mean `high`?"},
        {"not a URL", "url: example.com\n", "c.yaml:1: url: expected a URL that begins with https:// or http://"},
        {"URL without host", "url: https:///v1\n", "c.yaml:1: url: the URL names no host"},
        {"URL with credentials", "url: https://u:p@example.com\n", "c.yaml:1: url: credentials don't belong"},
        {"plain http", "url: http://example.com/v1\n", "c.yaml:1: warning: url: plain http"},
        {"list at the root", "- a\n", "c.yaml: expected a mapping (key: value), found a list"},
        {"two documents", "flag: true\n---\nflag: false\n", "a second YAML document"},
        {"a comma begins the file", ",\n", "a second YAML document"},
        {"no YAML", "flag: [true\nlisten: }\n", "not valid YAML"},
        {"open single quote", "listen: 'a\nflag: true\n", "c.yaml:3: not valid YAML"},
        {"open double quote", "listen: \"a\nflag: true\n", "not valid YAML"},
        {"unknown alias", "listen: *who\n", "not valid YAML"},
        {"key that is no word", "[a]: b\n", "a key must be a word, not a list"},
        {"merge of a text", "<<: text\n", "`<<` takes a mapping"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto doc = document(row.text);
        read_everything(doc);
        ASSERT_EQ(doc.problems().size(), 1U) << testing::PrintToString(told(doc));
        EXPECT_THAT(told(doc).front(), HasSubstr(row.expected));
    }
}

TEST(Config, CollectsAllProblemsInTheOrderOfTheirLines) {
    auto doc = document("fla: 1\nitems: [{name: a, x: 1}]\nworkers: many\ninner: {dept: 2}\n");
    read_everything(doc);
    std::vector<int> lines;
    for (const auto& problem : doc.problems()) lines.push_back(problem.line);
    EXPECT_THAT(lines, ElementsAre(1, 2, 3, 4));
    EXPECT_TRUE(doc.has_errors());
}

TEST(Config, WarningsAreNoErrors) {
    auto doc = document("url: http://example.com\n");
    read_everything(doc);
    EXPECT_EQ(doc.problems().size(), 1U);
    EXPECT_FALSE(doc.has_errors());
}

TEST(Config, NeverShowsASecretInAMessage) {
    // The same secret wherever it could be put by mistake; TOKEN stands for it in half of the places.
    const char* rows[] = {
        "token: [s3cret-value]\n",
        "token: 's3cret-value${'\n",
        "token: '${s3cret-value}'\n",
        "token: 's3cret-value${NO_SUCH}'\n",
        "workers: ${TOKEN}\n",
        "wait: ${TOKEN}\n",
        "choice: ${TOKEN}\n",
        "word: ${TOKEN}\n",
        "url: ${TOKEN}\n",
        "url: 'https://u:${TOKEN}@host'\n",
        "inner: s3cret-value\n",
        "items: s3cret-value\n",
        "items: [s3cret-value]\n",
        "toke: s3cret-value\n",
        "flag: ${TOKEN}\n",
        "token: s3cret-value\ntoken: x\n",
        "token: 's3cret-value\nflag: [\n",
        "inner: {token: s3cret-value}\n",
    };
    for (const auto* text : rows) {
        SCOPED_TRACE(text);
        auto doc = document(text);
        read_everything(doc);
        ASSERT_FALSE(doc.problems().empty());
        for (const auto& message : told(doc)) EXPECT_THAT(message, Not(HasSubstr("s3cret")));
    }
}

TEST(Config, FollowsAnchorsAndMerges) {
    auto doc = document("inner: &base {depth: 3}\nitems:\n  - &first {name: a}\n  - *first\n  - {<<: *first, name: b}\n"
                        "  - {<<: [*first]}\n");
    std::vector<std::string> names;
    {
        auto root = doc.root();
        root.ignore("inner");
        for (auto& item : root.items("items")) item.read("name", names.emplace_back());
    }
    EXPECT_THAT(told(doc), IsEmpty());
    EXPECT_THAT(names, ElementsAre("a", "a", "b", "a"));
}

TEST(Config, EmptyDocumentsAreEmptyMappings) {
    for (const auto* text : {"", "\n", "# nothing\n", "---\n", "{}", "~", "{}\n...\n"}) {
        SCOPED_TRACE(text);
        auto doc = document(text);
        read_everything(doc);
        EXPECT_THAT(told(doc), IsEmpty());
    }
}

auto repeat(std::string_view piece, std::size_t times) -> std::string {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += piece;
    return out;
}

/// Each level holds ten aliases of the level before it.
auto alias_bomb(std::string_view open, std::string_view join, std::string_view close) -> std::string {
    std::string out = "a0: &a0 {k: v}\n";
    for (int level = 1; level < 12; ++level) {
        const auto name = "a" + std::to_string(level);
        out += name + ": &" + name + " " + std::string(open);
        for (int i = 0; i < 10; ++i) out += (i == 0 ? "" : std::string(join)) + "*a" + std::to_string(level - 1);
        out += std::string(close) + "\n";
    }
    return out + "json: *a11\n";
}

TEST(Config, RefusesWhatWouldGrowWithoutEnd) {
    const struct {
        const char* name;
        std::string text;
    } rows[] = {
        {"deep flow lists", "json: " + repeat("[", 100'000)},
        {"deep flow mappings", "json: " + repeat("{a: ", 100'000)},
        {"deep block lists", "json:\n  " + repeat("- ", 100'000) + "x"},
        {"deep, closed", "json: " + repeat("[", 400) + repeat("]", 400)},
        {"alias bomb of lists", alias_bomb("[", ", ", "]")},
        {"alias bomb of merges", alias_bomb("{<<: [", ", ", "]}")},
        {"a list that holds itself", "json: &a [*a]\n"},
        {"a mapping that merges itself", "json: &a {<<: *a}\n"},
        {"long text by aliases", "t: &t " + repeat("x", 400'000) + "\njson: [" + repeat("*t, ", 1'000) + "]\n"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto begin = std::chrono::steady_clock::now();
        auto doc = document(row.text);
        std::string json;
        {
            auto root = doc.root();
            root.read_json("json", json);
            root.ignore("t");
            for (int level = 0; level < 12; ++level) root.ignore("a" + std::to_string(level));
        }
        EXPECT_TRUE(doc.has_errors());
        EXPECT_LT(json.size(), 3U);
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
    }
}

TEST(Config, TellsWhyAFileCantBeRead) {
    const struct {
        const char* name;
        std::string path;
        const char* expected;
    } rows[] = {
        {"missing", "/no/such/config.yaml", "/no/such/config.yaml: no such file"},
        {"directory", "/", "/: a directory, not a file"},
        {"too large", temporary_file("large", repeat("# x\n", 300'000)), "larger than 1 MiB"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto doc = Document::load(row.path, fake_environment);
        read_everything(doc);
        ASSERT_EQ(doc.problems().size(), 1U);
        EXPECT_THAT(told(doc).front(), HasSubstr(row.expected));
    }
}

TEST(Config, FindsTheLineOfAProblemBetweenSections) {
    auto doc = document("items:\n  - name: a\n  - name: b\n    depth:\n      far: 1\n");
    doc.problem("items[1].depth.far", "here");
    doc.problem("items[1].absent.far", "nearest");
    doc.problem("absent", "whole");
    EXPECT_THAT(told(doc), ElementsAre("c.yaml: absent: whole", "c.yaml:3: items[1].absent.far: nearest",
                                       "c.yaml:5: items[1].depth.far: here"));
}

} // namespace
} // namespace dossier::config
