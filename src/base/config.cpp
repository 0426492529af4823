#include "dossier/base/config.hpp"

#include "config_text.hpp"
#include "config_tree.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>

namespace dossier::config {
namespace {

constexpr std::streamsize most_config_bytes = std::streamsize{1} << 20U;
constexpr std::size_t most_items = 1'000;

template <class T>
auto parse_number(std::string_view text) -> std::optional<T> {
    T value{};
    const auto* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || at != end) return std::nullopt;
    return value;
}

auto quoted_list(const std::vector<std::string_view>& words) -> std::string {
    return fmt::format("`{}`", fmt::join(words, "`, `"));
}

} // namespace

auto Problem::describe() const -> std::string {
    std::string out = file;
    if (line > 0) out += fmt::format(":{}", line);
    out += ": ";
    if (is_warning) out += "warning: ";
    if (!path.empty()) out += path + ": ";
    return out + message;
}

struct Section::State {
    std::shared_ptr<Document::State> document;
    std::string path;
    int line = 0;
    std::vector<Entry> entries;
    std::vector<std::string> asked; ///< keys that a reader knows

    State(std::shared_ptr<Document::State> owner, const YAML::Node& mapping, std::string where, int at)
        : document(std::move(owner)), path(std::move(where)), line(at) {
        if (mapping.IsDefined() && mapping.IsMap()) {
            entries = document->flatten(mapping, path);
        } else if (mapping.IsDefined() && !mapping.IsNull()) {
            document->add(line, path, fmt::format("expected a mapping (key: value), found {}", shape_of(mapping)));
        }
    }

    /// The entry of a key that is present and not null.
    auto find(std::string_view key) -> Entry* {
        if (std::ranges::find(asked, key) == asked.end()) asked.emplace_back(key);
        const auto at = std::ranges::find(entries, key, &Entry::key);
        if (at == entries.end()) return nullptr;
        at->is_known = true;
        return at->value.IsNull() ? nullptr : &*at;
    }

    [[nodiscard]] auto path_of(std::string_view key) const -> std::string { return join_path(path, key); }

    void wrong(const Entry& entry, std::string_view expected) {
        document->add(entry.line, path_of(entry.key),
                      entry.value.IsScalar()
                          ? fmt::format("expected {}, found `{}`", expected, shorten(entry.value.Scalar(), 60))
                          : fmt::format("expected {}, found {}", expected, shape_of(entry.value)));
    }

    /// The expanded scalar under `key`; nothing when absent or wrong (told).
    auto text(std::string_view key, std::string_view expected) -> std::optional<std::pair<Entry*, std::string>> {
        auto* entry = find(key);
        if (entry == nullptr) return std::nullopt;
        if (!entry->value.IsScalar()) {
            wrong(*entry, expected);
            return std::nullopt;
        }
        std::string expanded;
        if (!document->expand_scalar(entry->value, entry->line, path_of(key), expanded)) return std::nullopt;
        return std::pair(entry, std::move(expanded));
    }

    template <class T, class Parse>
    void read(std::string_view key, T& out, std::string_view expected, Parse parse) {
        const auto found = text(key, expected);
        if (!found) return;
        if (auto value = parse(found->second))
            out = std::move(*value);
        else
            wrong(*found->first, expected);
    }

    void report_unknown() {
        const std::vector<std::string_view> known(asked.begin(), asked.end());
        for (const auto& entry : entries) {
            if (entry.is_known) continue;
            std::string hint;
            if (const auto near = nearest(entry.key, known))
                hint = fmt::format("; did you mean `{}`?", *near);
            else if (!known.empty())
                hint = fmt::format("; known here: {}", quoted_list(known));
            document->add(entry.line, path_of(entry.key), fmt::format("unknown key `{}`{}", entry.key, hint));
        }
    }
};

Section::Section(std::unique_ptr<State> state) : state_(std::move(state)) {}
Section::Section(Section&&) noexcept = default;
auto Section::operator=(Section&& other) noexcept -> Section& {
    if (this != &other) {
        if (state_) state_->report_unknown();
        state_ = std::move(other.state_);
    }
    return *this;
}
Section::~Section() {
    if (state_) state_->report_unknown();
}

