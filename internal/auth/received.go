package auth

import (
	"fmt"

	"github.com/partner-center/connector/internal/fault"
)

// reject returns the fault for an authentic token. Its cause, which only the log shows, names the
// offending claim and the token's audience, client and tenant, so that an administrator can compare
// them with the settings.
func (o object) reject(code fault.Code, claim string) error {
	client := o.clientClaim()
	return reject(code, fmt.Sprintf("%s; received aud %s, %s %s, tid %s", claim, o.quote("aud"), client,
		o.quote(client), o.quote("tid")))
}

// maxQuoted bounds a claim in the log, in bytes. The longest audience that Entra ID issues has
// about half as many.
const maxQuoted = 256

// quote returns a member for the log: printable ASCII in quotes, truncated to maxQuoted. A value
// that is not a string, which Entra ID does not issue, is not shown.
func (o object) quote(name string) string {
	if !o.has(name) {
		return "none"
	}
	text, ok := o.text(name)
	if !ok {
		return "not a string"
	}
	if len(text) > maxQuoted {
		return fmt.Sprintf("%+q and %d bytes more", text[:maxQuoted], len(text)-maxQuoted)
	}
	return fmt.Sprintf("%+q", text)
}
