#pragma once
// The one way to an LLM. A question is put to the configured providers in order: answer cache, budgets, one repair try
// with the exact reasons, the next provider. What a question means and when an answer is good enough is the asker's
// business: it composes the messages, redacted already, for the room that a model has, and judges what comes back.
// Every call leaves an audit entry (session, prompt id, version and hash, redacted prompt, response, tokens, cost,
// latency). Never throws and never blocks for good; nobody answering is a value.

#include "dossier/base/fixed_text.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/base/time.hpp"
#include "dossier/explain/llm_provider.hpp"
#include "dossier/explain/prompt_catalogue.hpp"
#include "dossier/net/in_flight_limit.hpp"
#include "dossier/store/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// Who asks and what for: budgets and accounts are kept by it.
struct LlmPurpose {
    std::string what;   ///< narrative | classification | question | policy
    std::string source; ///< configured source of the finding, "" for none
    std::string route;  ///< route that the finding takes, "" before it is known
    std::string dossier_id;
    std::string finding_id;
};

/// What the asker thinks of an answer.
struct LlmVerdict {
    bool is_usable = false;
    double score = 0;   ///< the better of two usable answers is taken
    std::string reason; ///< why it is not usable, for the dossier
    std::string repair; ///< what to tell the model, with each failure named; "" = nothing to mend
};

/// What one model is shown, cut to the room it has.
struct LlmMaterial {
    RestingText content; ///< the user message: redacted, delimited
    /// A hash of what the content says, without delimiters of this request: part of the cache key, and asked for only
    /// where answers are kept. Then dropped, with the text that it holds.
    std::function<std::string()> hash;
    std::vector<std::string> left_out; ///< what did not fit, in words, for the dossier
    std::function<LlmVerdict(const std::string& text)> judge;
};

struct LlmQuestion {
    Prompt prompt;
    LlmPurpose purpose;
    std::string traceparent;
    Flow flow{};                          ///< whose turn it takes where calls wait for each other
    net::InFlightLimit* places = nullptr; ///< one of them is held while a model writes; null = any number may
    /// @param room tokens for the content, by a cautious estimate; SIZE_MAX where the model's window is unknown
    std::function<LlmMaterial(std::size_t room)> compose;
    /// What a model wrote goes back to it through the gate like everything else.
    std::function<std::string(std::string_view text)> mask;
    /// The raw text as it comes, where a provider streams: unverified, for showing only. May be empty.
    std::function<void(std::string_view delta)> on_text;
    /// A new try begins: what was shown so far is void. May be empty.
    std::function<void()> on_restart;
};

/// The best usable answer, or why there is none.
struct LlmReply {
    std::optional<LlmAnswer> answer; ///< judged usable
    std::string provider;            ///< configured name of who gave it
    std::string model;
    bool is_from_cache = false;
    std::vector<std::string> left_out; ///< of the answer's material
    std::vector<std::string> notes;    ///< "llm main failed: timeout: …", one for each provider that gave nothing
    std::optional<Error> no_place;     ///< why none of the places was had in time: nobody is to answer in its stead
    LlmCost cost;                      ///< of all calls for this question
    std::vector<store::AuditEntry> audit;
};

class LlmGateway {
public:
    /// @param cache nullptr = no answer is kept
    /// @param spending where budgets hold and calls are accounted; nullptr = nothing is limited and nothing is kept
    LlmGateway(std::vector<std::unique_ptr<LlmProvider>> providers, LlmConfig config, store::EffectStore* cache,
               const Clock& clock, Metrics& metrics, store::SpendStore* spending = nullptr);
    ~LlmGateway();
    auto ask(LlmQuestion question, Deadline deadline) -> Task<LlmReply>;
    /// The same, for whoever keeps the reply: no frame on the way has room for one while a model writes.
    auto ask(LlmQuestion question, Deadline deadline, std::shared_ptr<LlmReply> into) -> Task<void>;
    [[nodiscard]] auto has_providers() const -> bool;
    /// Who is asked, in this order: changes where another model may come to write.
    [[nodiscard]] auto models() const -> std::string;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Tokens that a text takes, estimated on the safe side.
[[nodiscard]] auto estimate_tokens(std::string_view text) -> std::size_t;

} // namespace dossier::explain