auto Section::has(std::string_view key) -> bool { return state_->find(key) != nullptr; }
void Section::ignore(std::string_view key) { state_->find(key); }

void Section::read(std::string_view key, std::string& out) {
    if (auto found = state_->text(key, "text")) out = std::move(found->second);
}

void Section::read(std::string_view key, bool& out) {
    state_->read(key, out, "true or false", [](const std::string& text) -> std::optional<bool> {
        const auto word = lower(text);
        if (word == "true") return true;
        if (word == "false") return false;
        return std::nullopt;
    });
}

void Section::read(std::string_view key, int& out, int least, int most) {
    state_->read(key, out, fmt::format("a whole number from {} to {}", least, most), [&](const std::string& text) {
        auto number = parse_number<int>(text);
        return number && (*number < least || *number > most) ? std::nullopt : number;
    });
}

void Section::read(std::string_view key, std::size_t& out, std::size_t least) {
    state_->read(key, out, fmt::format("a whole number, at least {}", least), [&](const std::string& text) {
        auto number = parse_number<std::size_t>(text);
        return number && *number < least ? std::nullopt : number;
    });
}

void Section::read(std::string_view key, double& out) {
    state_->read(key, out, "a number", [](const std::string& text) {
        auto number = parse_number<double>(text);
        return number && !std::isfinite(*number) ? std::nullopt : number;
    });
}

void Section::read(std::string_view key, Duration& out) {
    state_->read(key, out, "a duration such as 500ms, 60s, 5m, 2h or 30d",
                 [](const std::string& text) { return parse_duration(text); });
}

void Section::read(std::string_view key, ByteSize& out) {
    state_->read(key, out, "a size such as 64KiB, 4MiB or 10MB",
                 [](const std::string& text) { return parse_byte_size(text); });
}

void Section::read(std::string_view key, Rate& out) {
    state_->read(key, out, "a rate such as 200/s, 60/m or 1000/h",
                 [](const std::string& text) { return parse_rate(text); });
}

void Section::read(std::string_view key, Secret& out) {
    auto* entry = state_->find(key);
    if (entry == nullptr) return;
    if (!entry->value.IsScalar()) return state_->wrong(*entry, "text");
    std::string text;
    if (state_->document->expand_scalar(entry->value, entry->line, state_->path_of(key), text))
        out = Secret(std::move(text));
}

void Section::read_url(std::string_view key, std::string& out) {
    auto found = state_->text(key, "a URL");
    if (!found || found->second.empty()) return;
    bool is_plain = false;
    if (const auto fault = judge_url(found->second, is_plain); !fault.empty()) return problem(key, fault);
    if (is_plain) warning(key, "plain http: whoever is on the way reads the credentials and the findings; use https");
    out = std::move(found->second);
}

void Section::read_name(std::string_view key, std::string& out, std::vector<std::string>& taken) {
    require(key);
    std::string name;
    read(key, name);
    if (name.empty()) return;
    if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
        return problem(key, "a name is made of a-z, 0-9, `_` and `-`");
    if (std::ranges::find(taken, name) != taken.end()) return problem(key, fmt::format("`{}` is taken already", name));
    taken.push_back(name);
    out = std::move(name);
}

void Section::read_word(std::string_view key, std::string& out, const std::vector<std::string_view>& words) {
    std::string word;
    read(key, word);
    if (word.empty()) return;
    if (std::ranges::find(words, word) == words.end()) return reject_word(key, word, words);
    out = std::move(word);
}

void Section::read_words(std::string_view key, std::vector<std::string>& out,
                         const std::vector<std::string_view>& words) {
    std::vector<std::string> found;
    read(key, found);
    std::erase_if(found, [&](const std::string& word) {
        if (std::ranges::find(words, word) != words.end()) return false;
        const auto near = nearest(word, words);
        problem(key, fmt::format("`{}` is none of {}{}", shorten(word, 60), quoted_list(words),
                                 near ? fmt::format("; did you mean `{}`?", *near) : ""));
        return true;
    });
    if (has(key)) out = std::move(found);
}

