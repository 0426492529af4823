#include "dossier/app/commands.hpp"

#include "remote_client.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

namespace dossier::app {

namespace {

void print_draft(const Json& draft, std::ostream& out) {
    out << title_line(draft) << "\n";
    for (const auto* name : {"assignee", "decided_by", "decided_at", "comment"}) {
        if (const auto value = text_at(draft, name); !value.empty()) out << name << ": " << value << '\n';
    }
    if (draft.contains("ticket") && draft["ticket"].is_object())
        out << "ticket: " << text_at(draft["ticket"], "key") << ' ' << text_at(draft["ticket"], "url") << '\n';
    out << '\n' << text_at(draft, "body") << '\n';
}

auto list_path(const DraftOptions& options) -> std::string {
    std::string path = "/v1/drafts";
    for (const auto& [name, value] : options.filters)
        if (!value.empty()) path += (path.contains('?') ? "&" : "?") + name + "=" + percent_encode(value);
    return path;
}

auto list(RemoteClient& client, const DraftOptions& options, std::ostream& out) -> int {
    auto items = all_items(client, options.remote, list_path(options));
    if (!items) return complain("drafts", items.error());
    if (options.json) {
        out << items->dump(2) << '\n';
        return exit_done;
    }
    for (const auto& draft : *items) out << title_line(draft) << '\n';
    if (items->empty()) out << "no drafts\n";
    return exit_done;
}

void print_revision(const Json& revision, std::ostream& out) {
    out << text_at(revision, "at") << "  " << text_at(revision, "by") << '\n';
    if (!revision.contains("changes")) return;
    for (const auto& change : revision["changes"])
        out << "--- " << text_at(change, "field") << "\n+++ " << text_at(change, "field") << '\n'
            << text_at(change, "diff");
}

auto revisions(RemoteClient& client, const DraftOptions& options, const std::string& path, std::ostream& out) -> int {
    auto answer = client.json(options.remote, "GET", path + "/revisions");
    if (!answer) return complain("drafts", answer.error());
    const auto items = answer->value("items", Json::array());
    if (options.json) out << items.dump(2) << '\n';
    if (options.json) return exit_done;
    for (const auto& revision : items) print_revision(revision, out);
    if (items.empty()) out << "nobody has changed it\n";
    return exit_done;
}

/// One action on several drafts: a line for each, and failure where one was refused.
auto decide_many(RemoteClient& client, const DraftOptions& options, std::ostream& out) -> int {
    Json body{{"ids", options.ids}, {"action", options.action}, {"comment", options.comment}};
    if (options.action == "reassign") body["assignee"] = options.assignee;
    auto answer = client.json(options.remote, "POST", "/v1/drafts/bulk", dump_json(body));
    if (!answer) return complain("drafts", answer.error());
    const bool all_done = answer->contains("refused") && (*answer)["refused"] == 0;
    if (options.json) {
        out << answer->dump(2) << '\n';
    } else {
        for (const auto& item : (*answer)["items"]) {
            const auto state = text_at(item, "state");
            out << text_at(item, "id") << "  " << (state.empty() ? "refused: " + text_at(item, "detail") : state)
                << '\n';
        }
    }
    return all_done ? exit_done : exit_failed;
}

/// What the request about one draft says; an error where a file can't be read.
auto body_of(const DraftOptions& options) -> Result<Json> {
    Json body = Json::object();
    if (options.action == "edit") {
        if (!options.title.empty()) body["title"] = options.title;
        if (!options.body_file.empty()) {
            std::ifstream file;
            if (options.body_file != "-") file.open(options.body_file, std::ios::binary);
            auto& in = options.body_file == "-" ? std::cin : static_cast<std::istream&>(file);
            if (!in) return fail(Errc::not_found, "can't read " + options.body_file);
            body["body"] = std::string(std::istreambuf_iterator<char>(in), {});
        }
    } else {
        body["comment"] = options.comment;
    }
    if (options.action == "reassign") body["assignee"] = options.assignee;
    if (!options.content_hash.empty()) body["content_hash"] = options.content_hash;
    return body;
}

} // namespace

auto drafts(const DraftOptions& options, std::ostream& out) -> int {
    RemoteClient client;
    if (options.action == "list") return list(client, options, out);
    if (options.ids.size() > 1) return decide_many(client, options, out);
    const auto path = "/v1/drafts/" + percent_encode(options.ids.empty() ? "" : options.ids.front());
    if (options.action == "revisions") return revisions(client, options, path, out);
    Result<Json> draft = Json();
    if (options.action == "show") {
        draft = client.json(options.remote, "GET", path);
    } else {
        auto body = body_of(options);
        if (!body) return complain("drafts", body.error());
        draft = options.action == "edit"
                    ? client.json(options.remote, "PATCH", path, dump_json(*body))
                    : client.json(options.remote, "POST", path + "/" + options.action, dump_json(*body));
    }
    if (!draft) return complain("drafts", draft.error());
    if (options.json)
        out << draft->dump(2) << '\n';
    else if (options.action == "show")
        print_draft(*draft, out);
    else
        out << title_line(*draft) << '\n';
    return exit_done;
}

} // namespace dossier::app
