#include "dossier/base/log.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/base/time.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace dossier::log {

namespace {

std::atomic<Format> chosen_format{Format::text};

auto logger() -> spdlog::logger& {
    // Lines are formatted here; spdlog filters by level and writes whole lines from any thread.
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = std::make_shared<spdlog::logger>("dossier", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");
        made->flush_on(spdlog::level::debug);
        return made;
    }();
    return *instance;
}

auto spdlog_level(Level level) -> spdlog::level::level_enum {
    switch (level) {
    case Level::debug:
        return spdlog::level::debug;
    case Level::info:
        return spdlog::level::info;
    case Level::warn:
        return spdlog::level::warn;
    case Level::error:
        return spdlog::level::err;
    }
    return spdlog::level::info;
}

auto level_name(Level level) -> std::string_view {
    switch (level) {
    case Level::debug:
        return "debug";
    case Level::info:
        return "info";
    case Level::warn:
        return "warn";
    case Level::error:
        return "error";
    }
    return "info";
}

auto as_json(Level level, std::string_view event, std::initializer_list<Field> fields) -> std::string {
    OrderedJson line;
    line["time"] = format_time(SystemClock{}.now());
    line["level"] = level_name(level);
    line["event"] = event;
    for (const auto& field : fields)
        std::visit([&](const auto& value) { line[std::string(field.key)] = value; }, field.value);
    return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

auto as_text(Level level, std::string_view event, std::initializer_list<Field> fields) -> std::string {
    std::string line = fmt::format("{} {:<5} {}", format_time(SystemClock{}.now()), level_name(level), event);
    for (const auto& field : fields) {
        // Quoted as JSON where a value holds more than a word, so that no value can look like another line.
        const auto quoted = [](const auto& value) -> std::string {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, std::string>) {
                const bool plain =
                    !value.empty() && value.find_first_of(" \t\r\n\"=\\") == std::string::npos && is_valid_utf8(value);
                return plain ? value : dump_json(Json(value));
            } else {
                return dump_json(Json(value));
            }
        };
        line += fmt::format(" {}={}", field.key, std::visit(quoted, field.value));
    }
    return line;
}

} // namespace

void configure(Level level, Format format) {
    chosen_format = format;
    logger().set_level(spdlog_level(level));
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!logger().should_log(spdlog_level(level))) return;
    const auto line = chosen_format == Format::json ? as_json(level, event, fields) : as_text(level, event, fields);
    logger().log(spdlog_level(level), "{}", line);
}

} // namespace dossier::log
