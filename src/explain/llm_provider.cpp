#include "dossier/explain/llm_provider.hpp"

#include "llm_wire.hpp"

namespace dossier::explain {

auto LlmProvider::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> {
    co_return net::ConnectCheck{
        .what = {}, .url = {}, .verdict = net::ConnectCheck::Verdict::skipped, .missing = {}, .detail = {}};
}

auto make_llm_provider(const LlmProviderConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<LlmProvider> {
    if (config.kind == "bedrock") return make_bedrock_provider(config, client, metrics);
    auto wire = config.kind == "anthropic" ? make_anthropic_wire(config) : make_openai_wire(config);
    return make_http_provider(config, std::move(wire), client, metrics);
}

} // namespace dossier::explain
