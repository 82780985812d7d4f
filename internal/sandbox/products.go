package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// views are the documented target views with the fixtures that each returns.
var views = map[string][]string{
	"Azure":                     {"azure"},
	"AzureReservations":         {"reservations-vm", "reservations-sql", "reservations-cosmosdb"},
	"AzureReservationsVM":       {"reservations-vm"},
	"AzureReservationsSQL":      {"reservations-sql"},
	"AzureReservationsCosmosDb": {"reservations-cosmosdb"},
	"MicrosoftAzure":            {"microsoft-azure"},
	"OnlineServices":            {"online-services"},
	"Software":                  {"software-suse", "software-perpetual", "software-subscriptions"},
	"SoftwareSUSELinux":         {"software-suse"},
	"SoftwarePerpetual":         {"software-perpetual"},
	"SoftwareSubscriptions":     {"software-subscriptions"},
	"SpecializedOffers":         nil,
}

// listProducts returns all products of a view: Partner Center does not page them. The view
// MicrosoftAzure returns SKUs. The sandbox's partner has no access to SpecializedOffers.
func (s *store) listProducts(q *request) answer {
	view := q.oneOf("targetView", slices.Sorted(maps.Keys(views))...)
	switch {
	case q.err != nil:
		return invalid(q.err)
	case view == "":
		return invalid(errors.New("the parameter targetView is missing"))
	case view == "SpecializedOffers":
		return failure(403, viewNotAllowed, "Access to the requested targetView is not allowed.")
	}
	var products []item
	for _, name := range views[view] {
		products = append(products, s.fixtures["products/"+name]...)
	}
	self := "/products?country=US&targetView=" + view
	if view == "MicrosoftAzure" {
		self = fmt.Sprintf("/customers/%s/products/all/skus?targetView=%s&targetSegment=Commercial", q.customer.id,
			view)
	}
	return found(collection(fill(products, strings.NewReplacer()), link("self", self)))
}
