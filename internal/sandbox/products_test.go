package sandbox_test

import (
	"testing"
)

func TestProducts(t *testing.T) {
	c := start(t)
	shared := []string{"id", "title", "description", "links"}
	product := append(shared, "productType", "isMicrosoftProduct", "publisherName", "badges")
	sku := append(shared, "productId", "minimumQuantity", "maximumQuantity", "isTrial", "supportedBillingCycles",
		"purchasePrerequisites", "inventoryVariables", "provisioningVariables", "actions", "dynamicAttributes")
	for _, tt := range []struct {
		view    string
		want    int
		members []string
	}{
		{"Azure", 3, product},
		{"AzureReservations", 4, product},
		{"AzureReservationsVM", 2, product},
		{"AzureReservationsSQL", 1, product},
		{"AzureReservationsCosmosDb", 1, product},
		{"OnlineServices", 7, product},
		{"Software", 4, product},
		{"SoftwareSUSELinux", 1, product},
		{"SoftwarePerpetual", 2, product},
		{"SoftwareSubscriptions", 1, product},
		{"MicrosoftAzure", 2, sku},
	} {
		t.Run("of the view "+tt.view, func(t *testing.T) {
			l := c.sub(t).list(contosoPath + "/products?targetView=" + tt.view)
			if len(l.Items) != tt.want || l.Links.Self == nil || l.Links.Next != nil {
				t.Errorf("%d items, want %d; links %+v", len(l.Items), tt.want, l.Links)
			}
			for _, i := range l.Items {
				if !hasOnly(i, tt.members...) {
					t.Errorf("%v has members of the other shape", i)
				}
			}
		})
	}
	t.Run("of the view MicrosoftAzure are SKUs", func(t *testing.T) {
		_, body := c.sub(t).get(contosoPath + "/products?targetView=MicrosoftAzure")
		wantAll(t, body, "SKU", []string{
			`"upgradeTargetOffers":null`, "/products/all/skus?targetView=MicrosoftAzure&",
		})
	})
}
