#include "key_meaning.hpp"

#include "characters.hpp"
#include "text_memo.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace dossier::redact {

namespace {

constexpr std::size_t longest_word = 64;

/// "dbPassword", "DB_PASSWORD", "db-password" → "dbpassword"; one byte more than the longest word of one that is
/// longer.
class Folded {
public:
    explicit Folded(std::string_view key) {
        for (const char c : key) {
            if (size_ > longest_word) break;
            if (is_letter(c) || is_digit(c)) bytes_[size_++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c ^ 0x20) : c;
        }
    }
    [[nodiscard]] auto word() const -> std::string_view { return {bytes_.data(), size_}; }

private:
    std::array<char, longest_word + 1> bytes_{};
    std::size_t size_ = 0;
};

/// Endings of names that speak about a secret and don't hold one.
constexpr std::string_view about[] = {
    "id",       "ids",     "name",     "names",   "arn",         "type",     "url",      "uri",      "count",
    "version",  "policy",  "path",     "file",    "length",      "size",     "enabled",  "expiry",   "age",
    "status",   "rotated", "rotation", "created", "manager",     "provider", "detector", "category", "alias",
    "endpoint", "usage",   "limit",    "budget",  "fingerprint", "variable"};

constexpr std::string_view secret_words[] = {
    "password",   "passwd",     "passphrase", "secret",        "token",           "apikey",     "accesskey",
    "privatekey", "authkey",    "credential", "authorization", "signingkey",      "accountkey", "encryptionkey",
    "sastoken",   "sessionkey", "dbpass",     "userpass",      "connectionstring"};
constexpr std::string_view exact_secrets[] = {"pwd", "pass", "pw", "sig", "signature", "xamzsignature", "pin", "otp"};

constexpr std::array<std::pair<std::string_view, KeyMeaning>, 37> exact{{
    {"ssn", KeyMeaning::ssn},
    {"socialsecurity", KeyMeaning::ssn},
    {"socialsecuritynumber", KeyMeaning::ssn},
    {"usssn", KeyMeaning::ssn},
    {"card", KeyMeaning::card},
    {"cardnumber", KeyMeaning::card},
    {"cardno", KeyMeaning::card},
    {"ccnumber", KeyMeaning::card},
    {"creditcard", KeyMeaning::card},
    {"creditcardnumber", KeyMeaning::card},
    {"pan", KeyMeaning::card},
    {"iban", KeyMeaning::iban},
    {"phone", KeyMeaning::phone},
    {"phonenumber", KeyMeaning::phone},
    {"mobile", KeyMeaning::phone},
    {"telephone", KeyMeaning::phone},
    {"tel", KeyMeaning::phone},
    {"fax", KeyMeaning::phone},
    {"email", KeyMeaning::email},
    {"emailaddress", KeyMeaning::email},
    {"dob", KeyMeaning::birth_date},
    {"birthdate", KeyMeaning::birth_date},
    {"birthday", KeyMeaning::birth_date},
    {"dateofbirth", KeyMeaning::birth_date},
    {"mrn", KeyMeaning::medical_record},
    {"medicalrecordnumber", KeyMeaning::medical_record},
    {"patientid", KeyMeaning::medical_record},
    {"passport", KeyMeaning::passport},
    {"passportnumber", KeyMeaning::passport},
    {"passportno", KeyMeaning::passport},
    {"firstname", KeyMeaning::person},
    {"lastname", KeyMeaning::person},
    {"surname", KeyMeaning::person},
    {"fullname", KeyMeaning::person},
    {"patientname", KeyMeaning::person},
    {"customername", KeyMeaning::person},
    {"clientip", KeyMeaning::ip},
}};

constexpr std::string_view people[] = {"forename",      "givenname",  "familyname",     "middlename",  "displayname",
                                       "contactname",   "patient",    "employeename",   "holder",      "cardholder",
                                       "accountholder", "nameoncard", "cardholdername", "beneficiary", "nextofkin",
                                       "maidenname",    "ownername",  "username"};
constexpr std::string_view roles[] = {
    "owner",          "owners",        "dataowner",        "datasteward",     "steward",  "creator",
    "createdby",      "author",        "contact",          "manager",         "assignee", "assignedto",
    "custodian",      "requestor",     "requester",        "requestedby",     "approver", "approvedby",
    "modifiedby",     "updatedby",     "lastmodifiedby",   "uploadedby",      "lead",     "teamlead",
    "technicalowner", "businessowner", "technicalcontact", "businesscontact", "user",     "maintainer",
    "maintainedby",   "responsible",   "reviewer"};
constexpr std::string_view addresses[] = {"address",        "streetaddress",   "street",        "homeaddress",
                                          "addressline1",   "addressline2",    "postaladdress", "mailingaddress",
                                          "billingaddress", "shippingaddress", "residence",     "address1",
                                          "address2"};
constexpr std::string_view national_ids[] = {"nationalid",
                                             "nationalidnumber",
                                             "nationalinsurancenumber",
                                             "nino",
                                             "ni",
                                             "nif",
                                             "nie",
                                             "dni",
                                             "pesel",
                                             "aadhaar",
                                             "aadhar",
                                             "personnummer",
                                             "hetu",
                                             "sin",
                                             "socialinsurancenumber",
                                             "tfn",
                                             "taxfilenumber",
                                             "nhsnumber",
                                             "nhs",
                                             "taxid",
                                             "taxpayerid",
                                             "tin",
                                             "itin",
                                             "steuerid",
                                             "bsn",
                                             "cpf",
                                             "curp",
                                             "rfc",
                                             "codicefiscale",
                                             "fiscalcode",
                                             "nric",
                                             "hkid",
                                             "rrn",
                                             "ahv",
                                             "idnumber",
                                             "identitynumber",
                                             "driverlicense",
                                             "driverslicense",
                                             "driverslicence",
                                             "drivinglicence",
                                             "licensenumber",
                                             "medicareid",
                                             "medicarenumber",
                                             "mbi",
                                             "insuranceid",
                                             "healthinsuranceid",
                                             "accountnumber",
                                             "bankaccount",
                                             "routingnumber",
                                             "employeessn"};

/// What whole words mean; the first that lists a word decides.
auto whole_words() -> const std::unordered_map<std::string_view, KeyMeaning>& {
    static const auto words = [] {
        std::unordered_map<std::string_view, KeyMeaning> all(exact.begin(), exact.end());
        const auto add = [&](std::span<const std::string_view> list, KeyMeaning meaning) {
            for (const auto word : list) all.try_emplace(word, meaning);
        };
        add(people, KeyMeaning::person);
        add(roles, KeyMeaning::role);
        add(addresses, KeyMeaning::address);
        add(national_ids, KeyMeaning::national_id);
        add(exact_secrets, KeyMeaning::secret);
        return all;
    }();
    return words;
}

auto judge_key(std::string_view key) -> KeyMeaning {
    const Folded folded(key);
    const auto word = folded.word();
    if (word.empty() || word.size() > longest_word) return KeyMeaning::none;
    if (const auto found = whole_words().find(word); found != whole_words().end()) return found->second;
    const auto has = [&](std::string_view part) { return word.contains(part); };
    const bool is_key = word.ends_with("key") && word != "key" && !has("kms") && !has("object");
    const bool is_secret = std::ranges::any_of(secret_words, has);
    if (!is_secret && !is_key) return KeyMeaning::none;
    if (std::ranges::any_of(about, [&](std::string_view ending) { return word.ends_with(ending); }) || has("public"))
        return KeyMeaning::none;
    return is_secret ? KeyMeaning::secret : KeyMeaning::weak_secret;
}

} // namespace

auto meaning_of_key(std::string_view key) -> KeyMeaning {
    thread_local TextMemo<KeyMeaning> known;
    return known.get(key, judge_key);
}

auto kind_of(KeyMeaning meaning) -> std::string_view {
    switch (meaning) {
    case KeyMeaning::none:
        return "";
    case KeyMeaning::secret:
    case KeyMeaning::weak_secret:
        return "SECRET";
    case KeyMeaning::ssn:
        return "SSN";
    case KeyMeaning::card:
        return "CARD";
    case KeyMeaning::iban:
        return "IBAN";
    case KeyMeaning::phone:
        return "PHONE";
    case KeyMeaning::email:
        return "EMAIL";
    case KeyMeaning::birth_date:
        return "BIRTH_DATE";
    case KeyMeaning::medical_record:
        return "MRN";
    case KeyMeaning::passport:
        return "PASSPORT";
    case KeyMeaning::person:
    case KeyMeaning::role:
        return "PERSON";
    case KeyMeaning::address:
        return "ADDRESS";
    case KeyMeaning::national_id:
        return "NATIONAL_ID";
    case KeyMeaning::ip:
        return "IP";
    case KeyMeaning::sample:
        return "SAMPLE";
    }
    return "";
}

} // namespace dossier::redact
