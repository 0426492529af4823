#pragma once
// Where Jira Cloud (REST v3) and Data Center (REST v2) differ: paths, text formats, how people are named, how search
// and its pages look. Everything else in JiraSink is common to both.

#include "dossier/base/json.hpp"
#include "dossier/ticket/config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::ticket {

class JiraDialect {
public:
    explicit JiraDialect(const SinkConfig& config) : is_cloud_(!config.is_data_center()) {}

    [[nodiscard]] auto is_cloud() const -> bool { return is_cloud_; }
    /// "/rest/api/3" and what follows it.
    [[nodiscard]] auto path(std::string_view rest) const -> std::string;
    /// Rich text of descriptions and multi-line fields: ADF, or wiki markup. Fits Jira's 32,767 characters.
    [[nodiscard]] auto rich_text(std::string_view markdown) const -> Json;
    /// True where `rich_text` had to leave something out.
    [[nodiscard]] auto is_too_long(std::string_view markdown) const -> bool;
    /// A comment whose last line names the event, which every Jira shows.
    [[nodiscard]] auto comment_text(std::string_view markdown, const std::string& event_id) const -> Json;
    [[nodiscard]] auto names_event(const Json& comment_body, const std::string& event_id) const -> bool;
    /// {"accountId": …} or {"name": …}; both for an assignee and for a user field.
    [[nodiscard]] auto person(const std::string& id) const -> Json;
    [[nodiscard]] auto id_of_person(const Json& user) const -> std::string;
    [[nodiscard]] auto user_search(const std::string& email) const -> std::string; ///< path with query

    struct Search {
        std::string path;
        Json body;
    };
    /// @param cursor "" for the first page, then what `next_cursor` said
    [[nodiscard]] auto search(const std::string& jql, const std::string& cursor) const -> Search;
    /// "" after the last page. @param seen issues so far, this page's among them
    [[nodiscard]] auto next_cursor(const Json& page, std::size_t seen) const -> std::string;

private:
    bool is_cloud_;
};

} // namespace dossier::ticket
