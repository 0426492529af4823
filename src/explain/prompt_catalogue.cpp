#include "dossier/explain/prompt_catalogue.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "embedded.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

namespace dossier::explain {
namespace {

namespace fs = std::filesystem;

using Files = std::map<std::string, std::string>; ///< file name → content

/// The parts of "1.10.0"; nullopt where one is no number.
auto version_numbers(std::string_view version) -> std::optional<std::vector<unsigned>> {
    std::vector<unsigned> numbers;
    for (const auto part : split(version, '.')) {
        unsigned number = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        if (error != std::errc{} || end != part.data() + part.size() || part.empty()) return std::nullopt;
        numbers.push_back(number);
    }
    return numbers;
}

auto newer(const Prompt& a, const Prompt& b) -> bool {
    return version_numbers(a.ref.version) > version_numbers(b.ref.version);
}

auto bad(const std::string& file, std::string_view what) -> std::unexpected<Error> {
    return fail(Errc::invalid_argument, fmt::format("prompt {}: {}", file, what));
}

auto read_directory(const std::string& directory) -> Result<Files> {
    std::error_code error;
    fs::directory_iterator entries(directory, error);
    if (error) {
        return fail(Errc::not_found, fmt::format("prompts can't be read from {}: {}", directory, error.message()));
    }
    Files files;
    for (const auto& entry : entries) {
        if (!entry.is_regular_file(error)) continue;
        const auto extension = entry.path().extension();
        if (extension != ".md" && extension != ".json") continue;
        std::ifstream in(entry.path(), std::ios::binary);
        if (!in) return bad(entry.path().string(), "can't be read");
        files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(in), {}};
    }
    return files;
}

auto built_in() -> Files {
    constexpr std::string_view folder = "config/prompts/";
    Files files;
    for (const auto& file : embedded_files()) {
        if (file.name.starts_with(folder)) files[file.name.substr(folder.size())] = file.content;
    }
    return files;
}

/// Every object of a strict schema is closed and requires all its members (the subset that all providers enforce).
auto strictness_problem(const Json& schema, const std::string& where) -> std::optional<std::string> {
    if (!schema.is_object()) return fmt::format("{} is no object", where);
    for (const auto* word : {"allOf", "not", "if", "then", "else", "patternProperties", "dependentRequired"}) {
        if (schema.contains(word)) return fmt::format("{} uses {}, which strict modes refuse", where, word);
    }
    if (const auto properties = schema.find("properties"); properties != schema.end() && properties->is_object()) {
        const auto closed = schema.find("additionalProperties");
        if (closed == schema.end() || !closed->is_boolean() || closed->get<bool>())
            return fmt::format("{} lacks additionalProperties: false", where);
        const auto required = schema.value("required", Json::array());
        for (const auto& [key, value] : properties->items()) {
            if (std::ranges::find(required, Json(key)) == required.end())
                return fmt::format("{} doesn't require its member {}", where, key);
            if (auto problem = strictness_problem(value, where + "/" + key)) return problem;
        }
    }
    if (const auto items = schema.find("items"); items != schema.end())
        return strictness_problem(*items, where + "/items");
    return std::nullopt;
}

auto schema_problem(const std::string& text) -> std::optional<std::string> {
    const auto schema = parse_json(text);
    if (!schema) return "is no JSON: " + schema.error().message;
    if (!schema->is_object() || text_at(*schema, "type") != "object") return "is not the schema of an object";
    return strictness_problem(*schema, "its root");
}

struct Parts {
    std::string front_matter;
    std::string text;
};

auto split_front_matter(std::string_view content) -> std::optional<Parts> {
    const auto normal = replace_all(std::string(content), "\r\n", "\n");
    if (!normal.starts_with("---\n")) return std::nullopt;
    const auto end = normal.find("\n---\n", 3);
    if (end == std::string::npos) return std::nullopt;
    return Parts{.front_matter = normal.substr(4, end - 3),
                 .text = std::string(trim(std::string_view(normal).substr(end + 5)))};
}

/// Throws YAML::Exception for values of a wrong type.
auto prompt_from(const std::string& file, const std::string& content, const Files& files) -> Result<Prompt> {
    const auto parts = split_front_matter(content);
    if (!parts) return bad(file, "begins with no front matter between two lines of ---");
    const auto front = YAML::Load(parts->front_matter);
    if (!front.IsMap()) return bad(file, "the front matter is no mapping");
    for (const auto& entry : front) {
        const auto key = entry.first.as<std::string>();
        if (key != "id" && key != "version" && key != "schema" && key != "params" && key != "changes")
            return bad(file,
                       fmt::format("unknown key {} in the front matter (id, version, schema, params, changes)", key));
    }
    for (const auto* key : {"id", "version", "schema"}) {
        if (!front[key] || !front[key].IsScalar() || front[key].as<std::string>().empty())
            return bad(file, fmt::format("the front matter lacks {}", key));
    }
    Prompt prompt;
    prompt.ref.id = front["id"].as<std::string>();
    prompt.ref.version = front["version"].as<std::string>();
    prompt.text = parts->text;
    if (!version_numbers(prompt.ref.version))
        return bad(file, fmt::format("version {} is no dotted number", prompt.ref.version));
    if (prompt.text.empty()) return bad(file, "has no text");
    const auto schema_name = front["schema"].as<std::string>();
    const auto schema = files.find(schema_name);
    if (schema == files.end()) return bad(file, fmt::format("its schema {} is not beside it", schema_name));
    if (const auto problem = schema_problem(schema->second))
        return bad(file, fmt::format("its schema {} {}", schema_name, *problem));
    prompt.schema = schema->second;
    if (const auto params = front["params"]) {
        if (!params.IsMap()) return bad(file, "params is no mapping");
        for (const auto& entry : params) {
            const auto key = entry.first.as<std::string>();
            if (key == "temperature") {
                prompt.temperature = entry.second.as<double>();
            } else if (key == "max_tokens") {
                prompt.max_tokens = entry.second.as<std::size_t>();
            } else {
                return bad(file, fmt::format("unknown parameter {} (temperature, max_tokens)", key));
            }
        }
    }
    if (const auto changes = front["changes"]) {
        if (changes.IsScalar()) prompt.changes.push_back(changes.as<std::string>());
        if (changes.IsSequence()) prompt.changes = changes.as<std::vector<std::string>>();
        if (prompt.changes.empty()) return bad(file, "changes is no text and no list of texts");
    }
    if (!(prompt.temperature >= 0 && prompt.temperature <= 2)) return bad(file, "temperature must lie in 0…2");
    prompt.ref.hash = sha256_hex(content + schema->second);
    return prompt;
}

auto read_prompt(const std::string& file, const std::string& content, const Files& files) -> Result<Prompt> {
    try {
        return prompt_from(file, content, files);
    } catch (const YAML::Exception& e) {
        return bad(file, fmt::format("the front matter can't be read: {}", e.what()));
    }
}

} // namespace

