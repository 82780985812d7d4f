package config

// checkSandbox reports every setting that would connect the sandbox with a real partner. Anyone who
// can reach the sandbox can call it, so it must not have access to a real credential.
func (l *loader) checkSandbox(f Flags) {
	for _, s := range []struct{ setting, value string }{
		{"CONNECTOR_UPSTREAM_URL", f.UpstreamURL},
		{"CONNECTOR_AUTHORITY_URL", f.AuthorityURL},
		{"CONNECTOR_TENANT_ID", f.TenantID},
		{"CONNECTOR_CLIENT_ID", f.ClientID},
		{"CONNECTOR_CLIENT_SECRET", l.getenv("CONNECTOR_CLIENT_SECRET")},
		{"CONNECTOR_CLIENT_SECRET_FILE", f.ClientSecretFile},
		{"CONNECTOR_CLIENT_CERTIFICATE_FILE", f.ClientCertificateFile},
		{"CONNECTOR_CLIENT_CERTIFICATE_PASSWORD", l.getenv("CONNECTOR_CLIENT_CERTIFICATE_PASSWORD")},
		{"CONNECTOR_CLIENT_CERTIFICATE_PASSWORD_FILE", f.ClientCertificatePasswordFile},
		{"CONNECTOR_FEDERATED_TOKEN_FILE", f.FederatedTokenFile},
		{"CONNECTOR_MANAGED_IDENTITY", f.ManagedIdentity},
		{"CONNECTOR_REFRESH_TOKEN_FILE", f.RefreshTokenFile},
	} {
		if s.value != "" {
			l.report(s.setting, "must be unset in the sandbox, which takes no setting of a real tenant", "")
		}
	}
	if f.RedisSignIn == Entra {
		l.report("CONNECTOR_REDIS_SIGN_IN", "password in the sandbox, which has no credential for Entra ID", "")
	}
	if f.SignIn != APIKey {
		l.report("CONNECTOR_SIGN_IN", "api-key in the sandbox, which has no real accounts", "")
	}
}
