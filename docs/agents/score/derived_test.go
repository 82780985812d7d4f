package main

// A derivation is an expression in JMESPath over results, the lists that the first calls of each step
// return, and the text to which it evaluates.
type derivation struct{ expression, want string }

// derived has, by the ID of a request and the first form of a fact, why the fact is true if no result
// states it as it is.
var derived = map[string]map[string]derivation{
	"de-08": {"Proseware Backup": {"results[1].items[?status=='suspended'].offerName | [0]", "Proseware Backup"}},
	"de-11": {"G000910008": {"max_by(results[0].items[?currencyCode=='EUR'], &totalCharges).id", "G000910008"}},
	"en-02": {"yes": {"results[1].items[?offerName=='Microsoft 365 Business Basic'].autoRenewEnabled | [0]", "true"}},
	"en-05": {"1200": {"length(results[0].items)", "1200"}},
	"en-06": {"G000910007": {"join(' ', results[0].items[?currencyCode=='CHF'].id)", "G000910009 G000910007"}},
	"en-09": {
		"Project Online": {"results[1].items[?status=='expired'].offerName | [0]", "Project Online"},
		"Office 365 E1":  {"results[1].items[?status=='disabled'].offerName | [0]", "Office 365 E1"},
	},
	"en-10": {"8fbf837f92a7": {"results[1].items[?status=='awaiting_approval'].id | [0]", "8fbf837f92a7"}},
	"es-03": {"Power Automate Premium": {"results[1].items[?status=='locked_out'].offerName | [0]",
		"Power Automate Premium"}},
	"es-04": {"no": {"results[1].items[?contains(offerName, 'SQL')].autoRenewEnabled | [0]", "false"}},
	"es-07": {"G000910012": {"max_by(results[0].items, &invoiceDate).id", "G000910012"}},
	"es-08": {"G000910009": {"join(' ', results[0].items[?starts_with(invoiceDate, '2024-11')].id)",
		"G000910010 G000910009"}},
	"es-15": {"ec0516d6113a": {"join(' ', results[1].items[?starts_with(creationDate, '2024-07')].id)",
		"ec0516d6113a"}},
	"es-10": {"0d5028b1-6074-444d-9158-dab0b10f7c49": {"results[1].items[?status=='cancelled'].id | [0]",
		"0d5028b1-6074-444d-9158-dab0b10f7c49"}},
	"fr-03": {"oui": {"results[1].items[?contains(offerName, 'savings plan')].autoRenewEnabled | [0]", "true"}},
	"fr-05": {"a-l5LpHlwPliD5gpjRVC9IeMdIa0DW4d1": {"results[1].items[?status=='pending'].id | [0]",
		"a-l5LpHlwPliD5gpjRVC9IeMdIa0DW4d1"}},
	"fr-11": {"Power BI*": {"results[1].items[?status=='pending'].offerName | [0]", "Power BI Pro"}},
	"ja-03": {"有効": {"results[1].items[?contains(offerName, 'Premium')].autoRenewEnabled | [0]", "true"}},
	"ja-07": {"20000": {"results[0].items[?starts_with(invoiceDate, '2016-12')].totalCharges | [0]", "20000"}},
	"ja-10": {"Azure Cosmos DB reserved capacity": {"results[1].items[?status=='expired'].offerName | [0]",
		"Azure Cosmos DB reserved capacity"}},
}
