#include "validators.hpp"

#include "key_meaning.hpp"

#include <gtest/gtest.h>

namespace dossier::redact {
namespace {

struct Row {
    const char* value;
    bool is_valid;
};

TEST(Validators, CardsNeedIssuerLengthAndLuhn) {
    const Row rows[] = {
        {"4111111111111111", true},  {"4111111111111112", false}, {"4222222222222", true},
        {"5555555555554444", true},  {"2221000000000009", true},  {"2720999999999996", true},
        {"2220999999999999", false}, {"2721000000000004", false}, {"378282246310005", true},
        {"6011111111111117", true},  {"30569309025904", true},    {"3530111333300000", true},
        {"0000000000000000", false}, {"1111222233334444", false}, {"", false},
        {"411111111111", false},
    };
    for (const auto& row : rows) EXPECT_EQ(is_card_number(row.value), row.is_valid) << row.value;
}

TEST(Validators, IbansNeedTheCountrysLengthAndMod97) {
    const Row rows[] = {
        {"GB82WEST12345698765432", true},
        {"GB82WEST12345698765433", false},
        {"GB82WEST1234569876543", false},
        {"DE89370400440532013000", true},
        {"NO9386011117947", true},
        {"FR1420041010050500013M02606", true},
        {"XX82WEST12345698765432", false},
        {"", false},
        {"GB82", false},
    };
    for (const auto& row : rows) EXPECT_EQ(is_iban(row.value), row.is_valid) << row.value;
}

TEST(Validators, SocialSecurityNumbersFollowTheirRules) {
    const Row rows[] = {
        {"536903399", true},  {"000123456", false}, {"666123456", false}, {"900123456", false}, {"123001234", false},
        {"123450000", false}, {"123456789", false}, {"078051120", false}, {"222222222", false}, {"12345678", false},
    };
    for (const auto& row : rows) EXPECT_EQ(is_ssn(row.value), row.is_valid) << row.value;
}

TEST(Validators, OnlyRoutableAddressesArePublic) {
    const Row rows[] = {
        {"8.8.8.8", true},     {"203.0.113.7", true},
        {"10.1.2.3", false},   {"172.16.0.1", false},
        {"172.32.0.1", true},  {"192.168.1.1", false},
        {"127.0.0.1", false},  {"169.254.169.254", false},
        {"100.64.0.1", false}, {"0.0.0.0", false},
        {"224.0.0.1", false},  {"255.255.255.255", false},
        {"999.1.1.1", false},  {"2001:4860:4860::8888", true},
        {"fe80::1", false},    {"::1", false},
        {"fd00::1", false},    {"12:30:45", false},
    };
    for (const auto& row : rows) EXPECT_EQ(is_public_ip(row.value), row.is_valid) << row.value;
}

TEST(Validators, NorthAmericanNumbersHaveAreaAndExchange) {
    const Row rows[] = {{"2125550123", true},
                        {"12125550123", true},
                        {"1125550123", false},
                        {"2121550123", false},
                        {"212555012", false}};
    for (const auto& row : rows) EXPECT_EQ(is_nanp_number(row.value), row.is_valid) << row.value;
}

TEST(KeyMeaning, ComesFromTheWordsOfTheName) {
    struct KeyRow {
        const char* key;
        KeyMeaning meaning;
    };
    const KeyRow rows[] = {
        {"password", KeyMeaning::secret},
        {"DB_PASSWORD", KeyMeaning::secret},
        {"aws_secret_access_key", KeyMeaning::secret},
        {"clientSecret", KeyMeaning::secret},
        {"Authorization", KeyMeaning::secret},
        {"stripe_key", KeyMeaning::weak_secret},
        {"ssn", KeyMeaning::ssn},
        {"card_number", KeyMeaning::card},
        {"dob", KeyMeaning::birth_date},
        {"date of birth", KeyMeaning::birth_date},
        {"first-name", KeyMeaning::person},
        {"name", KeyMeaning::none},
        {"key", KeyMeaning::none},
        {"kmsKey", KeyMeaning::none},
        {"objectKey", KeyMeaning::none},
        {"secretName", KeyMeaning::none},
        {"secretArn", KeyMeaning::none},
        {"accessKeyId", KeyMeaning::none},
        {"publicKey", KeyMeaning::none},
        {"password_policy", KeyMeaning::none},
        {"", KeyMeaning::none},
        {"versionId", KeyMeaning::none},
    };
    for (const auto& row : rows) EXPECT_EQ(meaning_of_key(row.key), row.meaning) << row.key;
}

} // namespace
} // namespace dossier::redact
