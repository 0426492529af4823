// Any bytes may stand in a configuration file: it is read or every flaw is a problem with a message, never a crash, and
// the environment never shows in a message.

#include "fuzz.hpp"

#include "dossier/base/config.hpp"

namespace {

using namespace dossier;

constexpr std::string_view secret = "s3cr3t-0f-the-envir0nment";

auto environment(const std::string& name, bool& found) -> std::string {
    found = !name.empty() && name.front() == 'A';
    return found ? std::string(secret) : std::string();
}

void read_everything(config::Section section, int depth) {
    std::string text;
    std::vector<std::string> list;
    std::vector<std::pair<std::string, std::string>> pairs;
    bool flag = false;
    int count = 0;
    double real = 0;
    Duration duration{0};
    ByteSize size{0};
    Secret hidden;
    section.read("text", text);
    section.read("flag", flag);
    section.read("count", count);
    section.read("real", real);
    section.read("duration", duration);
    section.read("size", size);
    section.read("secret", hidden);
    section.read_url("url", text);
    section.read_word("word", text, {"one", "two"});
    section.read("list", list);
    section.read("pairs", pairs);
    section.read_json("json", text);
    section.require("needed");
    if (depth == 0) return;
    read_everything(section.child("child"), depth - 1);
    for (auto& item : section.items("items")) read_everything(std::move(item), depth - 1);
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string text(fuzz::text_of(data, size));
    if (text.find(secret) != std::string::npos) return 0; // what the file says itself may be quoted
    auto document = config::Document::parse(text, "fuzz.yaml", environment);
    read_everything(document.root(), 3);
    for (const auto& problem : document.problems()) {
        fuzz::require(!problem.message.empty(), "a problem says what is wrong");
        fuzz::require(!problem.describe().contains(secret), "a problem never shows what a variable held");
    }
    return 0;
}
