package sandbox_test

import (
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/sandbox"
)

func TestSubscriptions(t *testing.T) {
	c := start(t)
	items, all := c.ofNamed("/subscriptions")
	t.Run("have every documented member", func(t *testing.T) {
		have := map[string]bool{}
		for _, i := range items {
			collect(have, "", i)
		}
		for _, want := range strings.Fields(subscriptionMembers) {
			if !have[want] {
				t.Errorf("no subscription has %s", want)
			}
		}
	})
	for member, values := range map[string]string{
		"status":       "none active suspended deleted expired pending disabled locked_out",
		"billingCycle": "unknown monthly annual none one_time triennial biennial",
		"billingType":  "none usage license prepaid",
		"contractType": "subscription product_key redemption_code enterprise_agreement",
		"unitType":     "Licenses License(s) Usage-based none",
		"termDuration": "P1M P1Y P3Y",
	} {
		t.Run("have every "+member, func(t *testing.T) {
			for value := range strings.FieldsSeq(values) {
				if !strings.Contains(all, `"`+member+`":"`+value+`"`) {
					t.Errorf("no subscription has %s", value)
				}
			}
		})
	}
	t.Run("have unusual values", func(t *testing.T) {
		wantAll(t, all, "subscription", []string{
			`"commitmentEndDate":"9999-`, `"isTrial":true`, `"partnerId":""`, `"partnerId":null`, `"actions":null`,
			`"details":null`, `"details":[]`, `"sustainability"`,
		})
	})
}

// subscriptionMembers are the members that Partner Center documents or is known to send.
const subscriptionMembers = `
	actionTaken actions attentionNeeded attentionReason attributes.etag attributes.objectType
	autoRenewEnabled billingCycle billingCycleEndDate billingCycleEndDateTime billingType
	cancellationAllowedUntilDate commitmentEndDate commitmentEndDateTime consumptionType contractType
	creationDate effectiveStartDate entitlementId friendlyName hasPurchasableAddons id isMicrosoftProduct
	isTrial lineItems.autoRenewEnabled lineItems.friendlyName lineItems.id lineItems.quantity
	lineItems.status lineItems.purchaseCommitment.amount lineItems.purchaseCommitment.currency
	lineItems.purchaseCommitment.grain lineItems.scope.entitlementId lineItems.scope.managementGroupId
	lineItems.scope.resourceGroupId lineItems.scope.subscriptionId lineItems.scope.type
	links.activationLinks links.availability links.entitlement links.next links.offer
	links.parentSubscription links.pendingChanges links.previous links.previous.body links.product
	links.self links.sku migratedFromSubscriptionId nextChargeInstructions offerId offerName orderId
	parentSubscriptionId partnerId productOrderId productType.displayName productType.id
	productType.subType.displayName productType.subType.id promotionId publisherName quantity
	refundOptions.expiresAt refundOptions.type refundableQuantity.totalQuantity
	refundableQuantity.details.allowedUntilDateTime refundableQuantity.details.quantity renewalTermDuration
	scheduledNextTermInstructions.customTermEndDate scheduledNextTermInstructions.quantity
	scheduledNextTermInstructions.product.availabilityId scheduledNextTermInstructions.product.billingCycle
	scheduledNextTermInstructions.product.productId scheduledNextTermInstructions.product.promotionId
	scheduledNextTermInstructions.product.skuId scheduledNextTermInstructions.product.termDuration status
	suspensionReasons termDuration unitType
`

func TestSubscriptionParameters(t *testing.T) {
	c := start(t)
	nth := func(n int) string { return "/v1/customers/" + sandbox.NamedIDs()[n] + "/subscriptions" }
	for _, tt := range []struct {
		name, path string
		want       int
	}{
		{"select by partner", nth(0) + "?mpn_id=6210457", 2},
		{"select by order in upper case", nth(0) + "?order_id=9AACD83E-F824-4E78-94AF-AD906D97310A", 2},
		{"select by order in lower case", nth(0) + "?order_id=9aacd83e-f824-4e78-94af-ad906d97310a", 2},
		{"select by product type", nth(0) + "?product_type=OnlineServicesNCE", 1},
		{"select all of a product type", nth(4) + "?product_type=Software", 4},
		{"select by product subtype", nth(4) + "?product_type=Software&product_subtype=Perpetual", 2},
		{"must all match", nth(4) + "?product_type=software&product_subtype=perpetual&mpn_id=1", 0},
		{"select Azure plans", nth(3) + "?product_type=Azure&product_subtype=AzurePlan", 1},
		{"may name an unknown order", nth(0) + "?order_id=nothing-of-the-kind", 0},
		{"may name an unknown partner", nth(0) + "?mpn_id=1", 0},
		{"are not needed for a customer without subscriptions", nth(6), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.sub(t).list(tt.path); len(got.Items) != tt.want {
				t.Errorf("GET %s: %d subscriptions, want %d", tt.path, len(got.Items), tt.want)
			}
		})
	}
}
