package call

import (
	"strings"

	"golang.org/x/text/language"
)

// defaultLocale is Partner Center's default. It stands first in the list, as the matcher requires.
const defaultLocale = "en-US"

// locales lists the cultures that Partner Center accepts in X-Locale:
// https://learn.microsoft.com/partner-center/developer/partner-center-supported-languages-and-locales
var locales = strings.Fields(defaultLocale + `
	am-ET ar-AE ar-BH ar-DZ ar-EG ar-IQ ar-JO ar-KW ar-LB ar-LY ar-MA ar-OM ar-QA ar-SA ar-TN ar-YE
	az-Latn-AZ be-BY bg-BG bn-BD bs-Latn-BA ca-ES cs-CZ da-DK de-AT de-CH de-DE de-LI de-LU dv-MV el-GR en-AU
	en-BZ en-GB en-IE en-IN en-JM en-MY en-NZ en-PH en-SG en-TT en-ZA es-AR es-BO es-CL es-CO es-CR es-DO
	es-EC es-ES es-GT es-HN es-MX es-NI es-PA es-PE es-PR es-PY es-SV es-UY es-VE et-EE eu-ES fi-FI fo-FO
	fr-BE fr-CA fr-CH fr-FR fr-LU fr-MC gl-ES ha-Latn-NG he-IL hi-IN hr-HR hu-HU hy-AM id-ID is-IS it-CH
	it-IT ja-JP ka-GE kk-KZ km-KH ko-KR ky-KG lo-LA lt-LT lv-LV mk-MK mn-MN ms-BN mt-MT nb-NO ne-NP nl-BE
	nl-NL pl-PL ps-AF pt-BR pt-CV pt-PT ro-RO ru-RU rw-RW si-LK sk-SK sl-SI sq-AL sr-Cyrl-RS sr-Latn-ME
	sr-Latn-RS sv-FI sv-SE sw-KE tg-Cyrl-TJ th-TH tk-TM tr-TR uk-UA ur-PK uz-Latn-UZ vi-VN wo-SN zh-CN zh-HK
	zh-MO zh-SG zh-TW`)

var matcher = language.NewMatcher(tags(locales))

func tags(names []string) []language.Tag {
	var all []language.Tag
	for _, name := range names {
		all = append(all, language.MustParse(name))
	}
	return all
}

// maxAcceptLanguage is the length of the longest Accept-Language that is parsed, in bytes. Parsing
// time grows with it, and the header is the caller's.
const maxAcceptLanguage = 256

// localeOf returns the locale that best matches an Accept-Language header. It returns defaultLocale
// if no locale matches with high confidence.
func localeOf(acceptLanguage string) string {
	if acceptLanguage == "" || acceptLanguage == defaultLocale || len(acceptLanguage) > maxAcceptLanguage {
		return defaultLocale
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(wanted) == 0 {
		return defaultLocale
	}
	_, i, confidence := matcher.Match(wanted...)
	if confidence < language.High {
		return defaultLocale
	}
	return locales[i]
}
