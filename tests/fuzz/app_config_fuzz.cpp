// Any bytes may stand in a configuration file: the whole of it is read, and its rules judged, or every flaw is a
// problem with a message; the environment never shows in one.

#include "fuzz.hpp"

#include "dossier/app/config.hpp"

namespace {

using namespace dossier;
using fuzz::require;

constexpr std::string_view secret = "s3cr3t-0f-the-envir0nment";

/// Knows every variable whose name begins with a letter of the first half.
auto environment(const std::string& name, bool& found) -> std::string {
    found = !name.empty() && name.front() < 'N';
    return found ? std::string(secret) : std::string();
}

} // namespace

extern "C" auto LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) -> int {
    const std::string text(fuzz::text_of(data, size));
    if (text.contains(secret) || text.contains("file:")) return 0; // quoting itself is fine; files are this machine's
    const auto loaded = app::parse_config(text, "fuzz.yaml", environment);
    for (const auto& problem : loaded.problems) {
        require(!problem.message.empty() && problem.file == "fuzz.yaml", "a problem says what is wrong, and where");
        require(!problem.describe().contains(secret), "a problem never shows what a variable held");
    }
    return 0;
}
