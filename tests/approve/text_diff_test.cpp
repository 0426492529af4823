#include "text_diff.hpp"

#include <gtest/gtest.h>

namespace dossier::approve {
namespace {

struct DiffRow {
    const char* name;
    std::string before;
    std::string after;
    std::string diff;
};

TEST(TextDiff, SaysWhatChangedAsGnuDiffDoes) {
    const DiffRow rows[] = {
        {"equal", "a\nb\n", "a\nb\n", ""},
        {"one line", "a", "b", "@@ -1 +1 @@\n-a\n+b\n"},
        {"from nothing", "", "a\n", "@@ -0,0 +1 @@\n+a\n"},
        {"to nothing", "a\n", "", "@@ -1 +0,0 @@\n-a\n"},
        {"in the middle", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
         "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"},
        {"two hunks", "a\n1\n2\n3\n4\n5\n6\n7\n8\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\n8\nB\n",
         "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-b\n+B\n"},
        {"what is near is one hunk", "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
         "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
    };
    for (const auto& row : rows) EXPECT_EQ(unified_diff(row.before, row.after), row.diff) << row.name;
}

TEST(TextDiff, IsBoundedForTextsThatShareNothing) {
    std::string before;
    std::string after;
    for (int i = 0; i < 20'000; ++i) {
        before += std::to_string(i) + "a\n";
        after += std::to_string(i) + "b\n";
    }
    const auto diff = unified_diff(before, after);
    EXPECT_TRUE(diff.starts_with("@@ -1,20000 +1,20000 @@\n-0a\n"));
}

} // namespace
} // namespace dossier::approve
