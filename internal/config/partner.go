package config

import (
	"regexp"
	"slices"
	"strings"
)

// An ID that the examples of mistakes show.
const exampleID = "0f8fad5b-d9cb-469f-a165-70867728950e"

// partner reads what signs the service in to Partner Center: nothing of its own where callers bring their own tokens
// and nothing else.
func (l *loader) partner(f PartnerFlags, signIn []string) Partner {
	cloud := l.cloud(f.Cloud)
	p := Partner{
		Cloud:                     cloud,
		AuthorityURL:              l.baseURL("CONNECTOR_AUTHORITY_URL", f.AuthorityURL, cloud.Authority, false),
		TenantID:                  l.guid("CONNECTOR_TENANT_ID", f.TenantID, "the tenant ID of the partner, a GUID"),
		ClientSecret:              l.secret("CONNECTOR_CLIENT_SECRET", f.ClientSecretFile),
		ClientSecretFile:          f.ClientSecretFile,
		ClientCertificateFile:     l.file("CONNECTOR_CLIENT_CERTIFICATE_FILE", f.ClientCertificateFile),
		ClientCertificatePassword: l.secret("CONNECTOR_CLIENT_CERTIFICATE_PASSWORD", f.ClientCertificatePasswordFile),
		FederatedTokenFile:        l.file("CONNECTOR_FEDERATED_TOKEN_FILE", f.FederatedTokenFile),
		ManagedIdentity:           f.ManagedIdentity,
		RefreshTokenFile:          f.RefreshTokenFile,
	}
	if p.ManagedIdentity != "" && p.ManagedIdentity != "system" {
		p.ManagedIdentity = l.guid("CONNECTOR_MANAGED_IDENTITY", f.ManagedIdentity, "system, or the client ID of a managed identity")
	}
	if p.ClientCertificatePassword != "" && p.ClientCertificateFile == "" {
		l.refuse("CONNECTOR_CLIENT_CERTIFICATE_PASSWORD", "unset without CONNECTOR_CLIENT_CERTIFICATE_FILE", "")
	}
	l.oneCredential(f, p, signIn)
	if slices.Equal(signIn, []string{Caller}) && f.ClientID == "" {
		return p
	}
	p.ClientID = l.guid("CONNECTOR_CLIENT_ID", f.ClientID, "the client ID of the app registered in Partner Center, a GUID")
	if p.ManagedIdentity != "" && p.ManagedIdentity == p.ClientID {
		l.refuse("CONNECTOR_MANAGED_IDENTITY", "the client ID of the managed identity, not that of the app", "")
	}
	return p
}

// oneCredential refuses more than one credential of the app, and none where one is needed.
func (l *loader) oneCredential(f PartnerFlags, p Partner, signIn []string) {
	first := ""
	for _, c := range []struct {
		setting string
		set     bool
	}{
		{"CONNECTOR_CLIENT_SECRET_FILE", f.ClientSecretFile != ""},
		{"CONNECTOR_CLIENT_SECRET", p.ClientSecret != "" && f.ClientSecretFile == ""},
		{"CONNECTOR_CLIENT_CERTIFICATE_FILE", f.ClientCertificateFile != ""},
		{"CONNECTOR_FEDERATED_TOKEN_FILE", f.FederatedTokenFile != ""},
		{"CONNECTOR_MANAGED_IDENTITY", f.ManagedIdentity != ""},
	} {
		switch {
		case !c.set:
		case first == "":
			first = c.setting
		default:
			l.refuse(c.setting, "a second credential of the app beside "+first+"; keep one of them and unset the other", "")
		}
	}
	if first == "" && f.RefreshTokenFile == "" && !slices.Equal(signIn, []string{Caller}) {
		l.refuse("CONNECTOR_CLIENT_SECRET", "not set, nor is another credential: set this or its _FILE, CONNECTOR_CLIENT_CERTIFICATE_FILE, CONNECTOR_FEDERATED_TOKEN_FILE, CONNECTOR_MANAGED_IDENTITY or CONNECTOR_REFRESH_TOKEN_FILE", "")
	}
}

// refreshTokenFile checks that consent has been given.
func (l *loader) refreshTokenFile(path string) string {
	before := len(l.mistakes)
	l.file("CONNECTOR_REFRESH_TOKEN_FILE", path)
	if len(l.mistakes) > before {
		l.mistakes = l.mistakes[:before]
		l.refuse("CONNECTOR_REFRESH_TOKEN_FILE", "cannot read "+path+"; connector consent makes it", "")
	}
	return path
}

var guidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// guid returns a GUID in lower case.
func (l *loader) guid(setting, value, wants string) string {
	switch {
	case value == "":
		l.refuse(setting, "not set: "+wants, exampleID)
	case !guidForm.MatchString(value):
		l.refuse(setting, value+" is none: "+wants, exampleID)
	}
	return strings.ToLower(value)
}

// guids returns the GUIDs of a list in lower case.
func (l *loader) guids(setting, list string) []string {
	values := split(list)
	for i, value := range values {
		if !guidForm.MatchString(value) {
			l.refuse(setting, "GUIDs separated by commas", exampleID)
			return nil
		}
		values[i] = strings.ToLower(value)
	}
	return values
}

// split returns the members of a list, without the space around them.
func split(list string) []string {
	if strings.TrimSpace(list) == "" {
		return nil
	}
	var members []string
	for member := range strings.SplitSeq(list, ",") {
		members = append(members, strings.TrimSpace(member))
	}
	return members
}
