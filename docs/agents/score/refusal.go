package main

import "regexp"

// refusals match how an answer says, in lower case, that the agent cannot do what was asked, by
// language.
var refusals = map[string]*regexp.Regexp{
	"en": regexp.MustCompile(`\b(cannot|can't|can not|unable|impossible|read-only|only read` +
		`|not (able|possible|available|allowed|provided|included|support)` +
		`|no (tool|way|access|prices?|pricing|usage|consumption)` +
		`|(do|does|did|could|have|has|will|won|is|are)(n't| not))\b`),
	"de": regexp.MustCompile(`\b(kann|kannst|können|könnte|darf|habe|haben|gibt|geben|ist|sind|lässt|liefern?` +
		`|enthalten|stehen)\b.{0,80}\b(nicht|keine?[nmrs]?)\b` +
		`|unmöglich|schreibgeschützt|lesezugriff|\bnur (zum )?lese|\bleider nicht`),
	"fr": regexp.MustCompile(`\b(ne|n')\s?.{1,40}\b(pas|aucune?|que|ni|plus)\b` +
		`|impossible|lecture seule|incapable|aucun (outil|moyen)`),
	"es": regexp.MustCompile(`\bno (me |se |le )?(es |está |están )?(puedo|puede|pueden|posible|tengo` +
		`|permiten?|dispon|soy|hay|incluyen?|contienen?|existe|ofrecen?|disponible)` +
		`|imposible|s[oó]lo (de )?(lectura|leer)|ninguna herramienta`),
	"ja": regexp.MustCompile(`(でき|出来|行え|かね|わかり|分かり|あり|おり|含まれ|得られ|られ|持って)(ません|ない|ず)` +
		`|ていません|かねます|不可能|(読み取り|参照|閲覧)(専用|のみ)`),
}

// refuses reports whether the prose says that the agent cannot do what was asked.
func (p prose) refuses() bool { return refusals[p.language].MatchString(p.folded) }
