package auth

import (
	"fmt"

	"github.com/partner-center/connector/internal/fault"
)

// reject returns the fault of an authentic token. Its cause names the claim that is wrong and tells
// an administrator, in the log alone, which audience, client and tenant the token has.
func (o object) reject(code fault.Code, claim string) error {
	client := o.clientClaim()
	return reject(code, fmt.Sprintf("%s; received aud %s, %s %s, tid %s", claim, o.quote("aud"), client,
		o.quote(client), o.quote("tid")))
}

// maxQuoted bounds a claim in the log, in bytes. The longest audience of Entra ID is about half as
// long.
const maxQuoted = 256

// quote returns a member for the log: printable ASCII in quotes, cut if it is long. Values of other
// types, which Entra ID does not issue, are not shown.
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
