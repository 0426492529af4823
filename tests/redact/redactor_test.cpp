#include "dossier/redact/redactor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <thread>

namespace dossier::redact {
namespace {

using testing::HasSubstr;

auto redactor(const RedactionConfig& config = {}) -> std::unique_ptr<Redactor> {
    return Redactor::make(config).value();
}

auto redacted(const std::string& text, const std::string& key = "") -> std::string {
    static const auto shared = redactor();
    Redaction state;
    return shared->redact(text, state, key);
}

// Assembled, so that no scanner takes this file for a leak.
auto joined(std::string a, std::string_view b) -> std::string { return std::move(a) + std::string(b); }

auto repeated(std::string_view part, int times) -> std::string {
    std::string text;
    while (times-- > 0) text += part;
    return text;
}

TEST(Redactor, PutsPseudonymsInPlaceOfIdentifiersAndSecrets) {
    struct Row {
        const char* name;
        std::string text;
        std::string expected;
    };
    const Row rows[] = {
        {"e-mail", "mail alice.ngo+x@acme.example now", "mail <EMAIL_1> now"},
        {"e-mail, JSON escape", "alice\\u0040acme.example", "<EMAIL_1>"},
        {"e-mail, percent escape", "exports/alice%40acme.example/a.pdf", "exports/<EMAIL_1>/a.pdf"},
        {"e-mail behind an escaped line break", "name\\nalice@acme.example", "name\\n<EMAIL_1>"},
        {"card", "card 4111 1111 1111 1111 used", "card <CARD_1> used"},
        {"card with dashes", "4111-1111-1111-1111", "<CARD_1>"},
        {"new Mastercard range", "2221000000000009", "<CARD_1>"},
        {"card before another number", "4111 1111 1111 1111 2024", "<CARD_1> 2024"},
        {"card joined to a word", "exports/card_4111111111111111.csv", "exports/card_<CARD_1>.csv"},
        {"card between words", "x_4111111111111111_y", "x_<CARD_1>_y"},
        {"SSN joined to a word", "of_536-90-3399.csv", "of_<SSN_1>.csv"},
        {"IBAN", "to DE89370400440532013000.", "to <IBAN_1>."},
        {"IBAN in groups", "GB82 WEST 1234 5698 7654 32 paid", "<IBAN_1> paid"},
        {"SSN", "SSN 536-90-3399", "SSN <SSN_1>"},
        {"SSN in a URL", "https://x.example/u?ssn=536-90-3399&a=1", "https://x.example/u?ssn=<SSN_1>&a=1"},
        {"phone, international", "call +44 7293 768738 today", "call <PHONE_1> today"},
        {"phone, brackets", "at (909) 875-7548.", "at <PHONE_1>."},
        {"phone, North America", "registered 212-555-0123", "registered <PHONE_1>"},
        {"phone by context", "Phone: 0393 1144137", "Phone: <PHONE_1>"},
        {"phone with an extension", "Desk: +1-903-140-4508x769", "Desk: <PHONE_1>"},
        {"driver's licence", "driver's license no: D481-2093-6512 was", "driver's license no: <NATIONAL_ID_1> was"},
        {"cookie", "Cookie: sid=s%3AkQ7mZ2pL5vR8tB4n; lang=en", "Cookie: sid=<SECRET_1>; lang=en"},
        {"session in a query", "/cart;jsessionid=9F3A07C5E1B84D62A0C4?x=1", "/cart;jsessionid=<SECRET_1>?x=1"},
        {"passport", "hr/Ngo_passport_Q79400204.png", "hr/Ngo_passport_<PASSPORT_1>.png"},
        {"medical record", "patient MRN-85710678", "patient <MRN_1>"},
        {"birth date", "born 1961-10-03 in", "born <BIRTH_DATE_1> in"},
        {"public address", "from 203.0.113.7 at", "from <IP_1> at"},
        {"address of a server", "server 203.0.113.7 in DMZ", "server <IP_1> in DMZ"}, // no "ver 203.0.113.7"
        {"one machine as a range", "203.0.113.7/32", "<IP_1>/32"},
        {"IPv6", "from 2001:4860:4860::8888", "from <IP_1>"},
        {"AWS key id", joined("id AKIA", "QWERTYUIOPASDFGH"), "id <AWS_KEY_1>"},
        {"AWS secret by name", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYzEXAMPLEKEY1",
         "AWS_SECRET_ACCESS_KEY=<SECRET_1>"},
        {"compared with a name", R"(if ("q7!Lm{z)x" == password) {)", R"(if ("<SECRET_1>" == password) {)"},
        {"compared, not equal", R"(if ('q7!Lm{z)x' !== secret) {)", R"(if ('<SECRET_1>' !== secret) {)"},
        {"in an array", R"(secrets[] = "q7!Lm{z)x")", R"(secrets[] = "<SECRET_1>")"},
        {"GitHub", joined("x ghp_", "w6jHFs7hInT9XPhwz77kn8Zax4aBpLm8GQnD"), "x <SECRET_1>"},
        {"Slack", joined("xoxb-", "106018098783-989189201525-25tnSlKkIaWPYiCs"), "<SECRET_1>"},
        {"Stripe", joined("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"), "<SECRET_1>"},
        {"JWT", joined("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcDEF123"), "<JWT_1>"},
        {"private key", joined("-----BEGIN RSA PRIVATE ", "KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY----- end"),
         "<PRIVATE_KEY_1> end"},
        {"private key that was cut", joined("k=-----BEGIN PRIVATE ", "KEY-----\nMIIEvQIBADANBg"), "k=<PRIVATE_KEY_1>"},
        {"Entra client secret", joined("(QtT8Q~", "9C-_Ij~RouHVpD2Tuf3oHWGh.DQ3kcjbAn)"), "(<SECRET_1>)"},
        {"Adobe", joined("p8e-", "b7c1f0e93a5d48627fd0c4e81b96a35d"), "<SECRET_1>"},
        {"OpenShift", joined("sha256~", "hV9k_2LmQ8rTzX4cWb7nYp1sGd6fJa3eKu5iOo0vMqE"), "<SECRET_1>"},
        {"RubyGems", joined("rubygems_", "4f1c9a7be2d05836c4f1a97be2d058363c8e51f7a09b2d64"), "<SECRET_1>"},
        {"Twilio", joined("SK", "7f3b9d10c25ea8467f3b9d10c25ea846"), "<SECRET_1>"},
        {"Brevo",
         joined("xkeysib-", "4f1c9a7be2d05836c4f1a97be2d058364f1c9a7be2d05836c4f1a97be2d05836-aB3dE5fG7hJ9kL1m"),
         "<SECRET_1>"},
        {"token that is a UUID", "SNYK_TOKEN ::= \"12345678-ABCD-ABCD-ABCD-1234567890AB\"",
         "SNYK_TOKEN ::= \"<SECRET_1>\""},
        {"Spanish id, by its letter", "holder 12345678Z asked", "holder <NATIONAL_ID_1> asked"},
        {"Spanish resident", "X1234567L", "<NATIONAL_ID_1>"},
        {"Finnish id", "131052-308T", "<NATIONAL_ID_1>"},
        {"password that looks like an open call", "password = hunter(", "password = <SECRET_1>"},
        {"password that looks like a path", "password = /abc/def", "password = <SECRET_1>"},
        {"bearer", "Authorization: Bearer abcdefghij0123456789", "Authorization: Bearer <SECRET_1>"},
        {"basic", "Basic YWxpY2U6c2VjcmV0", "Basic <SECRET_1>"},
        {"credentials in a URL", "postgres://svc:hunter2Xy!@db.internal:5432/core",
         "postgres://svc:<SECRET_1>@db.internal:5432/core"},
        {"password assignment", "password=hunter2 next", "password=<SECRET_1> next"},
        {"password in JSON", R"({"password": "hunter 2!", "a": 1})", R"({"password": "<SECRET_1>", "a": 1})"},
        {"password in JSON inside a string", R"(\"password\": \"hunter2!\")", R"(\"password\": \"<SECRET_1>\")"},
        {"tag pair", R"({"Key": "api-token", "Value": "zrpu1hxope6jiqsjc"})",
         R"({"Key": "api-token", "Value": "<SECRET_1>"})"},
        {"value of an attribute, far away", "<tag key=\"password\"" + std::string(200, ' ') + "value=\"hunter2!x\">",
         "<tag key=\"password\"" + std::string(200, ' ') + "value=\"<SECRET_1>\">"},
        {"no value but a quote", R"(password="" next)", R"(password="" next)"},
        {"longest value without quotes", "password=" + repeated("q7Lm", 100) + ",y", "password=<SECRET_1>,y"},
        {"longer value than any", "password=" + repeated("q7Lm", 100) + "Rest", "password=<SECRET_1>Rest"},
        {"letters of two bytes count once", "password=" + repeated("ü7Lm", 100) + "Rest", "password=<SECRET_1>Rest"},
        {"rows of SQL", R"(INSERT INTO `users` (`id`, `name`, "password", ssn)
VALUES (7, 'Alice O''Ngo', 'q7!L''m{z)x', 536903399), (8, NULL, N'k9#Pw,2(x', NULL);)",
         R"(INSERT INTO `users` (`id`, `name`, "password", ssn)
VALUES (7, '<PERSON_1>', '<SECRET_1>', <SSN_1>), (8, NULL, N'<SECRET_2>', NULL);)"},
        {"rows of SQL inside JSON",
         R"~({"sql": "insert into t (full_name, password)\nvalues ('Alice Ngo', 'q7!Lmz)x')"})~",
         R"~({"sql": "insert into t (full_name, password)\nvalues ('<PERSON_1>', '<SECRET_1>')"})~"},
        {"rows of SQL that mean nothing", "INSERT INTO t (id, size) VALUES ('q7!Lm{z)x', 536903399)",
         "INSERT INTO t (id, size) VALUES ('q7!Lm{z)x', 536903399)"},
        {"rows of SQL, cut off", "INSERT INTO t (password) VALUES ('q7!Lm{z)x",
         "INSERT INTO t (password) VALUES ('<SECRET_1>"},
        {"a dump of PostgreSQL",
         "COPY p.users (id, full_name, password) FROM stdin;\n7\tAlice Ngo\tq7!Lm{z)x\n8\t\\N\t\\N\n\\.\n",
         "COPY p.users (id, full_name, password) FROM stdin;\n7\t<PERSON_1>\t<SECRET_1>\n8\t\\N\t\\N\n\\.\n"},
        {"SQL that sets one", "ALTER ROLE app WITH PASSWORD 'q7!Lm{z)x';",
         "ALTER ROLE app WITH PASSWORD '<SECRET_1>';"},
        {"MySQL that sets one", "CREATE USER 'app'@'%' IDENTIFIED BY 'q7!Lm{z)x'",
         "CREATE USER 'app'@'%' IDENTIFIED BY '<SECRET_1>'"},
        {"MySQL, another way", "SET PASSWORD FOR 'app'@'%' = 'q7!Lm{z)x'", "SET PASSWORD FOR 'app'@'%' = '<SECRET_1>'"},
        {"option with its value", "mysql -h db -u root -pq7Lmzx9 crm", "mysql -h db -u root -p<SECRET_1> crm"},
        {"option with its value apart", "sshpass -p 'q7!Lm{z)x' ssh ops@db", "sshpass -p '<SECRET_1>' ssh ops@db"},
        {"birth date, German", "Anna, geb. 03.10.1961, wohnt", "Anna, geb. <BIRTH_DATE_1>, wohnt"},
        {"birth date, French", "Anne, née le 03/10/1961 à Lyon", "Anne, née le <BIRTH_DATE_1> à Lyon"},
        {"birth date, Spanish", "Ana, fecha de nacimiento: 03/10/1961", "Ana, fecha de nacimiento: <BIRTH_DATE_1>"},
        {"birth date, Italian", "Anna, nata il 03.10.1961 a Roma", "Anna, nata il <BIRTH_DATE_1> a Roma"},
        {"display name of a mailbox", "sent by Alice Ngo <alice@acme.example> today",
         "sent by <PERSON_1> <<EMAIL_1>> today"},
        {"display name in quotes", R"(From: "Ngo, Alice" <alice@acme.example>)", R"(From: "<PERSON_1>" <<EMAIL_1>>)"},
        {"display name of a team", "From: Payments Platform Team <pay@acme.example>",
         "From: Payments Platform Team <<EMAIL_1>>"},
        {"patient of an HL7 message",
         "MSH|^~\\&|A\rPID|1||445566^^^HOSP||NGO^ALICE^MARIE||196110031200|F|||12 Main "
         "St^^Springfield||2125550123\rOBX|1|NGO",
         "MSH|^~\\&|A\rPID|1||<MRN_1>^^^HOSP||<PERSON_1>^<PERSON_2>^<PERSON_3>||<BIRTH_DATE_1>1200|F|||<ADDRESS_1>||"
         "<PHONE_1>\rOBX|1|NGO"},
        {"next of kin and guarantor of an HL7 message",
         "NK1|1|NGO^BOB|SPO|12 Main St^^Springfield|2125550123\\rGT1|1||RAY^CAROL||9 Elm Rd^^Troy|||||||536903399",
         "NK1|1|<PERSON_1>^<PERSON_2>|SPO|<ADDRESS_1>|<PHONE_1>\\rGT1|1||<PERSON_3>^<PERSON_4>||<ADDRESS_2>|||||||<SSN_"
         "1>"},
        {"subscriber of a claim",
         "HL*2*1*22*0~NM1*IL*1*NGO*ALICE*M***MI*W123456789~N3*12 MAIN ST*APT 4~N4*TROY*NY*12180~DMG*D8*19611003*F~"
         "REF*SY*536903399~PER*IC*BOB RAY*TE*2125550123*EM*bob@acme.example~NM1*PR*2*ACME HEALTH*****PI*87726~N3*1 "
         "PAYER WAY~",
         "HL*2*1*22*0~NM1*IL*1*<PERSON_1>*<PERSON_2>*M***MI*<NATIONAL_ID_1>~N3*<ADDRESS_1>*<ADDRESS_2>~N4*TROY*NY*"
         "12180~"
         "DMG*D8*<BIRTH_DATE_1>*F~REF*SY*<SSN_1>~PER*IC*<PERSON_3>*TE*<PHONE_1>*EM*<EMAIL_1>~"
         "NM1*PR*2*ACME HEALTH*****PI*87726~N3*1 PAYER WAY~"},
        {"claim by lines, in JSON", R"({"body": "NM1*QC*1*NGO*ALICE\nN3*12 MAIN ST\nCLM*A1*5"})",
         R"({"body": "NM1*QC*1*<PERSON_1>*<PERSON_2>\nN3*<ADDRESS_1>\nCLM*A1*5"})"},
        {"people of a directory, and a group",
         "dn: CN=Alice Ngo,OU=People,DC=acme,DC=example\nobjectClass: top\nobjectClass: inetOrgPerson\ncn: Alice Ngo\n"
         "sn;lang-vi: Ngo\ncn:: QsOpYSBOZ8O0\ntelephoneNumber: +1 212 555 0123\nmanager: cn=Ray\\, Bob,ou=People\n"
         "homePostalAddress: 12 Main St$Troy\nuserPassword: q7!Lm{z)x\ntitle: Analyst\n\n"
         "dn: cn=Domain Admins,cn=Users,dc=acme\nobjectClass: group\ncn: Domain Admins\n",
         "dn: CN=<PERSON_1>,OU=People,DC=acme,DC=example\nobjectClass: top\nobjectClass: inetOrgPerson\ncn: "
         "<PERSON_1>\n"
         "sn;lang-vi: <PERSON_2>\ncn:: <SAMPLE_1>\ntelephoneNumber: <PHONE_1>\nmanager: cn=<PERSON_3>,ou=People\n"
         "homePostalAddress: <ADDRESS_1>\nuserPassword: <SECRET_1>\ntitle: Analyst\n\n"
         "dn: cn=Domain Admins,cn=Users,dc=acme\nobjectClass: group\ncn: Domain Admins\n"},
        {"directory in a string", R"("dn: cn=Alice Ngo,ou=p\\nobjectclass: person\\ncn: Alice Ngo")",
         R"("dn: cn=<PERSON_1>,ou=p\\nobjectclass: person\\ncn: <PERSON_1>")"},
        {"computer of a directory",
         "dn: cn=Payments Host,dc=a\nobjectClass: user\nobjectClass: computer\ncn: Payments Host",
         "dn: cn=Payments Host,dc=a\nobjectClass: user\nobjectClass: computer\ncn: Payments Host"},
        {"patient of FHIR",
         R"({"resourceType": "Patient", "name": [{"use": "official", "text": "Alice Ngo", "family": "Ngo", "given": )"
         R"(["Alice", "Marie"]}], "birthDate": "1961-10-03", "address": [{"line": ["12 Main St"], "city": "Troy"}]})",
         R"({"resourceType": "Patient", "name": [{"use": "official", "text": "<PERSON_1>", "family": "<PERSON_2>", "given": )"
         R"(["<PERSON_3>", "<PERSON_4>"]}], "birthDate": "<BIRTH_DATE_1>", "address": [{"line": ["<ADDRESS_1>"], "city": "Troy"}]})"},
        {"patient of FHIR, cut off", R"({"name": [{"given": ["Alice"], "family": "Ngo)",
         R"({"name": [{"given": ["Alice"], "family": "Ngo)"},
        {"patient of FHIR, its object not closed", R"({"name": [{"given": ["Alice"], "family": "Ngo")",
         R"({"name": [{"given": ["<PERSON_1>"], "family": "<PERSON_2>")"},
        {"families of other things",
         R"({"family": "m5", "text": "Web Servers", "line": "12 of main", "n": {"given": "x"}})",
         R"({"family": "m5", "text": "Web Servers", "line": "12 of main", "n": {"given": "x"}})"},
        {"family name first", R"({"customer_name": "Ngo, Alice"})", R"({"customer_name": "<PERSON_1>"})"},
        {"bank account", "bank account no. 0012345678, routing number 121042882, sort code 20-00-00",
         "bank account no. <BANK_ACCOUNT_1>, routing number <BANK_ACCOUNT_2>, sort code <BANK_ACCOUNT_3>"},
        {"accounts that are no bank's",
         "AWS account number 123456789012, account no. 210987654321, routing number 121042883",
         "AWS account number 123456789012, account no. 210987654321, routing number 121042883"},
        {"no segment of HL7", "A PID|1||445566 is shown", "A PID|1||445566 is shown"},
        {"passport, machine-readable",
         "P<UTONGO<<ALICE<MARIE<<<<<<<<<<<<<<<<<<<<<<<\nL898902C36UTO6110035F1204159ZE184226B<<<<<10 x",
         "<PASSPORT_1> x"},
        {"JSON in a cell of CSV", R"(1,"{""password"": ""q7!Lm{z)x"", ""full_name"": ""Alice Ngo""}",eu)",
         R"(1,"{""password"": ""<SECRET_1>"", ""full_name"": ""<PERSON_1>""}",eu)"},
        {"word behind password", "rotate the password 'policy' and mysql -p crm",
         "rotate the password 'policy' and mysql -p crm"},
        {"empty values", R"({"owner": "", "id": "", "note": "token"} a="" b="")",
         R"({"owner": "", "id": "", "note": "token"} a="" b="")"},
        {"table", "name,email,dob\nAlice Ngo,alice@acme.example,1961-10-03\n",
         "name,email,dob\n<PERSON_1>,<EMAIL_1>,<BIRTH_DATE_1>\n"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(redacted(row.text), row.expected);
    }
}

TEST(Redactor, ReadsBeneathEscapes) {
    struct Row {
        const char* name;
        std::string text;
        std::string expected;
    };
    const Row rows[] = {
        {"JSON escape of digits", R"(ssn \u0035\u0033\u0036-90-3399)", "ssn <SSN_1>"},
        {"escaped twice", R"(alice\\u0040acme.example)", "<EMAIL_1>"},
        {"escaped three times", "alice%252540acme.example", "<EMAIL_1>"},
        {"hex escape", R"(alice\x40acme.example)", "<EMAIL_1>"},
        {"HTML entity", "mail alice&commat;acme&period;example now", "mail <EMAIL_1> now"},
        {"XML entity in hex", "alice&#x40;acme.example", "<EMAIL_1>"},
        {"entity twice", "alice&amp;#64;acme.example", "<EMAIL_1>"},
        {"percent of every byte", "%34%31%31%31%31%31%31%31%31%31%31%31%31%31%31%31", "<CARD_1>"},
        {"quoted-printable", "alice=40acme.example", "<EMAIL_1>"},
        {"query string", "u?mail=alice%40acme.example&next=1", "u?mail=<EMAIL_1>&next=1"},
        {"full-width", "４１１１ １１１１ １１１１ １１１１ used", "<CARD_1> used"},
        {"zero-width", "ali\u200bce@ac\u200bme.example", "<EMAIL_1>"},
        {"base64", "blob YWxpY2VAYWNtZS5leGFtcGxl end", "blob <EMAIL_1> end"},
        {"base64 in a path", "exports/YWxpY2VAYWNtZS5leGFtcGxl.csv", "exports/<EMAIL_1>.csv"},
        {"base64 of JSON", "eyJzc24iOiAiNTM2LTkwLTMzOTkifQ==", "<SSN_1>"},
        {"hex", "616c6963654061636d652e6578616d706c65", "<EMAIL_1>"},
        {"XML element", "<row><ssn>536903399</ssn><n>12</n></row>", "<row><ssn><SSN_1></ssn><n>12</n></row>"},
        {"JSON in JSON", R"("{\"first_name\": \"Alice\", \"n\": 3}")",
         R"("{\"first_name\": \"<PERSON_1>\", \"n\": 3}")"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(redacted(row.text), row.expected);
    }
    for (const auto* text : {"100%25 of count=40, a&b, x=20 y &amp; z", R"(C:\new\table\users)",
                             "aGVsbG8gd29ybGQgYWdhaW4=", "470d322bbca8a1c2e97c22d490c1e636", "R&amp;D exports at 50%"})
        EXPECT_EQ(redacted(text), text);
}

TEST(Redactor, MasksPeopleByTheFieldThatHoldsThem) {
    struct Row {
        const char* text;
        const char* expected;
    };
    const Row rows[] = {
        {"owner=Alice Ngo", "owner=<PERSON_1>"},
        {R"({"created_by": "Alice Ngo"})", R"({"created_by": "<PERSON_1>"})"},
        {R"({"Key": "owner", "Value": "Alice Ngo"})", R"({"Key": "owner", "Value": "<PERSON_1>"})"},
        {R"({"owner": "Claims Platform Team"})", R"({"owner": "Claims Platform Team"})"},
        {"owner=payments-core", "owner=payments-core"},
        {R"({"street_address": "12 High Street, Leeds"})", R"({"street_address": "<ADDRESS_1>"})"},
        {R"({"nino": "QQ123456C"})", R"({"nino": "<NATIONAL_ID_1>"})"},
        {"the owner is not known", "the owner is not known"},
    };
    for (const auto& row : rows) EXPECT_EQ(redacted(row.text), row.expected);

    const auto shared = redactor();
    Redaction state;
    state.remember_person("Alice Ngo");
    EXPECT_EQ(shared->redact("Alice Ngo, ngo, alice and alice.ngo but not alicengo", state),
              "<PERSON_1>, <PERSON_2> and <PERSON_1> but not alicengo");
    KnownNames people;
    people.add("mallory");
    EXPECT_EQ(shared->redact("the user mallory has access", state, {}, people), "the user <PERSON_3> has access");
    EXPECT_EQ(shared->redact("mallory", state), "mallory") << "one word is known in its own field only";
}

TEST(Redactor, RemembersPlainTextsAndNothingElse) {
    const auto shared = redactor();
    const std::string text = "The bucket was reviewed by Alice Ngo in the west wing.";
    Redaction nobody;
    EXPECT_EQ(shared->redact(text, nobody, "access"), text);
    EXPECT_EQ(shared->redact(text, nobody, "access"), text) << "known to be plain by now";
    Redaction knows_her;
    knows_her.remember_person("Alice Ngo");
    EXPECT_EQ(shared->redact(text, knows_her, "access"), "The bucket was reviewed by <PERSON_1> in the west wing.")
        << "the names of another dossier are still looked for";
    Redaction state;
    EXPECT_EQ(shared->redact("hunter2-and-more", state, "note"), "hunter2-and-more");
    EXPECT_EQ(shared->redact("hunter2-and-more", state, "password"), "<SECRET_1>") << "plain under that key only";
    EXPECT_EQ(shared->redact("note <EMAIL_1>", state, "note"), "note ‹EMAIL_1›");
    EXPECT_EQ(shared->redact("note <EMAIL_1>", state, "note"), "note ‹EMAIL_1›");
    const std::string hidden = "see YWxpY2UgTmdvIHdhcyBoZXJl"; // "alice Ngo was here"
    EXPECT_EQ(shared->redact(hidden, nobody, "note"), hidden);
    EXPECT_NE(shared->redact(hidden, knows_her, "note"), hidden) << "what is encoded is looked into each time";
}

TEST(KnownNames, FindsEveryOrderAtTheBeginningsOfWords) {
    KnownNames names;
    EXPECT_TRUE(names.empty());
    EXPECT_TRUE(names.places_in("alice ngo").empty());
    for (const auto* name : {"Alice Ngo", "Alice Ngo", "mallory", "Ana de la Cruz", " ,"}) names.add(name);
    using Places = std::vector<std::pair<std::size_t, std::size_t>>;
    const struct {
        std::string text;
        Places places;
    } rows[] = {
        {"ngo, alice", {{0, 10}}},
        {"by alice.ngo and MALLORY", {{3, 12}, {17, 24}}},
        {"malice ngo, alicengo, alice ngoma", {}},
        {"ana de la cruz; cruz de la ana", {{0, 14}}},
        {"alice  ngo / alice   ngo", {{0, 10}}},
        {"", {}},
    };
    for (const auto& row : rows) EXPECT_EQ(names.places_in(row.text), row.places) << row.text;
}

TEST(Redactor, LeavesWhatTheStoryNeeds) {
    const std::string texts[] = {
        "arn:aws:s3:::acme-payments-exports",
        "arn:aws:iam::203945924643:role/etl-reader",
        "account 620897692270",
        "112233445566",
        "d309991a-876c-46cb-a62e-ebce5c56d1ac",
        "41111111-1111-1111-8111-111111111111",
        "51176327-2749-3472-9606-449664497775",
        "470d322bbca8a1c2e97c22d490c1e636",
        "004bbf9621b4f6fda69f3f5d6a6f176efe2faf5f6833a1af84d128f2ac530f67",
        "2025-06-17T18:23:00Z",
        "since 2024-05-01 until 2024-06-30",
        "1757313621087",
        "877708237671 bytes in 48,972 objects",
        "version 1.81.0.1 of libfoo",
        "(Release: 8.8.4.4)",
        "10.0.0.0/8 and 0.0.0.0/0 and 192.168.1.20",
        "203.0.113.0/24",
        "ports 5432, 3389",
        "PCI DSS 3.5.1, 164.312(a)(2)(iv), NIST 800-53 SC-28",
        "ONawaCUwG9J2YPQAi44dJiuyeGZQqQZD",
        "arn:aws:kms:us-east-1:863005318623:key/54120d78-4a29-4e5e-afd3-d5ba76b2414e",
        "/subscriptions/0a1b2c3d-1111-2222-3333-444455556666/resourceGroups/rg-hr/providers/Microsoft.Sql/servers/x",
        "sqldb-hr-prod",
        "password policy is not enabled",
        R"({"password": "required", "token": null})",
        R"({"secretArn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"})",
        "password = ${DB_PASSWORD}",
        "api_key: \"your-key-of-the-portal\"",
        "API_TOKEN = insert_token_here",
        "password = \"<ASK THE OPERATOR>\"",
        "passwordVariable: 'PASSWORD'",
        "db.password= \ndb.host=primary.internal",
        "if (\"q7!Lm{z)x\" == region) {",
        "password = %DB_PASSWORD%",
        "token = fetch_token(name)",
        "password_hint = read_secret(name)",
        "password = /run/secrets/database",
        joined("key AKIA", "XXXXXXXXXXXXXXXX"),
        "curl -u neo4j:[PASSWORD]",
        joined("long-aaOHb0Q~", "PLzSRmtNGYTnpL0zgp3tq8lhZc2HuvJW5"),
        "12345678A and X1234567A and 131052-308U",
        "CVE-2024-12345",
        "sg-0a1b2c3d4e5f67890",
        "https://console.aws.amazon.com/s3/buckets/acme-payments-exports",
        "card 4111 1111 1111 1112 fails Luhn",
        "000-12-3456",
        "name,region\nacme,eu-west-1\n",
        "\xFF\xFE broken bytes \x80",
        "",
    };
    for (const auto& text : texts) EXPECT_EQ(redacted(text), text);
}

TEST(Redactor, TakesTheNameOfTheFieldAsContext) {
    struct Row {
        const char* key;
        const char* text;
        const char* expected;
    };
    const Row rows[] = {
        {"ssn", "536903399", "<SSN_1>"},
        {"", "536903399", "536903399"},
        {"password", "correct horse", "<SECRET_1>"},
        {"password", "true", "true"},
        {"date_of_birth", "03/10/1961", "<BIRTH_DATE_1>"},
        {"createdAt", "1961-10-03", "1961-10-03"},
        {"phone", "0393 1144137", "<PHONE_1>"},
        {"count", "0393 1144137", "0393 1144137"},
        {"first_name", "Alice", "<PERSON_1>"},
        {"name", "acme-payments", "acme-payments"},
        {"cardNumber", "4111111111111112", "<CARD_1>"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.key) + ": " + row.text);
        EXPECT_EQ(redacted(row.text, row.key), row.expected);
    }
}

TEST(Redactor, KnowsFromADocumentWhatItsValuesAre) {
    struct Row {
        const char* name;
        const char* text;
        const char* expected;
    };
    const Row rows[] = {
        {"an array of owners", R"({"owners": ["Alice Ngo", "Bo Chan", "payments-core"]})",
         R"({"owners": ["<PERSON_1>", "<PERSON_2>", "payments-core"]})"},
        {"an array of secrets", R"({"passwords":["hunter2!x","q7!Lm{z)x"],"ports":[22,443]})",
         R"({"passwords":["<SECRET_1>","<SECRET_2>"],"ports":[22,443]})"},
        {"numbers", R"({"mrn": [123456, 7654321], "size": [123456]})",
         R"({"mrn": [<MRN_1>, <MRN_2>], "size": [123456]})"},
        {"a column and its values", R"({"column":"full_name","values":["Alice Ngo","Bo"],"count":2})",
         R"({"column":"full_name","values":["<PERSON_1>","<PERSON_2>"],"count":2})"},
        {"a column and a sample",
         R"([{"field":"last_name","type":"TEXT","sample":"Ngo"},{"field":"region","sample":"x"}])",
         R"([{"field":"last_name","type":"TEXT","sample":"<PERSON_1>"},{"field":"region","sample":"<SAMPLE_1>"}])"},
        {"rows as objects", R"({"sampleRows":[{"city":"Rome","paid":12.5,"ok":true}],"region":"eu-west-1"})",
         R"({"sampleRows":[{"city":"<SAMPLE_1>","paid":<SAMPLE_2>,"ok":true}],"region":"eu-west-1"})"},
        {"rows as arrays", R"("sample_rows": [["Rome", "alice@acme.example"], ["Oslo", ""]], "table": "claims")",
         R"("sample_rows": [["<SAMPLE_1>", "<EMAIL_1>"], ["<SAMPLE_2>", ""]], "table": "claims")"},
        {"inside a string", R"({"note":"{\"samples\":[\"Rome\"],\"rows\":2}"})",
         R"({"note":"{\"samples\":[\"<SAMPLE_1>\"],\"rows\":2}"})"},
        {"masked before", R"({"samples":["<EMAIL>","<TEXT 40 with SSN, EMAIL>","<Alice Ngo>"]})",
         R"({"samples":["<EMAIL>","<TEXT 40 with SSN, EMAIL>","<SAMPLE_1>"]})"},
        {"a number of them", R"({"samples": 5, "owners": 2})", R"({"samples": 5, "owners": 2})"},
        {"a quote alone", R"(the 5" rack, see {"samples":["Rome"]})", R"(the 5" rack, see {"samples":["<SAMPLE_1>"]})"},
        {"in a sentence", R"(holds "samples": ["Rome"] and more)", R"(holds "samples": ["<SAMPLE_1>"] and more)"},
        {"a list of resources", R"({"names": ["acme-claims"], "keys": ["prod/db"], "tokenIds": ["a1"]})",
         R"({"names": ["acme-claims"], "keys": ["prod/db"], "tokenIds": ["a1"]})"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(redacted(row.text), row.expected);
    }
}

TEST(Redactor, MasksSamplesHoweverDeepTheyLie) {
    for (const std::size_t depth : {63U, 64U, 65U, 1'000U}) {
        const auto text = R"({"samples":)" + std::string(depth, '[') + R"("Rome")" + std::string(depth, ']') +
                          R"(,"region":"eu-west-1"})";
        const auto shown = redacted(text);
        EXPECT_EQ(shown.find("Rome"), std::string::npos) << depth;
        EXPECT_NE(shown.find(R"("region":"eu-west-1")"), std::string::npos) << depth;
    }
}

TEST(Redaction, GivesTheSameValueTheSamePseudonymAndPutsItBack) {
    const auto shared = redactor();
    Redaction state;
    EXPECT_EQ(shared->redact("alice@acme.example wrote to bob@acme.example", state), "<EMAIL_1> wrote to <EMAIL_2>");
    EXPECT_EQ(shared->redact("ALICE@acme.example, alice%40acme.example", state), "<EMAIL_1>, <EMAIL_1>");
    EXPECT_EQ(shared->redact("4111 1111 1111 1111 = 4111111111111111", state), "<CARD_1> = <CARD_1>");
    EXPECT_EQ(state.count(), 3U);
    EXPECT_EQ(state.restore("to <EMAIL_2> & <EMAIL_9> < <CARD_1>"),
              "to bob@acme.example & <EMAIL_9> < 4111 1111 1111 1111");
    Redaction other;
    EXPECT_EQ(shared->redact("bob@acme.example", other), "<EMAIL_1>") << "each dossier counts for itself";
}

TEST(Redaction, NeverRestoresAPseudonymThatThePayloadBrought) {
    const auto shared = redactor();
    Redaction state;
    ASSERT_EQ(shared->redact("from alice@acme.example", state), "from <EMAIL_1>");
    struct Row {
        const char* name;
        std::string text;
        std::string expected;
    };
    const Row rows[] = {
        {"alone", "<EMAIL_1>", "‹EMAIL_1›"},
        {"a number not yet given", "<CARD_77>", "‹CARD_77›"},
        {"kind of two words", "<AWS_KEY_1>", "‹AWS_KEY_1›"},
        {"beside a true one", "<EMAIL_1> alice@acme.example <EMAIL_1>", "‹EMAIL_1› <EMAIL_1> ‹EMAIL_1›"},
        {"touching a true one", "<EMAIL_1>alice@acme.example", "‹EMAIL_1›<EMAIL_1>"},
        {"in brackets of its own", "<<EMAIL_1>>", "<‹EMAIL_1›>"},
        {"as a field's value", "password=<EMAIL_1>", "password=‹EMAIL_1›"},
        {"no pseudonym: no number", "<EMAIL>", "<EMAIL>"},
        {"no pseudonym: small letters", "<email_1>", "<email_1>"},
        {"no pseudonym: cut", "<EMAIL_1", "<EMAIL_1"},
        {"no pseudonym: HTML", "<b>a<br/></b> <H1>", "<b>a<br/></b> <H1>"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(shared->redact(row.text, state), row.expected);
    }
    EXPECT_EQ(state.restore(shared->redact("send it to <EMAIL_1>", state)), "send it to ‹EMAIL_1›");
    EXPECT_EQ(shared->redact_answer("<EMAIL_1> met bob@acme.example and <EMAIL_9>", state),
              "<EMAIL_1> met <EMAIL_2> and ‹EMAIL_9›")
        << "an answer may use what the dossier has given";
}

TEST(Redactor, FollowsItsConfiguration) {
    Redaction state;
    EXPECT_EQ(redactor({.pseudonymise = false})->redact("a@acme.example", state), "<EMAIL>");
    EXPECT_EQ(state.count(), 0U);
    EXPECT_EQ(redactor({.ip_addresses = false})->redact("203.0.113.7", state), "203.0.113.7");
    EXPECT_EQ(redactor({.allow = {"*@acme.example"}})->redact("a@acme.example b@other.example", state),
              "a@acme.example <EMAIL_1>");
    EXPECT_EQ(redactor({.extra = {R"(EMP-\d{5})"}})->redact("by EMP-12345", state), "by <CUSTOM_1>");
    for (const auto* bad : {"(", "a*", ""}) {
        SCOPED_TRACE(bad);
        const auto made = Redactor::make({.extra = {bad}});
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, Errc::invalid_argument);
    }
}

TEST(Redactor, FindsSpansInOrderAndWithoutOverlap) {
    const auto spans = redactor()->find(R"(password="a@acme.example" 536-90-3399 203.0.113.7)");
    ASSERT_EQ(spans.size(), 3U);
    for (std::size_t i = 1; i < spans.size(); ++i) EXPECT_LE(spans[i - 1].end, spans[i].begin);
    EXPECT_EQ(spans[1].kind, "SSN");
}

TEST(Redactor, StaysFastOnHostileText) {
    const std::string texts[] = {
        std::string(200'000, 'a'),
        std::string(200'000, '1'),
        std::string(100'000, '@'),
        [] {
            std::string text;
            for (int i = 0; i < 20'000; ++i) text += "password: ";
            return text;
        }(),
        [] {
            std::string text;
            for (int i = 0; i < 5'000; ++i) text += "-----BEGIN PRIVATE KEY-----";
            return text;
        }(),
        [] {
            std::string text;
            for (int i = 0; i < 20'000; ++i) text += "1 2-3.";
            return text;
        }(),
        [] {
            std::string text;
            for (int i = 0; i < 2'000; ++i) text += std::string(63, 'a') + "@a.";
            return text;
        }(),
        [] {
            std::string text;
            for (int i = 0; i < 20'000; ++i) text += "ab://a:";
            return text;
        }(),
        "(" + repeated("password,", 200) + repeated(") values ", 20'000),
        repeated("(ssn) values (", 15'000),
        "(ssn) values " + repeated("('a'", 40'000),
        repeated("\"\"a", 60'000),
        repeated("\rPID|1||2", 20'000),
        repeated("NM1*IL*1*A*B~N3*1 A~", 10'000),
        repeated("dn: cn=a\nobjectClass: person\ncn: a\n", 10'000),
        "{" + repeated(R"("line":"a",)", 10'000) + repeated(R"("b":{"family":"c"},)", 10'000),
        repeated("Aa ", 50'000) + repeated("<a@acme.example>", 3'000),
    };
    const auto shared = redactor();
    const int seconds = std::getenv("DOSSIER_SLOW") == nullptr ? 5 : 30; // sanitizers take several times as long
    for (const auto& text : texts) {
        SCOPED_TRACE(text.substr(0, 20));
        const auto start = std::clock(); // what the process computed, however busy the machine is
        (void)shared->find(text);
        EXPECT_LT(std::clock() - start, seconds * CLOCKS_PER_SEC);
    }
}

TEST(Redactor, IsSharedByThreads) {
    const auto shared = redactor();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 50; ++n) {
                Redaction state;
                EXPECT_THAT(shared->redact("mail alice@acme.example, card 4111111111111111", state),
                            HasSubstr("<CARD_1>"));
            }
        });
    for (auto& thread : threads) thread.join();
}

/// Names and values at each distance from the ends of the blocks in which a text is searched.
TEST(Redactor, FindsFieldsAndRunsWhereverTheyStand) {
    const auto redactor = Redactor::make({}).value();
    struct Row {
        const char* name;
        std::string text;
        std::string value;
    };
    const Row rows[] = {
        {"assigned", "patient_name: ", "Alice Ngo"},
        {"assigned after blanks", "db_password   = ", "k3!xPq99"},
        {"in quotes", R"({"owner": ")", "Alice Ngo"},
        {"an item", R"({"owners": [")", R"(Alice Ngo"]})"},
        {"compared", R"(if ")", R"(hunter2!x9" == password)"},
        {"base64", " ", "bWFpbDogYWxpY2VAbWFpbC5leGFtcGxl"},
        {"number", " ", "536-90-4399"},
        {"address", " ", "alice.ngo@mail.example"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        for (std::size_t before = 0; before < 140; ++before) {
            const auto text = std::string(before, '\n') + row.text + row.value;
            const auto spans = redactor->find(text);
            const auto begin = before + row.text.size();
            EXPECT_TRUE(std::ranges::any_of(spans, [&](const auto& span) { return span.begin == begin; })) << before;
        }
    }
}

TEST(Redactor, KnowsCustodiansAndModifiersByTheirFields) {
    const auto redactor = Redactor::make({}).value();
    for (const std::string text : {R"(custodian="Alice Ngo")", R"("lastModifiedBy": "Alice Ngo")"}) {
        Redaction state;
        EXPECT_FALSE(redactor->redact(text, state).contains("Ngo")) << text;
    }
}

TEST(Redactor, RestoresOnlyWhatItGave) {
    const auto redactor = Redactor::make({}).value();
    Redaction state;
    const auto masked = redactor->redact("a@mail.example, b@mail.example, 536-90-4399", state);
    EXPECT_EQ(state.count(), 3U);
    EXPECT_EQ(state.restore(masked), "a@mail.example, b@mail.example, 536-90-4399");
    for (const std::string foreign : {"<EMAIL_0>", "<EMAIL_3>", "<EMAIL_01>", "<EMAIL_>", "<EMAIL_+1>", "<PHONE_1>",
                                      "<EMAIL_1 >", "<EMAIL_99999999999999999999999>", "<_1>", "<>", "<"})
        EXPECT_EQ(state.restore(foreign), foreign);
}

} // namespace
} // namespace dossier::redact