void Section::read(std::string_view key, std::vector<std::string>& out) {
    auto* entry = state_->find(key);
    if (entry == nullptr) return;
    const auto path = state_->path_of(key);
    std::vector<std::string> values;
    const auto take = [&](const YAML::Node& node, int line, const std::string& where) {
        if (!node.IsScalar())
            return state_->document->add(line, where, fmt::format("expected text, found {}", shape_of(node)));
        if (!state_->document->spend_entry(line, where)) return;
        std::string text;
        if (state_->document->expand_scalar(node, line, where, text)) values.push_back(std::move(text));
    };
    if (entry->value.IsScalar()) {
        take(entry->value, entry->line, path);
    } else if (entry->value.IsSequence()) {
        std::size_t index = 0;
        for (const auto& element : entry->value) take(element, line_of(element), fmt::format("{}[{}]", path, index++));
    } else {
        return state_->wrong(*entry, "a list of texts");
    }
    out = std::move(values);
}

void Section::read(std::string_view key, std::vector<std::pair<std::string, std::string>>& out) {
    auto* entry = state_->find(key);
    if (entry == nullptr) return;
    if (!entry->value.IsMap()) return state_->wrong(*entry, "a mapping of texts");
    const auto path = state_->path_of(key);
    out.clear();
    for (const auto& inner : state_->document->flatten(entry->value, path)) {
        const auto where = join_path(path, inner.key);
        std::string text;
        if (inner.value.IsNull()) {
            out.emplace_back(inner.key, "");
        } else if (!inner.value.IsScalar()) {
            state_->document->add(inner.line, where, fmt::format("expected text, found {}", shape_of(inner.value)));
        } else if (state_->document->expand_scalar(inner.value, inner.line, where, text)) {
            out.emplace_back(inner.key, std::move(text));
        }
    }
}

void Section::read_json(std::string_view key, std::string& out) {
    auto* entry = state_->find(key);
    if (entry == nullptr) return;
    if (auto json = state_->document->to_json(entry->value, entry->line, state_->path_of(key)); !json.empty())
        out = std::move(json);
}

auto Section::child(std::string_view key) -> Section {
    const auto* entry = state_->find(key);
    return Section(std::make_unique<State>(state_->document, entry != nullptr ? entry->value : YAML::Node(),
                                           state_->path_of(key), entry != nullptr ? entry->line : state_->line));
}

auto Section::items(std::string_view key) -> std::vector<Section> {
    std::vector<Section> out;
    const auto* entry = state_->find(key);
    if (entry == nullptr) return out;
    const auto path = state_->path_of(key);
    if (!entry->value.IsSequence()) {
        state_->document->add(entry->line, path, fmt::format("expected a list, found {}", shape_of(entry->value)));
        return out;
    }
    if (entry->value.size() > most_items) {
        state_->document->add(entry->line, path, fmt::format("more than {} items", most_items));
        return out;
    }
    for (std::size_t index = 0; index < entry->value.size(); ++index) {
        const YAML::Node element = entry->value[index];
        const auto where = fmt::format("{}[{}]", path, index);
        if (element.IsMap())
            out.emplace_back(std::make_unique<State>(state_->document, element, where, line_of(element)));
        else
            state_->document->add(line_of(element), where,
                                  fmt::format("expected a mapping (key: value), found {}", shape_of(element)));
    }
    return out;
}

void Section::problem(std::string_view key, std::string message) {
    const auto at = std::ranges::find(state_->entries, key, &Entry::key);
    state_->document->add(at == state_->entries.end() ? state_->line : at->line,
                          key.empty() ? state_->path : state_->path_of(key), std::move(message));
}

void Section::warning(std::string_view key, std::string message) {
    const auto at = std::ranges::find(state_->entries, key, &Entry::key);
    state_->document->add(at == state_->entries.end() ? state_->line : at->line,
                          key.empty() ? state_->path : state_->path_of(key), std::move(message), true);
}

