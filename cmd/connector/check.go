package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/fault"
	"github.com/partner-center/connector/internal/partnercenter"
)

// checkCommand tries the settings.
type checkCommand struct {
	config.Flags
}

// Run reports what it tries, a line each, and fails where a call would fail.
func (c *checkCommand) Run(con *console) error {
	settings, _, err := loadSettings(c.Flags, con)
	if err != nil {
		return err
	}
	s, err := newService(settings, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer s.close()
	say := func(result, what, text string) { fmt.Fprintf(con.stdout, "%-4s  %-14s  %s\n", result, what, text) }
	say("ok", "settings", "complete")
	say("ok", "spec", "every answer can be projected")
	if s.keys.Len() == 0 {
		say("FAIL", "API keys", "the file has no key, so nobody can call: run connector keys add NAME")
		return errReported
	}
	say("ok", "API keys", fmt.Sprintf("%d in all, for %s", s.keys.Len(), strings.Join(s.keys.Names(), ", ")))

	if err := s.upstream.SignIn(con.ctx); err != nil {
		return failed(say, "Entra ID", err, signInRemedies)
	}
	say("ok", "Entra ID", "gave a token")
	if _, err := s.upstream.Get(con.ctx, partnercenter.Request{Path: "/customers", Query: url.Values{"size": {"1"}}}, nil); err != nil {
		return failed(say, "Partner Center", err, callRemedies)
	}
	say("ok", "Partner Center", "answered a call for one customer")
	return nil
}

// failed reports what went wrong and what an administrator can do about it.
func failed(say func(result, what, text string), what string, err error, remedies map[string]string) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	say("FAIL", what, f.Error())
	remedy, ok := remedies[f.Kind.Code]
	if !ok {
		remedy = f.Text()
	}
	say("", "", remedy)
	return errReported
}

// What an administrator can do, by the fault's code.
var (
	signInRemedies = map[string]string{
		fault.PartnerCenterUnauthorized.Code: "Check CONNECTOR_TENANT_ID, CONNECTOR_CLIENT_ID and the client secret: it must be the secret's value, not its ID, and must not have expired.",
		fault.IdentityUnavailable.Code:       "Check CONNECTOR_AUTHORITY_URL and CONNECTOR_CLOUD. The service does not use HTTPS_PROXY: allow it direct https.",
	}
	callRemedies = map[string]string{
		fault.PartnerCenterUnauthorized.Code: "The token is good for Entra ID but not for Partner Center: add the app in Partner Center, Account settings, App management, and check CONNECTOR_CLOUD.",
		fault.PartnerCenterForbidden.Code:    "Add the app in Partner Center, Account settings, App management. Indirect resellers cannot use its API.",
		fault.PartnerCenterUnreachable.Code:  "Check CONNECTOR_UPSTREAM_URL and CONNECTOR_CLOUD. The service does not use HTTPS_PROXY: allow it direct https.",
		fault.PartnerCenterTimeout.Code:      "Check that this machine reaches Partner Center, or raise CONNECTOR_UPSTREAM_TIMEOUT.",
	}
)
