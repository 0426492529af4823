#include "dossier/app/commands.hpp"

#include "dossier/app/config.hpp"
#include "dossier/base/json.hpp"
#include "input.hpp"

#include <iostream>
#include <map>

namespace dossier::app {

namespace {

/// One text through the gate, as a dossier of its own.
auto redacted(const redact::Redactor& redactor, std::string_view text, const RedactOptions& options) -> std::string {
    redact::Redaction state;
    auto masked = redactor.redact(text, state, options.key);
    if (options.format != "json") return masked;
    std::map<std::string, int> kinds;
    for (const auto& span : redactor.find(text, options.key)) ++kinds[std::string(span.kind)];
    return dump_json({{"text", std::move(masked)}, {"masked", kinds}});
}

} // namespace

auto redact(const RedactOptions& options, std::ostream& out) -> int {
    redact::RedactionConfig config;
    if (!options.config_path.empty()) {
        auto loaded = load_config(options.config_path, lenient_environment);
        for (const auto& problem : loaded.problems) std::cerr << problem.describe() << '\n';
        if (loaded.has_errors()) return exit_usage;
        config = std::move(loaded.config.redaction);
    }
    const auto complain = [](const Error& error) {
        std::cerr << "dossier redact: " << error.describe() << '\n';
        return exit_failed;
    };
    const auto redactor = redact::Redactor::make(config);
    if (!redactor) return complain(redactor.error());
    auto input = read_input(options.file);
    if (!input) return complain(input.error());
    if (!options.lines) {
        out << redacted(**redactor, *input, options);
        if (options.format == "json") out << '\n';
        return exit_done;
    }
    std::string_view rest = *input;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        out << redacted(**redactor, rest.substr(0, end), options) << '\n';
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return exit_done;
}

} // namespace dossier::app
