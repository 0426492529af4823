#include "dossier/app/commands.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>
#include <tuple>

#include <unistd.h>

namespace {

using namespace dossier::app;

void add_remote(CLI::App& command, Remote& remote) {
    command.add_option("--url", remote.url, "base URL of the service")->capture_default_str();
    command.add_option("--token", remote.token, "bearer token")->envname("DOSSIER_TOKEN");
}

void add_config(CLI::App& command, std::string& path) {
    command.add_option("-c,--config", path, "configuration file")->required();
}

auto run(int argc, char** argv) -> int {
    CLI::App app{
        "dossier: a finding comes in, a dossier goes out.\n"
        "Takes findings of cloud-security platforms by webhook, adds who owns the resource and what it is for,\n"
        "writes down the risk with evidence for every statement, and drafts the ticket for a person to approve."};
    app.name("dossier");
    app.require_subcommand(1);
    app.set_version_flag("--version", "dossier 0.1.0");
    app.footer("First try: scripts/quickstart. Exit codes: 0 done, 1 failed, 2 usage or configuration.");
    int outcome = exit_done;
    std::string config;

    auto* serve_command = app.add_subcommand("serve", "Run the service; SIGTERM drains, SIGHUP reloads");
    add_config(*serve_command, config);
    serve_command->callback([&] { outcome = serve(config); });

    auto* check_command =
        app.add_subcommand("check", "Validate a configuration: every mistake at once, with file and line");
    add_config(*check_command, config);
    bool connect = false;
    check_command->add_flag("--connect", connect,
                            "also try each outside system with its credentials; reads only, changes nothing");
    check_command->callback([&] { outcome = check(config, connect, std::cout); });

    ExplainOptions explain_options;
    auto* explain_command = app.add_subcommand("explain", "One payload in, its dossier out; nothing is stored or sent");
    explain_command->add_option("-c,--config", explain_options.config_path, "configuration file, for a payload");
    explain_command->add_option("--source", explain_options.source,
                                "name of a configured source, or its kind (wiz, prisma, orca)");
    explain_command->add_option("--format", explain_options.format, "form of the answer")
        ->check(CLI::IsMember({"text", "json", "md", "html"}))
        ->capture_default_str();
    explain_command->add_option("file", explain_options.file, "payload; - reads standard input")->capture_default_str();
    RemoteExplainOptions stored_options;
    auto* stream_flag = explain_command->add_flag(
        "--stream,!--no-stream", explain_options.stream,
        "show the text on standard error while it is written, not verified yet (default where both are a terminal)");
    auto* finding_option = explain_command->add_option("--finding", stored_options.finding,
                                                       "id of a finding stored by a running service; see --url");
    explain_command->add_option("--url", stored_options.remote.url, "base URL of that service")
        ->capture_default_str()
        ->needs(finding_option);
    explain_command->add_option("--token", stored_options.remote.token, "bearer token for --url")
        ->envname("DOSSIER_TOKEN");
    explain_command->footer("The text is AI-Generated Guidance; only the verified dossier goes to standard output.\n"
                            "  dossier explain -c config/dossier.yaml --source wiz config/samples/wiz-issue.json\n"
                            "  dossier explain --finding fnd_01… --url http://127.0.0.1:8080 --stream");
    explain_command->callback([&] {
        if (stream_flag->count() == 0)
            explain_options.stream =
                explain_options.format == "text" && isatty(STDOUT_FILENO) != 0 && isatty(STDERR_FILENO) != 0;
        if (finding_option->count() == 0) {
            if (explain_options.config_path.empty())
                throw CLI::RequiredError("--config (or --finding, for a running service)");
            outcome = explain(explain_options, std::cout);
            return;
        }
        stored_options.format = explain_options.format;
        stored_options.stream = explain_options.stream;
        outcome = explain_stored(stored_options, std::cout, std::cerr);
    });

    AskOptions ask_options;
    auto* ask_command =
        app.add_subcommand("ask", "A question in plain language over the findings of a running service");
    add_remote(*ask_command, ask_options.remote);
    ask_command->add_option("question", ask_options.question, "in quotes")->required();
    ask_command->add_flag("--json", ask_options.json, "print the whole answer, with query, rows and cost");
    ask_command->footer("  dossier ask \"top 5 data risks by regulatory impact this quarter\"\n"
                        "  dossier ask \"which public buckets hold PII in prod\"\n"
                        "  dossier ask \"how many critical findings are open by owner\"\n"
                        "Exit code 1 where the question can't be answered from findings.");
    ask_command->callback([&] { outcome = ask(ask_options, std::cout); });

    RedactOptions redact_options;
    auto* redact_command = app.add_subcommand("redact", "Show a text as an LLM would be shown it; nothing is sent");
    redact_command->add_option("-c,--config", redact_options.config_path,
                               "configuration file, for its section `redaction`");
    redact_command->add_option("--format", redact_options.format, "json adds how many of which kind were masked")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    redact_command->add_option("--key", redact_options.key, "name of the field that holds the text, e.g. ssn");
    redact_command->add_flag("--lines", redact_options.lines, "each line is a text of its own");
    redact_command->add_option("file", redact_options.file, "text or JSON; - reads standard input")
        ->capture_default_str();
    redact_command->callback([&] { outcome = redact(redact_options, std::cout); });

    ClassifyOptions classify_options;
    auto* classify_command =
        app.add_subcommand("classify", "What stores hold, by the names of their columns and documents");
    classify_command->add_option("-c,--config", classify_options.config_path, "configuration file");
    classify_command->add_flag("--json", classify_options.json, "print JSON");
    classify_command->add_option("file", classify_options.file, "inventory as .json, .csv, .sql or .txt; - reads JSON")
        ->capture_default_str();
    classify_command->callback([&] { outcome = classify(classify_options, std::cout); });

    SendOptions send_options;
    auto* send_command = app.add_subcommand("send", "Post sample deliveries to a webhook");
    send_command->add_option("url", send_options.url, "e.g. http://127.0.0.1:8080/v1/webhooks/wiz")->required();
    send_command->add_option("files", send_options.files, "JSON files, one delivery each")->required();
    send_command->add_option("-H,--header", send_options.headers, "\"Name: value\"")->take_all();
    send_command->add_option("--token", send_options.token, "bearer token of the source");
    send_command->add_option("--user", send_options.user, "name:password, for basic authentication");
    send_command->callback([&] { outcome = send(send_options, std::cout); });

    DraftOptions draft_options;
    auto* drafts_command = app.add_subcommand("drafts", "The review queue of a running service");
    add_remote(*drafts_command, draft_options.remote);
    drafts_command->add_flag("--json", draft_options.json, "print JSON");
    drafts_command->require_subcommand(1);
    auto* list_drafts = drafts_command->add_subcommand("list", "all drafts, newest first");
    for (const auto& [name, help] :
         {std::pair{"state", "pending, approved, rejected, expired or posted"},
          std::pair{"kind", "ticket, tags, policy or report"}, std::pair{"sink", "where it goes"},
          std::pair{"assignee", "who is to have the ticket"}, std::pair{"owner", "whose resource it is"},
          std::pair{"route", "which route led here"}, std::pair{"severity", "informational to critical"},
          std::pair{"older_than", "made longer ago than 24h, 7d, …"},
          std::pair{"younger_than", "made within 24h, 7d, …"}}) {
        auto option = std::string("--") + name;
        std::ranges::replace(option, '_', '-');
        list_drafts->add_option(option, draft_options.filters[name], help);
    }
    list_drafts->callback([&] { draft_options.action = "list"; });
    for (const auto& [action, help, is_for_many] :
         {std::tuple{"show", "one draft with its text", false}, std::tuple{"revisions", "what people changed", false},
          std::tuple{"edit", "change title or text", false}, std::tuple{"reassign", "hand it to somebody else", true},
          std::tuple{"approve", "approve it as it stands", true}, std::tuple{"reject", "reject it", true},
          std::tuple{"expire", "end it without a verdict", true}}) {
        auto* command = drafts_command->add_subcommand(action, help);
        auto* ids = command->add_option("id", draft_options.ids, is_for_many ? "draft ids" : "draft id")->required();
        if (!is_for_many) ids->expected(1);
        const std::string_view word = action;
        if (is_for_many) command->add_option("--comment", draft_options.comment, "why");
        if (is_for_many || word == "edit")
            command->add_option("--hash", draft_options.content_hash, "only if its content_hash still is this");
        if (word == "reassign")
            command->add_option("--to", draft_options.assignee, "e-mail address or id of a person")->required();
        if (word == "edit") {
            command->add_option("--title", draft_options.title, "the new title");
            command->add_option("--body", draft_options.body_file, "file with the new text; - reads standard input");
        }
        command->callback([&draft_options, action] { draft_options.action = action; });
    }
    drafts_command->callback([&] { outcome = drafts(draft_options, std::cout); });

    PolicyOptions policy_options;
    auto* policies_command = app.add_subcommand("policies", "Drafts of policies; nothing is changed in any cloud");
    policies_command->require_subcommand(1);
    auto* draft_policies = policies_command->add_subcommand("draft", "draft them into the review queue of a service");
    add_remote(*draft_policies, policy_options.remote);
    draft_policies->add_option("finding", policy_options.finding_id, "id of a stored finding");
    draft_policies->add_option("--inventory", policy_options.inventory_file,
                               "JSON list of stores; one draft for each group of like ones; - reads standard input");
    draft_policies->add_flag("--findings", policy_options.findings, "for the stores of all stored findings");
    draft_policies->add_option("--sink", policy_options.sink,
                               "takes the text once it is approved; default: the outbox");
    draft_policies->add_flag("--json", policy_options.json, "print JSON");
    draft_policies->callback([&] { outcome = policies(policy_options, std::cout); });

    DeadLetterOptions letter_options;
    auto* letters_command = app.add_subcommand("dead-letters", "What could not be done after all attempts");
    add_remote(*letters_command, letter_options.remote);
    letters_command->add_flag("--json", letter_options.json, "print JSON");
    letters_command->require_subcommand(1);
    letters_command->add_subcommand("list", "all of them, newest first")->callback([&] {
        letter_options.action = "list";
    });
    auto* redrive_command = letters_command->add_subcommand("redrive", "try again from the last stored stage");
    redrive_command->add_option("id", letter_options.id, "dead letter id")->required();
    redrive_command->callback([&] { letter_options.action = "redrive"; });
    letters_command->callback([&] { outcome = dead_letters(letter_options, std::cout); });

    DeliveryOptions delivery_options;
    auto* deliveries_command =
        app.add_subcommand("deliveries", "What each source delivered, what came late and what never came");
    add_remote(*deliveries_command, delivery_options.remote);
    deliveries_command->add_option("--since", delivery_options.since, "first day, 2026-11-22 or a time");
    deliveries_command->add_option("--source", delivery_options.source, "one source only");
    deliveries_command->add_flag("--json", delivery_options.json, "print JSON");
    deliveries_command->callback([&] { outcome = deliveries(delivery_options, std::cout); });

    EvalOptions eval_options;
    auto* eval_command = app.add_subcommand(
        "eval", "Run prompt versions over recorded cases: schema, grounding, citation, length and cost, side by side");
    add_config(*eval_command, eval_options.config_path);
    eval_command->add_option("--cases", eval_options.cases, "directory of cases, such as config/eval")->required();
    eval_command->add_option("--prompts", eval_options.prompts, "versions, such as 1.0.0,1.1.0; all without it");
    eval_command->add_option("--provider", eval_options.provider, "who is asked where no answer is recorded");
    eval_command->add_flag("--record", eval_options.record, "ask anew and keep the answers beside the cases");
    eval_command->add_option("--min-grounding", eval_options.min_grounding, "fail where a version's mean is under it")
        ->check(CLI::Range(0.0, 1.0));
    eval_command->add_option("--format", eval_options.format, "form of the answer")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    eval_command->callback([&] { outcome = eval(eval_options, std::cout); });

    CostOptions cost_options;
    auto* costs_command = app.add_subcommand("costs", "What asking LLMs cost, and what budgets refused");
    add_remote(*costs_command, cost_options.remote);
    costs_command->add_option("--since", cost_options.since, "first day, 2026-11-22 or a time");
    costs_command->add_option("--until", cost_options.until, "last day");
    costs_command->add_option("--source", cost_options.source, "one source only");
    costs_command->add_option("--route", cost_options.route, "one route only");
    costs_command->add_option("--by", cost_options.by, "what to tell apart, separated by commas")
        ->capture_default_str();
    costs_command->add_flag("--json", cost_options.json, "print JSON");
    costs_command->callback([&] { outcome = costs(cost_options, std::cout); });

    SimulateOptions simulate_options;
    auto* simulate_command = app.add_subcommand(
        "simulate", "What another configuration would have decided, as a difference to what was decided");
    simulate_command->add_option("-c,--config", simulate_options.config_path, "configuration that is tried")
        ->required();
    simulate_command->add_option("--current", simulate_options.current_path,
                                 "configuration that runs: names the store, and the approval rules that held; default: "
                                 "the one that is tried");
    simulate_command->add_option("--since", simulate_options.since, "30d, 12h, a day (2026-11-01) or a time")
        ->capture_default_str();
    simulate_command->add_option("--limit", simulate_options.limit, "changes that are shown; 0 shows all")
        ->capture_default_str();
    simulate_command->add_flag("--exit-code", simulate_options.exit_code, "exit with 3 where something would differ");
    simulate_command->add_option("--format", simulate_options.format, "form of the answer")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    simulate_command->footer(
        "Decides again what is stored: routes, owners, approvals, groups, tickets and the cost of narratives. Nothing\n"
        "is asked, sent or written; the service may run. With the same configuration nothing differs.\n"
        "  dossier simulate --since 30d --config new.yaml --current config/dossier.yaml");
    simulate_command->callback([&] { outcome = simulate(simulate_options, std::cout); });

    auto* audit_command = app.add_subcommand("audit", "The audit trail");
    audit_command->require_subcommand(1);
    auto* verify_command =
        audit_command->add_subcommand("verify", "Check the whole chain; says the first broken record");
    add_config(*verify_command, config);
    verify_command->callback([&] { outcome = audit_verify(config, std::cout); });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? exit_done : exit_usage;
    }
    return outcome;
}

} // namespace

auto main(int argc, char** argv) -> int {
    try {
        return run(argc, argv);
    } catch (const std::exception& e) {
        std::cerr << "dossier: " << e.what() << '\n';
        return exit_failed;
    }
}
