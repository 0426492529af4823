// A store opened to look at it: what it sees, and that it changes nothing.
#include "postgres_place.hpp"
#include "schema.hpp"
#include "sqlite_place.hpp"

#include <fstream>
#include <iterator>

namespace dossier::store {
namespace {

class ReadSuite : public testing::TestWithParam<StoreKind> {
protected:
    void SetUp() override {
        place_ = GetParam().make_place();
        if (!place_) GTEST_SKIP() << "no PostgreSQL server is installed (scripts/setup installs one)";
    }
    auto place() -> Place& { return *place_; }
    auto open_to_read() -> Result<std::unique_ptr<Store>> {
        return open_store_to_read({.url = place_->url()}, plain_seal);
    }

private:
    std::unique_ptr<Place> place_;
};

TEST_P(ReadSuite, SeesWhatAWriterBesideItCommits) {
    const auto writer = place().open();
    const auto id = value_of(writer->commit_intake(delivery({{.id = "1"}}, minute(0)), {})).front().dossier_id;
    const auto reader = open_to_read();
    ASSERT_TRUE(reader) << reader.error().describe();
    EXPECT_EQ(value_of((*reader)->get_dossier(id)).findings.size(), 1U);
    EXPECT_EQ((*reader)->backlog(), 1U);
    value_of(writer->commit_intake(delivery({{.id = "2"}}, minute(1)), {}));
    EXPECT_EQ(value_of((*reader)->list_findings({}, {})).items.size(), 2U);
}

TEST_P(ReadSuite, RefusesWhateverWouldWrite) {
    const auto writer = place().open();
    value_of(writer->commit_intake(delivery({{.id = "1"}}, minute(0)), {}));
    {
        const auto opened = open_to_read();
        ASSERT_TRUE(opened) << opened.error().describe();
        auto& reader = **opened;
        const auto refused = await(reader.commit_intake(delivery({{.id = "2"}}, minute(1)), {}));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::storage);
        EXPECT_NE(refused.error().message.find("read only"), std::string::npos) << refused.error().message;
        EXPECT_EQ(error_of(reader.append_audit({entry("x")})), Errc::storage);
        EXPECT_EQ(error_of(reader.claim_ready("reader", minute(1), std::chrono::minutes(1), 1)), Errc::storage);
        EXPECT_EQ(error_of(reader.abandon_leases("")), Errc::storage);
        EXPECT_EQ(error_of(reader.probe()), Errc::storage);
        reader.close();
        EXPECT_EQ(error_of(reader.list_findings({}, {})), Errc::storage);
    }
    EXPECT_EQ(value_of(writer->list_findings({}, {})).items.size(), 1U);
    EXPECT_EQ(value_of(writer->audit_head()).seq, 0);
    EXPECT_EQ(value_of(writer->claim_ready("worker", minute(1), std::chrono::minutes(1), 1)).size(), 1U);
}

TEST_P(ReadSuite, RefusesAnotherSchemaAndLeavesIt) {
    const auto known = static_cast<int>(schema().size());
    value_of(place().open()->commit_intake(delivery({{.id = "1"}}, minute(0)), {}));
    struct Row {
        int version;
        std::string expected;
    };
    for (const auto& [version, expected] : {Row{3, "`dossier serve` of this version migrates it"},
                                            Row{known - 1, "`dossier serve` of this version migrates it"},
                                            Row{known + 1, "run the newer dossier that wrote it"}}) {
        SCOPED_TRACE(version);
        place().pretend_schema(version);
        for (int time = 0; time < 2; ++time) { // the second look finds what the first one left
            const auto other = open_to_read();
            ASSERT_FALSE(other);
            EXPECT_EQ(other.error().code, Errc::storage);
            EXPECT_NE(other.error().message.find("schema version " + std::to_string(version)), std::string::npos);
            EXPECT_NE(other.error().message.find(expected), std::string::npos) << other.error().message;
        }
    }
    place().pretend_schema(known);
    const auto reader = open_to_read();
    ASSERT_TRUE(reader) << reader.error().describe();
    EXPECT_EQ(value_of((*reader)->list_findings({}, {})).items.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Stores, ReadSuite, testing::ValuesIn(store_kinds()), kind_name);

// A file ----------------------------------------

auto bytes_of(const std::filesystem::path& path) -> std::string {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SqliteStoreToRead, OpensAStoreThatNobodyHasOpenAndLeavesItsBytes) {
    SqlitePlace place;
    value_of(place.open()->commit_intake(delivery({{.id = "1"}}, minute(0)), {}));
    const auto before = bytes_of(place.file());
    {
        const auto reader = open_store_to_read({.url = place.url()}, plain_seal);
        ASSERT_TRUE(reader) << reader.error().describe();
        EXPECT_EQ(value_of((*reader)->list_findings({}, {})).items.size(), 1U);
    }
    EXPECT_EQ(bytes_of(place.file()), before);
    EXPECT_EQ(value_of(place.open()->list_findings({}, {})).items.size(), 1U);
}

TEST(SqliteStoreToRead, MakesNothingWhereThereIsNothing) {
    const SqlitePlace place;
    const auto none = open_store_to_read({.url = place.url()}, plain_seal);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Errc::not_found);
    EXPECT_FALSE(std::filesystem::exists(place.file().parent_path()));
}

TEST(SqliteStoreToRead, RefusesAnotherProgramsFile) {
    const SqlitePlace place;
    std::filesystem::create_directories(place.file().parent_path());
    std::ofstream(place.file()) << std::string(8'192, 'x');
    const auto junk = open_store_to_read({.url = place.url()}, plain_seal);
    ASSERT_FALSE(junk);
    EXPECT_EQ(junk.error().code, Errc::storage);
}

// A server ----------------------------------------

class PostgresToRead : public testing::Test {
protected:
    void SetUp() override {
        if (PostgresServer::shared() == nullptr)
            GTEST_SKIP() << "no PostgreSQL server is installed (scripts/setup installs one)";
        place_ = std::make_unique<PostgresPlace>(*PostgresServer::shared());
    }
    auto place() -> PostgresPlace& { return *place_; }
    auto number(const std::string& sql) -> std::int64_t {
        const auto db = place_->connect();
        auto rows = db->query(sql);
        return rows.next() ? rows.integer(0) : -1;
    }

private:
    std::unique_ptr<PostgresPlace> place_;
};

TEST_F(PostgresToRead, MakesNothingWhereThereIsNothing) {
    const auto none = open_store_to_read({.url = place().url()}, plain_seal);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Errc::not_found) << none.error().message;
    EXPECT_EQ(number("SELECT count(*) FROM pg_tables WHERE schemaname=current_schema()"), 0);
}

TEST_F(PostgresToRead, RefusesAnotherProgramsDatabase) {
    place().connect()->script("CREATE TABLE findings(x INTEGER)");
    const auto other = open_store_to_read({.url = place().url()}, plain_seal);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::storage);
    EXPECT_NE(other.error().message.find("another program"), std::string::npos) << other.error().message;
}

TEST_F(PostgresToRead, TheServerRefusesWritesOfItsConnections) {
    value_of(place().open()->probe());
    const auto before = number("SELECT writes FROM probe");
    const auto db = place().connect(PostgresTarget::Access::read_only);
    EXPECT_THROW(db->script("UPDATE probe SET writes=99"), PostgresFailure);
    EXPECT_EQ(number("SELECT writes FROM probe"), before);
    place().connect()->script("UPDATE probe SET writes=99"); // what writes may
    EXPECT_EQ(number("SELECT writes FROM probe"), 99);
}

TEST_F(PostgresToRead, AServerThatTakesNoWritesCanStillBeLookedAt) {
    value_of(place().open()->commit_intake(delivery({{.id = "1"}}, minute(0)), {}));
    const auto database = place().url().substr(place().url().rfind('/') + 1);
    PostgresServer::shared()->sql("ALTER DATABASE " + database + " SET default_transaction_read_only=on");
    const auto reader = open_store_to_read({.url = place().url()}, plain_seal);
    ASSERT_TRUE(reader) << reader.error().describe();
    EXPECT_EQ(value_of((*reader)->list_findings({}, {})).items.size(), 1U);
}

} // namespace
} // namespace dossier::store
