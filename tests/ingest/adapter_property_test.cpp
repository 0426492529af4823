// Each member of each fixture, one at a time, is taken away or made something it should not be. Whatever happens, the
// adapters give a whole finding or a clean error; a leaf that is not the id or the title never costs the finding.

#include "dossier/base/json.hpp"

#include "finding_row.hpp"

#include <algorithm>

namespace dossier::ingest {
namespace {

auto kind_of(const std::string& file) -> std::string {
    const auto word = file.substr(0, file.find('-'));
    return word == "lacework" ? "generic" : word;
}

auto fixture_files() -> std::vector<std::string> {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(fixtures())) {
        if (entry.path().extension() == ".json") files.push_back(entry.path().filename().string());
    }
    std::ranges::sort(files);
    return files;
}

void collect_pointers(const Json& value, const std::string& here, std::vector<std::string>& pointers) {
    if (!here.empty()) pointers.push_back(here);
    if (value.is_object()) {
        for (const auto& [key, member] : value.items()) {
            auto escaped = replace_all(key, "~", "~0");
            collect_pointers(member, here + "/" + replace_all(std::move(escaped), "/", "~1"), pointers);
        }
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i)
            collect_pointers(value[i], here + "/" + std::to_string(i), pointers);
    }
}

auto without(const Json& document, const std::string& pointer) -> Json {
    auto copy = document;
    const auto cut = pointer.rfind('/');
    const Json::json_pointer parent(pointer.substr(0, cut));
    const Json::json_pointer whole(pointer);
    auto& container = copy[parent];
    if (container.is_object()) {
        container.erase(whole.back());
    } else {
        container.erase(static_cast<std::size_t>(std::stoul(whole.back())));
    }
    return copy;
}

void expect_whole_or_refused(const std::vector<Result<Finding>>& findings) {
    for (const auto& finding : findings) {
        if (finding) {
            EXPECT_FALSE(finding->title.empty());
            EXPECT_FALSE(finding->fingerprint.empty());
            EXPECT_FALSE(finding->exposure_key.empty());
            EXPECT_FALSE(finding->source.empty());
        } else {
            EXPECT_EQ(finding.error().code, Errc::malformed);
            EXPECT_FALSE(finding.error().message.empty());
        }
    }
}

TEST(AdapterProperties, AnyMemberMayBeMissingOrSomethingElse) {
    const std::vector<Json> odd = {nullptr,        "N/A",      -1.5e300,          true, Json::array({nullptr, 7}),
                                   Json::object(), "{\"id\":", "[{\"value\":[]}]"};
    std::size_t tried = 0;
    for (const auto& file : fixture_files()) {
        const auto config = config_for(kind_of(file), file);
        const auto document = parse_json(read_text(fixtures() / file));
        ASSERT_TRUE(document) << file;
        std::vector<std::string> pointers;
        collect_pointers(*document, "", pointers);
        for (const auto& pointer : pointers) {
            SCOPED_TRACE(file + pointer);
            expect_whole_or_refused(normalise_text(config, dump_json(without(*document, pointer))));
            for (const auto& value : odd) {
                auto copy = *document;
                copy[Json::json_pointer(pointer)] = value;
                expect_whole_or_refused(normalise_text(config, dump_json(copy)));
                ++tried;
            }
            if (HasFailure()) return;
        }
    }
    EXPECT_GT(tried, 3'000U);
}

TEST(AdapterProperties, ALostLeafCostsNoFindingUnlessItNamesIt) {
    for (const auto& file : fixture_files()) {
        const auto config = config_for(kind_of(file), file);
        const auto text = read_text(fixtures() / file);
        const auto before = normalise_text(config, text);
        const auto document = parse_json(text);
        std::vector<std::string> pointers;
        collect_pointers(*document, "", pointers);
        for (const auto& pointer : pointers) {
            const auto& leaf = document->at(Json::json_pointer(pointer));
            if (leaf.is_structured()) continue;
            const auto leaf_text = leaf.is_string() ? leaf.get<std::string>() : leaf.dump();
            const bool names_it = std::ranges::any_of(before, [&](const auto& finding) {
                return !finding || finding->source_id.empty() || leaf_text.contains(finding->source_id) ||
                       finding->source_id.contains(leaf_text);
            });
            if (names_it || leaf_text.starts_with('{')) continue;
            SCOPED_TRACE(file + pointer);
            const auto after = normalise_text(config, dump_json(without(*document, pointer)));
            ASSERT_EQ(after.size(), before.size());
            for (std::size_t i = 0; i < after.size(); ++i) {
                ASSERT_TRUE(after[i]) << after[i].error().describe();
                EXPECT_EQ(after[i]->fingerprint, before[i]->fingerprint);
            }
        }
    }
}

} // namespace
} // namespace dossier::ingest
