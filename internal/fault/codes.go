package fault

// The codes, ordered by status. The Go name of a code equals its text. Codes that contain the name
// of a parameter are not listed: InvalidParameter, MissingParameter and RequiresParameter build
// them.
const (
	UnknownParameter              Code = "UnknownParameter"
	RepeatedParameter             Code = "RepeatedParameter"
	MalformedPath                 Code = "MalformedPath"
	MalformedQuery                Code = "MalformedQuery"
	BodyNotAllowed                Code = "BodyNotAllowed"
	MalformedMessage              Code = "MalformedMessage"
	MultipleCredentials           Code = "MultipleCredentials"
	MutuallyExclusiveFilters      Code = "MutuallyExclusiveFilters"
	InvalidRange                  Code = "InvalidRange"
	PartnerCenterInvalidProperty  Code = "PartnerCenterInvalidProperty"
	PartnerCenterInvalidCustomer  Code = "PartnerCenterInvalidCustomer"
	PartnerCenterUnknownValue     Code = "PartnerCenterUnknownValue"
	PartnerCenterWrongEnvironment Code = "PartnerCenterWrongEnvironment"
	PartnerCenterNotSupported     Code = "PartnerCenterNotSupported"
	PartnerIdNotValid             Code = "PartnerIdNotValid"
	PartnerCenterRejected         Code = "PartnerCenterRejected"

	MissingCredentials         Code = "MissingCredentials"
	InvalidApiKey              Code = "InvalidApiKey"
	InvalidAuthorizationHeader Code = "InvalidAuthorizationHeader"
	InvalidToken               Code = "InvalidToken"
	TokenExpired               Code = "TokenExpired"
	TokenNotYetValid           Code = "TokenNotYetValid"
	TokenWrongAudience         Code = "TokenWrongAudience"
	TokenWrongIssuer           Code = "TokenWrongIssuer"
	PartnerCenterRefusedToken  Code = "PartnerCenterRefusedToken"
	MultifactorSignInRequired  Code = "MultifactorSignInRequired"

	TenantNotAllowed         Code = "TenantNotAllowed"
	ClientNotAllowed         Code = "ClientNotAllowed"
	InsufficientScope        Code = "InsufficientScope"
	OriginNotAllowed         Code = "OriginNotAllowed"
	InsufficientPrivileges   Code = "InsufficientPrivileges"
	RoleNotAllowed           Code = "RoleNotAllowed"
	AccessDenied             Code = "AccessDenied"
	ConditionalAccessBlocked Code = "ConditionalAccessBlocked"
	TokenIssuanceFailed      Code = "TokenIssuanceFailed"
	TargetSegmentNotAllowed  Code = "TargetSegmentNotAllowed"
	CountryNotOnboarded      Code = "CountryNotOnboarded"
	ResellerProgramNotActive Code = "ResellerProgramNotActive"
	ProgramNotActive         Code = "ProgramNotActive"
	PricingNotGranted        Code = "PricingNotGranted"
	CustomerNotApproved      Code = "CustomerNotApproved"
	CustomerLocked           Code = "CustomerLocked"
	PartnerCenterForbidden   Code = "PartnerCenterForbidden"
	NoCustomerRelationship   Code = "NoCustomerRelationship"
	AppOnlyNotSupported      Code = "AppOnlyNotSupported"
	TargetViewNotAllowed     Code = "TargetViewNotAllowed"

	NotFound              Code = "NotFound"
	CustomerNotFound      Code = "CustomerNotFound"
	OrderNotFound         Code = "OrderNotFound"
	SubscriptionNotFound  Code = "SubscriptionNotFound"
	UserNotFound          Code = "UserNotFound"
	ProductNotFound       Code = "ProductNotFound"
	SkuNotFound           Code = "SkuNotFound"
	InvoiceNotFound       Code = "InvoiceNotFound"
	PartnerCenterNotFound Code = "PartnerCenterNotFound"

	MethodNotAllowed Code = "MethodNotAllowed"

	NotAcceptable Code = "NotAcceptable"

	BodyTooLarge Code = "BodyTooLarge"

	UriTooLong Code = "UriTooLong"

	UnsupportedMediaType Code = "UnsupportedMediaType"

	MisdirectedRequest Code = "MisdirectedRequest"

	RateLimitExceeded      Code = "RateLimitExceeded"
	PartnerCenterThrottled Code = "PartnerCenterThrottled"

	HeadersTooLarge Code = "HeadersTooLarge"

	InternalError Code = "InternalError"

	PartnerCenterWrongAudience   Code = "PartnerCenterWrongAudience"
	MfaRequired                  Code = "MfaRequired"
	PartnerCenterUnauthorized    Code = "PartnerCenterUnauthorized"
	PartnerCenterError           Code = "PartnerCenterError"
	PartnerCenterInvalidResponse Code = "PartnerCenterInvalidResponse"
	PartnerCenterTooLarge        Code = "PartnerCenterTooLarge"
	PartnerCenterUnreachable     Code = "PartnerCenterUnreachable"
	PartnerCenterRedirect        Code = "PartnerCenterRedirect"

	PartnerCenterUnavailable Code = "PartnerCenterUnavailable"
	IdentityUnavailable      Code = "IdentityUnavailable"
	LimiterUnavailable       Code = "LimiterUnavailable"
	Draining                 Code = "Draining"

	PartnerCenterTimeout Code = "PartnerCenterTimeout"
)

