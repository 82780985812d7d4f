package diagnose

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/entra"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/secretfile"
)

// refusal is a refusal by Entra ID.
func refusal(status int, name string, codes ...int) *entra.RefusedError {
	return &entra.RefusedError{Peer: entra.EntraID, Status: status, Name: name, Codes: codes}
}

// TestRemedies holds every remedy to a form that reads well in one line.
func TestRemedies(t *testing.T) {
	for code, text := range remedies {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			if !strings.HasSuffix(text, ".") || strings.Contains(text, "\n") || text[:1] != strings.ToUpper(text[:1]) {
				t.Errorf("the remedy is %q", text)
			}
			err := fmt.Errorf("more: %w", &fault.Error{Cause: refusal(400, "invalid_grant", 1, code)})
			want := strings.ReplaceAll(text, secretPlace, "CONNECTOR_CLIENT_SECRET")
			if got := (Variables{}).Remedy(err); got != want {
				t.Errorf("Remedy = %q, want %q", got, want)
			}
		})
	}
	for _, code := range []int{
		50072, 50074, 50076, 50078, 50079, 53004, 500121,
		7000215, 7000222, 700027, 7000214, 700016, 90002, 900382, 500011, 650057, 65001, 700082, 70008, 50173, 53003,
		70021, 700211, 700212, 700213, 7002131, 700024, 7000112, 70043,
	} {
		if remedies[code] == "" {
			t.Errorf("there is no remedy for AADSTS%d", code)
		}
	}
}

func TestRemedy(t *testing.T) {
	user := func(e *entra.RefusedError) *entra.RefusedError { e.GrantType = "refresh_token"; return e }
	sub := func(suberror string, codes ...int) error {
		e := refusal(400, "invalid_grant", codes...)
		e.Suberror = suberror
		return e
	}
	identity := refusal(400, "invalid_request")
	identity.Peer = entra.ManagedIdentity
	signIn := &entra.RefusedError{Peer: entra.SignInPage, Name: "access_denied"}
	app := refusal(400, "invalid_grant")
	app.GrantType = "client_credentials"
	for name, c := range map[string]struct {
		err  error
		want string // empty: none
	}{
		"no remedy for a stranger": {errors.New("something"), ""},
		"no second remedy for a file": {
			&secretfile.Error{Setting: "S", Path: "p", Err: errors.New("e"), Remedy: "do it"}, "",
		},
		"a link for an unknown number": {
			refusal(400, "invalid_request", 12345), "https://login.microsoftonline.com/error?code=12345",
		},
		"the credential for invalid_client":     {refusal(400, "invalid_client"), "credential"},
		"consent for interaction_required":      {refusal(400, "interaction_required"), "connector consent"},
		"the logs for a refusal without a name": {refusal(400, ""), "sign-in logs"},
		"patience for 429":                      {refusal(429, ""), "Wait"},
		"patience for 500":                      {refusal(500, ""), "Wait"},
		"patience for temporarily_unavailable":  {refusal(400, "temporarily_unavailable"), "Wait"},
		"the authority for a redirect": {
			refusal(302, ""),
			"Check CONNECTOR_AUTHORITY_URL and CONNECTOR_TENANT_ID: what answers there is not Entra ID's token " +
				"endpoint.",
		},
		"the authority for 404": {
			refusal(404, "invalid_request"), "Check CONNECTOR_AUTHORITY_URL and CONNECTOR_TENANT_ID",
		},
		"the logs for an app's invalid_grant": {app, "sign-in logs"},
		"consent for a user's invalid_grant": {
			user(refusal(400, "invalid_grant")), "Run connector consent and sign in again.",
		},
		"a link for a user's unknown number":         {user(refusal(400, "invalid_grant", 12345)), "code=12345"},
		"consent for the suberror consent_required":  {sub("consent_required"), remedies[65001]},
		"the suberror before an unknown number":      {sub("consent_required", 12345), remedies[65001]},
		"a known number before the suberror":         {sub("basic_action", 53003), remedies[53003]},
		"consent for the suberror basic_action":      {sub("basic_action"), consentAgain},
		"multifactor sign-in for the suberror":       {sub("mfa_required"), mfaMissing},
		"the identity for a refusal by its endpoint": {identity, "CONNECTOR_MANAGED_IDENTITY"},
		"another sign-in for one that was canceled":  {signIn, "canceled"},
		"the identity for an endpoint that is away": {
			&entra.NoAnswerError{Peer: entra.ManagedIdentity, Err: errors.New("away")}, "CONNECTOR_MANAGED_IDENTITY",
		},
		"name resolution for an Entra ID that is away": {
			&entra.NoAnswerError{Peer: entra.EntraID, Err: errors.New("away")}, "CONNECTOR_AUTHORITY_URL",
		},
		"the certificate for one that is not accepted": {
			&entra.NoAnswerError{Peer: entra.EntraID, Err: unknownIssuer("Fabrikam")},
			"This machine does not know the issuer",
		},
		"the same for an error that is wrapped further": {
			&fault.Error{Cause: &entra.NoAnswerError{Peer: entra.EntraID, Err: unknownIssuer("Fabrikam")}},
			"This machine does not know the issuer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Variables{}).Remedy(c.err); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
				t.Errorf("Remedy = %q, want %q", got, c.want)
			}
		})
	}
}

