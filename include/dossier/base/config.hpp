#pragma once
// Reading the YAML configuration (yaml-cpp underneath) into plain structs, all errors at once.
// Each room has `config.hpp` with one struct a section, defaults in the struct, and a reader that takes a Section;
// `app` puts them together. `${ENV}` and `${file:PATH}` expand in every string, here and only here.
// A key that nobody read is an error that names its line and the nearest key that was asked for.

#include "dossier/base/error.hpp"
#include "dossier/base/units.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::config {

struct Problem {
    std::string file;
    int line = 0;     ///< 1-based; 0 = the file as a whole
    std::string path; ///< dotted, `sources[1].auth.token`
    std::string message;
    bool is_warning = false;
    [[nodiscard]] auto describe() const -> std::string; ///< "file:line: path: message", "warning: " before a warning's
};

/// Reads an environment variable; tests pass their own.
using Environment = std::string (*)(const std::string& name, bool& found);
[[nodiscard]] auto process_environment(const std::string& name, bool& found) -> std::string;

/// One mapping of the document. Every `read` marks its key as known; on destruction the keys that stay unread become
/// problems. An absent or null key leaves the default in place. An empty document is an empty mapping. Messages quote
/// the file's text, never what it expanded to, and nothing at all of a value read as Secret.
class Section {
public:
    ~Section();
    Section(Section&&) noexcept;
    auto operator=(Section&&) noexcept -> Section&;

    [[nodiscard]] auto has(std::string_view key) -> bool; ///< present and not null; marks the key as known
    void read(std::string_view key, std::string& out);
    void read(std::string_view key, bool& out);
    void read(std::string_view key, int& out, int least = 0, int most = 1'000'000'000);
    void read(std::string_view key, std::size_t& out, std::size_t least = 0);
    void read(std::string_view key, double& out);
    void read(std::string_view key, Duration& out);
    void read(std::string_view key, ByteSize& out);
    void read(std::string_view key, Rate& out);
    void read(std::string_view key, Secret& out);
    /// An http(s) URL with a host and without credentials. Plain http beyond loopback earns a warning.
    void read_url(std::string_view key, std::string& out);
    /// A required name of [a-z0-9_-], unlike those `taken`; joins them.
    void read_name(std::string_view key, std::string& out, std::vector<std::string>& taken);
    /// Text that must be one of `words`.
    void read_word(std::string_view key, std::string& out, const std::vector<std::string_view>& words);
    /// A list of texts (or one) that must each be one of `words`.
    void read_words(std::string_view key, std::vector<std::string>& out, const std::vector<std::string_view>& words);
    void read(std::string_view key, std::vector<std::string>& out); ///< a sequence, or one scalar
    void read(std::string_view key, std::vector<std::pair<std::string, std::string>>& out); ///< a mapping of scalars
    /// Any YAML value as JSON text (scalars typed by YAML's core schema).
    void read_json(std::string_view key, std::string& out);

    template <class E>
    void read_enum(std::string_view key, E& out, std::initializer_list<std::pair<std::string_view, E>> names) {
        std::string word;
        read(key, word);
        if (word.empty()) return;
        std::vector<std::string_view> known;
        for (const auto& [name, value] : names) {
            if (name == word) {
                out = value;
                return;
            }
            known.push_back(name);
        }
        reject_word(key, word, known);
    }

    /// The mapping under `key`; an empty one where absent.
    [[nodiscard]] auto child(std::string_view key) -> Section;
    /// The mappings of the sequence under `key`.
    [[nodiscard]] auto items(std::string_view key) -> std::vector<Section>;
    /// Records a problem at the line of `key` ("" = of this section).
    void problem(std::string_view key, std::string message);
    void warning(std::string_view key, std::string message);
    /// Problem: "`what` is not available in this version".
    void unavailable(std::string_view key, std::string_view what);
    void require(std::string_view key); ///< problem unless present and not empty
    void ignore(std::string_view key);  ///< known, read by somebody else

    struct State;
    explicit Section(std::unique_ptr<State> state);

private:
    void reject_word(std::string_view key, const std::string& word, const std::vector<std::string_view>& known);
    std::unique_ptr<State> state_;
};

/// A parsed file with the problems found so far.
class Document {
public:
    /// Never fails: a file that can't be read or parsed is a Document with a problem and an empty root.
    [[nodiscard]] static auto load(const std::string& path, Environment environment = process_environment) -> Document;
    [[nodiscard]] static auto parse(std::string text, std::string name, Environment environment = process_environment)
        -> Document;
    Document(Document&&) noexcept;
    ~Document();
    [[nodiscard]] auto root() -> Section;
    /// Adds what was found across sections, at the line of `path` (`routes[2].sink`) or of the nearest part of it.
    void problem(const std::string& path, std::string message, bool is_warning = false);
    [[nodiscard]] auto problems() const -> const std::vector<Problem>&; ///< by line
    [[nodiscard]] auto has_errors() const -> bool;                      ///< warnings don't count

    struct State;

private:
    explicit Document(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

} // namespace dossier::config
