#include "open_files.hpp"

#include <sys/resource.h>

#include <gtest/gtest.h>

namespace dossier::app {
namespace {

TEST(OpenFiles, TheSoftLimitIsRaisedToTheHardOne) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit low{.rlim_cur = std::min<rlim_t>(64, before.rlim_max), .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    EXPECT_EQ(raise_open_files(), before.rlim_max);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(OpenFiles, ConnectionsLeaveHalfForTheRest) {
    EXPECT_EQ(most_connections(4'096, 1'048'576), 4'096U);
    EXPECT_EQ(most_connections(4'096, 1'024), 512U);
    EXPECT_EQ(most_connections(4'096, 1), 1U);
}

} // namespace
} // namespace dossier::app
