package fault

// The kinds, in the order of their statuses. Codes that name a parameter come from Invalid and Missing.
var (
	UnknownParameter    = kind(400, "UnknownParameter", "The call has a parameter that this action does not have. Remove it or correct its name.")
	RepeatedParameter   = kind(400, "RepeatedParameter", "The call has a parameter more than once. Send each parameter once.")
	MalformedPath       = kind(400, "MalformedPath", "The path of the call has an empty part or characters that no action uses. Check that the customer's ID is filled in; Get all customers returns it.")
	MalformedQuery      = kind(400, "MalformedQuery", "The query of the call cannot be read. Encode each value as a URL demands, a percent sign as %25 and a semicolon as %3B.")
	BodyNotAllowed      = kind(400, "BodyNotAllowed", "The call has a body, which no action takes. Send it without one.")
	MultipleCredentials = kind(400, "MultipleCredentials", "The call carries more than one credential. Send one: the API key in X-Api-Key, or the token in Authorization.")

	MutuallyExclusiveFilters = kind(400, "MutuallyExclusiveFilters", "The call has two filters that Partner Center does not combine. Send one of them.")

	PartnerCenterInvalidProperty  = kind(400, "PartnerCenterInvalidProperty", "Partner Center found no data for what was asked, or a property of it invalid. Check the values that the action was given.")
	PartnerCenterInvalidCustomer  = kind(400, "PartnerCenterInvalidCustomer", "Partner Center does not accept this customer's ID. Take it from Get all customers.")
	PartnerCenterUnknownValue     = kind(400, "PartnerCenterUnknownValue", "Partner Center does not know one of the values that it has a list of. Choose a listed value.")
	PartnerCenterWrongEnvironment = kind(400, "PartnerCenterWrongEnvironment", "Partner Center does not offer this in the environment of your account. Ask your administrator whether the service uses a sandbox account.")
	PartnerCenterNotSupported     = kind(400, "PartnerCenterNotSupported", "Partner Center does not support this call for your organization or this customer.")
	PartnerIDNotValid             = kind(400, "PartnerIdNotValid", "Partner Center does not accept this partner ID: it is not valid, not migrated, of another region, or not of an indirect reseller. Check PartnerID.")
	PartnerCenterRejected         = kind(400, "PartnerCenterRejected", "Partner Center did not accept the request. Check the values that the action was given.")

	MissingCredentials         = kind(401, "MissingCredentials", "The call carries no credential. Open the connection and enter the API key that your administrator made.")
	InvalidAPIKey              = kind(401, "InvalidApiKey", "The API key is not known. Open the connection and enter a key that is still valid, or ask your administrator for a new one.")
	InvalidAuthorizationHeader = kind(401, "InvalidAuthorizationHeader", "The Authorization header cannot be read. Send the API key in X-Api-Key instead.")
	InvalidToken               = kind(401, "InvalidToken", "The bearer token is not accepted. If the connection signs in with Entra ID, open the connection and sign in again; if it has an API key, send that in X-Api-Key.")
	TokenExpired               = kind(401, "TokenExpired", "The connection's sign-in has expired. Open the connection and sign in again.")
	TokenNotYetValid           = kind(401, "TokenNotYetValid", "The connection's token is not valid yet. Try again in a minute, and ask your administrator to check the service's clock if it happens again.")
	TokenWrongAudience         = kind(401, "TokenWrongAudience", "The connection's token was issued for another service. Ask your administrator to compare the connector's resource URL with CONNECTOR_AUDIENCE.")
	TokenWrongIssuer           = kind(401, "TokenWrongIssuer", "The connection's token was not issued by the Entra ID that this service trusts. Ask your administrator to compare the connector's login URL with CONNECTOR_CLOUD and CONNECTOR_AUTHORITY_URL.")

	PartnerCenterRefusedToken = kind(401, "PartnerCenterRefusedToken", "Partner Center does not accept your sign-in. Open the connection and sign in again, with an account that has a role in Partner Center.")
	CallerMFARequired         = kind(401, "MultifactorSignInRequired", "Partner Center wants you to have signed in with multifactor authentication. Open the connection and sign in again with it.")

	TenantNotAllowed  = kind(403, "TenantNotAllowed", "Users of your organization may not call this service. Sign in with another account, or ask your administrator to add your tenant's ID to CONNECTOR_ALLOWED_TENANTS.")
	ClientNotAllowed  = kind(403, "ClientNotAllowed", "The app through which the connection signs in may not call this service. Ask your administrator to add its client ID to CONNECTOR_ALLOWED_CLIENTS.")
	InsufficientScope = kind(403, "InsufficientScope", "The connection's token does not permit this service to be called for a signed-in user. Sign in as a user, or ask your administrator to grant the connector's app the permission that CONNECTOR_SCOPE names.")

	InsufficientPrivileges   = kind(403, "InsufficientPrivileges", "The service's app or user lacks the privileges for this call in Partner Center. Ask your administrator to grant them.")
	RoleNotAllowed           = kind(403, "RoleNotAllowed", "The role that the service signs in with may not make this call. Ask your administrator for a user with another Partner Center role.")
	AccessDenied             = kind(403, "AccessDenied", "Partner Center denies access to this. Ask your administrator to check the service's permissions in Partner Center.")
	ConditionalAccessBlocked = kind(403, "ConditionalAccessBlocked", "A Conditional Access policy blocks the service's sign-in. Ask your administrator to look at the sign-in logs in Entra ID.")
	TokenIssuanceFailed      = kind(403, "TokenIssuanceFailed", "Entra ID refused Partner Center a token for this call. Ask your administrator to look at the sign-in logs in Entra ID.")
	TargetSegmentNotAllowed  = kind(403, "TargetSegmentNotAllowed", "Partner Center does not offer this segment of the catalog to your organization.")
	CountryNotOnboarded      = kind(403, "CountryNotOnboarded", "Your organization is not enrolled in the customer's country or region. Enroll there in Partner Center.")
	ResellerProgramNotActive = kind(403, "ResellerProgramNotActive", "Your organization's reseller program is not active. Check its status in Partner Center.")
	ProgramNotActive         = kind(403, "ProgramNotActive", "A program that this call needs is not active for your organization. Check its status in Partner Center.")
	PricingNotGranted        = kind(403, "PricingNotGranted", "Your organization may not see pricing. Ask your administrator for the permission in Partner Center.")
	CustomerNotApproved      = kind(403, "CustomerNotApproved", "Partner Center has not approved this customer yet. Look at the customer's account there.")
	CustomerLocked           = kind(403, "CustomerLocked", "Partner Center has locked this customer. Look at the customer's account there.")

	PartnerCenterForbidden = kind(403, "PartnerCenterForbidden", "Partner Center does not allow this call to the service's app. Ask your administrator to check its permissions in Partner Center.")
	NoCustomerRelationship = kind(403, "NoCustomerRelationship", "Your organization has no reseller relationship with this customer. Check the customer's ID, or ask the customer to accept the relationship.")
	AppOnlyNotSupported    = kind(403, "AppOnlyNotSupported", "Partner Center answers this call only to a signed-in user, and the service calls it as an app. Ask your administrator to set up App+User.")
	TargetViewNotAllowed   = kind(403, "TargetViewNotAllowed", "Partner Center does not offer this catalog view to your organization. Choose another target view.")

	NotFound              = kind(404, "NotFound", "There is no action at this path. Check that the customer's ID is filled in, or import the connector's definition again.")
	CustomerNotFound      = kind(404, "CustomerNotFound", "Partner Center does not know this customer. Take the customer's ID from Get all customers.")
	OrderNotFound         = kind(404, "OrderNotFound", "Partner Center does not know this order. Check the order's ID; a new order can take 15 minutes to appear.")
	SubscriptionNotFound  = kind(404, "SubscriptionNotFound", "Partner Center does not know this subscription. Check its ID.")
	UserNotFound          = kind(404, "UserNotFound", "Partner Center does not know this user. Check the user's ID.")
	ProductNotFound       = kind(404, "ProductNotFound", "Partner Center does not know this product. Check its ID and the customer's market.")
	SKUNotFound           = kind(404, "SkuNotFound", "Partner Center does not know this SKU. Check its ID and the product's.")
	InvoiceNotFound       = kind(404, "InvoiceNotFound", "Partner Center does not know this invoice. Take its ID from Get invoices.")
	PartnerCenterNotFound = kind(404, "PartnerCenterNotFound", "Partner Center did not find what was asked for. Check the IDs that the action was given.")

	MethodNotAllowed   = kind(405, "MethodNotAllowed", "Every action is called with GET.")
	URITooLong         = kind(414, "UriTooLong", "The address of the call is longer than 8 KiB. Shorten its parameters.")
	MisdirectedRequest = kind(421, "MisdirectedRequest", "The call came with another host name than this service's. Use the host of the definition; a proxy on the way must pass the Host header on.")

	RateLimitExceeded      = kind(429, "RateLimitExceeded", "Rate limit is exceeded.")
	PartnerCenterThrottled = kind(429, "PartnerCenterThrottled", "Partner Center is limiting your organization's calls.")

	HeadersTooLarge = kind(431, "HeadersTooLarge", "The call has more than 100 header lines. Send fewer.")

	Internal = kind(500, "InternalError", "The service failed in an unexpected way. Try again, and give your administrator the requestId if it happens again.")

	PartnerCenterWrongAudience = kind(502, "PartnerCenterWrongAudience", "Partner Center does not accept tokens of the kind that the service got. Ask your administrator to check CONNECTOR_CLOUD.")
	MFARequired                = kind(502, "MfaRequired", "Partner Center wants the user that the service signs in with to have used multifactor authentication. Ask your administrator to repeat the consent with it.")

	PartnerCenterUnauthorized    = kind(502, "PartnerCenterUnauthorized", "Partner Center or Entra ID refused the service's own credential. Ask your administrator to run connector check.")
	PartnerCenterError           = kind(502, "PartnerCenterError", "Partner Center failed. Try again in a few minutes.")
	PartnerCenterInvalidResponse = kind(502, "PartnerCenterInvalidResponse", "Partner Center sent an answer that is broken or cut short. Try again in a few minutes.")
	PartnerCenterTooLarge        = kind(502, "PartnerCenterTooLarge", "Partner Center's answer is larger than the service accepts. Ask for fewer results at once.")
	PartnerCenterUnreachable     = kind(502, "PartnerCenterUnreachable", "Partner Center could not be reached. Try again in a few minutes.")
	PartnerCenterRedirect        = kind(502, "PartnerCenterRedirect", "Partner Center pointed to another address, which the service does not follow. Ask your administrator to check CONNECTOR_UPSTREAM_URL.")

	PartnerCenterUnavailable = kind(503, "PartnerCenterUnavailable", "Partner Center is not available at the moment.")
	IdentityUnavailable      = kind(503, "IdentityUnavailable", "Entra ID, which signs the service in, is not available at the moment.")
	LimiterUnavailable       = kind(503, "LimiterUnavailable", "The service cannot count this connection's calls at the moment.")
	Draining                 = kind(503, "Draining", "The service is shutting down.")

	PartnerCenterTimeout = kind(504, "PartnerCenterTimeout", "Partner Center did not answer in time. Try again, or ask for fewer results at once.")
)

var kinds []Kind

func kind(status int, code, message string) Kind {
	k := Kind{Code: code, Status: status, Message: message}
	kinds = append(kinds, k)
	return k
}

// Kinds returns every kind but those that name a parameter, in the order of their statuses.
func Kinds() []Kind { return append([]Kind(nil), kinds...) }