auto PromptCatalogue::load(const std::string& directory) -> Result<PromptCatalogue> {
    constexpr const char* usual = "config/prompts";
    std::error_code ignored; // a directory that can't be looked at counts as absent
    Files files;
    if (!directory.empty() || fs::is_directory(usual, ignored)) {
        auto read = read_directory(directory.empty() ? usual : directory);
        if (!read) return std::unexpected(std::move(read).error());
        files = std::move(*read);
    } else {
        files = built_in();
    }
    PromptCatalogue catalogue;
    for (const auto& [file, content] : files) {
        if (!file.ends_with(".md") || file == "README.md" || file == "CHANGELOG.md") continue;
        auto prompt = read_prompt(file, content, files);
        if (!prompt) return std::unexpected(std::move(prompt).error());
        for (const auto& other : catalogue.prompts_) {
            if (other.ref.id == prompt->ref.id &&
                version_numbers(other.ref.version) == version_numbers(prompt->ref.version))
                return bad(file, fmt::format("{} {} is there twice", prompt->ref.id, prompt->ref.version));
        }
        catalogue.prompts_.push_back(std::move(*prompt));
    }
    if (catalogue.prompts_.empty()) return fail(Errc::not_found, fmt::format("no prompts in {}", directory));
    std::ranges::sort(catalogue.prompts_, newer);
    return catalogue;
}

auto PromptCatalogue::find(std::string_view id, std::string_view version) const -> Result<Prompt> {
    const auto found = std::ranges::find_if(prompts_, [&](const Prompt& prompt) {
        return prompt.ref.id == id && (version.empty() || prompt.ref.version == version);
    });
    if (found != prompts_.end()) return *found;
    return fail(Errc::not_found, version.empty() ? fmt::format("there is no prompt {}", id)
                                                 : fmt::format("there is no prompt {} {}", id, version));
}

auto PromptCatalogue::roll_out(Rollout rollout) -> Result<void> {
    for (const auto& [id, shares] : rollout) {
        for (const auto& [version, share] : shares)
            if (auto found = find(id, version); !found) return fail(std::move(found.error()));
    }
    rollout_ = std::move(rollout);
    return {};
}

auto PromptCatalogue::choose(std::string_view id, std::string_view key) const -> Result<Prompt> {
    const auto shares = rollout_.find(std::string(id));
    if (shares == rollout_.end()) return find(id);
    std::vector<const Prompt*> arms; // oldest first, so that a new version takes its share from its neighbour
    for (const auto& prompt : prompts_)
        if (prompt.ref.id == id && shares->second.contains(prompt.ref.version)) arms.insert(arms.begin(), &prompt);
    constexpr std::uint64_t fineness = 1'000'000;
    std::uint64_t number = 0;
    const auto hash = sha256_hex(fmt::format("rollout\n{}\n{}", id, key));
    std::from_chars(hash.data(), hash.data() + 15, number, 16);
    const auto place = 100.0 * static_cast<double>(number % fineness) / fineness;
    double end = 0;
    for (const auto* arm : arms) {
        end += shares->second.at(arm->ref.version);
        if (place < end) return *arm;
    }
    return arms.empty() ? find(id) : Result<Prompt>(*arms.back()); // sums of shares are not always exact
}

} // namespace dossier::explain
