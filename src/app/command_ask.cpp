// Explanations and answers from a running service.

#include "dossier/app/commands.hpp"

#include "remote_client.hpp"

#include "dossier/net/event_stream.hpp"
#include "dossier/ticket/markup.hpp"

#include <ostream>

namespace dossier::app {

namespace {

/// Control characters that a terminal would obey are nobody's to send.
auto for_terminal(std::string text) -> std::string {
    for (char& c : text)
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F) c = ' ';
    return text;
}

/// A member that is an object, or an empty one.
auto object_at(const Json& json, const char* name) -> Json {
    const auto found = json.find(name);
    return found != json.end() && found->is_object() ? *found : Json::object();
}

void print_explanation(const Json& answer, const std::string& format, std::ostream& out) {
    if (format == "json") {
        out << answer.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
        return;
    }
    const auto draft = object_at(object_at(answer, "dossier"), "draft");
    const auto markdown = "# " + text_at(draft, "title") + "\n\n" + text_at(draft, "body");
    if (format == "md")
        out << markdown << '\n';
    else if (format == "html")
        out << ticket::markdown_to_html(markdown) << '\n';
    else
        out << for_terminal(ticket::markdown_to_plain(markdown)) << '\n';
}

/// What comes of a stream: the closing dossier, or why there is none.
struct Streamed {
    Json dossier;
    std::string problem;
};

void take_event(const net::ServerEvent& event, Streamed& streamed, std::ostream& progress) {
    auto data = parse_json(event.data);
    if (!data || !data->is_object()) return;
    if (event.name == "status") {
        progress << '[' << for_terminal(text_at(*data, "stage")) << "]\n";
    } else if (event.name == "assessment") {
        progress << "[risk level " << for_terminal(text_at(*data, "level")) << "]\n"
                 << "-- AI-Generated Guidance, not verified yet --\n";
    } else if (event.name == "delta") {
        progress << for_terminal(text_at(*data, "text"));
    } else if (event.name == "restart") {
        progress << "\n-- void; a new try begins --\n";
    } else if (event.name == "dossier") {
        streamed.dossier = std::move(*data);
        progress << "\n-- end of what nobody had checked; the verified dossier follows --\n";
    } else if (event.name == "error") {
        streamed.problem = text_at(*data, "detail");
    }
    progress << std::flush;
}

} // namespace

auto explain_stored(const RemoteExplainOptions& options, std::ostream& out, std::ostream& progress) -> int {
    RemoteClient client(llm_answer_limit);
    auto request =
        RemoteClient::request(options.remote, "POST", "/v1/explain", dump_json(Json{{"finding_id", options.finding}}));
    if (!options.stream) {
        auto answer = RemoteClient::json_of(client.call(std::move(request)));
        if (!answer) return complain("explain", answer.error());
        print_explanation(*answer, options.format, out);
        return exit_done;
    }
    request.headers.set("Accept", "text/event-stream");
    Streamed streamed;
    net::EventStream events([&](const net::ServerEvent& event) { take_event(event, streamed, progress); }, 8U << 20U);
    bool readable = true;
    request.on_data = [&](std::string_view piece) { readable = readable && events.feed(piece).has_value(); };
    auto response = client.call(std::move(request));
    if (!response) return complain("explain", response.error());
    if (!response->ok()) return complain("explain", RemoteClient::json_of(std::move(response)).error());
    if (!streamed.dossier.is_object()) {
        auto why = streamed.problem.empty() ? std::string("the stream ended without a dossier") : streamed.problem;
        if (!readable) why = "the stream can't be read";
        return complain("explain", Error{.code = Errc::malformed, .message = std::move(why)});
    }
    print_explanation(streamed.dossier, options.format, out);
    return exit_done;
}

auto ask(const AskOptions& options, std::ostream& out) -> int {
    RemoteClient client(llm_answer_limit);
    auto answer = client.json(options.remote, "POST", "/v1/ask", dump_json(Json{{"question", options.question}}));
    if (!answer) return complain("ask", answer.error());
    const auto answerable = answer->find("answerable");
    const int outcome = answerable != answer->end() && *answerable == true ? exit_done : exit_failed;
    if (options.json) {
        out << answer->dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
        return outcome;
    }
    const bool by_llm = text_at(*answer, "query_author") == "llm";
    out << for_terminal(text_at(*answer, "answer")) << "\n\n"
        << text_at(*answer, "notice") << ". Question read by "
        << (by_llm ? for_terminal(text_at(*answer, "provider")) : std::string("rules"))
        << "; counted and written by code.\n";
    const auto notes = answer->find("notes");
    if (notes != answer->end() && notes->is_array())
        for (const auto& note : *notes)
            if (note.is_string()) out << "Note: " << for_terminal(note.get<std::string>()) << '\n';
    return outcome;
}

} // namespace dossier::app
