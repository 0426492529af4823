#include "instruction_detector.hpp"

#include "dossier/base/byte_block.hpp"
#include "dossier/base/recent_texts.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/redact/decoded.hpp"
#include "filtered_regex.hpp"
#include "utf8_walk.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace dossier::explain {
namespace {

constexpr std::size_t most_bytes = 16'384;

struct Pattern {
    const char* name;
    const char* expression;
};

/// On small letters, words with one blank between.
constexpr std::array word_patterns{
    Pattern{"override of instructions",
            R"--(\b(ignore|disregard|forget|override|bypass|skip|neglect|stop (following)--"
            R"--(|obeying))\b( \w+){0,6} (instructions?|prompts?|directions?|directives|guidelines|commands|rules)--"
            R"--(|told|said|context|programming|constraints|restrictions|training)\b)--"},
    Pattern{"override of instructions",
            R"--(\b(ignore|disregard|forget|never ?mind)( about)? (everything|every thing|anything|all|all of)--"
            R"--(|what|any) (you|above|before|that|i|was|said|the above|the previous|this|these|those|it|prior)--"
            R"--(|previous|preceding)\b)--"},
    Pattern{"override of instructions",
            R"--(\b(ignore|disregard|forget) (the |all |any |every |your |my )?(above|previous|prior|preceding)--"
            R"--(|foregoing|evidence|earlier|the rest)\b)--"},
    Pattern{"override of instructions",
            R"--(\b(ignore|disregard|forget)( \w+){0,6} (and|instead|then) (say|state|print|write|answer|respond)--"
            R"--(|reply|report|tell|output|translate|do|give|list|focus)\b|\b(forget|disregard) about (that|this)--"
            R"--(|it)\b|\bignore all \w+ (\w+ )?(indicators|findings|evidence|text|data|signs)\b)--"
            R"--(|\bfocus exclusively on\b)--"},
    Pattern{"override of instructions",
            R"--(\b(instructions?|prompts?|rules|directives) (\w+ ){0,4}(are|is|have been|has been)--"
            R"--(|were) (\w+ )?(cancell?ed|void|over|superseded|overridden|revoked|replaced|suspended|outdated)--"
            R"--(|wrong|lifted)\b)--"},
    Pattern{"new role",
            R"--(\b(you are now|you re now|from now on|pretend (to be|you are|you re|that you|this)|act as (if)--"
            R"--(|an?|the|my)|you must now|new instructions?|as an ai|roleplay as|role of another)--"
            R"--(|you are (about to|going to) (immerse|act|pretend|play)|you are (a|an|the) (helpful|ai|assistant)--"
            R"--(|unfiltered|dan|chatbot|language model)|do anything now|dan mode|stay in character|(ignore)--"
            R"--(|without) (your )?(ethical|moral|safety))\b)--"},
    Pattern{"question for the prompt",
            R"--(\b(system (prompt|message|notice|override|instructions?|mode|update mode)|developer (mode)--"
            R"--(|message)|god mode|admin mode|debug mode|maintenance mode|sudo mode|root mode)--"
            R"--(|hidden instructions?|initial (prompt|instructions?)|your (system |initial |original |hidden )--"
            R"--(|secret |previous |exact )*(prompts?|instructions?|rules|guidelines|programming|creators?)--"
            R"--(|developers?|secret key|configuration)|(text|words|prompt|instructions|content|everything)--"
            R"--(|message|conversation|lines?) above|previous (text|conversation|messages?|prompt)|start(s)--"
            R"--(|ing)? with you are|verbatim|were you told|you (are|were) not supposed to|you (are|were) told)--"
            R"--(|before this conversation)\b)--"},
    Pattern{"order about the finding",
            R"--(\b(assign|escalate|reassign) (it|this)( \w+){0,3} to \w+|\b(assign|route|escalate|send|reassign)--"
            R"--(|forward|transfer) (this|the (finding|issue|ticket|alert|ownership|risk|draft|report|owner)--"
            R"--(|evidence|data)|all (findings|tickets|alerts|data|evidence))( \w+){0,3} ?to \w+)--"},
    Pattern{"order about the finding",
            R"--(\b(set|change|lower|downgrade|mark|treat|rate|report|classify|close|reduce|raise) (this|the|it)--"
            R"--(|its|all)?( \w+){0,3} ?(severity|priority|status|owner|ticket|finding|issue|alert)--"
            R"--(|risk)( of \w+ \w+)? (to|as|is)\b)--"},
    Pattern{"order about the finding",
            R"--(\b(set|change|lower|downgrade|mark|treat|rate|report|classify|close) (this|the|it) (finding)--"
            R"--(|issue|alert|ticket)?( ?(as|to)) (resolved|closed|low|informational|false|benign|done|a false)\b)--"},
    Pattern{"order about the finding",
            R"--(\b(this|the) (finding|alert|issue|ticket|risk) is (a )?(false positive|false alarm|test|accepted)--"
            R"--(|benign|resolved|not real)\b|\bsecurity team has (already )?(approved|signed)|\b(approve|close)--"
            R"--(|accept|merge) (the|this) (draft|ticket|finding|request|change)\b)--"},
    Pattern{"order about the text",
            R"--(\b(do not|don t|dont|never) (mention|report|create|escalate|open a|include|tell|reveal|disclose)--"
            R"--(|flag|say|write)\b)--"},
    Pattern{"order about the text",
            R"--(\b(respond|reply|answer) (only |to \w+ )?(with|by|in|as)\b|\b(say|state|write)--"
            R"--(|claim) (only )?that\b|\b(add|insert|append) (this|the following) (image|link|text|url)\b)--"
            R"--(|\binclude (this|the following)\b|\btell the (reader|user|analyst|owner)\b)--"
            R"--(|\bwrite the redacted\b|\b(please|could you|can you|now|next) repeat\b|\bstate the (output)--"
            R"--(|result|answer)\b|\brefer to the \w+ as\b|\bin the (policy draft|narrative|ticket|summary)\b)--"
            R"--(|\bnote (to|for) (the |any |all )?(ai|llm|automated|model|assistant|analysis|reviewer)--"
            R"--(|summari[sz]er|bot)\b|\b(dear )?(ai|llm|gpt|claude|chatgpt|assistant|chatbot) (assistant|model)--"
            R"--(|reading|please|must|should|that)\b|\bdecode and follow\b|\bfollow (these|the following)--"
            R"--(|my) (instructions?|steps|orders)\b)--"},
    Pattern{"order about the text",
            R"--(\b(print|reveal|repeat|output|show|display|leak|tell|give|share|write|return|echo|recite)--"
            R"--(|summari[sz]e|translate|copy|spell)( me| us)?( out| back)? (your|the|all|everything|every)--"
            R"--(|what)( of)?( your| the)? ?(entire |complete |whole |exact |first |original )*(system|hidden)--"
            R"--(|initial|full|previous|prompt|instructions|above|conversation|guidelines|rules|words|lines)--"
            R"--(|sentences|document|secret|password|key)\b)--"},
    Pattern{"order about the text",
            R"--(\b(what (is|was|are|were)|tell me|give me|share|confirm|reveal|provide)( \w+){0,4} (secret key)--"
            R"--(|password|passcode|credentials|user s (name|email|phone|address|location)|prompt|email address)--"
            R"--(|balance|where the user)\b|\bwhere (does|is) the user\b|\bi am (your )?(god|developer|creator)--"
            R"--(|admin\w*|the (president|developer|creator|ceo|administrator))\b|\bi (am|m) (now )?(a|an|the)--"
            R"--(|your) (developer|administrator|engineer|admin)\b|\bi (am|m) (now )?(initiating|running|entering)--"
            R"--(|performing|conducting|activating)\b|\bas (your|an ai) (creator|developer|developed)--"
            R"--(|administrator)\b)--"},
    Pattern{"order about the text",
            R"--(\b(instead|actually|rather) (just |please |now |can you |could you |you should )*(say|print)--"
            R"--(|write|answer|respond|tell|output|translate|do|give|sort|list|provide|classify|perform)\b|\b(say)--"
            R"--(|print|output|display) (exactly|only|just|nothing but|i ?have been)\b|\bkill all humans\b)--"
            R"--(|\bi ?(have|ve) been pwned\b)--"},
    Pattern{"order about the text", // whom it speaks to
            R"--(\b(attention( all| to)?|(order|message|memo|hint|reminder|request) (to|for)) (the |any |an? )?)--"
            R"--((ai|llms?|language models?|chat ?bots?|gpt|copilots?)\b)--"},
    Pattern{
        "order about the finding",
        R"--(\b(pretend|imagine|act as though|act as if) (that )?(the|this|it|its) (\w+ ){0,3})--"
        R"--((is|was|has been|were)\b|\b(recommend|suggest|advise) (accepting|ignoring|closing)\b)--"
        R"--(|\b(update|set|change|replace) (the|this|its) (\w+ ){0,2}(assignee|owner|recipient|reporter|approver) )--"
        R"--((to|with|by)\b)--"},
};

/// On the text as it is.
constexpr std::array raw_patterns{
    Pattern{"chat token", R"((?i)<\|[a-z_ ]{2,30}\|>|\[/?INST\]|<</?SYS>>|<(start|end)_of_turn>)"},
    Pattern{
        "closing tag or comment",
        R"((?i)</?(evidence|untrusted|system|data|context|instructions?|user|assistant|prompt|document)\b[^>]*>|<!--)"},
    Pattern{"role marker",
            R"((?im)(^|[\n.;>"'])\s*#{0,4}\s*(system|assistant|human|user|developer|instruction)s?\s*:\s*\S)"},
    Pattern{"role marker", R"--((?i)"role"\s*:\s*"(system|assistant|developer|tool)")--"},
    Pattern{"image or link", R"(!\[[^\]]*\]\([^)]*\))"},
};

/// "Ignore what you were told" in other languages: a verb and what it is about, in either order, near each other.
struct Override {
    const char* verbs;
    const char* objects;
};
constexpr std::array overrides{
    Override{R"--(ignor|oublie|négli|faites abstraction|ne tenez pas compte|ne tiens pas compte)--",
             R"--(instruction|consigne|directive|précédent|dit|ci-dessus|règle|invite)--"},
    Override{R"--(ignor|olvid|descart|omit|haz caso omiso|desestim|pasa por alto)--",
             R"--(instruccion|anterior|indicacion|dicho|regla|previ|todo)--"},
    Override{R"--(ignor|esque[çc]|desconsider|descart|despreze|dispense)--",
             R"--(instru[çc]|anterior|orienta|dito|regra|tudo|comando)--"},
    Override{R"--(ignor|dimentic|trascur|disattend|non considerare|scord)--",
             R"--(istruzion|precedent|detto|regol|quanto|prompt|sopra)--"},
    Override{R"--(ignorier|vergiss|vergesse|missachte|beachte nicht|übergehe)--",
             R"--(anweisung|vorherig|gesagt|regel|bisher|anleitung|alles|oben|vorig)--"},
    Override{R"--(negeer|vergeet|sla geen acht)--", R"--(instructie|vorige|gezegd|regel|alles)--"},
    Override{R"--(игнорир|забуд|проигнор|пренебре|не обращай)--", R"--(инструкц|предыдущ|указани|сказа|правил|выше)--"},
    Override{R"--(yoksay|yok say|görmezden|unut|dikkate alma|gözardı|göz ardı)--",
             R"--(talimat|önceki|söylen|kural|yönerge|yukarıdaki|her şey)--"},
    Override{R"--(bỏ qua|quên|phớt lờ|đừng quan tâm|bất chấp)--",
             R"--(hướng dẫn|chỉ dẫn|trước|quy tắc|lệnh|nói|yêu cầu)--"},
    Override{R"--(kalimutan|huwag pansinin|balewalain|ipagwalang|isantabi|huwag mong)--",
             R"--(tagubilin|nauna|sinabi|utos|panuto|lahat|patakaran)--"},
    Override{R"--(abaikan|lupakan)--", R"--(instruksi|perintah|sebelumnya|petunjuk|semua)--"},
    Override{R"--(zignoruj|pomiń|zapomnij)--", R"--(instrukcj|poprzedn|poleceni|powyższ)--"},
    Override{R"--(忽略|无视|忘记|忘掉|不要理会|忽視|無視)--",
             R"--(指令|指示|说明|之前|先前|以上|规则|提示|告诉|說明|命令|内容)--"},
    Override{R"--(無視|忘れ|無効に)--", R"--(指示|命令|これまで|以前|前|ルール|言われ|上記|プロンプト)--"},
    Override{R"--(무시|잊어|잊으|잊고)--", R"--(지시|이전|지침|명령|규칙|말|위의|안내)--"},
    Override{R"--(تجاهل|تغاضى|تغاض|انس|إنسى|اهمل|أهمل)--", R"--(تعليمات|السابق|قبل|قيل)--"
                                                           R"--(|الأوامر|القواعد|أعلاه)--"
                                                           R"--(|توجيهات)--"},
    Override{R"--(अनदेखा|अवहेलना|नज़रअंदाज|नजरअंदाज)--"
             R"--(|भूल|उपेक्षा|ध्यान न)--",
             R"--(निर्देश|पिछले|पूर्व|बताया|नियम|कहा)--"
             R"--(|आदेश|ऊपर)--"},
    Override{R"--(উপেক্ষা|ভুলে|অগ্রাহ্য)--", R"--(নির্দেশ|আগের|পূর্ব|নিয়ম|বলা)--"},
    Override{R"--(ไม่ต้องสนใจ|อย่าไปสนใจ|อย่าสนใจ)--"
             R"--(|เพิกเฉย|ลืม|ละเว้น)--",
             R"--(คำสั่ง|คําสั่ง|คำแนะนำ|คําแนะนํา)--"
             R"--(|ก่อนหน้า|บอก|กฎ)--"},
};

constexpr auto foreign_modes =
    R"--((openai|anthropic).{0,24}(développé|entwickelt|desarroll|desenvolv|svilupp|geliştir|phát triển)--"
    R"--(|开发|開発|개발|разработ|विकसित|طور)|(développé|entwickelt|desarroll)--"
    R"--(|desenvolv|svilupp|geliştir|phát triển|开发|開発|개발|разработ|विकसित)--"
    R"--(|طور).{0,24}(openai|anthropic)|von (openai|anthropic) entwickelt|presidente (de|dos)--"
    R"--(|degli) (los )?(estados|stati) unid?t?i|président des états|präsident der vereinigten|tổng thống)--"
    R"--(|राष्ट्रपति|总统|大統領|대통령|президент|رئيس الولايات)--"
    R"--(|başkanı|pangulo ng|en fait, |na verdade, |de hecho, |tatsächlich, )--"
    R"--(|यह महत्वपूर्ण है कि आप|fuerzas del orden|law enforcement mode)--"
    R"--(|system mode|modo (de )?sistema|modalità (di )?sistema|mode système|systemmodus|sistem modu)--"
    R"--(|system-modus|chế độ hệ thống|系统模式|システムモード|시스템 모드)--"
    R"--(|режим системы|системный режим|وضع النظام)--"
    R"--(|सिस्टम मोड|সিস্টেম মোড|โหมดระบบ)--"
    R"--(|modo (de )?mantenimiento|modo (de )?manutenção|mode maintenance|wartungsmodus|bakım modu)--"
    R"--(|режим обслуживания|メンテナンスモード|维护模式|유지 ?보수 모드)--"
    R"--(|유지 관리 모드|रखरखाव मोड|soy tu desarrollador|soy dios|ich bin gott)--"
    R"--(|je suis dieu|sono dio|sou deus|ben tanrıyım|tôi là (một )?(nhà phát triển|chúa))--"
    R"--(|geliştiricinim|私は神|я бог|나는 신|저는 신|मैं भगवान)--"
    R"--(|मैं ईश्वर|أنا الله|أنا إله|أنا المطور|ako ang diyos|我是上帝)--"
    R"--(|ฉันคือพระเจ้า|ฉันเป็นพระเจ้า|god mode)--";
constexpr auto foreign_secrets =
    R"--(clé secrète|mot de passe|clave secreta|contraseña|chave secreta|\bsenha\b|chiave segreta)--"
    R"--(|parola d'ordine|passwort|geheimer schlüssel|geheimen schlüssel|geheimschlüssel|gizli anahtar|şifre)--"
    R"--(|parola|mật khẩu|khóa bí mật|секретный ключ|пароль|パスワード)--"
    R"--(|秘密の鍵|秘密鍵|密码|密钥|비밀 ?키|비밀번호|암호|كلمة المرور)--"
    R"--(|كلمة السر|مفتاحك السري|المفتاح السري|गुप्त कुंजी)--"
    R"--(|पासवर्ड|গোপন|পাসওয়ার্ড|รหัสผ่าน)--"
    R"--(|รหัสลับ|lihim na susi|密鑰)--";

/// What is left of the best-known phrases without blanks: letters set apart, or written backwards.
constexpr auto run_together =
    R"(ignore(all|any|the|your|every)*(previous|prior|above|earlier)|(disregard|forget)(all|the|your)*(previous|prior|above|evidence|instructions)|systemprompt|newinstructions|youarenow)";

using Expression = std::unique_ptr<FilteredRegex>;

struct Named {
    const char* name;
    Expression expression;
};

auto compiled(const std::string& expression) -> Expression {
    constexpr int most_memory = 16 << 20;
    return std::make_unique<FilteredRegex>(expression, most_memory);
}

template <typename Patterns>
auto all_compiled(const Patterns& patterns) -> std::vector<Named> {
    std::vector<Named> list;
    for (const auto& pattern : patterns) list.push_back({pattern.name, compiled(pattern.expression)});
    return list;
}

/// What any of the patterns matches: nearly every text holds none of them, and one pass over it tells.
template <typename Patterns>
auto any_compiled(const Patterns& patterns) -> Expression {
    std::string all;
    for (const auto& pattern : patterns)
        all.append(all.empty() ? "(?:" : "|(?:").append(pattern.expression).append(")");
    return compiled(all);
}

/// Each needs its verb, and a verb alone is looked for without counting what stands between.
auto any_override_verb() -> Expression {
    std::string all;
    for (const auto& [verbs, objects] : overrides) all.append(all.empty() ? "" : "|").append(verbs);
    return compiled("(?i)" + all);
}

auto compiled_overrides() -> std::vector<Named> {
    std::vector<Named> list;
    for (const auto& [verbs, objects] : overrides)
        list.push_back({"override of instructions", compiled("(?is)(" + std::string(verbs) + ").{0,60}(" + objects +
                                                             ")|(" + objects + ").{0,60}(" + verbs + ")")});
    return list;
}

auto compiled_questions() -> std::vector<Named> {
    std::vector<Named> list;
    list.push_back({"question for the prompt", compiled(std::string("(?i)") + foreign_modes)});
    list.push_back({"question for the prompt", compiled(std::string("(?i)") + foreign_secrets)});
    return list;
}

auto first_match(const std::vector<Named>& patterns, const std::string& text) -> const char* {
    for (const auto& [name, expression] : patterns)
        if (expression->found_in(text)) return name;
    return nullptr;
}

/// Without characters that hide things; tag characters read as ASCII, letters of other scripts that look like Latin
/// ones as these (in texts that are Latin otherwise).
auto shown_text(std::string_view text, bool folds_homoglyphs) -> std::string {
    // Cyrillic and Greek letters beside the Latin ones they look like.
    static constexpr std::array<std::pair<char32_t, char>, 34> alike{
        {{0x430, 'a'}, {0x435, 'e'}, {0x43E, 'o'}, {0x440, 'p'}, {0x441, 'c'}, {0x445, 'x'}, {0x443, 'y'},
         {0x456, 'i'}, {0x458, 'j'}, {0x455, 's'}, {0x4BB, 'h'}, {0x501, 'd'}, {0x51B, 'q'}, {0x410, 'A'},
         {0x412, 'B'}, {0x415, 'E'}, {0x41A, 'K'}, {0x41C, 'M'}, {0x41D, 'H'}, {0x41E, 'O'}, {0x420, 'P'},
         {0x421, 'C'}, {0x422, 'T'}, {0x425, 'X'}, {0x406, 'I'}, {0x3B1, 'a'}, {0x3BF, 'o'}, {0x3C1, 'p'},
         {0x3B9, 'i'}, {0x3BD, 'v'}, {0x399, 'I'}, {0x39F, 'O'}, {0x131, 'i'}, {0x261, 'g'}}};
    if (is_ascii(text)) return std::string(text);
    std::string shown;
    for (std::size_t at = 0; at < text.size();) {
        const auto [value, length] = decode_utf8(text.substr(at));
        const auto found =
            folds_homoglyphs ? std::ranges::find(alike, value, &std::pair<char32_t, char>::first) : alike.end();
        if (is_tag_character(value)) {
            if (value >= 0xE0020 && value <= 0xE007E) shown += static_cast<char>(value - 0xE0000);
        } else if (found != alike.end()) {
            shown += found->second;
        } else if (!is_hidden(value)) {
            shown += text.substr(at, length);
        }
        at += length;
    }
    return shown;
}

/// What a byte is among words: a letter or digit (small), the beginning of a word by its case, or a gap.
struct ByteKind {
    char small = 0; ///< 0 = no part of a word
    bool is_upper = false;
    bool is_lower = false;
};

constexpr auto byte_kinds = [] {
    std::array<ByteKind, 256> table{};
    for (int byte = 0; byte < 256; ++byte) {
        auto& kind = table[static_cast<std::size_t>(byte)];
        kind.is_upper = byte >= 'A' && byte <= 'Z';
        kind.is_lower = byte >= 'a' && byte <= 'z';
        const bool is_digit = byte >= '0' && byte <= '9';
        if (kind.is_upper || kind.is_lower || is_digit || byte >= 0x80)
            kind.small = static_cast<char>(kind.is_upper ? byte + ('a' - 'A') : byte);
    }
    return table;
}();

/// Words separated by single blanks, small letters: slugs and camelCase taken apart.
auto plain_words(std::string_view text) -> std::string {
    std::string words;
    words.resize_and_overwrite(2 * text.size(), [&](char* const begin, std::size_t) {
        auto* end = begin;
        bool after_small = false;
        bool after_word = false;
        for (const char c : text) {
            const auto& kind = byte_kinds[static_cast<unsigned char>(c)];
            if (kind.is_upper && after_small) *end++ = ' ';
            *end = kind.small != 0 ? kind.small : ' ';
            end += static_cast<std::ptrdiff_t>(kind.small != 0 || after_word); // never two blanks, and none in front
            after_word = kind.small != 0;
            after_small = kind.is_lower;
        }
        return end - begin;
    });
    return words;
}

auto rot13(std::string words) -> std::string {
    for (char& c : words)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c < 'n' ? c + 13 : c - 13);
    return words;
}

auto without_leet(std::string words) -> std::string {
    static constexpr auto meant = [] {
        constexpr std::string_view digits = "013457@$!";
        constexpr std::string_view letters = "oieastasi";
        std::array<char, 256> table{};
        for (std::size_t byte = 0; byte < table.size(); ++byte) table[byte] = static_cast<char>(byte);
        for (std::size_t i = 0; i < digits.size(); ++i) table[static_cast<unsigned char>(digits[i])] = letters[i];
        return table;
    }();
    for (char& c : words) c = meant[static_cast<unsigned char>(c)];
    return words;
}

/// "i g n o r e": most words are one letter.
auto has_letters_set_apart(std::string_view words) -> bool {
    const auto blanks = static_cast<std::size_t>(std::ranges::count(words, ' '));
    return blanks >= 12 && words.size() < blanks * 5 / 2;
}

auto without_blanks(std::string words) -> std::string {
    std::erase(words, ' ');
    return words;
}

/// One between two blanks, as each run of letters set apart has three.
auto has_word_of_one_letter(std::string_view words) -> bool {
    std::size_t at = 0;
    for (; words.size() - at >= sizeof(ByteBlock) + 2; at += sizeof(ByteBlock))
        if (block_bits((block_at(words.data() + at) == ' ') & (block_at(words.data() + at + 2) == ' ')) != 0)
            return true;
    for (; at + 2 < words.size(); ++at)
        if (words[at] == ' ' && words[at + 2] == ' ') return true;
    return false;
}

auto holds_leet_digit(std::string_view words) -> bool {
    unsigned found = 0;
    each_block(words, ' ', [&](ByteBlock block, std::size_t) {
        found |= block_bits((block == '0') | (block == '1') | (block == '3') | (block == '4') | (block == '5'));
    });
    return found != 0;
}

/// Where the first and last letter of a word stand in their places is told of sixteen places at a time.
auto stands_in(std::string_view text, std::string_view word) -> bool {
    const auto first = static_cast<unsigned char>(word.front());
    const auto last = static_cast<unsigned char>(word.back());
    const auto to_last = word.size() - 1;
    bool found = false;
    std::size_t at = 0;
    for (; !found && text.size() - at >= to_last + sizeof(ByteBlock); at += sizeof(ByteBlock)) {
        const auto* const here = text.data() + at;
        each_bit(block_bits((block_at(here) == first) & (block_at(here + to_last) == last)),
                 [&](std::size_t offset) { found |= text.substr(at + offset, word.size()) == word; });
    }
    return found || text.find(word, at) != std::string_view::npos;
}

auto any_stands_in(std::string_view text, std::initializer_list<std::string_view> words) -> bool {
    return std::ranges::any_of(words, [&](std::string_view word) { return stands_in(text, word); });
}

/// "i g n o r e all": letters that stand apart, five or more, become the word that they are.
auto with_letters_joined(const std::string& words) -> std::string {
    static const RE2 apart(R"(\b(?:[a-z] ){4,}[a-z]\b)");
    std::string joined = words;
    if (!has_word_of_one_letter(words)) return joined;
    re2::StringPiece run;
    for (std::size_t at = 0; apart.Match(joined, at, joined.size(), RE2::UNANCHORED, &run, 1);) {
        const auto begin = static_cast<std::size_t>(run.data() - joined.data());
        const auto word = without_blanks(std::string(run));
        joined.replace(begin, run.size(), word);
        at = begin + word.size();
    }
    return joined;
}

/// A text as a reader sees it, and its words.
struct Reading {
    explicit Reading(std::string_view text) : plain(shown_text(text, false)), words(plain_words(plain)) {}
    std::string plain;
    std::string words;
};

struct Detector {
    std::vector<Named> words = all_compiled(word_patterns);
    Expression any_words = any_compiled(word_patterns);
    std::vector<Named> raw = all_compiled(raw_patterns);
    Expression any_raw = any_compiled(raw_patterns);
    std::vector<Named> foreign_overrides = compiled_overrides();
    Expression foreign_verbs = any_override_verb();
    std::vector<Named> foreign_questions = compiled_questions();
    Expression together = compiled(run_together);

