#pragma once
// Logs are events, not prose: a dotted name and a few fields, one line each, JSON or text (spdlog underneath).
// Levels mean: error = a person must act, warn = degraded but working, info = business events, debug = for us.
// Never a payload, never a secret: fields are ids, codes, counts and names.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace dossier::log {

enum class Level { debug, info, warn, error };
enum class Format { json, text };

using Value = std::variant<std::string, std::int64_t, double, bool>;
struct Field {
    std::string_view key;
    Value value;
    Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
    Field(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
    Field(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
    Field(std::string_view k, bool v) : key(k), value(v) {}
    Field(std::string_view k, double v) : key(k), value(v) {}
    template <std::integral T>
    Field(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
};

/// Writes to stderr. Call once at start and again on reload. Before it, events go out as text at info.
void configure(Level level, Format format);

void write(Level level, std::string_view event, std::initializer_list<Field> fields);
inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

} // namespace dossier::log
