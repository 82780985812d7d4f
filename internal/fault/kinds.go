package fault

// The kinds, in the order of their statuses. Codes that name a parameter come from Invalid and Missing.
var (
	UnknownParameter    = kind(400, "UnknownParameter", "The call has a parameter that this action does not have. Remove it or correct its name.")
	RepeatedParameter   = kind(400, "RepeatedParameter", "The call has a parameter more than once. Send each parameter once.")
	MalformedPath       = kind(400, "MalformedPath", "The path of the call has an empty part or characters that no action uses. Check that the customer's ID is filled in; Get all customers returns it.")
	MalformedQuery      = kind(400, "MalformedQuery", "The query of the call cannot be read. Encode each value as a URL demands, a percent sign as %25 and a semicolon as %3B.")
	BodyNotAllowed      = kind(400, "BodyNotAllowed", "The call has a body, which no action takes. Send it without one.")
	MultipleCredentials = kind(400, "MultipleCredentials", "The call carries more than one credential. Send one: the API key in X-Api-Key.")

	PartnerCenterRejected = kind(400, "PartnerCenterRejected", "Partner Center did not accept the request. Check the values that the action was given.")

	MissingCredentials         = kind(401, "MissingCredentials", "The call carries no credential. Open the connection and enter the API key that your administrator made.")
	InvalidAPIKey              = kind(401, "InvalidApiKey", "The API key is not known. Open the connection and enter a key that is still valid, or ask your administrator for a new one.")
	InvalidAuthorizationHeader = kind(401, "InvalidAuthorizationHeader", "The Authorization header cannot be read. Send the API key in X-Api-Key instead.")
	InvalidToken               = kind(401, "InvalidToken", "The bearer token is not accepted. This service takes API keys: send one in X-Api-Key.")

	PartnerCenterForbidden = kind(403, "PartnerCenterForbidden", "Partner Center does not allow this call to the service's app. Ask your administrator to check its permissions in Partner Center.")
	NoCustomerRelationship = kind(403, "NoCustomerRelationship", "Your organization has no reseller relationship with this customer. Check the customer's ID, or ask the customer to accept the relationship.")
	AppOnlyNotSupported    = kind(403, "AppOnlyNotSupported", "Partner Center answers this call only to a signed-in user, and the service calls it as an app. Ask your administrator to set up App+User.")
	TargetViewNotAllowed   = kind(403, "TargetViewNotAllowed", "Partner Center does not offer this catalog view to your organization. Choose another target view.")

	NotFound              = kind(404, "NotFound", "There is no action at this path. Check that the customer's ID is filled in, or import the connector's definition again.")
	CustomerNotFound      = kind(404, "CustomerNotFound", "Partner Center does not know this customer. Take the customer's ID from Get all customers.")
	PartnerCenterNotFound = kind(404, "PartnerCenterNotFound", "Partner Center did not find what was asked for. Check the IDs that the action was given.")

	MethodNotAllowed   = kind(405, "MethodNotAllowed", "Every action is called with GET.")
	URITooLong         = kind(414, "UriTooLong", "The address of the call is longer than 8 KiB. Shorten its parameters.")
	MisdirectedRequest = kind(421, "MisdirectedRequest", "The call came with another host name than this service's. Use the host of the definition; a proxy on the way must pass the Host header on.")

	RateLimitExceeded      = kind(429, "RateLimitExceeded", "Rate limit is exceeded.")
	PartnerCenterThrottled = kind(429, "PartnerCenterThrottled", "Partner Center is limiting your organization's calls.")

	HeadersTooLarge = kind(431, "HeadersTooLarge", "The call has more than 100 header lines. Send fewer.")

	Internal = kind(500, "InternalError", "The service failed in an unexpected way. Try again, and give your administrator the requestId if it happens again.")

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
