#include "dossier/audit/head_keeper.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/base/json.hpp"
#include "fake_audit_store.hpp"
#include "support/run_task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace dossier::audit {
namespace {

namespace fs = std::filesystem;
using test::run_task;
using testing::HasSubstr;
using testing::StartsWith;

constexpr Timestamp noon{std::chrono::milliseconds{1'700'000'000'000}};

auto read_file(const std::string& path) -> std::string {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class HeadKeeperTest : public testing::Test {
protected:
    HeadKeeperTest() : directory_(fs::temp_directory_path() / ("dossier_head_" + random_hex(6))) {
        config_.key = (directory_ / "deep" / "audit.key").string();
    }
    ~HeadKeeperTest() override { fs::remove_all(directory_); }

    auto open() -> std::unique_ptr<HeadKeeper> {
        auto keeper = HeadKeeper::open(config_);
        EXPECT_TRUE(keeper) << keeper.error().describe();
        return std::move(*keeper);
    }
    void append(int first, int last) {
        for (int i = first; i <= last; ++i) ASSERT_TRUE(run_task(store_.append_audit({sample_entry(i)})));
    }
    [[nodiscard]] auto head_path() const -> std::string { return config_.key + ".head"; }

    fs::path directory_;
    AuditConfig config_;
    FakeAuditStore store_;
};

TEST_F(HeadKeeperTest, MakesItsKeyOnceAndForItselfAlone) {
    open();
    struct ::stat status{};
    ASSERT_EQ(::stat(config_.key.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    const auto key = read_file(config_.key);
    EXPECT_THAT(key, StartsWith("-----BEGIN PRIVATE KEY-----"));
    EXPECT_THAT(read_file(config_.key + ".pub"), StartsWith("-----BEGIN PUBLIC KEY-----"));
    open();
    EXPECT_EQ(read_file(config_.key), key);
    for (const auto& entry : fs::directory_iterator(directory_ / "deep"))
        EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
}

TEST_F(HeadKeeperTest, ManyAtOnceEndWithOneKey) {
    std::vector<std::jthread> threads;
    std::vector<std::unique_ptr<HeadKeeper>> keepers(8);
    for (auto& keeper : keepers) threads.emplace_back([&] { keeper = open(); });
    threads.clear();
    append(1, 1);
    ASSERT_TRUE(run_task(keepers.front()->save(store_, noon)));
    for (const auto& keeper : keepers) {
        const auto head = keeper->load();
        ASSERT_TRUE(head) << head.error().describe();
        EXPECT_TRUE(*head);
    }
}

TEST_F(HeadKeeperTest, WritesAHeadThatAnAuditorCanCheckWithThePublicKeyAlone) {
    auto keeper = open();
    EXPECT_EQ(keeper->load()->has_value(), false);
    append(1, 3);
    ASSERT_TRUE(run_task(keeper->save(store_, noon)));

    auto head = parse_json(read_file(head_path()));
    ASSERT_TRUE(head);
    EXPECT_EQ((*head)["seq"], 3);
    EXPECT_EQ((*head)["hash"], store_.rows[2].hash);
    EXPECT_EQ((*head)["time"], "2023-11-14T22:13:20.000Z");
    const auto signature = base64_decode(text_at(*head, "signature")).value();
    const auto message = R"({"hash":")" + store_.rows[2].hash + R"(","seq":3,"time":"2023-11-14T22:13:20.000Z"})";

    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen((config_.key + ".pub").c_str(), "r"), std::fclose);
    std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(PEM_read_PUBKEY(file.get(), nullptr, nullptr, nullptr),
                                                       EVP_PKEY_free);
    const auto holds = [&](const std::string& text) {
        std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get());
        return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                                signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                                text.size()) == 1;
    };
    EXPECT_FALSE(holds(message + " "));
    EXPECT_TRUE(holds(message));
}

TEST_F(HeadKeeperTest, RefusesAForgedHead) {
    auto keeper = open();
    append(1, 12);
    ASSERT_TRUE(run_task(keeper->save(store_, noon)));
    const auto good = read_file(head_path());
    ASSERT_TRUE(keeper->load()->has_value());

    const auto replaced = [&](const std::string& from, const std::string& to) {
        auto text = good;
        return text.replace(text.find(from), from.size(), to);
    };
    const struct {
        const char* name;
        std::string text;
    } rows[] = {
        {"smaller number", replaced("\"seq\":12", "\"seq\":11")},
        {"other hash", replaced(store_.rows[11].hash, store_.rows[10].hash)},
        {"other time", replaced("2023", "2024")},
        {"no signature", replaced("\"signature\":\"", "\"signature\":\"\",\"x\":\"")},
        {"empty", ""},
        {"no JSON", "{"},
        {"huge number", replaced("\"seq\":12", "\"seq\":1e300")},
        {"cut in the middle", good.substr(0, good.size() / 2)},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        std::ofstream(head_path(), std::ios::binary) << row.text;
        const auto head = keeper->load();
        ASSERT_FALSE(head);
        EXPECT_EQ(head.error().code, Errc::malformed);
        // And it stays as evidence.
        EXPECT_FALSE(run_task(keeper->save(store_, noon)));
        EXPECT_EQ(read_file(head_path()), row.text);
    }
    std::ofstream(head_path(), std::ios::binary) << good;
    EXPECT_TRUE(keeper->load()->has_value());
}

TEST_F(HeadKeeperTest, NeverLetsACutChainReplaceTheProofAgainstIt) {
    auto keeper = open();
    append(1, 10);
    ASSERT_TRUE(run_task(keeper->save(store_, noon)));
    const auto proof = read_file(head_path());

    store_.rows.resize(6);
    EXPECT_EQ(run_task(keeper->save(store_, noon)).error().code, Errc::conflict);
    append(20, 30); // grown past the head again, with another history
    EXPECT_EQ(run_task(keeper->save(store_, noon)).error().code, Errc::conflict);
    store_.rows.clear();
    EXPECT_EQ(run_task(keeper->save(store_, noon)).error().code, Errc::conflict);
    EXPECT_EQ(read_file(head_path()), proof);
}

TEST_F(HeadKeeperTest, WritesOnlyWhenTheChainHasMoved) {
    auto keeper = open();
    ASSERT_TRUE(run_task(keeper->save(store_, noon)));
    EXPECT_FALSE(fs::exists(head_path()));
    append(1, 2);
    ASSERT_TRUE(run_task(keeper->save(store_, noon)));
    const auto first = read_file(head_path());
    ASSERT_TRUE(run_task(keeper->save(store_, noon + std::chrono::hours(1))));
    EXPECT_EQ(read_file(head_path()), first);
    append(3, 3);
    ASSERT_TRUE(run_task(keeper->save(store_, noon + std::chrono::hours(1))));
    EXPECT_EQ((*keeper->load())->seq, 3);
}

TEST_F(HeadKeeperTest, RefusesKeysThatAreNone) {
    const struct {
        const char* name;
        std::string content;
    } rows[] = {
        {"empty", ""},
        {"text", "not a key\n"},
        {"cut", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ"},
    };
    fs::create_directories(directory_ / "deep");
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        std::ofstream(config_.key, std::ios::binary) << row.content;
        const auto keeper = HeadKeeper::open(config_);
        ASSERT_FALSE(keeper);
        EXPECT_EQ(keeper.error().code, Errc::malformed);
        EXPECT_EQ(read_file(config_.key), row.content); // never replaced
    }
    config_.key = directory_.string();
    EXPECT_EQ(HeadKeeper::open(config_).error().code, Errc::storage);
    config_.key = "/proc/nowhere/audit.key";
    EXPECT_EQ(HeadKeeper::open(config_).error().code, Errc::storage);
}

TEST_F(HeadKeeperTest, RefusesAPublicKeyThatBelongsToAnother) {
    open();
    fs::remove(config_.key);
    const auto keeper = HeadKeeper::open(config_);
    ASSERT_FALSE(keeper);
    EXPECT_THAT(keeper.error().message, HasSubstr("belongs to another key"));
}

TEST_F(HeadKeeperTest, RunsUntilItIsCancelled) {
    auto keeper = open();
    append(1, 1);
    const SystemClock clock;
    asio::io_context context;
    asio::cancellation_signal stop;
    auto ended = asio::co_spawn(context, keeper->run(store_, clock, Duration{1}),
                                asio::bind_cancellation_slot(stop.slot(), asio::use_future));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!fs::exists(head_path()) && std::chrono::steady_clock::now() < deadline)
        context.run_one_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(fs::exists(head_path()));
    asio::post(context, [&] { stop.emit(asio::cancellation_type::terminal); });
    context.restart();
    context.run_for(std::chrono::seconds(20));
    ASSERT_EQ(ended.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    ended.get();
}

} // namespace
} // namespace dossier::audit
