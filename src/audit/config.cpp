#include "dossier/audit/config.hpp"

#include <fmt/format.h>

namespace dossier::audit {

auto read_audit(config::Section section) -> AuditConfig {
    AuditConfig audit;
    section.read("key", audit.key);
    if (audit.key.empty()) section.problem("key", "must not be empty");
    for (auto& sink : section.items("sinks")) {
        std::string kind;
        sink.require("kind");
        sink.read_word("kind", kind, {"splunk_hec", "syslog", "file"});
        if (!kind.empty()) sink.unavailable("kind", fmt::format("the audit sink `{}`", kind));
        for (const auto* key : {"name", "url", "token", "host", "port", "tls", "path"}) sink.ignore(key);
    }
    return audit;
}

} // namespace dossier::audit