    [[nodiscard]] auto in_words(const std::string& text) const -> const char* {
        return any_words->found_in(text) ? first_match(words, text) : nullptr;
    }

    [[nodiscard]] auto in_reading(const Reading& reading) const -> const char* {
        // what one text lacks is known of all expressions at once, so that each text is looked at before the next
        const auto may_match = [&](const Expression& one) { return one->may_match(reading.plain); };
        const bool may_be_foreign = may_match(foreign_verbs);
        const bool may_ask = std::ranges::any_of(foreign_questions, may_match, &Named::expression);
        if (any_raw->found_in(reading.plain))
            if (const auto* name = first_match(raw, reading.plain)) return name;
        if (const auto* name = in_words(reading.words)) return name;
        if (may_be_foreign && foreign_verbs->found_in(reading.plain))
            if (const auto* name = first_match(foreign_overrides, reading.plain)) return name;
        return may_ask ? first_match(foreign_questions, reading.plain) : nullptr;
    }

    /// Spellings that only hide: what ordinary text becomes by them matches nothing.
    [[nodiscard]] auto in_disguise(std::string_view text, const Reading& reading) const -> const char* {
        const auto& own = reading.words;
        if (!is_ascii(text))
            if (const auto folded = plain_words(shown_text(text, true)); folded != own)
                if (const auto* name = in_words(folded)) return name;
        if (holds_leet_digit(own))
            if (const auto* name = in_words(plain_words(without_leet(lower(reading.plain))))) return name;
        // what each match begins with is looked for as it stands there, before anything is turned round
        if (auto shut = without_blanks(own);
            any_stands_in(shut, {"vtaber", "qvfertneq", "sbetrg", "flfgrzcebzcg", "arjvafgehpgvbaf", "lbhnerabj"}) &&
            together->found_in(rot13(std::move(shut))))
            return "override of instructions";
        if (any_stands_in(own, {"erongi", "dragersid", "tegrof"}) &&
            reversed_words->found_in(std::string(own.rbegin(), own.rend())))
            return "override of instructions";
        if (has_letters_set_apart(own) && together->found_in(without_blanks(own))) return "override of instructions";
        if (const auto joined = with_letters_joined(own); joined != own) return in_words(joined);
        return nullptr;
    }

