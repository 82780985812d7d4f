package config

// helpTexts are the help texts of Flags by flag name. The command line and the documents show them.
var helpTexts = map[string]string{
	"listen": "Address to listen on.",
	"public-url": "URL under which the platform reaches the service. " +
		"If it is set, requests for any other Host get 421.",

	"sandbox":        "Run against an embedded Partner Center with sample data and the API key sandbox.",
	"sandbox-public": "Allow the sandbox on an address that is not loopback.",
	"sandbox-activity": "How often something changes in the sandbox, " + sandboxActivityRange.String() + ". " +
		"A short time shows triggers at work.",

	"sign-in": "How callers sign in: api-key, entra (an account of your tenant), both as api-key,entra, " +
		"or caller (the maker's own token for Partner Center, passed on).",
	"api-keys-file": "API keys, one per line: NAME SHA256-HEX-OF-THE-KEY. Read again when it changes. " +
		"connector keys add creates it.",
	"audience": "For entra: accepted audiences, separated by commas: " +
		"the client ID of this service's own app registration and its Application ID URI.",
	"scope": "For entra: the scope that a token must have.",
	"allowed-tenants": "For entra and caller: IDs of the tenants whose users may call, separated by commas. " +
		"Default: the partner's.",
	"allowed-clients": "For entra and caller: client IDs of the apps that may call, separated by commas. " +
		"Default: any.",

	"cloud": "Microsoft cloud: global, usgov or china. " +
		"It sets the addresses of Entra ID and Partner Center.",
	"authority-url":      "Entra ID's authority; https. Default: the cloud's.",
	"tenant-id":          "The partner's tenant.",
	"client-id":          "Client ID of the app that is registered in Partner Center.",
	"client-secret-file": "File with the app's client secret. Read again for every token.",
	"client-certificate-file": "The app's certificate with its key, PEM or PFX, instead of a secret. " +
		"Read again for every token.",

	"client-certificate-password-file": "File with the password of the certificate file.",

	"federated-token-file": "Workload identity token, instead of a secret. Read again for every token.",
	"managed-identity": "Instead of a secret: client ID of the managed identity that is federated to the app; " +
		"or system, which Entra ID does not accept for this today.",
	"refresh-token-file": "App+User: the refresh token of a signed-in user. " +
		"connector consent creates it; each use replaces it.",

	"upstream-url": "Partner Center's base URL without /v1; https, or http on a loopback address. " +
		"Default: the cloud's.",
	"upstream-timeout": "Deadline of one answer, including all calls that it needs, " + upstreamTimeoutRange.String() +
		".",
	"max-body": "Largest answer accepted from Partner Center, " + maxBodyRange.String() + ".",
	"link-secret-file": "File with at least 32 characters of text. Tokens in links to next pages are sealed with it. " +
		"Default: the client secret or the certificate.",

	"limit-calls":  "Calls that a connection may make in a window, " + limitCallsRange.String() + ".",
	"limit-window": "Length of the window, " + limitWindowRange.String() + ".",
	"redis-url": "Redis or Valkey in which all instances count calls, so that they share one limit: " +
		"redis://, rediss://, redis+sentinel:// or rediss+sentinel://. It must not evict " +
		"(maxmemory-policy noeviction). Default: each instance counts its own calls.",
	"redis-url-file": "File with that URL, for a URL with a password.",
	"redis-ca-file": "File with the certificates, in PEM, of the authorities that sign that Redis' certificate. " +
		"Default: the system's.",
	"redis-sign-in": "How to sign in to that Redis: password (that of the URL), or entra (a token of the app, for " +
		"Azure).",
	"limit-store-down": "While Redis is down: refuse (503), or local (each instance counts its own calls).",

	"drain": "How long the service still answers calls after SIGTERM while /readyz fails, " + drainRange.String() +
		". Default: 10s, in the sandbox 0s.",
	"admin-listen": "Address of /metrics for Prometheus. Anyone who can reach it can read it. Default: off.",
	"mcp": "Serve the actions as tools of the Model Context Protocol at /mcp, for agents. " +
		"Default: true, with CONNECTOR_SIGN_IN=caller false.",
	"mcp-tools": "Names of the tools that are offered, separated by commas. Default: all that the service can serve.",
	"console": "Serve the console for browsers at /console/. It has no data; what it shows takes an API key. " +
		"Default: true in the sandbox, else false.",
	"log-level":  "debug, info, warn or error.",
	"log-format": "json or text. Default: text on a terminal, else json.",
}

// secretTexts describe the secrets. A secret has no flag, because command lines are visible to
// other users of a machine; the keys are the flags that name its file.
var secretTexts = map[string]string{
	"client-secret-file":               "The app's client secret.",
	"client-certificate-password-file": "The password of the certificate file.",
	"link-secret-file":                 "The text with which tokens in links are sealed.",
}
