#include "dossier/app/commands.hpp"

#include "remote_client.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/runtime.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

namespace dossier::app {

auto send(const SendOptions& options, std::ostream& out) -> int {
    RemoteClient client;
    int outcome = exit_done;
    for (const auto& file : options.files) {
        std::ifstream in(file, std::ios::binary);
        if (!in) {
            outcome = complain("send", Error{.code = Errc::not_found, .message = "can't read " + file});
            continue;
        }
        net::ClientRequest request;
        request.method = "POST";
        request.url = options.url;
        request.body = std::string(std::istreambuf_iterator<char>(in), {});
        request.headers.set("Content-Type", "application/json");
        if (!options.token.empty()) request.headers.set("Authorization", "Bearer " + options.token);
        if (!options.user.empty()) request.headers.set("Authorization", "Basic " + base64_encode(options.user));
        for (const auto& header : options.headers) {
            const auto colon = header.find(':');
            if (colon == std::string::npos) {
                std::cerr << "dossier send: a header must be \"Name: value\"\n";
                return exit_usage;
            }
            request.headers.set(std::string(trim(std::string_view(header).substr(0, colon))),
                                std::string(trim(std::string_view(header).substr(colon + 1))));
        }
        auto response = client.call(std::move(request));
        if (!response) {
            outcome = complain("send", response.error());
            continue;
        }
        out << file << ": " << response->status << ' ' << response->body << '\n';
        if (!response->ok()) outcome = exit_failed;
    }
    return outcome;
}

auto policies(const PolicyOptions& options, std::ostream& out) -> int {
    const auto chosen =
        (options.finding_id.empty() ? 0 : 1) + (options.inventory_file.empty() ? 0 : 1) + (options.findings ? 1 : 0);
    if (chosen != 1) {
        std::cerr << "dossier policies draft: give a finding, --inventory FILE or --findings\n";
        return exit_usage;
    }
    Json body = Json::object();
    if (!options.sink.empty()) body["sink"] = options.sink;
    if (!options.finding_id.empty()) body["finding_id"] = options.finding_id;
    if (options.findings) body["inventory"] = "findings";
    if (!options.inventory_file.empty()) {
        std::ifstream file;
        if (options.inventory_file != "-") file.open(options.inventory_file, std::ios::binary);
        auto& in = options.inventory_file == "-" ? std::cin : static_cast<std::istream&>(file);
        const std::string text(std::istreambuf_iterator<char>(in), {});
        auto inventory = parse_json(text);
        if (!inventory)
            return complain("policies", Error{.code = Errc::malformed,
                                              .message = options.inventory_file + ": " + inventory.error().message});
        body["inventory"] = std::move(*inventory);
    }
    RemoteClient client;
    auto answer = client.json(options.remote, "POST", "/v1/policies", dump_json(body));
    if (!answer) return complain("policies", answer.error());
    if (options.json) {
        out << answer->dump(2) << '\n';
        return exit_done;
    }
    for (const auto& draft : answer->value("drafts", Json::array())) out << title_line(draft) << '\n';
    for (const auto& reason : answer->value("refused", Json::array()))
        if (reason.is_string()) out << "no draft: " << reason.get<std::string>() << '\n';
    return exit_done;
}

auto dead_letters(const DeadLetterOptions& options, std::ostream& out) -> int {
    RemoteClient client;
    auto answer = options.action == "list" ? all_items(client, options.remote, "/v1/dead-letters")
                                           : client.json(options.remote, "POST",
                                                         "/v1/dead-letters/" + percent_encode(options.id) + "/redrive");
    if (!answer) return complain("dead-letters", answer.error());
    if (options.json) {
        out << answer->dump(2) << '\n';
        return exit_done;
    }
    const Json letters = answer->is_array() ? *answer : Json::array({*answer});
    for (const auto& letter : letters) {
        out << fmt::format("{}  {}  {:<10}  {}  {}\n", text_at(letter, "id"), text_at(letter, "at"),
                           text_at(letter, "stage"), text_at(letter, "finding_id"), text_at(letter, "error"));
    }
    if (letters.empty()) out << "no dead letters\n";
    return exit_done;
}

auto deliveries(const DeliveryOptions& options, std::ostream& out) -> int {
    RemoteClient client;
    std::string path = "/v1/reports/deliveries?source=" + percent_encode(options.source);
    if (!options.since.empty()) path += "&since=" + percent_encode(options.since);
    auto answer = client.json(options.remote, "GET", path);
    if (!answer) return complain("deliveries", answer.error());
    if (options.json) {
        out << answer->dump(2) << '\n';
        return exit_done;
    }
    const auto number = [](const Json& day, const char* name) {
        const auto found = day.find(name);
        return found != day.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
    };
    constexpr auto row = "{:<10}  {:<16} {:>8} {:>7} {:>6} {:>6} {:>11} {:>12}\n";
    out << fmt::format(row, "day", "source", "webhook", "event", "late", "never", "duplicates", "quarantined");
    for (const auto& day : (*answer)["items"]) {
        out << fmt::format(row, text_at(day, "day"), text_at(day, "source"), number(day, "webhook"),
                           number(day, "event"), number(day, "late"), number(day, "never"), number(day, "duplicates"),
                           number(day, "quarantined"));
        const auto reasons = day.find("reasons");
        if (reasons == day.end() || !reasons->is_array()) continue;
        for (const auto& reason : *reasons)
            out << fmt::format("{:>12}  {} never came: {}\n", "", number(reason, "count"), text_at(reason, "reason"));
    }
    return exit_done;
}

auto costs(const CostOptions& options, std::ostream& out) -> int {
    RemoteClient client;
    auto path = "/v1/reports/costs?by=" + percent_encode(options.by);
    for (const auto& [name, value] : {std::pair{"since", &options.since}, std::pair{"until", &options.until},
                                      std::pair{"source", &options.source}, std::pair{"route", &options.route}})
        if (!value->empty()) path += fmt::format("&{}={}", name, percent_encode(*value));
    auto answer = client.json(options.remote, "GET", path);
    if (!answer) return complain("costs", answer.error());
    if (options.json) {
        out << answer->dump(2) << '\n';
        return exit_done;
    }
    const auto number = [](const Json& item, const char* name) {
        const auto found = item.find(name);
        return found != item.end() && found->is_number() ? found->get<double>() : 0.0;
    };
    const auto line = [&](const std::string& what, const Json& item) {
        out << fmt::format("{:<60} {:>7.0f} {:>11.0f} {:>11.0f} {:>11.6f} {:>11.6f} {:>8.0f}\n", what,
                           number(item, "calls"), number(item, "prompt_tokens"), number(item, "completion_tokens"),
                           number(item, "usd"), number(item, "reserved_usd"), number(item, "refused"));
    };
    out << fmt::format("{:<60} {:>7} {:>11} {:>11} {:>11} {:>11} {:>8}\n", options.by, "calls", "tokens in",
                       "tokens out", "spent $", "reserved $", "refused");
    for (const auto& item : (*answer)["items"]) {
        std::vector<std::string> parts;
        for (const auto part : split(options.by, ',')) {
            const auto value = text_at(item, std::string(trim(part)).c_str());
            parts.push_back(value.empty() ? "-" : value);
        }
        line(join(parts, "  "), item);
    }
    line("total", (*answer)["total"]);
    return exit_done;
}

} // namespace dossier::app
