#include "narrative_turn.hpp"

#include "dossier/base/log.hpp"

#include <fmt/format.h>

#include <chrono>

namespace dossier::pipeline {

auto not_among_the_top(const RouteConfig& route) -> std::string {
    return fmt::format("the route {} asks an LLM only for the top {:g} % by risk of {:g} h, and this is not among them",
                       route.name, route.narrative.top_percent,
                       std::chrono::duration<double, std::ratio<3600>>(route.narrative.window).count());
}

auto why_no_llm(store::SpendStore& store, const RouteConfig* route, NarrativeWish wish) -> Task<Result<std::string>> {
    using Who = NarrativeRule::Who;
    if (route == nullptr || route->narrative.who == Who::everyone) co_return std::string();
    const auto& rule = route->narrative;
    if (rule.who == Who::nobody) co_return fmt::format("the route {} asks no LLM", route->name);
    auto rank = co_await store.take_narrative_turn({.route = route->name,
                                                    .dossier_id = wish.dossier_id,
                                                    .at = wish.at,
                                                    .risk = wish.risk,
                                                    .top_percent = rule.top_percent,
                                                    .window = rule.window});
    if (!rank) co_return fail(std::move(rank.error()));
    if (rank->is_granted) co_return std::string();
    log::info("dossier.not_among_the_top", {{"dossier", wish.dossier_id}, {"rank", rank->rank}, {"of", rank->of}});
    co_return not_among_the_top(*route);
}

} // namespace dossier::pipeline
