#pragma once
// The requirement numbers that exist, by framework, from the built-in files config/compliance/ids. A word there stands
// for itself or for a range: "AC-2(1..13)", "Art._5(1)(a..f)" (an underscore is a blank).

#include "dossier/base/error.hpp"
#include "embedded.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// Ids in order, one behind the other in one text: some thousand short ones, each of which would take a node of its
/// own.
class IdList {
public:
    IdList() = default;
    explicit IdList(std::vector<std::string> ids);

    [[nodiscard]] auto size() const -> std::size_t { return ends_.size(); }
    [[nodiscard]] auto operator[](std::size_t index) const -> std::string_view; ///< in order
    [[nodiscard]] auto contains(std::string_view id) const -> bool;
    [[nodiscard]] auto has_with_prefix(std::string_view prefix) const -> bool;

private:
    /// The first that doesn't come before `text`; "" where there is none.
    [[nodiscard]] auto first_from(std::string_view text) const -> std::string_view;

    std::string text_;
    std::vector<std::uint32_t> ends_; ///< of each id in the text
};

struct ClosedList {
    IdList ids;
    std::map<std::string, std::string, std::less<>> withdrawn; ///< id → where it went, "" where nowhere
};

/// A word of a list with its ranges written out.
[[nodiscard]] auto expand_ids(std::string_view word) -> std::vector<std::string>;

class ClosedLists {
public:
    /// `malformed` with "file:line: …" for the first mistake.
    [[nodiscard]] static auto parse(const std::vector<EmbeddedFile>& files) -> Result<ClosedLists>;
    /// Those in the binary.
    [[nodiscard]] static auto built_in() -> const ClosedLists&;
    [[nodiscard]] auto find(std::string_view framework) const -> const ClosedList*;
    /// The id itself or a paragraph above listed points.
    [[nodiscard]] auto knows(std::string_view framework, std::string_view id) const -> bool;
    [[nodiscard]] auto frameworks() const -> std::vector<std::string>;

private:
    std::map<std::string, ClosedList, std::less<>> lists_;
};

} // namespace dossier::explain
