#include "dossier/explain/llm_provider.hpp"

namespace dossier::explain {

auto LlmProvider::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> {
    co_return net::ConnectCheck{
        .what = {}, .url = {}, .verdict = net::ConnectCheck::Verdict::skipped, .missing = {}, .detail = {}};
}

} // namespace dossier::explain
