#include "dossier/app/commands.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace dossier::app {
namespace {

class CommandRedact : public ::testing::Test {
protected:
    CommandRedact() { std::filesystem::create_directories(place_); }
    ~CommandRedact() override { std::filesystem::remove_all(place_); }
    auto file(const std::string& name, const std::string& text) -> std::string {
        const auto path = place_ / name;
        std::ofstream(path) << text;
        return path.string();
    }
    static auto said(const RedactOptions& options) -> std::string {
        std::ostringstream out;
        EXPECT_EQ(redact(options, out), exit_done);
        return out.str();
    }

private:
    std::filesystem::path place_ = std::filesystem::temp_directory_path() / "dossier-command-redact-test";
};

TEST_F(CommandRedact, ShowsWhatAnLlmWouldSee) {
    const auto path =
        file("finding.txt", "Bucket acme-prod-crm: jane@corp.example, jane@corp.example, 4111 1111 1111 1111\n");
    EXPECT_EQ(said({.file = path}), "Bucket acme-prod-crm: <EMAIL_1>, <EMAIL_1>, <CARD_1>\n");
    EXPECT_EQ(said({.file = path, .format = "json"}),
              "{\"masked\":{\"CARD\":1,\"EMAIL\":2},\"text\":\"Bucket acme-prod-crm: <EMAIL_1>, <EMAIL_1>, "
              "<CARD_1>\\n\"}\n");
}

TEST_F(CommandRedact, TakesEachLineByItselfWhereAsked) {
    const auto path = file("lines.txt", "ask jane@corp.example\nor joe@corp.example\n");
    EXPECT_EQ(said({.file = path}), "ask <EMAIL_1>\nor <EMAIL_2>\n");
    EXPECT_EQ(said({.file = path, .lines = true}), "ask <EMAIL_1>\nor <EMAIL_1>\n");
}

TEST_F(CommandRedact, FollowsTheConfiguration) {
    const auto config = file("dossier.yaml", "redaction: { pseudonymise: false, extra: ['CASE-\\d+'] }\n");
    const auto path = file("text.txt", "CASE-123 of jane@corp.example");
    EXPECT_EQ(said({.config_path = config, .file = path}), "<CUSTOM> of <EMAIL>");
}

TEST_F(CommandRedact, SaysWhatItCannotRead) {
    std::ostringstream out;
    EXPECT_EQ(redact({.file = "/nowhere/at/all"}, out), exit_failed);
    const auto bad = file("bad.yaml", "redaction: { extra: ['('] }\n");
    EXPECT_EQ(redact({.config_path = bad, .file = "-"}, out), exit_usage);
}

} // namespace
} // namespace dossier::app
