// The kill switch: GET and POST /v1/mode.

#include "rest_support.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/pipeline/mode.hpp"

namespace dossier::api {

namespace {

auto mode_answer(const Call& call, const Result<pipeline::ModeInForce>& state) -> net::HttpResponse {
    if (!state) return refuse(call, state.error());
    Json switched = nullptr;
    if (state->switched)
        switched = {{"mode", state->switched->value},
                    {"by", state->switched->by},
                    {"at", format_time(state->switched->at)},
                    {"comment", state->switched->comment}};
    return json_answer(200, {{"mode", to_string(state->mode)},
                             {"configured", to_string(state->configured)},
                             {"switched", std::move(switched)}});
}

auto get_mode(const Services& services, Call call) -> Task<net::HttpResponse> {
    co_return mode_answer(call, co_await pipeline::mode_in_force(services.store, services.mode));
}

auto post_mode(const Services& services, Call call) -> Task<net::HttpResponse> {
    constexpr std::size_t longest_comment = 4'096;
    auto body = body_object(call, false);
    if (!body) co_return refuse(call, body.error());
    const auto wanted = pipeline::parse_mode(text_at(*body, "mode"));
    if (!wanted)
        co_return problem(400, "mode must be one of observe, assist, automate", call.request.request_id,
                          "invalid_argument");
    const auto comment = text_at(*body, "comment");
    if (comment.size() > longest_comment || !is_valid_utf8(comment))
        co_return problem(400, "comment is text of at most 4096 bytes", call.request.request_id, "invalid_argument");
    auto state = co_await pipeline::switch_mode(services.store, services.mode, *wanted, call.caller.name, comment,
                                                services.clock.now());
    if (state) log::warn("mode.switched", {{"mode", to_string(state->mode)}, {"by", call.caller.name}});
    co_return mode_answer(call, state);
}

} // namespace

void add_mode_routes(Routes& routes, const Services& services) {
    routes.add({.method = "GET",
                .pattern = "/v1/mode",
                .needs = Role::viewer,
                .handler = [&services](Call call) { return get_mode(services, std::move(call)); },
                .summary = "The mode that holds, the configured one, and who has switched it",
                .tag = "operations"});
    routes.add(
        {.method = "POST",
         .pattern = "/v1/mode",
         .needs = Role::admin,
         .handler = [&services](Call call) { return post_mode(services, std::move(call)); },
         .summary = "The kill switch: a stricter mode for all replicas, over restarts; the configured mode "
                    "takes it back",
         .tag = "operations",
         .body =
             R"({"type":"object","required":["mode"],"properties":{"mode":{"enum":["observe","assist","automate"]},"comment":{"type":"string"}}})",
         .wants_json = true});
}

} // namespace dossier::api
