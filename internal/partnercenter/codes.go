package partnercenter

import (
	"net/http"
	"strings"

	"github.com/partner-center/connector/internal/fault"
)

// statusFaults maps statuses to faults. For other statuses, the class decides.
var statusFaults = map[int]fault.Code{
	http.StatusUnauthorized:       fault.PartnerCenterUnauthorized,
	http.StatusForbidden:          fault.PartnerCenterForbidden,
	http.StatusNotFound:           fault.PartnerCenterNotFound,
	http.StatusTooManyRequests:    fault.PartnerCenterThrottled,
	http.StatusServiceUnavailable: fault.PartnerCenterUnavailable,
}

// codeFaults maps a status and an error code of Partner Center to a fault. It has the codes that
// are more specific than their status:
// https://learn.microsoft.com/partner-center/developer/error-codes.
var codeFaults = map[int]map[string]fault.Code{
	400: {
		"3000":   fault.PartnerCenterInvalidProperty,
		"900118": fault.PartnerCenterInvalidCustomer,
		"900126": fault.PartnerCenterUnknownValue,
		"900127": fault.PartnerCenterWrongEnvironment,
		"800042": fault.PartnerCenterNotSupported,
		"900141": fault.PartnerCenterNotSupported,
		"2200":   fault.PartnerIdNotValid,
		"2201":   fault.PartnerIdNotValid,
		"2202":   fault.PartnerIdNotValid,
		"2203":   fault.PartnerIdNotValid,
		"2204":   fault.PartnerIdNotValid,
		"2205":   fault.PartnerIdNotValid,
		"2206":   fault.PartnerIdNotValid,
	},
	401: {
		"900420": fault.PartnerCenterWrongAudience,
		"900421": fault.MfaRequired,
	},
	403: {
		"2030":   fault.CountryNotOnboarded,
		"2032":   fault.AccessDenied,
		"20002":  fault.NoCustomerRelationship,
		"90000":  fault.TokenIssuanceFailed,
		"400030": fault.TargetSegmentNotAllowed,
		"400036": fault.TargetViewNotAllowed,
		"800039": fault.ResellerProgramNotActive,
		"800043": fault.PricingNotGranted,
		"800075": fault.CustomerNotApproved,
		"900149": fault.ProgramNotActive,
		"900150": fault.RoleNotAllowed,
		"900308": fault.InsufficientPrivileges,
		"900309": fault.ConditionalAccessBlocked,
		"900329": fault.AppOnlyNotSupported,
		"900416": fault.CustomerLocked,
	},
	404: {
		"20000":  fault.OrderNotFound,
		"20003":  fault.SubscriptionNotFound,
		"60002":  fault.UserNotFound,
		"60003":  fault.CustomerNotFound,
		"400013": fault.ProductNotFound,
		"400018": fault.SkuNotFound,
	},
}

// callerCodes replaces faults that would blame the service's credential. It applies to calls with a
// token of the caller.
var callerCodes = map[fault.Code]fault.Code{
	fault.PartnerCenterUnauthorized:  fault.PartnerCenterRefusedToken,
	fault.PartnerCenterWrongAudience: fault.PartnerCenterRefusedToken,
	fault.MfaRequired:                fault.MultifactorSignInRequired,
}

// callerTexts replaces texts that would mention the service's sign-in. It applies to calls with a
// token of the caller.
var callerTexts = map[fault.Code]string{
	fault.PartnerCenterForbidden: "Partner Center does not allow you to make this call. " +
		"Ask for a role in Partner Center that does.",
	fault.InsufficientPrivileges: "You lack the privileges for this call in Partner Center. " +
		"Ask for a role there that has them.",
	fault.RoleNotAllowed: "Your role in Partner Center does not allow this call. Ask for another one.",
	fault.ConditionalAccessBlocked: "A Conditional Access policy blocks your sign-in. " +
		"Ask your administrator to look at the sign-in logs in Entra ID.",
	fault.AppOnlyNotSupported: "Partner Center answers this call only to a signed-in user, and does not accept your " +
		"token as one. Open the connection and sign in again.",
}

// codeOf returns the fault for a response to a call of path. The status is not 200; code is Partner
// Center's own error code, or empty.
func codeOf(status int, code, path string) fault.Code {
	// What is missing below /invoices/ is an invoice, even if the code names a customer.
	if status == http.StatusNotFound && strings.HasPrefix(path, "/invoices/") {
		return fault.InvoiceNotFound
	}
	if known, ok := codeFaults[status][code]; ok {
		return known
	}
	if status == http.StatusNotFound && strings.HasPrefix(path, "/customers/") {
		return fault.CustomerNotFound
	}
	if known, ok := statusFaults[status]; ok {
		return known
	}
	switch status / 100 {
	case 3:
		return fault.PartnerCenterRedirect
	case 4:
		return fault.PartnerCenterRejected
	}
	return fault.PartnerCenterError
}
