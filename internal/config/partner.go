package config

import (
	"regexp"
	"strings"

	"github.com/partner-center/connector/internal/secretfile"
)

// exampleID is the GUID in the examples of mistakes.
const exampleID = "0f8fad5b-d9cb-469f-a165-70867728950e"

// partner parses the credentials with which the service signs in to Partner Center. If all callers
// bring their own tokens, the service needs neither an app nor a credential.
func (l *loader) partner(f PartnerFlags, signIn []string) Partner {
	cloud := l.cloud(f.Cloud)
	p := Partner{
		Cloud:                 cloud,
		AuthorityURL:          l.authorityURL(f.AuthorityURL, cloud),
		TenantID:              l.guid("CONNECTOR_TENANT_ID", f.TenantID, "the tenant ID of the partner, a GUID"),
		ClientSecret:          l.secret("CONNECTOR_CLIENT_SECRET", f.ClientSecretFile, secretfile.CheckToken),
		ClientSecretFile:      f.ClientSecretFile,
		ClientCertificateFile: l.file("CONNECTOR_CLIENT_CERTIFICATE_FILE", f.ClientCertificateFile),
		ClientCertificatePassword: l.secret("CONNECTOR_CLIENT_CERTIFICATE_PASSWORD",
			f.ClientCertificatePasswordFile, secretfile.CheckText),
		ClientCertificatePasswordFile: f.ClientCertificatePasswordFile,
		FederatedTokenFile:            l.file("CONNECTOR_FEDERATED_TOKEN_FILE", f.FederatedTokenFile),
		ManagedIdentity:               f.ManagedIdentity,
		RefreshTokenFile:              f.RefreshTokenFile,
	}
	if p.ManagedIdentity != "" && p.ManagedIdentity != "system" {
		p.ManagedIdentity = l.guid("CONNECTOR_MANAGED_IDENTITY", f.ManagedIdentity,
			"system, or the client ID of a managed identity")
	}
	if p.ClientCertificatePassword != "" && p.ClientCertificateFile == "" {
		l.report("CONNECTOR_CLIENT_CERTIFICATE_PASSWORD", "unset without CONNECTOR_CLIENT_CERTIFICATE_FILE", "")
	}
	l.checkCredentials(f, p, signIn)
	if onlyCallers(signIn) && f.ClientID == "" {
		return p
	}
	p.ClientID = l.guid("CONNECTOR_CLIENT_ID", f.ClientID,
		"the client ID of the app registered in Partner Center, a GUID")
	if p.ManagedIdentity != "" && p.ManagedIdentity == p.ClientID {
		l.report("CONNECTOR_MANAGED_IDENTITY", "the client ID of the managed identity, not that of the app", "")
	}
	return p
}

// checkCredentials reports every credential of the app except the first, and a missing credential
// if one is needed. A refresh token suffices: a public client has no credential of its own.
func (l *loader) checkCredentials(f PartnerFlags, p Partner, signIn []string) {
	first := ""
	for _, c := range []struct {
		setting string
		isSet   bool
	}{
		{"CONNECTOR_CLIENT_SECRET_FILE", f.ClientSecretFile != ""},
		{"CONNECTOR_CLIENT_SECRET", p.ClientSecret != "" && f.ClientSecretFile == ""},
		{"CONNECTOR_CLIENT_CERTIFICATE_FILE", f.ClientCertificateFile != ""},
		{"CONNECTOR_FEDERATED_TOKEN_FILE", f.FederatedTokenFile != ""},
		{"CONNECTOR_MANAGED_IDENTITY", f.ManagedIdentity != ""},
	} {
		switch {
		case !c.isSet:
		case first == "":
			first = c.setting
		default:
			l.report(c.setting, "a second credential of the app besides "+first+"; keep one and unset the other", "")
		}
	}
	if first == "" && f.RefreshTokenFile == "" && !onlyCallers(signIn) {
		l.report("CONNECTOR_CLIENT_SECRET", "not set, and no other credential is: set this or its _FILE, "+
			"CONNECTOR_CLIENT_CERTIFICATE_FILE, CONNECTOR_FEDERATED_TOKEN_FILE, CONNECTOR_MANAGED_IDENTITY "+
			"or CONNECTOR_REFRESH_TOKEN_FILE", "")
	}
}

// refreshTokenFile checks that the file of the refresh token can be read. If it cannot, the mistake
// names the command that creates it.
func (l *loader) refreshTokenFile(path string) string {
	before := len(l.mistakes)
	l.file("CONNECTOR_REFRESH_TOKEN_FILE", path)
	if len(l.mistakes) > before {
		l.mistakes = l.mistakes[:before]
		l.report("CONNECTOR_REFRESH_TOKEN_FILE", "cannot read "+path+"; connector consent creates it", "")
	}
	return path
}

// guidForm matches a GUID in canonical form, in either case.
var guidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// guid validates a GUID and returns it in lower case. wants describes it in mistakes.
func (l *loader) guid(setting, value, wants string) string {
	switch {
	case value == "":
		l.report(setting, "not set: "+wants, exampleID)
	case !guidForm.MatchString(value):
		l.report(setting, value+" is not a GUID; set "+wants, exampleID)
	}
	return strings.ToLower(value)
}

// guids validates a comma-separated list of GUIDs and returns them in lower case, or nil if the
// list is empty.
func (l *loader) guids(setting, list string) []string {
	values := split(list)
	for i, value := range values {
		if !guidForm.MatchString(value) {
			l.report(setting, "GUIDs separated by commas", exampleID)
			return nil
		}
		values[i] = strings.ToLower(value)
	}
	return values
}

// split returns the members of a comma-separated list, without surrounding spaces. A blank list has
// no members.
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
