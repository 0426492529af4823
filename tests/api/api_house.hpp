#pragma once
// The REST routes over real rooms, called without a socket: gate first, then the handler, as the server does.

#include "support/house.hpp"

#include "dossier/api/rest_api.hpp"
#include "dossier/base/json.hpp"

namespace dossier::api {

class ApiHouse : public test::House {
public:
    approve::ReviewQueue reviews{store, clock, metrics};
    std::unique_ptr<audit::HeadKeeper> heads = *audit::HeadKeeper::open({.key = directory.file("audit.key")});
    /// Nobody to ask: questions are read by rules.
    explain::LlmGateway nobody{{}, explain::LlmConfig{}, &store, clock, metrics};
    report::Questioner questioner{
        nobody,   std::make_shared<explain::PromptCatalogue>(*explain::PromptCatalogue::load("")),
        redactor, store,
        clock,    {"wiz", "prisma"}};
    Services services{.store = store,
                      .receiver = receiver,
                      .builder = builder(),
                      .reviews = reviews,
                      .questioner = questioner,
                      .heads = *heads,
                      .clock = clock,
                      .metrics = metrics,
                      .capacity = 1'000};
    Authenticator authenticator{{{.name = "vera", .role = Role::viewer, .token = Secret("viewer-token-1234")},
                                 {.name = "anna", .role = Role::analyst, .token = Secret("analyst-token-1234")},
                                 {.name = "paul", .role = Role::approver, .token = Secret("approver-token-1234")},
                                 {.name = "otto", .role = Role::auditor, .token = Secret("auditor-token-1234")},
                                 {.name = "adam", .role = Role::admin, .token = Secret("admin-token-1234")}}};
    Routes routes{authenticator};

    ApiHouse() { add_rest_routes(routes, services); }

    struct Answer {
        int status = 0;
        Json body;
        net::Headers headers;
    };

    /// @param who role of the caller; "" = no token
    static auto request(std::string method, const std::string& target, const std::string& who, std::string body = {})
        -> net::HttpRequest {
        net::HttpRequest made;
        made.method = std::move(method);
        made.target = target;
        made.path = target.substr(0, target.find('?'));
        if (const auto at = target.find('?'); at != std::string::npos) {
            const auto pair = target.substr(at + 1);
            made.query.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
        }
        if (!who.empty()) made.headers.set("Authorization", "Bearer " + who + "-token-1234");
        if (!body.empty()) {
            made.headers.set("Content-Type", "application/json");
            made.headers.set("Content-Length", std::to_string(body.size()));
        }
        made.body = std::move(body);
        made.request_id = "req-7";
        return made;
    }
    auto call(net::HttpRequest request) -> Answer {
        auto refusal = routes.gate(request);
        auto response = refusal ? std::move(*refusal) : test::run_task(routes.handle(std::move(request)));
        auto body = parse_json(response.body);
        return {.status = response.status,
                .body = body ? std::move(*body) : Json(response.body),
                .headers = response.headers};
    }
    auto call(std::string method, const std::string& target, const std::string& who, std::string body = {}) -> Answer {
        return call(request(std::move(method), target, who, std::move(body)));
    }
};

} // namespace dossier::api
