#include "dossier/base/memory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <vector>

#include <malloc.h>
#include <unistd.h>

namespace dossier {
namespace {

auto resident() -> std::size_t {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t pages = 0;
    statm >> size >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// What lies below a block that is in use stays with the allocator until it is told.
TEST(Memory, WhatIsFreeBetweenBlocksInUseIsGivenBack) {
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    GTEST_SKIP() << "a sanitizer's allocator keeps what is free";
#endif
    constexpr std::size_t flood = 64U << 20U;
    constexpr std::size_t block = 1U << 10U;
    std::vector<std::unique_ptr<char[]>> blocks;
    for (std::size_t i = 0; i < flood / block; ++i) {
        blocks.push_back(std::make_unique<char[]>(block)); // zeroed, so that it is resident
    }
    const auto in_use = std::make_unique<char[]>(block);
    blocks.clear();
    const auto kept = resident();
    give_back_free_memory();
    EXPECT_LT(resident() + flood / 2, kept);
}

} // namespace
} // namespace dossier
