package entra

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/partner-center/connector/internal/fault"
)

// The remedies that several codes share.
const (
	consentAgain = "Run connector consent and sign in again."
	mfaMissing   = "Run connector consent and sign in with multifactor authentication."
	wrongCloud   = "Check CONNECTOR_CLOUD: the tenant is in another of Microsoft's clouds."
	federation   = "Compare the app's federated credential with the token that is presented, letter for letter: "
)

// remedies say what to do about the AADSTS numbers of
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes and of Entra ID's own messages.
var remedies = map[int]string{
	7000215: "Set CONNECTOR_CLIENT_SECRET to the secret's Value, not to its Secret ID.",
	7000222: "The client secret has expired: make a new one in the app registration and set CONNECTOR_CLIENT_SECRET.",
	7000216: "Set a credential of the app: tokens of the app alone need one.",
	7000218: "Set a credential of the app, or allow public client flows in the app registration.",
	700025:  "Unset the app's credential, or register the redirect URI of the app under Web: it is a public client.",

	700027:  "Upload the certificate to the app registration, or name the one that is there: Entra ID knows none that fits this signature.",
	7000214: "The certificate has been revoked: upload a new one to the app registration and name it.",
	7000277: "The certificate has been revoked: upload a new one to the app registration and name it.",
	1000502: "The certificate is outside its dates: upload a new one to the app registration and name it.",
	50012:   "Upload the certificate to the app registration, or name the one that is there: Entra ID does not accept this signature.",
	700024:  "Set this machine's clock, or see that the federated token is renewed in time: Entra ID finds it outside its dates.",

	70021:   federation + "issuer, subject and audience must be the same.",
	700211:  federation + "the issuer is another.",
	700212:  federation + "the audience is another.",
	7002121: federation + "the audience is another.",
	700213:  federation + "the subject is another.",
	7002131: federation + "the subject is another, or no expression fits it.",

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
	500011:  "Check CONNECTOR_CLOUD and CONNECTOR_TENANT_ID, and add the API permission of Microsoft Partner Center to the app: the tenant does not know Partner Center.",
	650057:  "Add the API permission user_impersonation of Microsoft Partner Center to the app registration, and check CONNECTOR_CLOUD.",

	65001:  "Run connector consent: nobody has consented to the app yet.",
	65004:  "Run connector consent again and accept: the consent was declined.",
	90094:  "Let an administrator of the tenant run connector consent: users may not consent by themselves.",
	50105:  "Assign the user to the app in Entra ID, under Enterprise applications.",
	50011:  "Add the redirect URI http://localhost to the app registration.",
	70000:  consentAgain,
	70008:  consentAgain,
	700082: consentAgain,
	700084: "Register the redirect URI of the app under Web or Mobile and desktop, not under Single-page application, and run connector consent.",
	70043:  "Run connector consent and sign in again; a Conditional Access policy on sign-in frequency will end it again, so exempt the user.",
	50173:  "Run connector consent and sign in again: the password was changed or an administrator ended the user's sessions.",
	50057:  "Enable the user's account, or run connector consent with another.",
	50055:  "Change the user's password, which has expired, and run connector consent.",
	50072:  mfaMissing,
	50074:  mfaMissing,
	50076:  mfaMissing,
	50078:  mfaMissing,
	50079:  mfaMissing,
	53004:  mfaMissing,
	500121: mfaMissing,
	53000:  "Run connector consent on a device that complies with the tenant's Conditional Access policies, or change them for this user.",
	53001:  "Run connector consent on a device that is joined to the domain, or change the Conditional Access policy for this user.",
	53003:  "Find in the sign-in logs of Entra ID which Conditional Access policy blocks this sign-in, and let it through.",
	530032: "Find in the sign-in logs of Entra ID which security policy blocks this sign-in, and let it through.",
}

// subRemedies say what to do about a suberror where no number says it better.
var subRemedies = map[string]string{
	"consent_required":      remedies[65001],
	"basic_action":          consentAgain,
	"additional_action":     consentAgain,
	"bad_token":             consentAgain,
	"token_expired":         consentAgain,
	"user_password_expired": remedies[50055],
}

// Explain is an error of this package in one line with what an administrator can do about it.
func Explain(err error) string {
	remedy := Remedy(err)
	if remedy == "" || errors.As(err, new(*badFile)) { // which says it itself
		return err.Error()
	}
	return err.Error() + ". " + remedy
}

// Remedy says in one line what an administrator can do about an error of this package; empty: nothing is known.
func Remedy(err error) string {
	var r *Refused
	var bad *badFile
	var silent *silence
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &r):
		return r.remedy()
	case errors.As(err, &bad):
		return strings.ToUpper(bad.remedy[:1]) + bad.remedy[1:] + "."
	case errors.As(err, &certificate):
		return "Find out who answers in place of Entra ID: its certificate is not trusted here. A proxy that opens TLS may be on the way."
	case errors.As(err, &silent) && silent.peer == managedIdentity:
		return "Run the service on Azure with a managed identity assigned to it, or set another credential than CONNECTOR_MANAGED_IDENTITY."
	case errors.As(err, &silent):
		return "Check that this machine reaches Entra ID (CONNECTOR_CLOUD, CONNECTOR_AUTHORITY_URL): name resolution and firewall. The service uses no proxy."
	}
	return ""
}

func (r *Refused) remedy() string {
	for _, code := range r.Codes {
		if text, ok := remedies[code]; ok {
			return text
		}
	}
	switch {
	case r.Peer == managedIdentity:
		return "Check that the managed identity of CONNECTOR_MANAGED_IDENTITY is assigned to this machine or app."
	case r.strange():
		return "Check CONNECTOR_AUTHORITY_URL and CONNECTOR_TENANT_ID: what answers there is not Entra ID's token endpoint."
	case r.wantsMFA():
		return mfaMissing
	case subRemedies[r.sub] != "":
		return subRemedies[r.sub]
	case r.Name == "access_denied":
		return "Run connector consent again: the sign-in was broken off or refused."
	case r.Name == "consent_required":
		return remedies[65001]
	case r.Name == "invalid_client":
		return "Check the app's credential against its registration in Entra ID."
	case r.Name == "interaction_required":
		return consentAgain
	case r.kind() == fault.IdentityUnavailable && r.Status != 0:
		return "Wait: Entra ID is not available or wants fewer requests."
	case r.user && r.Name == "invalid_grant" && len(r.Codes) == 0:
		return consentAgain
	case len(r.Codes) > 0:
		return fmt.Sprintf("Look up https://login.microsoftonline.com/error?code=%d.", r.Codes[0])
	}
	return "Look at the sign-in logs of Entra ID."
}

// strange says whether a status is none with which Entra ID's token endpoint refuses anything.
func (r *Refused) strange() bool {
	switch r.Status {
	case 0, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return false
	}
	return r.Status < http.StatusInternalServerError
}
