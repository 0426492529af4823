#pragma once
#include "dossier/ticket/draft_renderer.hpp"

namespace dossier::ticket {

/// The platform's name for people: "Wiz", "Prisma Cloud", "Orca".
[[nodiscard]] auto platform_name(const Finding& finding) -> std::string;
/// "Public S3 bucket acme-payments holds PII", without severity and account; plain text, one line.
[[nodiscard]] auto headline(const Finding& finding) -> std::string;
/// "[critical] Public S3 bucket acme-payments holds PII (AWS 111122223333)", at most 255 bytes.
[[nodiscard]] auto draft_title(const DossierView& view) -> std::string;

} // namespace dossier::ticket
