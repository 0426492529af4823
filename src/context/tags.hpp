#pragma once
// What a tag or label key means. Keys are compared after cutting a prefix up to the last ':' or '/' and dropping case
// and punctuation, so that `example-inc:cost-allocation:Owner`, `data_owner` and `OwnerEmail` are all understood. The
// words are those of the AWS tagging guidance, the Azure Cloud Adoption Framework and common practice.

#include <string_view>

namespace dossier::context {

enum class TagMeaning { owner, team, creator, environment, other };

[[nodiscard]] auto tag_meaning(std::string_view key) -> TagMeaning;

} // namespace dossier::context
