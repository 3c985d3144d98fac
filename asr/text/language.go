package text

import (
	"fmt"
	"strings"
)

// Language is one in which captions are written.
type Language struct {
	Code    string // BCP 47, as in zh-TW
	English string // its name in English
	Own     string // its name in itself
	Spoken  string // BCP 47 of what a model has to understand: zh for zh-TW, en for en-IN
	Joined  bool   // words stand without blanks between them
	Wide    bool   // characters take two columns: a line holds 20 of them instead of 42
}

// languages are those for which models are published, Traditional Chinese first, the others by their English names.
var languages = []Language{
	{"zh-TW", "Chinese (Traditional, Taiwan)", "繁體中文（台灣）", "zh", true, true},
	{"zh-HK", "Chinese (Traditional, Hong Kong)", "繁體中文（香港）", "zh", true, true},
	{"zh-CN", "Chinese (Simplified)", "简体中文", "zh", true, true},
	{"ar", "Arabic", "العربية", "ar", false, false},
	{"br", "Breton", "Brezhoneg", "br", false, false},
	{"ca", "Catalan", "Català", "ca", false, false},
	{"cs", "Czech", "Čeština", "cs", false, false},
	{"nl", "Dutch", "Nederlands", "nl", false, false},
	{"en", "English", "English", "en", false, false},
	{"en-IN", "English (India)", "English (India)", "en", false, false},
	{"eo", "Esperanto", "Esperanto", "eo", false, false},
	{"fil", "Filipino", "Filipino", "fil", false, false},
	{"fr", "French", "Français", "fr", false, false},
	{"ka", "Georgian", "ქართული", "ka", false, false},
	{"de", "German", "Deutsch", "de", false, false},
	{"el", "Greek", "Ελληνικά", "el", false, false},
	{"gu", "Gujarati", "ગુજરાતી", "gu", false, false},
	{"hi", "Hindi", "हिन्दी", "hi", false, false},
	{"it", "Italian", "Italiano", "it", false, false},
	{"ja", "Japanese", "日本語", "ja", true, true},
	{"kk", "Kazakh", "Қазақ тілі", "kk", false, false},
	{"ko", "Korean", "한국어", "ko", false, true},
	{"ky", "Kyrgyz", "Кыргызча", "ky", false, false},
	{"fa", "Persian", "فارسی", "fa", false, false},
	{"pl", "Polish", "Polski", "pl", false, false},
	{"pt", "Portuguese", "Português", "pt", false, false},
	{"ru", "Russian", "Русский", "ru", false, false},
	{"es", "Spanish", "Español", "es", false, false},
	{"sv", "Swedish", "Svenska", "sv", false, false},
	{"tg", "Tajik", "Тоҷикӣ", "tg", false, false},
	{"te", "Telugu", "తెలుగు", "te", false, false},
	{"tr", "Turkish", "Türkçe", "tr", false, false},
	{"uk", "Ukrainian", "Українська", "uk", false, false},
	{"uz", "Uzbek", "O‘zbek", "uz", false, false},
	{"vi", "Vietnamese", "Tiếng Việt", "vi", false, false},
}

// aliases are other codes for the same, among them those of the makers of models.
var aliases = map[string]string{
	"zh-hant": "zh-TW", "zh-hant-tw": "zh-TW", "zh-hant-hk": "zh-HK", "zh-mo": "zh-HK",
	"zh": "zh-CN", "zh-hans": "zh-CN", "zh-hans-cn": "zh-CN", "zh-sg": "zh-CN", "cn": "zh-CN",
	"traditional chinese": "zh-TW", "simplified chinese": "zh-CN", "chinese": "zh-CN",
	"繁體中文": "zh-TW", "正體中文": "zh-TW", "中文": "zh-CN",
	"en-us": "en", "el-gr": "el", "gr": "el", "kz": "kk", "ua": "uk", "vn": "vi", "jp": "ja", "tl-ph": "fil", "tl": "fil",
}

// Languages lists all that have a name, Traditional Chinese first.
func Languages() []Language { return append([]Language(nil), languages...) }

// Find finds a language by its code, its name in English or its own name,
// whatever the case. A code with a region that stands for no language of its
// own, as in fr-CA, is the language without it.
func Find(s string) (Language, error) {
	name := strings.ToLower(strings.TrimSpace(strings.ReplaceAll(s, "_", "-")))
	for {
		if l, ok := lookup(name); ok {
			return l, nil
		}
		i := strings.LastIndexByte(name, '-')
		if i < 0 || strings.Contains(name, " ") {
			return Language{}, fmt.Errorf("language %q is not known; name one by its code, as in zh-TW, ko, en", s)
		}
		name = name[:i]
	}
}

func lookup(name string) (Language, bool) {
	if code, ok := aliases[name]; ok {
		name = strings.ToLower(code)
	}
	for _, l := range languages {
		if name == strings.ToLower(l.Code) || name == strings.ToLower(l.English) || name == strings.ToLower(l.Own) {
			return l, true
		}
	}
	return Language{}, false
}

// LineLength is how many characters a line of a caption holds at most.
func (l Language) LineLength() int {
	if l.Wide {
		return 20
	}
	return 42
}
