#pragma once
// Short texts in which nothing was found to mask: those of rules, regulations and remedies come with every finding.
// Names of people are not part of that, since they differ from dossier to dossier. Thread-safe; bounded in bytes, and
// emptied when it is full. It holds nothing that was masked.

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace dossier::redact {

class PlainTexts {
public:
    [[nodiscard]] static auto fits(std::string_view text) -> bool { return text.size() <= longest; }

    /// @param key of the text, which says what to look for
    [[nodiscard]] auto knows(std::string_view text, std::string_view key) const -> bool {
        const auto entry = entry_of(text, key);
        const std::scoped_lock lock(kept_->mutex);
        return kept_->entries.contains(entry);
    }
    void keep(std::string_view text, std::string_view key) const {
        auto entry = entry_of(text, key);
        const std::scoped_lock lock(kept_->mutex);
        kept_->bytes += entry.size() + cost_of_one;
        if (kept_->bytes > most_kept) {
            kept_->entries.clear();
            kept_->bytes = entry.size() + cost_of_one;
        }
        kept_->entries.insert(std::move(entry));
    }

private:
    static constexpr std::size_t longest = 1'024;
    static constexpr std::size_t most_kept = 512 << 10; ///< bytes
    static constexpr std::size_t cost_of_one = 64;      ///< bytes of a node beside its text

    struct Kept {
        std::mutex mutex;
        std::unordered_set<std::string> entries;
        std::size_t bytes = 0;
    };
    static auto entry_of(std::string_view text, std::string_view key) -> std::string {
        std::string entry;
        entry.reserve(key.size() + 1 + text.size());
        return entry.append(key).append(1, '\0').append(text);
    }

    std::unique_ptr<Kept> kept_ = std::make_unique<Kept>();
};

} // namespace dossier::redact
