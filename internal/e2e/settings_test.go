package e2e

import (
	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/reply"
)

const (
	customerID    = fakepartner.CustomerID
	otherCustomer = fakepartner.OtherCustomerID
)

const (
	noSecret    = "CONNECTOR_CLIENT_SECRET="           // removes the app's secret from the environment
	withMetrics = "CONNECTOR_ADMIN_LISTEN=127.0.0.1:0" // serves /metrics
	metricsLine = "listening for /metrics"             // the log message with its address
	manyCalls   = "CONNECTOR_LIMIT_CALLS=10000"        // keeps the limit out of the way
)

// acceptTokens returns the settings of a service that accepts API keys and callers' tokens.
func acceptTokens() []string {
	return []string{
		"CONNECTOR_SIGN_IN=api-key,entra",
		"CONNECTOR_AUDIENCE=" + fakeentra.ServiceID + ",api://" + fakeentra.ServiceID,
		"CONNECTOR_ALLOWED_CLIENTS=" + fakeentra.MakerAppID,
	}
}

// passThrough returns the settings of a service that passes callers' tokens on and has no
// credential of its own.
func passThrough() []string {
	return []string{"CONNECTOR_SIGN_IN=caller", "CONNECTOR_API_KEYS_FILE=", noSecret, "CONNECTOR_CLIENT_ID="}
}

// privateTexts are texts that no metric and no trace may have.
var privateTexts = []string{
	reply.Private, fakeentra.CallerOnly, customerID, otherCustomer, fakeentra.TenantID, fakeentra.ClientID,
	fakeentra.UserID,
	fakeentra.MakerAppID, publicHost, "flows", "apps",
}
