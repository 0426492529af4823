#include "known_models.hpp"

#include "dossier/base/strings.hpp"

#include <array>
#include <string>

namespace dossier::explain {
namespace {

struct Family {
    std::string_view prefix;
    std::size_t window;
};
/// The first that fits: longer names stand before the families they are of.
constexpr std::array families{
    Family{"gpt-5", 400'000},
    Family{"gpt-4.1", 1'047'576},
    Family{"gpt-4.5", 128'000},
    Family{"gpt-4o", 128'000},
    Family{"chatgpt-4o", 128'000},
    Family{"gpt-4-turbo", 128'000},
    Family{"gpt-4-1106", 128'000},
    Family{"gpt-4-0125", 128'000},
    Family{"gpt-4-32k", 32'768},
    Family{"gpt-4", 8'192},
    Family{"gpt-35-turbo", 16'385},
    Family{"gpt-3.5-turbo", 16'385},
    Family{"o1-mini", 128'000},
    Family{"o1-preview", 128'000},
    Family{"o1", 200'000},
    Family{"o3", 200'000},
    Family{"o4-mini", 200'000},
    Family{"claude-", 200'000},
    Family{"anthropic.claude", 200'000},
    Family{"amazon.nova-micro", 128'000},
    Family{"amazon.nova-premier", 1'000'000},
    Family{"amazon.nova", 300'000},
};

/// Without a gateway's "openai/", an ARN, and Bedrock's geography ("eu.anthropic.…").
auto bare_name(std::string_view model) -> std::string {
    auto name = lower(model.substr(model.rfind('/') + 1));
    for (const std::string_view geography : {"us.", "eu.", "apac.", "global.", "jp.", "au.", "us-gov.", "ca."})
        if (name.starts_with(geography)) return name.substr(geography.size());
    return name;
}

} // namespace

auto known_context_window(std::string_view model) -> std::size_t {
    const auto name = bare_name(model);
    for (const auto& family : families)
        if (name.starts_with(family.prefix)) return family.window;
    return 0;
}

} // namespace dossier::explain
