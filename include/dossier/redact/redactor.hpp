#pragma once
// The gate that every byte for an LLM passes. Finds direct identifiers and secrets (RE2 patterns where they can begin,
// then validators: Luhn, IBAN mod 97, SSN rules, entropy) in the text and in each reading beneath its escapes (JSON,
// percent, entities, quoted-printable, base64, hex; three deep) and puts pseudonyms in their place,
// `<EMAIL_1>`, the same value the same pseudonym within one Redaction. Resource names, ARNs, account ids, UUIDs, dates
// and counts stay. Thread-safe; a Redaction belongs to one dossier.

#include "dossier/base/config.hpp"
#include "dossier/redact/people.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dossier::redact {

struct RedactionConfig {
    bool pseudonymise = true;        ///< false: `<EMAIL>` without a number
    bool restore_in_tickets = false; ///< put the originals back in what is posted to trackers
    bool ip_addresses = true;        ///< mask public IP addresses
    std::vector<std::string> allow;  ///< globs of values that stay
    std::vector<std::string> extra;  ///< further RE2 patterns, masked as CUSTOM
};
[[nodiscard]] auto read_redaction(config::Section section) -> RedactionConfig;

/// Pseudonyms given so far, both ways.
class Redaction {
public:
    [[nodiscard]] auto count() const -> std::size_t { return pseudonyms_.size(); }
    /// A name of two words or more, known from the field that held it: masked as PERSON in every later text, however it
    /// is spelled there ("Alice Ngo", "ngo, alice", "alice.ngo"). One word alone would take resource names with it.
    void remember_person(std::string_view name);
    /// Puts the originals back.
    [[nodiscard]] auto restore(std::string text) const -> std::string;

private:
    friend class Redactor;
    /// The same for the same value, however it is spelled.
    [[nodiscard]] auto pseudonym_of(std::string_view kind, std::string_view value) -> const std::string&;
    /// What `<EMAIL_1>` stands for; null where it was never given.
    [[nodiscard]] auto original_of(std::string_view pseudonym) const -> const std::string*;

    std::unordered_map<std::string, std::string> pseudonyms_;                ///< "EMAIL\0value" → "<EMAIL_1>"
    std::map<std::string, std::vector<std::string>, std::less<>> originals_; ///< "EMAIL" → values, that of 1 first
    KnownNames names_; ///< of people, from the fields that hold them
};

class Redactor {
public:
    /// `invalid_argument` when a pattern of `extra` is no RE2 expression.
    [[nodiscard]] static auto make(const RedactionConfig& config) -> Result<std::unique_ptr<Redactor>>;
    ~Redactor();
    /// Compiles what every text goes through, which else the first has to wait for (some hundred milliseconds).
    static void prepare();
    /// @param key name of the field or column that holds the text, as context for validators; may be ""
    /// What already reads as a pseudonym in `text` becomes ‹EMAIL_1›, so that no payload can ask for a value by it.
    [[nodiscard]] auto redact(std::string_view text, Redaction& state, std::string_view key = {}) const -> std::string;
    /// @param people names that are masked in this text, also those of one word
    [[nodiscard]] auto redact(std::string_view text, Redaction& state, std::string_view key,
                              const KnownNames& people) const -> std::string;
    /// For text that was written from redacted text, as an LLM's answer is: the pseudonyms that `state` has given stay.
    [[nodiscard]] auto redact_answer(std::string_view text, Redaction& state) const -> std::string;

    struct Span {
        std::size_t begin = 0;
        std::size_t end = 0;
        std::string_view
            kind; ///< EMAIL | PHONE | SSN | CARD | IBAN | AWS_KEY | JWT | PRIVATE_KEY | IP | SECRET | CUSTOM | …
    };
    /// What would be masked, names of people that only a Redaction knows aside, in order and without overlap.
    [[nodiscard]] auto find(std::string_view text, std::string_view key = {}) const -> std::vector<Span>;

private:
    struct Impl;
    enum class Pseudonyms { foreign, own };
    [[nodiscard]] auto masked(std::string_view text, Redaction& state, std::string_view key, const KnownNames* people,
                              Pseudonyms found) const -> std::string;
    explicit Redactor(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::redact
