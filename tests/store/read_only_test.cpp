#include "sqlite_place.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace dossier::store {
namespace {

auto open_to_read(const SqlitePlace& place) -> Result<std::unique_ptr<Store>> {
    return open_store_to_read({.url = "sqlite:" + place.file().string()}, plain_seal);
}

auto bytes_of(const std::filesystem::path& path) -> std::string {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(StoreToRead, SeesWhatAWriterBesideItCommitsAndWritesNothing) {
    SqlitePlace place;
    const auto writer = place.open();
    const auto id = value_of(writer->commit_intake(delivery({{.id = "1"}}, minute(0)), {})).front().dossier_id;
    const auto reader = open_to_read(place);
    ASSERT_TRUE(reader) << reader.error().describe();
    EXPECT_EQ(value_of((*reader)->get_dossier(id)).findings.size(), 1U);
    EXPECT_EQ(error_of((*reader)->commit_intake(delivery({{.id = "2"}}, minute(1)), {})), Errc::storage);
    EXPECT_EQ(error_of((*reader)->append_audit({entry("x")})), Errc::storage);
    value_of(writer->commit_intake(delivery({{.id = "3"}}, minute(1)), {}));
    EXPECT_EQ(value_of((*reader)->list_findings({}, {})).items.size(), 2U);
}

TEST(StoreToRead, OpensAStoreThatNobodyHasOpenAndLeavesItsBytes) {
    SqlitePlace place;
    value_of(place.open()->commit_intake(delivery({{.id = "1"}}, minute(0)), {}));
    const auto before = bytes_of(place.file());
    {
        const auto reader = open_to_read(place);
        ASSERT_TRUE(reader) << reader.error().describe();
        EXPECT_EQ(value_of((*reader)->list_findings({}, {})).items.size(), 1U);
    }
    EXPECT_EQ(bytes_of(place.file()), before);
    EXPECT_EQ(value_of(place.open()->list_findings({}, {})).items.size(), 1U);
}

TEST(StoreToRead, MakesNothingWhereThereIsNothing) {
    const SqlitePlace place;
    const auto none = open_to_read(place);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Errc::not_found);
    EXPECT_FALSE(std::filesystem::exists(place.file().parent_path()));
}

TEST(StoreToRead, RefusesAnotherSchemaAndAnotherProgramsFile) {
    SqlitePlace place;
    {
        const auto store = place.open_sqlite();
        value_of(store->on_writer([](Database& db) { db.script("PRAGMA user_version=3"); }));
    }
    const auto older = open_to_read(place);
    ASSERT_FALSE(older);
    EXPECT_NE(older.error().message.find("schema version 3"), std::string::npos);

    std::filesystem::remove(place.file());
    std::ofstream(place.file()) << std::string(8'192, 'x');
    const auto junk = open_to_read(place);
    ASSERT_FALSE(junk);
    EXPECT_EQ(junk.error().code, Errc::storage);
}

} // namespace
} // namespace dossier::store
