// Payloads as they are kept: what comes back is what came, and a damaged row says so.

#include "packing.hpp"

#include "dossier/base/ids.hpp"

#include <gtest/gtest.h>

namespace dossier::store {
namespace {

TEST(Packing, GivesBackWhatCame) {
    std::string mixed;
    for (int i = 0; i < 300; ++i)
        mixed += "{\"path\":\"/exports/part-" + std::to_string(i) + "\",\"id\":\"" + random_hex(4) + "\"}";
    for (const auto& raw : {std::string(512, 'x'), std::string(3'000'000, '\0'), mixed}) {
        const auto packed = pack(raw);
        ASSERT_TRUE(packed);
        EXPECT_LT(packed->bytes.size(), raw.size() / 2);
        EXPECT_EQ(unpack(packed->bytes, packed->size), raw);
    }
}

TEST(Packing, LeansOnNoPayloadThatCameBefore) {
    std::string noise;
    for (int i = 0; i < 4096; ++i) noise += static_cast<char>(std::stoi(random_hex(1), nullptr, 16));
    std::string payload;
    for (int i = 0; i < 40; ++i) payload += "{\"number\":" + std::to_string(i) + ",\"word\":\"" + random_hex(8) + "\"}";
    const std::string large = payload + std::string(100'000, 'y') + payload;
    for (int i = 0; i < 200; ++i) {
        (void)pack(noise);
        for (const auto& raw : {payload, payload + std::to_string(i), large}) {
            const auto packed = pack(raw);
            ASSERT_TRUE(packed);
            ASSERT_EQ(unpack(packed->bytes, packed->size), raw);
        }
    }
}

TEST(Packing, LeavesWhatGainsNothing) {
    EXPECT_FALSE(pack(""));
    EXPECT_FALSE(pack(std::string(511, 'x'))) << "has no page to itself";
    std::string noise;
    for (int i = 0; i < 4096; ++i) noise += static_cast<char>(std::stoi(random_hex(1), nullptr, 16));
    EXPECT_FALSE(pack(noise));
}

TEST(Packing, RefusesDamage) {
    const auto packed = pack(std::string(4'096, 'x'));
    ASSERT_TRUE(packed);
    EXPECT_EQ(unpack(packed->bytes, 4'096).size(), 4'096U);
    for (const std::int64_t size : {-1L, 0L, 4'095L, 4'097L, 1L << 40U})
        EXPECT_THROW((void)unpack(packed->bytes, size), StoreFailure) << size;
    EXPECT_THROW((void)unpack(packed->bytes.substr(1), 4'096), StoreFailure);
    EXPECT_THROW((void)unpack("", 4'096), StoreFailure);
}

} // namespace
} // namespace dossier::store
