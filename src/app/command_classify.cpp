#include "dossier/app/commands.hpp"

#include "dossier/app/config.hpp"
#include "dossier/base/log.hpp"
#include "dossier/finding/json.hpp"
#include "store_inventory.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>

namespace dossier::app {
namespace {

auto read_whole(const std::string& file) -> Result<std::string> {
    if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(Errc::not_found, "can't read " + file);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

auto listed(const std::vector<std::string>& words) -> std::string {
    return words.empty() ? "–" : fmt::format("{}", fmt::join(words, ", "));
}

void print(const explain::StoreSketch& store, const StoreClassification& result, std::ostream& out) {
    out << fmt::format("{}: {}, {} ({:.2f} sure)\n", store.name.empty() ? "store" : store.name,
                       result.primary.empty() ? "nothing that needs care" : result.primary, result.sensitivity,
                       result.confidence);
    out << fmt::format("  classes     {}\n  domain      {}\n  frameworks  {}\n  test data   {}\n",
                       listed(result.labels), result.domain.empty() ? "–" : result.domain, listed(result.frameworks),
                       result.is_test_data ? "yes: " + listed(result.test_signs) : "no");
    if (!result.business_context.empty()) out << "  context     " << result.business_context << '\n';
    for (const auto& reason : result.needs_person) out << "  a person    " << reason << '\n';
    for (const auto& tag : result.platform_tags)
        out << fmt::format("  tag         {}: {} ({})\n", tag.tag, tag.verdict, tag.why);
    for (const auto& field : result.fields)
        out << fmt::format("  {:<32} {:<28} {:<12} {:.2f}  {}\n",
                           field.container.empty() ? field.name : field.container + "." + field.name,
                           listed(field.classes), listed(field.labels), field.confidence, listed(field.frameworks));
    for (const auto& document : result.documents)
        out << fmt::format("  {:<32} {:<28} {:<12} {:.2f}  {}\n", document.name, listed(document.classes),
                           listed(document.labels), document.confidence, document.why);
}

} // namespace

auto classify(const ClassifyOptions& options, std::ostream& out) -> int {
    AppConfig config;
    if (!options.config_path.empty()) {
        auto loaded = load_config(options.config_path, lenient_environment);
        for (const auto& problem : loaded.problems) std::cerr << problem.describe() << '\n';
        if (loaded.has_errors()) return exit_usage;
        config = std::move(loaded.config);
    }
    log::configure(log::Level::warn, log::Format::text);
    const auto complain = [](const Error& error) {
        std::cerr << "dossier classify: " << error.describe() << '\n';
        return exit_failed;
    };
    auto classifier = explain::Classifier::load("", config.classification.classifier);
    if (!classifier) return complain(classifier.error());
    auto redactor = redact::Redactor::make(config.redaction);
    if (!redactor) return complain(redactor.error());
    auto content = read_whole(options.file);
    if (!content) return complain(content.error());
    auto stores = read_inventory(options.file, *content, **redactor);
    if (!stores) return complain(stores.error());
    Json all = Json::array();
    for (const auto& store : *stores) {
        const auto result = (*classifier)->classify(store);
        if (options.json)
            all.push_back({{"name", store.name}, {"classification", result}});
        else
            print(store, result, out);
    }
    if (options.json) out << all.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    return exit_done;
}

} // namespace dossier::app