// codes holds the status and the message of every code, in the order in which documents list them.
// Messages are for the author of a flow, who cannot change the service: where only an administrator
// can help, they say so.
var codes = []struct {
	code    Code
	status  int    // HTTP status of the answer
	message string // what happened and what to do, for the author of the flow
}{
	{UnknownParameter, 400, "The call has a parameter that this action does not have. Remove it or correct its name."},
	{RepeatedParameter, 400, "The call has a parameter more than once. Send each parameter once."},
	{MalformedPath, 400, malformedPath + "Check the IDs that you gave the action."},
	{MalformedQuery, 400, "The query of the call cannot be parsed. URL-encode each value: " +
		"a percent sign is %25, a semicolon is %3B."},
	{BodyNotAllowed, 400, "The call has a body, which no action takes. Send it without one."},
	{MalformedMessage, 400, "The body is not a JSON-RPC request that this server answers. " +
		"Send one request of the Model Context Protocol as JSON."},
	{MultipleCredentials, 400, "The call carries more than one credential. Send one: " +
		"the API key in X-Api-Key, or the token in Authorization."},
	{MutuallyExclusiveFilters, 400, "The call has two filters that Partner Center does not combine. Send one of them."},
	{InvalidRange, 400, "The range of dates ends before it begins. Send a later end."},
	{PartnerCenterInvalidProperty, 400, "Partner Center found no data for this request, or a value in it is invalid. " +
		"Check the values that you gave the action."},
	{PartnerCenterInvalidCustomer, 400, "Partner Center does not accept this customer's ID. " +
		"Take it from Get all customers."},
	{PartnerCenterUnknownValue, 400, "Partner Center does not know one of the values. Choose a value from its list."},
	{PartnerCenterWrongEnvironment, 400, "Partner Center does not offer this in the environment of your account. " +
		"Ask your administrator whether the service uses a sandbox account."},
	{PartnerCenterNotSupported, 400,
		"Partner Center does not support this call for your organization or this customer."},
	{PartnerIdNotValid, 400, "Partner Center does not accept this partner ID: " +
		"it is invalid, not migrated, of another region, or not that of an indirect reseller. " +
		"Check PartnerID."},
	{PartnerCenterRejected, 400, "Partner Center did not accept the request. " +
		"Check the values that you gave the action."},
	{MissingCredentials, 401, "The call carries no credential. " +
		"Open the connection and enter the API key that your administrator made."},
	{InvalidApiKey, 401, "The API key is not known. " +
		"Open the connection and enter a key that is still valid, or ask your administrator for a new one."},
	{InvalidAuthorizationHeader, 401, "The Authorization header cannot be parsed. " +
		"Send the API key in X-Api-Key instead."},
	{InvalidToken, 401, "The bearer token is not accepted. " +
		"If the connection signs in with Entra ID, open it and sign in again. " +
		"If it has an API key, send that in X-Api-Key."},
	{TokenExpired, 401, "The connection's sign-in has expired. Open the connection and sign in again."},
	{TokenNotYetValid, 401, "The connection's token is not valid yet. " +
		"Try again in a minute, and ask your administrator to check the service's clock if it happens again."},
	{TokenWrongAudience, 401, "The connection's token was issued for another service. " +
		"Ask your administrator to compare the connector's resource URL with CONNECTOR_AUDIENCE."},
	{TokenWrongIssuer, 401, "The connection's token was not issued by the Entra ID that this service trusts. " +
		"Ask your administrator to compare the connector's login URL with CONNECTOR_CLOUD and " +
		"CONNECTOR_AUTHORITY_URL."},
	{PartnerCenterRefusedToken, 401, "Partner Center does not accept your sign-in. " +
		"Open the connection and sign in again, with an account that has a role in Partner Center."},
	{MultifactorSignInRequired, 401, "Partner Center requires multifactor authentication. " +
		"Open the connection and sign in again with it."},
	{TenantNotAllowed, 403, "Users of your organization are not allowed to call this service. " +
		"Sign in with another account, or ask your administrator to add your tenant's ID to " +
		"CONNECTOR_ALLOWED_TENANTS."},
	{ClientNotAllowed, 403, "The app that the connection signs in with is not allowed to call this service. " +
		"Ask your administrator to add its client ID to CONNECTOR_ALLOWED_CLIENTS."},
	{InsufficientScope, 403, "The connection's token does not allow calls of this service for a signed-in user. " +
		"Sign in as a user, or ask your administrator to grant the connector's app the permission that " +
		"CONNECTOR_SCOPE names."},
	{OriginNotAllowed, 403, "Web pages of this origin are not allowed to call the service. " +
		"Call it from an agent host, or from the service's own public URL."},
	{InsufficientPrivileges, 403, "The service's app or user lacks the privileges for this call in Partner Center. " +
		"Ask your administrator to grant them."},
	{RoleNotAllowed, 403, "The role of the user that the service signs in with does not allow this call. " +
		"Ask your administrator for a user with another Partner Center role."},
	{AccessDenied, 403, "Partner Center denies access to this. " +
		"Ask your administrator to check the service's permissions in Partner Center."},
	{ConditionalAccessBlocked, 403, "A Conditional Access policy blocks the service's sign-in. " +
		"Ask your administrator to look at the sign-in logs in Entra ID."},
	{TokenIssuanceFailed, 403, "Entra ID refused Partner Center a token for this call. " +
		"Ask your administrator to look at the sign-in logs in Entra ID."},
	{TargetSegmentNotAllowed, 403, "Partner Center does not offer this segment of the catalog to your organization."},
	{CountryNotOnboarded, 403, "Your organization is not enrolled in the customer's country or region. " +
		"Enroll there in Partner Center."},
	{ResellerProgramNotActive, 403, "Your organization's reseller program is not active. " +
		"Check its status in Partner Center."},
	{ProgramNotActive, 403, "A program that this call needs is not active for your organization. " +
		"Check its status in Partner Center."},
	{PricingNotGranted, 403, "Your organization is not allowed to see pricing. " +
		"Ask your administrator for the permission in Partner Center."},
	{CustomerNotApproved, 403, "Partner Center has not approved this customer yet. " +
		"Look at the customer's account there."},
	{CustomerLocked, 403, "Partner Center has locked this customer. Look at the customer's account there."},
	{PartnerCenterForbidden, 403, "Partner Center does not allow this call to the service's app. " +
		"Ask your administrator to check its permissions in Partner Center."},
	{NoCustomerRelationship, 403, "Your organization has no reseller relationship with this customer. " +
		"Check the customer's ID, or ask the customer to accept the relationship."},
	{AppOnlyNotSupported, 403, "Partner Center answers this call only to a signed-in user, " +
		"and the service calls it as an app. " +
		"Ask your administrator to set up App+User."},
	{TargetViewNotAllowed, 403, "Partner Center does not offer this catalog view to your organization. " +
		"Choose another target view."},
	{NotFound, 404, noAction + "Check the IDs that you gave the action, or import the connector's definition again."},
	{CustomerNotFound, 404, "Partner Center does not know this customer. " +
		"Take the customer's ID from Get all customers."},
	{OrderNotFound, 404, "Partner Center does not know this order. Check the order's ID; " +
		"a new order can take 15 minutes to appear."},
	{SubscriptionNotFound, 404, "Partner Center does not know this subscription. Check its ID."},
	{UserNotFound, 404, "Partner Center does not know this user. Check the user's ID."},
	{ProductNotFound, 404, "Partner Center does not know this product. Check its ID and the customer's market."},
	{SkuNotFound, 404, "Partner Center does not know this SKU. Check its ID and the product's."},
	{InvoiceNotFound, 404, "Partner Center does not know this invoice. Take its ID from Get invoices."},
	{PartnerCenterNotFound, 404, "Partner Center did not find what you asked for. " +
		"Check the IDs that you gave the action."},
	{MethodNotAllowed, 405, "Every action is called with GET."},
	{NotAcceptable, 406, "The call does not accept the answers of this path. " +
		"Send Accept: application/json, text/event-stream."},
	{BodyTooLarge, 413, "The body of the call is larger than 64 KiB. Send a smaller one."},
	{UriTooLong, 414, "The address of the call is longer than 8 KiB. Shorten its parameters."},
	{UnsupportedMediaType, 415, "The body of the call is not labeled as JSON. Send Content-Type: application/json."},
	{MisdirectedRequest, 421, "The call has another host name than this service. Use the host of the definition. " +
		"A proxy in between must keep the Host header."},
	{RateLimitExceeded, 429, "Rate limit is exceeded."},
	{PartnerCenterThrottled, 429, "Partner Center is limiting your organization's calls."},
	{HeadersTooLarge, 431, "The call has more than 100 header lines. Send fewer."},
	{InternalError, 500, "The service failed in an unexpected way. " +
		"Try again, and give your administrator the requestId if it happens again."},
	{PartnerCenterWrongAudience, 502, "Partner Center does not accept the kind of token that the service has. " +
		"Ask your administrator to check CONNECTOR_CLOUD."},
	{MfaRequired, 502,
		"Partner Center requires multifactor authentication of the user that the service signs in with. " +
			"Ask your administrator to repeat the consent with it."},
	{PartnerCenterUnauthorized, 502, "Partner Center or Entra ID refused the service's own credential. " +
		"Ask your administrator to run connector check."},
	{PartnerCenterError, 502, "Partner Center failed. Try again in a few minutes."},
	{PartnerCenterInvalidResponse, 502, "Partner Center sent an answer that is invalid or incomplete. " +
		"Try again in a few minutes."},
	{PartnerCenterTooLarge, 502, "Partner Center's answer is larger than the service accepts. " +
		"Ask for fewer results at once."},
	{PartnerCenterUnreachable, 502, "Partner Center could not be reached. Try again in a few minutes."},
	{PartnerCenterRedirect, 502, "Partner Center redirected the call to another address, " +
		"which the service does not follow. " +
		"Ask your administrator to check CONNECTOR_UPSTREAM_URL."},
	{PartnerCenterUnavailable, 503, "Partner Center is not available at the moment."},
	{IdentityUnavailable, 503, "Entra ID, which signs the service in, is not available at the moment."},
	{LimiterUnavailable, 503, "The service cannot count this connection's calls at the moment."},
	{Draining, 503, "The service is shutting down."},
	{PartnerCenterTimeout, 504, "Partner Center did not answer in time. Try again, or ask for fewer results at once."},
}
