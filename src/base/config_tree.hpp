#pragma once
// The YAML document underneath the sections: parsing within bounds, flattening a mapping with its merges (`<<`), and
// the list of problems. Aliases share nodes in yaml-cpp, so a bomb costs only where it is expanded: everything that
// expands draws on one budget of entries and one of bytes.

#include "dossier/base/config.hpp"

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <string>
#include <vector>

namespace dossier::config {

struct Entry {
    std::string key;
    int line = 0;
    YAML::Node value;
    bool is_known = false;
};

struct Document::State {
    std::string name;
    Environment environment = process_environment;
    std::vector<Problem> problems; ///< by line
    YAML::Node root;
    bool has_failed = false; ///< not parsed: what follows from that is no news
    std::size_t entries_left = 200'000;
    std::size_t bytes_left = std::size_t{16} << 20U;

    void add(int line, std::string path, std::string message, bool is_warning = false);
    void parse(const std::string& text);
    /// False once the budget is used up (told once).
    auto spend_entry(int line, const std::string& path) -> bool;
    /// The scalar with its references expanded. False when that failed (told).
    auto expand_scalar(const YAML::Node& node, int line, const std::string& path, std::string& out) -> bool;
    /// The keys of a mapping: its own first, then what it merges in and doesn't have. Doubles are problems.
    auto flatten(const YAML::Node& mapping, const std::string& path) -> std::vector<Entry>;
    /// JSON text of any value; "" when that failed (told).
    auto to_json(const YAML::Node& node, int line, const std::string& path) -> std::string;
};

[[nodiscard]] auto line_of(const YAML::Node& node) -> int;
/// "a mapping", "a list", "a single value", "nothing".
[[nodiscard]] auto shape_of(const YAML::Node& node) -> std::string_view;
[[nodiscard]] auto join_path(const std::string& path, std::string_view key) -> std::string;

} // namespace dossier::config
