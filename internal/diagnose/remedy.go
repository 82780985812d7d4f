package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/secretfile"
)

// Variables holds the names of the environment variables that values come from. A value can come
// from either of two variables, and remedies should name the right one.
type Variables struct {
	ClientSecret string // CONNECTOR_CLIENT_SECRET or CONNECTOR_CLIENT_SECRET_FILE
	RedisURL     string // CONNECTOR_REDIS_URL or CONNECTOR_REDIS_URL_FILE
}

// clientSecret describes where the client secret is stored.
func (v Variables) clientSecret() string {
	return place(cmp.Or(v.ClientSecret, "CONNECTOR_CLIENT_SECRET"))
}

// redisURL describes where the URL of Redis is stored.
func (v Variables) redisURL() string { return place(cmp.Or(v.RedisURL, "CONNECTOR_REDIS_URL")) }

// place describes where a value is stored: in the variable, or in the file that the variable names.
func place(variable string) string {
	if strings.HasSuffix(variable, "_FILE") {
		return "the file that " + variable + " names"
	}
	return variable
}

// Remedies that several codes share.
const (
	consentAgain = "Run connector consent and sign in again."
	mfaMissing   = "Run connector consent and sign in with multifactor authentication."
	wrongCloud   = "Check CONNECTOR_CLOUD: the tenant is in another of Microsoft's clouds."
	reachEntraID = "Check that this machine reaches Entra ID (CONNECTOR_CLOUD, CONNECTOR_AUTHORITY_URL): name " +
		"resolution and firewall. The service uses no proxy."
	federation = "Compare the app's federated credential with the token that is presented, letter for letter: "
)

// secretPlace is replaced in remedies by the place of the client secret.
const secretPlace = "{client secret}"

// remedies maps AADSTS numbers to what to do about them. Sources are
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes and Entra ID's own
// messages.
var remedies = map[int]string{
	7000215: "Put the secret's Value, not its Secret ID, into " + secretPlace + ".",
	7000222: "The client secret has expired: make a new one in the app registration and put its " +
		"Value into " + secretPlace + ".",
	7000216: "Set a credential of the app: tokens of the app alone need one.",
	7000218: "Set a credential of the app, or allow public client flows in the app registration.",
	700025:  "Unset the app's credential, or register the redirect URI of the app under Web: it is a public client.",

	700027: "Upload the certificate to the app registration, or name the one that is there: Entra ID knows none " +
		"that fits this signature.",
	7000214: "The certificate has been revoked: upload a new one to the app registration and name it.",
	7000277: "The certificate has been revoked: upload a new one to the app registration and name it.",
	1000502: "The certificate is outside its dates: upload a new one to the app registration and name it.",
	50012: "Upload the certificate to the app registration, or name the one that is there: Entra ID does not " +
		"accept this signature.",
	700024: "Set this machine's clock, or make sure that the federated token is renewed in time: Entra ID finds " +
		"it outside its dates.",

	70021:   federation + "issuer, subject and audience must be the same.",
	700211:  federation + "the issuer is another.",
	700212:  federation + "the audience is another.",
	7002121: federation + "the audience is another.",
	700213:  federation + "the subject is another.",
	7002131: federation + "the subject is another, or no expression matches it.",

	700016:  "Check CONNECTOR_CLIENT_ID and CONNECTOR_TENANT_ID: the tenant does not know the app.",
	7000229: "Let an administrator consent to the app in the partner's tenant: it has no service principal there.",
	7000112: "Enable the app in Entra ID, under Enterprise applications.",
	70001:   "Enable the app in Entra ID, under Enterprise applications.",
	90002:   "Check CONNECTOR_TENANT_ID and CONNECTOR_CLOUD: this cloud knows no such tenant.",
	900382:  wrongCloud,
	900432:  wrongCloud,
	900439:  wrongCloud,
	900440:  wrongCloud,
	90038:   wrongCloud,
	90044:   wrongCloud,
	500011: "Check CONNECTOR_CLOUD and CONNECTOR_TENANT_ID, and add the API permission of Microsoft Partner " +
		"Center to the app: the tenant does not know Partner Center.",
	650057: "Add the API permission user_impersonation of Microsoft Partner Center to the app registration, and " +
		"check CONNECTOR_CLOUD.",

	65001:  "Run connector consent: no user has consented to the app yet.",
	65004:  "Run connector consent again and accept: the consent was declined.",
	90094:  "Let an administrator of the tenant run connector consent: users may not consent by themselves.",
	50105:  "Assign the user to the app in Entra ID, under Enterprise applications.",
	50011:  "Add the redirect URI http://localhost to the app registration.",
	70000:  consentAgain,
	70008:  consentAgain,
	700082: consentAgain,
	700084: "Register the redirect URI of the app under Web or Mobile and desktop, not under Single-page " +
		"application, and run connector consent.",
	70043: "Run connector consent and sign in again; a Conditional Access policy on sign-in frequency will end it " +
		"again, so exempt the user.",
	50173: "Run connector consent and sign in again: the password was changed or an administrator ended the " +
		"user's sessions.",
	50057:  "Enable the user's account, or run connector consent with another.",
	50055:  "Change the user's password, which has expired, and run connector consent.",
	50072:  mfaMissing,
	50074:  mfaMissing,
	50076:  mfaMissing,
	50078:  mfaMissing,
	50079:  mfaMissing,
	53004:  mfaMissing,
	500121: mfaMissing,
	53000: "Run connector consent on a device that complies with the tenant's Conditional Access policies, or " +
		"change them for this user.",
	53001: "Run connector consent on a device that is joined to the domain, or change the Conditional Access " +
		"policy for this user.",
	53003: "Find in the sign-in logs of Entra ID which Conditional Access policy blocks this sign-in, and allow " +
		"it there.",
	530032: "Find in the sign-in logs of Entra ID which security policy blocks this sign-in, and allow it there.",
}

