#pragma once
// The whole configuration: every room's section, read once, with the rules that hold between sections. "Secure by
// default" is decided here: beyond loopback the service needs tokens for people and authentication for every source.

#include "dossier/api/config.hpp"
#include "dossier/approve/chat_config.hpp"
#include "dossier/approve/config.hpp"
#include "dossier/approve/platform_votes.hpp"
#include "dossier/audit/config.hpp"
#include "dossier/base/config.hpp"
#include "dossier/base/log.hpp"
#include "dossier/context/config.hpp"
#include "dossier/explain/classification_config.hpp"
#include "dossier/explain/config.hpp"
#include "dossier/ingest/config.hpp"
#include "dossier/net/config.hpp"
#include "dossier/pipeline/config.hpp"
#include "dossier/redact/redactor.hpp"
#include "dossier/store/config.hpp"
#include "dossier/ticket/action_config.hpp"
#include "dossier/ticket/config.hpp"
#include "dossier/ticket/purview.hpp"

#include <string>
#include <vector>

namespace dossier::app {

struct LogConfig {
    log::Level level = log::Level::info;
    log::Format format = log::Format::json;
};

struct AppConfig {
    net::ServerConfig server;
    std::vector<api::TokenConfig> tokens;  ///< none: requests from loopback act as `local`, an admin
    std::vector<api::PersonConfig> people; ///< who act from a chat
    store::StoreConfig store;
    pipeline::PipelineConfig pipeline;
    std::vector<ingest::SourceConfig> sources;
    context::ContextConfig context;
    redact::RedactionConfig redaction;
    explain::LlmConfig llm;
    explain::ClassificationConfig classification;
    ticket::TicketConfig tickets;
    std::vector<ticket::PurviewConfig> scanners;
    ticket::ActionConfig actions;
    approve::ApprovalConfig approval;
    approve::ChatConfig chat;
    approve::PlatformVoteConfig platform_votes;
    audit::AuditConfig audit;
    LogConfig log;
};

struct LoadedConfig {
    AppConfig config; ///< to be used only when there are no errors
    std::vector<config::Problem> problems;
    [[nodiscard]] auto has_errors() const -> bool; ///< warnings don't count
};

/// Reads and checks a file. Where `identity` or `cmdb` is not given, config/identity.yaml and config/cmdb.yaml are used
/// if they exist.
[[nodiscard]] auto load_config(const std::string& path, config::Environment environment = config::process_environment)
    -> LoadedConfig;
/// For commands that take no delivery and open no port (explain, audit verify): a variable that is not set stands for
/// itself, so that nobody needs the webhooks' secrets to read an explanation.
[[nodiscard]] auto lenient_environment(const std::string& name, bool& found) -> std::string;
/// The same for text; @param name stands for the file in messages.
[[nodiscard]] auto parse_config(std::string text, std::string name,
                                config::Environment environment = config::process_environment) -> LoadedConfig;
/// The rules between sections. Problems have a path and no line (load_config finds it).
[[nodiscard]] auto check_config(const AppConfig& config) -> std::vector<config::Problem>;

} // namespace dossier::app
