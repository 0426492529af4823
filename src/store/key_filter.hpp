#pragma once
// Says of most keys that aren't in a set that they aren't. A Bloom filter whose bits of one key lie in one word, so
// that a question touches one line of memory; keys are hashes already. At eight bits a key it is wrong about one absent
// key in twenty; of one that is there it never says that it isn't.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dossier::store {

class KeyFilter {
public:
    [[nodiscard]] static auto words_for(std::size_t keys) -> std::size_t { return keys * 5 / 4 / keys_a_word + 1; }

    /// Holds these, with room for a quarter more.
    void fill(std::span<const std::int64_t> keys) {
        words_.assign(words_for(keys.size()), 0);
        words_.shrink_to_fit();
        room_ = words_.size() * keys_a_word;
        for (const auto key : keys) add(key);
    }
    /// Where it has no room it is empty again, and knows nothing.
    void add(std::int64_t key) {
        if (words_.empty()) return;
        if (room_ == 0) return clear();
        --room_;
        words_[word_of(key)] |= bits_of(key);
    }
    void clear() {
        words_ = {};
        room_ = 0;
    }
    [[nodiscard]] auto may_hold(std::int64_t key) const -> bool {
        return words_.empty() || (words_[word_of(key)] & bits_of(key)) == bits_of(key);
    }
    [[nodiscard]] auto is_filled() const -> bool { return !words_.empty(); }
    [[nodiscard]] auto words() const -> std::size_t { return words_.size(); }

private:
    static constexpr std::size_t keys_a_word = 8;

    /// The first bits say which bucket of all keys this is: they are the same in all of a filter's.
    [[nodiscard]] auto word_of(std::int64_t key) const -> std::size_t {
        const auto middle = (static_cast<std::uint64_t>(key) >> 24U) & 0xFFFF'FFFU;
        return static_cast<std::size_t>((middle * words_.size()) >> 28U);
    }
    [[nodiscard]] static auto bits_of(std::int64_t key) -> std::uint64_t {
        const auto low = static_cast<std::uint64_t>(key);
        const auto bit = [low](unsigned at) { return std::uint64_t{1} << ((low >> at) & 63U); };
        return bit(0) | bit(6) | bit(12) | bit(18);
    }

    std::vector<std::uint64_t> words_;
    std::size_t room_ = 0; ///< keys that may still come
};

} // namespace dossier::store