void Section::unavailable(std::string_view key, std::string_view what) {
    problem(key, fmt::format("{} is not available in this version", what));
}

void Section::require(std::string_view key) {
    const auto* entry = state_->find(key);
    if (entry == nullptr) return problem(key, "is required");
    const bool is_scalar = entry->value.IsScalar();
    if (is_scalar) {
        // Whoever reads the key tells what can't be expanded; only a clean and empty text is ours to tell.
        const auto expansion = expand(entry->value.Scalar(), state_->document->environment);
        if (!expansion.problems.empty() || !expansion.text.empty()) return;
    } else if (entry->value.size() > 0) {
        return;
    }
    problem(key, is_scalar && !entry->value.Scalar().empty()
                     ? fmt::format("must not be empty, and `{}` is", shorten(entry->value.Scalar(), 80))
                     : "must not be empty");
}

void Section::reject_word(std::string_view key, const std::string& word, const std::vector<std::string_view>& known) {
    const auto near = nearest(word, known);
    const auto* entry = state_->find(key);
    const auto written = entry != nullptr && entry->value.IsScalar() ? entry->value.Scalar() : std::string();
    problem(key, fmt::format("`{}` is none of {}{}", shorten(written, 60), quoted_list(known),
                             near ? fmt::format("; did you mean `{}`?", *near) : ""));
}

Document::Document(std::shared_ptr<State> state) : state_(std::move(state)) {}
Document::Document(Document&&) noexcept = default;
Document::~Document() = default;

auto Document::load(const std::string& path, Environment environment) -> Document {
    std::string text;
    std::string reason;
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        reason = "no such file";
    } else if (std::filesystem::is_directory(path, error)) {
        reason = "a directory, not a file";
    } else if (std::ifstream file(path, std::ios::binary); !file) {
        reason = "can't be opened for reading";
    } else {
        text.resize(static_cast<std::size_t>(most_config_bytes) + 1);
        file.read(text.data(), most_config_bytes + 1);
        if (file.bad()) reason = "read error";
        if (file.gcount() > most_config_bytes) reason = "larger than 1 MiB";
        text.resize(static_cast<std::size_t>(file.gcount()));
    }
    if (reason.empty()) return parse(std::move(text), path, environment);
    auto state = std::make_shared<State>();
    state->name = path;
    state->add(0, "", reason);
    state->has_failed = true;
    return Document(std::move(state));
}

auto Document::parse(std::string text, std::string name, Environment environment) -> Document {
    auto state = std::make_shared<State>();
    state->name = std::move(name);
    state->environment = environment;
    state->parse(text);
    return Document(std::move(state));
}

auto Document::root() -> Section { return Section(std::make_unique<Section::State>(state_, state_->root, "", 0)); }

void Document::problem(const std::string& path, std::string message, bool is_warning) {
    YAML::Node node = state_->root;
    int line = 0;
    for (const auto step : split(replace_all(path, "[", ".["), '.')) {
        YAML::Node next(YAML::NodeType::Undefined);
        if (step.starts_with('[') && node.IsSequence()) {
            const auto index = parse_number<std::size_t>(step.substr(1, step.size() - 2));
            if (!index || *index >= node.size()) break;
            next.reset(node[*index]);
            line = line_of(next);
        } else if (node.IsMap()) {
            for (const auto& pair : node) {
                if (!pair.first.IsScalar() || pair.first.Scalar() != step) continue;
                line = line_of(pair.first);
                next.reset(pair.second);
                break;
            }
        }
        if (!next.IsDefined()) break;
        node.reset(next);
    }
    state_->add(line, path, std::move(message), is_warning);
}

auto Document::problems() const -> const std::vector<Problem>& { return state_->problems; }
auto Document::has_errors() const -> bool {
    return std::ranges::any_of(state_->problems, [](const Problem& problem) { return !problem.is_warning; });
}

} // namespace dossier::config
