#include "key_meaning.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

namespace dossier::redact {

namespace {

/// "dbPassword", "DB_PASSWORD", "db-password" → "dbpassword".
auto folded(std::string_view key) -> std::string {
    std::string word;
    for (const unsigned char c : key)
        if (std::isalnum(c) != 0) word.push_back(static_cast<char>(std::tolower(c)));
    return word;
}

/// Endings of names that speak about a secret and don't hold one.
constexpr std::array about{"id",      "ids",     "name",     "names",       "arn",      "type",    "url",
                           "uri",     "count",   "version",  "policy",      "path",     "file",    "length",
                           "size",    "enabled", "expiry",   "age",         "status",   "rotated", "rotation",
                           "created", "manager", "provider", "detector",    "category", "alias",   "endpoint",
                           "usage",   "limit",   "budget",   "fingerprint", "variable"};

constexpr std::array secret_words{"password",      "passwd",     "passphrase", "secret",          "token",
                                  "apikey",        "accesskey",  "privatekey", "authkey",         "credential",
                                  "authorization", "signingkey", "accountkey", "encryptionkey",   "sastoken",
                                  "sessionkey",    "dbpass",     "userpass",   "connectionstring"};
constexpr std::array exact_secrets{"pwd", "pass", "pw", "sig", "signature", "xamzsignature", "pin", "otp"};

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

constexpr std::array people{"forename",      "givenname",  "familyname",     "middlename",  "displayname",
                            "contactname",   "patient",    "employeename",   "holder",      "cardholder",
                            "accountholder", "nameoncard", "cardholdername", "beneficiary", "nextofkin",
                            "maidenname",    "ownername",  "username"};
constexpr std::array roles{
    "owner",          "owners",        "dataowner",        "datasteward",     "steward",  "creator",
    "createdby",      "author",        "contact",          "manager",         "assignee", "assignedto",
    "custodian",      "requestor",     "requester",        "requestedby",     "approver", "approvedby",
    "modifiedby",     "updatedby",     "lastmodifiedby",   "uploadedby",      "lead",     "teamlead",
    "technicalowner", "businessowner", "technicalcontact", "businesscontact", "user",     "maintainer",
    "maintainedby",   "responsible",   "reviewer"};
constexpr std::array addresses{"address",      "streetaddress", "street",         "homeaddress",    "addressline1",
                               "addressline2", "postaladdress", "mailingaddress", "billingaddress", "shippingaddress",
                               "residence",    "address1",      "address2"};
constexpr std::array national_ids{"nationalid",
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

} // namespace

auto meaning_of_key(std::string_view key) -> KeyMeaning {
    const auto word = folded(key);
    if (word.empty() || word.size() > 64) return KeyMeaning::none;
    if (const auto found = std::ranges::find(exact, std::string_view(word), &decltype(exact)::value_type::first);
        found != exact.end())
        return found->second;
    const auto is_among = [&](const auto& words) { return std::ranges::find(words, word) != words.end(); };
    if (is_among(people)) return KeyMeaning::person;
    if (is_among(roles)) return KeyMeaning::role;
    if (is_among(addresses)) return KeyMeaning::address;
    if (is_among(national_ids)) return KeyMeaning::national_id;
    if (std::ranges::find(exact_secrets, word) != exact_secrets.end()) return KeyMeaning::secret;
    if (std::ranges::any_of(about, [&](const char* ending) { return word.ends_with(ending); })) return KeyMeaning::none;
    if (word.find("public") != std::string::npos) return KeyMeaning::none;
    const auto has = [&](const char* part) { return word.find(part) != std::string::npos; };
    if (std::ranges::any_of(secret_words, has)) return KeyMeaning::secret;
    return word.ends_with("key") && word != "key" && !has("kms") && !has("object") ? KeyMeaning::weak_secret
                                                                                   : KeyMeaning::none;
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
    }
    return "";
}

} // namespace dossier::redact