func TestRemedyNamesTheVariableThatWasSet(t *testing.T) {
	for _, code := range []int{7000215, 7000222} {
		for variable, want := range map[string]string{
			"CONNECTOR_CLIENT_SECRET":      "into CONNECTOR_CLIENT_SECRET.",
			"CONNECTOR_CLIENT_SECRET_FILE": "into the file that CONNECTOR_CLIENT_SECRET_FILE names.",
		} {
			t.Run(fmt.Sprint(variable, " for ", code), func(t *testing.T) {
				v := Variables{ClientSecret: variable}
				if got := v.Explain(refusal(401, "invalid_client", code)); !strings.HasSuffix(got, want) ||
					strings.Contains(got, "{") {
					t.Errorf("Explain = %q, want %q at its end", got, want)
				}
			})
		}
	}
}

func TestCallRemedy(t *testing.T) {
	unreachable := fault.PartnerCenterUnreachable
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"the app's registration for a refused token": {&fault.Error{Code: fault.PartnerCenterUnauthorized},
			"App management"},
		"the same for any 403": {&fault.Error{Code: fault.TargetViewNotAllowed}, "App management"},
		"direct https for an unreachable one": {
			&fault.Error{Code: unreachable, Cause: errors.New("refused")}, "HTTPS_PROXY",
		},
		"the certificate where that is the cause": {
			&fault.Error{Code: unreachable, Cause: unknownIssuer("Fabrikam")}, `CN "Fabrikam"`,
		},
		"the remedy for a token": {
			&fault.Error{Code: fault.PartnerCenterUnauthorized, Cause: refusal(401, "invalid_client", 7000222)},
			"has expired",
		},
		"the caller's text for any other": {
			&fault.Error{Code: fault.PartnerCenterThrottled}, (&fault.Error{Code: fault.PartnerCenterThrottled}).Text(),
		},
		"nothing for a stranger": {errors.New("something"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Variables{}).CallRemedy(c.err); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
				t.Errorf("CallRemedy = %q, want %q", got, c.want)
			}
		})
	}
}

// unknownIssuer is the error of a certificate whose issuer is not known.
func unknownIssuer(name string) error {
	leaf := &x509.Certificate{Issuer: pkix.Name{CommonName: name}}
	return &tls.CertificateVerificationError{
		UnverifiedCertificates: []*x509.Certificate{leaf},
		Err:                    x509.UnknownAuthorityError{Cert: leaf},
	}
}

func TestTrustRemedy(t *testing.T) {
	invalid := func(reason x509.InvalidReason) error {
		return &tls.CertificateVerificationError{
			Err: x509.CertificateInvalidError{Cert: new(x509.Certificate), Reason: reason},
		}
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a proxy that inspects TLS": {
			unknownIssuer("Fabrikam Inspection"), `CN "Fabrikam Inspection". A proxy that inspects TLS`,
		},
		"an issuer that tries to forge a line": {
			unknownIssuer("x\nok  settings  " + strings.Repeat("y", 100)),
			`CN "x\nok  settings  ` + strings.Repeat("y", 48) + `". A proxy`,
		},
		"a certificate for other names": {
			&tls.CertificateVerificationError{Err: x509.HostnameError{Certificate: new(x509.Certificate)}},
			"for other names",
		},
		"a certificate that has ended": {invalid(x509.Expired), "outside its dates"},
		"a certificate that is wrong":  {invalid(x509.IncompatibleUsage), "not acceptable"},
		"an error of another kind":     {errors.New("refused"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := trustRemedy(c.err, "Entra ID")
			if !strings.Contains(got, c.want) || (c.want == "") != (got == "") || strings.Contains(got, "\n") {
				t.Errorf("the remedy is %q, want %q", got, c.want)
			}
		})
	}
}
