#include "dossier/explain/recorded_provider.hpp"

#include "known_models.hpp"

namespace dossier::explain {

class RecallingProvider final : public LlmProvider {
public:
    RecallingProvider(const LlmProviderConfig& config, Recall recall)
        : name_(config.name),
          model_(config.model),
          price_(config.price),
          window_(config.context_window > 0 ? config.context_window : known_context_window(config.model)),
          recall_(std::move(recall)) {}

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto model() const -> const std::string& override { return model_; }
    [[nodiscard]] auto context_window() const -> std::size_t override { return window_; }
    [[nodiscard]] auto price() const -> LlmPrice override { return price_; }
    auto complete(LlmRequest, Deadline) -> Task<Result<LlmAnswer>> override { co_return recall_(name_); }

private:
    std::string name_;
    std::string model_;
    LlmPrice price_;
    std::size_t window_;
    Recall recall_;
};

auto make_recorded_provider(const LlmProviderConfig& config, Recall recall) -> std::unique_ptr<LlmProvider> {
    return std::make_unique<RecallingProvider>(config, std::move(recall));
}

} // namespace dossier::explain
