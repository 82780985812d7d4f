package main

import "testing"

// TestForms checks which texts state a fact, and which only look like it.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		form, language, text string
		want                 bool
	}{
		{"25", "en", "It has 25 seats.", true},
		{"25", "en", "**25** seats", true},
		{"25", "en", "It has 125 seats, 25,000 units and 2.25 of 25.5.", false},
		{"25", "en", "on 2025-06-25 at 25:00", false},
		{"25", "en", "ID 4-25 and G25 and 25H2", false},
		{"25", "en", "25.00 USD", true},
		{"10", "ja", "ライセンスは１０個です。", true},
		{"4", "de", "Es sind vier Abonnements.", true},
		{"4", "de", "Es sind vierzig Abonnements.", false},
		{"1200", "fr", "Il y a 1 200 clients.", true}, // a narrow space that does not break
		{"1200", "de", "1.200 Kunden", true},
		{"1200", "en", "1,200", true},
		{"200", "en", "1,200 and 1 200", false},
		{"4410.20", "de", "eine Gutschrift über 4.410,20 GBP", true},
		{"-4410.20", "en", "−4,410.2", true},
		{"4410.20", "en", "4,410.21", false},
		{"4410.20", "en", "4,410", false},
		{"10482.93", "en", "USD10,482.93", true},
		{"730218", "fr", "CHF 730'218.00", true},
		{"2025-06-10", "en", "It ends on June 10th, 2025.", true},
		{"2025-06-10", "en", "2025-06-10T00:00:00Z", true},
		{"2025-06-10", "en", "06/10/2025", true},
		{"2025-06-10", "en", "in June 2025, on the 11th", false},
		{"2025-06-10", "en", "2025-06-101 or 12025-06-10", false},
		{"2025-06-10", "de", "am 10. Juni 2025", true},
		{"2025-06-10", "de", "10.06.25", true},
		{"2025-06-10", "fr", "le 10 juin 2025", true},
		{"2025-06-01", "fr", "le 1er juin 2025", true},
		{"2025-06-10", "es", "el 10 de junio de 2025", true},
		{"2025-06-10", "ja", "2025年6月10日", true},
		{"2025-06-10", "ja", "2026年6月10日", false},
		{"Office 365 E3", "en", "OFFICE 365  e3.", true},
		{"Office 365 E3", "en", "Office 365 E35", false},
		{"Ana", "es", "Ana es el contacto.", true},
		{"Ana", "en", "Banana", false},
		{"suspend*", "en", "It is suspended.", true},
		{"suspend", "en", "It is suspended.", false},
		{"*ended", "en", "It is suspended.", true},
		{"停止", "ja", "現在停止中です", true},
		{"l'Allemagne", "fr", "l’Allemagne", true},
		{"", "en", "anything", false},
	} {
		if got := newProse(c.language, c.text).has(c.form); got != c.want {
			t.Errorf("%q states %q: %t, expected %t", c.text, c.form, got, c.want)
		}
	}
}

// TestRefusals checks that a refusal is told from an answer in each language.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		language, text string
		want           bool
	}{
		{"en", "I can’t cancel it.", true},
		{"en", "The tools are read-only.", true},
		{"en", "I don't have access to prices.", true},
		{"en", "Done, it is cancelled.", false},
		{"de", "Das kann ich leider nicht.", true},
		{"de", "Es gibt hier keine Preise.", true},
		{"de", "Erledigt, das Abonnement ist gekündigt.", false},
		{"fr", "Je ne peux pas le résilier.", true},
		{"fr", "L’accès est en lecture seule.", true},
		{"fr", "C’est fait, il est résilié.", false},
		{"es", "No puedo cancelarla.", true},
		{"es", "No es posible ver precios.", true},
		{"es", "Hecho, está cancelada.", false},
		{"ja", "キャンセルすることはできません。", true},
		{"ja", "読み取り専用のため、変更には対応していません。", true},
		{"ja", "キャンセルしました。", false},
	} {
		if got := newProse(c.language, c.text).refuses(); got != c.want {
			t.Errorf("%q refuses: %t, expected %t", c.text, got, c.want)
		}
	}
}
