#pragma once
// What the name of a field or column says about its value: `ssn`, `cardNumber`, `DB_PASSWORD`, `date of birth`. A name
// is context, never proof: the value still has to look the part (see fields.hpp).

#include <string_view>

namespace dossier::redact {

enum class KeyMeaning {
    none,
    secret,
    weak_secret,
    ssn,
    card,
    iban,
    phone,
    email,
    birth_date,
    medical_record,
    passport,
    person,
    role, ///< a person, a team or an account
    address,
    national_id,
    ip,
    sample ///< read in a store, whatever it is
};

[[nodiscard]] auto meaning_of_key(std::string_view key) -> KeyMeaning;
/// Name of the pseudonym: "SECRET", "SSN", …
[[nodiscard]] auto kind_of(KeyMeaning meaning) -> std::string_view;

} // namespace dossier::redact
