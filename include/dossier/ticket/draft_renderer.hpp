#pragma once
// From dossier to draft: the ticket's title and Markdown body, the same for every sink. Says in plain words what is
// exposed, who owns it (and how sure that is), what can reach it as far as known, which regulation with article, what
// to do with a policy snippet, where to look (link to the resource in the platform's console), which context is
// missing, and the evidence as a table. Carries the words "AI-Generated Guidance" and who wrote the text.

#include "dossier/finding/dossier.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dossier::ticket {

/// On everything that an LLM, or the template in its place, has written.
inline constexpr std::string_view guidance_notice = "AI-Generated Guidance";

struct DossierView {
    std::string dossier_id;
    std::vector<Finding> findings; ///< most severe first
    Context context;
    Assessment assessment;
    Narrative narrative;
    RouteDecision route;
    int revision = 1;
    std::optional<DueDate> due;
};

struct RenderedDraft {
    std::string title; ///< one line, ≤ 255 characters
    std::string body;  ///< GitHub-flavoured Markdown
};

[[nodiscard]] auto render_draft(const DossierView& view) -> RenderedDraft;

} // namespace dossier::ticket
