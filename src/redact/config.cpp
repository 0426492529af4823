#include "dossier/redact/redactor.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

namespace dossier::redact {

auto read_redaction(config::Section section) -> RedactionConfig {
    RedactionConfig redaction;
    section.read("pseudonymise", redaction.pseudonymise);
    section.read("restore_in_tickets", redaction.restore_in_tickets);
    section.read("ip_addresses", redaction.ip_addresses);
    section.read("allow", redaction.allow);
    section.read("extra", redaction.extra);
    for (std::size_t index = 0; index < redaction.extra.size(); ++index) {
        const RE2 pattern(redaction.extra[index], RE2::Quiet);
        if (!pattern.ok())
            section.problem("extra", fmt::format("pattern {} is no RE2 expression: {}", index + 1, pattern.error()));
        else if (RE2::FullMatch("", pattern))
            section.problem("extra", fmt::format("pattern {} matches the empty text", index + 1));
    }
    return redaction;
}

} // namespace dossier::redact
