#pragma once
// From dossier to draft: the ticket's title and Markdown body, the same for every sink. Says in plain words what is
// exposed, who owns it (and how sure that is), what can reach it as far as known, which regulation with article, what
// to do with a policy snippet, where to look (link to the resource in the platform's console), which context is
// missing, and the evidence as a table. Carries the words "AI-Generated Guidance" and who wrote the text.

#include "dossier/explain/withheld.hpp"
#include "dossier/finding/dossier.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::ticket {

/// On everything that an LLM, or the template in its place, has written.
inline constexpr std::string_view guidance_notice = "AI-Generated Guidance";

/// What a ticket is made of. It holds none of it.
struct DossierView {
    std::string_view dossier_id;
    const std::vector<Finding>& findings; ///< most severe first
    const Context& context;
    const Assessment& assessment;
    const Narrative& narrative;
    const RouteDecision& route;
    int revision = 1;
    std::optional<DueDate> due = std::nullopt;
    const explain::Orders* orders = nullptr; ///< in its texts; null = to be looked for
};

/// The same for who has nothing else to hold it.
struct WholeDossier {
    std::string dossier_id;
    std::vector<Finding> findings;
    Context context;
    Assessment assessment;
    Narrative narrative;
    RouteDecision route;
    int revision = 1;
    std::optional<DueDate> due;

    // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): whoever reads a dossier may read this one
    [[nodiscard]] operator DossierView() const {
        return {.dossier_id = dossier_id,
                .findings = findings,
                .context = context,
                .assessment = assessment,
                .narrative = narrative,
                .route = route,
                .revision = revision,
                .due = due};
    }
};

struct RenderedDraft {
    std::string title; ///< one line, ≤ 255 characters
    std::string body;  ///< GitHub-flavoured Markdown
};

[[nodiscard]] auto render_draft(const DossierView& view) -> RenderedDraft;

} // namespace dossier::ticket
