#include "contract.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <unistd.h>

namespace dossier::ticket::test {
namespace {

// OpenAPI 3.0 is close to draft-04; `nullable` is the one difference that these documents use.
constexpr const char* script = R"(
import json, sys, warnings
warnings.simplefilter("ignore")
import jsonschema
schema_file, component, documents = sys.argv[1:4]
root = json.load(open(schema_file))
def nullable(node):
    if isinstance(node, dict):
        if node.get("nullable") is True and isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
        for value in node.values(): nullable(value)
    elif isinstance(node, list):
        for value in node: nullable(value)
if component:
    nullable(root)
    schema = {"$ref": "#/components/schemas/" + component, "components": root["components"]}
else:
    schema = root
validator = jsonschema.Draft4Validator(schema)
verdicts = []
for document in json.load(open(documents)):
    error = next(validator.iter_errors(document), None)
    verdicts.append("" if error is None else "/".join(map(str, error.absolute_path)) + ": " + error.message[:300])
print(json.dumps(verdicts))
)";

auto run(const std::string& command) -> std::pair<int, std::string> {
    std::string out;
    auto* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return {-1, ""};
    std::array<char, 4096> buffer{};
    std::size_t got = 0;
    while ((got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) out.append(buffer.data(), got);
    return {::pclose(pipe), out};
}

} // namespace

auto shared_dir() -> std::string {
    const char* configured = std::getenv("DOSSIER_SHARED"); // NOLINT(concurrency-mt-unsafe)
    const std::string dir = configured != nullptr ? configured : std::string(DOSSIER_SOURCE_DIR) + "/../shared";
    return std::filesystem::is_directory(dir + "/contracts") ? dir : "";
}

auto shared_contract(const std::string& name) -> std::optional<Json> {
    std::ifstream file(shared_dir() + "/contracts/" + name);
    if (!file) return std::nullopt;
    auto json = parse_json(std::string(std::istreambuf_iterator<char>(file), {}));
    return json ? std::optional(std::move(*json)) : std::nullopt;
}

auto has_judge() -> bool {
    static const bool has =
        !shared_dir().empty() && run("/usr/bin/python3 -c 'import jsonschema' 2>/dev/null").first == 0;
    return has;
}

auto judge(const std::string& file, const std::string& component, const std::vector<Json>& documents)
    -> std::vector<std::string> {
    const auto base = std::filesystem::temp_directory_path() / ("dossier-ticket-" + std::to_string(::getpid()));
    const auto program = base.string() + ".py";
    const auto input = base.string() + ".json";
    std::ofstream(program) << script;
    std::ofstream(input) << dump_json(Json(documents));
    const auto [status, out] = run("/usr/bin/python3 " + program + " '" + shared_dir() + "/contracts/" + file + "' '" +
                                   component + "' " + input);
    std::filesystem::remove(program);
    std::filesystem::remove(input);
    const auto verdicts = parse_json(out);
    if (status != 0 || !verdicts || verdicts->size() != documents.size()) {
        throw std::runtime_error("the judge failed on " + file);
    }
    return verdicts->get<std::vector<std::string>>();
}

} // namespace dossier::ticket::test