// suberrorRemedies applies to a suberror if remedies has none of the error's numbers.
var suberrorRemedies = map[string]string{
	"consent_required":      remedies[65001],
	"basic_action":          consentAgain,
	"additional_action":     consentAgain,
	"bad_token":             consentAgain,
	"token_expired":         consentAgain,
	"user_password_expired": remedies[50055],
}

// nameRemedies applies to an OAuth error if neither its numbers nor its suberror have a remedy.
var nameRemedies = map[string]string{
	"access_denied":        "Run connector consent again: the sign-in was canceled or refused.",
	"consent_required":     remedies[65001],
	"invalid_client":       "Check the app's credential against its registration in Entra ID.",
	"interaction_required": consentAgain,
}

// Explain returns an error of a token request and its remedy in one line.
func (v Variables) Explain(err error) string {
	return Finding{Text: err.Error(), Remedy: v.Remedy(err)}.String()
}

// Remedy returns what an administrator can do about an error of a token request. It returns an
// empty text if there is no known remedy, and for a *secretfile.Error, whose text contains its own.
func (v Variables) Remedy(err error) string {
	var refused *entra.RefusedError
	var silent *entra.NoAnswerError
	var f *fault.Error
	switch {
	case errors.As(err, new(*secretfile.Error)):
		return ""
	case errors.As(err, &refused):
		return strings.ReplaceAll(refusalRemedy(refused), secretPlace, v.clientSecret())
	case errors.As(err, &silent):
	case errors.As(err, &f) && (f.Code == fault.IdentityUnavailable):
		return reachEntraID // no token within the deadline
	default:
		return ""
	}
	if silent.Peer == entra.ManagedIdentity {
		return "Run the service on Azure with a managed identity assigned to it, or set another credential than " +
			"CONNECTOR_MANAGED_IDENTITY."
	}
	return cmp.Or(trustRemedy(err, silent.Peer), reachEntraID)
}

// refusalRemedy returns the most specific remedy for a refusal. It is never empty.
func refusalRemedy(r *entra.RefusedError) string {
	for _, code := range r.Codes {
		if text, ok := remedies[code]; ok {
			return text
		}
	}
	switch {
	case r.Peer == entra.ManagedIdentity:
		return "Check that the managed identity of CONNECTOR_MANAGED_IDENTITY is assigned to this machine or app."
	case unlikeEntraID(r.Status):
		return "Check CONNECTOR_AUTHORITY_URL and CONNECTOR_TENANT_ID: what answers there is not Entra ID's token " +
			"endpoint."
	case r.WantsMFA():
		return mfaMissing
	case suberrorRemedies[r.Suberror] != "":
		return suberrorRemedies[r.Suberror]
	case nameRemedies[r.Name] != "":
		return nameRemedies[r.Name]
	case (r.Code() == fault.IdentityUnavailable) && (r.Status != 0):
		return "Wait: Entra ID is not available or wants fewer requests."
	case len(r.Codes) > 0:
		return fmt.Sprintf("Look up https://login.microsoftonline.com/error?code=%d.", r.Codes[0])
	case (r.Name == "invalid_grant") && isUserGrant(r.GrantType):
		return consentAgain
	}
	return "Look at the sign-in logs of Entra ID."
}

// isUserGrant reports whether a grant is on behalf of a user rather than of the app alone.
func isUserGrant(grantType string) bool {
	return (grantType != "") && (grantType != "client_credentials")
}

// unlikeEntraID reports whether Entra ID's token endpoint never uses a status for refusals, so that
// something else must have answered.
func unlikeEntraID(status int) bool {
	switch status {
	case 0, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return false
	}
	return status < http.StatusInternalServerError
}

// CallRemedy returns what an administrator can do about a failed call of Partner Center. It returns
// an empty text if there is no known remedy.
func (v Variables) CallRemedy(err error) string {
	if text := cmp.Or(trustRemedy(err, "Partner Center"), v.Remedy(err)); text != "" {
		return text
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		return ""
	}
	if text, ok := callRemedies[f.Code]; ok {
		return text
	}
	if f.Code.Status() == http.StatusForbidden {
		return callRemedies[fault.PartnerCenterForbidden]
	}
	return f.Text()
}

// callRemedies maps the faults of calls to what an administrator can do about them. The texts of
// the faults themselves are for makers of flows.
var callRemedies = map[fault.Code]string{
	fault.PartnerCenterUnauthorized: "Entra ID accepts the app, but Partner Center does not: add the app in " +
		"Partner Center, Account settings, App management, and check CONNECTOR_CLOUD.",
	fault.PartnerCenterWrongAudience: "The token is for another audience than Partner Center's: check " +
		"CONNECTOR_CLOUD and CONNECTOR_UPSTREAM_URL.",
	fault.PartnerCenterForbidden: "Add the app in Partner Center, Account settings, App management, and give the " +
		"user a role there. Partner Center gives API access to direct-bill partners and indirect providers, not to " +
		"indirect resellers.",
	fault.MfaRequired: "The user signed in without multifactor authentication. " + mfaMissing,
	fault.PartnerCenterUnreachable: "Check CONNECTOR_UPSTREAM_URL and CONNECTOR_CLOUD. The service does not use " +
		"HTTPS_PROXY: allow it direct https.",
	fault.PartnerCenterRedirect: "Check CONNECTOR_UPSTREAM_URL: what answers there is not Partner Center.",
	fault.PartnerCenterTimeout:  "Check that this machine reaches Partner Center, or raise CONNECTOR_UPSTREAM_TIMEOUT.",
}