    Expression reversed_words =
        compiled(R"(\b(ignore|disregard|forget) (\w+ ){0,5}(instructions?|prompts?|rules|above|previous)\b)");
};

auto detector() -> const Detector& {
    static const Detector one;
    return one;
}

auto holds_tag_characters(std::string_view text) -> bool {
    for (std::size_t at = 0; at < text.size();) {
        const auto [value, length] = decode_utf8(text.substr(at));
        if (is_tag_character(value)) return true;
        at += length;
    }
    return false;
}

auto judged(const std::string& text) -> std::optional<std::string> {
    if (!is_ascii(text) && holds_tag_characters(text)) return "hidden characters";
    const Reading as_written(text);
    if (const auto* name = detector().in_reading(as_written)) return name;
    const auto decoded = redact::decoded_value(text);
    std::optional<Reading> meant;
    if (decoded != text)
        if (const auto* name = detector().in_reading(meant.emplace(decoded))) return name;
    for (const auto& run : redact::encoded_runs(decoded))
        if (const auto* name = detector().in_reading(Reading(run.text))) return name;
    if (const auto* name = detector().in_disguise(decoded, meant ? *meant : as_written)) return name;
    return std::nullopt;
}

} // namespace

auto instruction_in(std::string_view text) -> std::optional<std::string> {
    thread_local RecentTexts<std::optional<std::string>> verdicts(1 << 20, 128);
    const auto some = text.substr(0, most_bytes);
    return is_ascii(some) ? verdicts.of(some, judged) : verdicts.of(to_valid_utf8(some), judged);
}

} // namespace dossier::explain
