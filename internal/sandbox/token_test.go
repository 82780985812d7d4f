package sandbox_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

const scope = "https://api.partnercenter.microsoft.com/.default"

// azure is the credential that the connector itself uses.
func (c *caller) azure(secret string) *azidentity.ClientSecretCredential {
	c.Helper()
	credential, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: c.AuthorityURL},
			Transport: c.client,
			Retry:     policy.RetryOptions{MaxRetries: -1},
		},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		c.Fatal(err)
	}
	return credential
}

func TestAzidentity(t *testing.T) {
	c := start(t)
	token, err := c.azure(c.ClientSecret).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		t.Fatal(err)
	}
	if resp, body := c.get("/v1/customers?size=1", "Authorization", "Bearer "+token.Token); resp.StatusCode != 200 {
		t.Errorf("with azidentity's token: %s %s", resp.Status, body)
	}
	_, err = c.azure("wrong").GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
	if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("azidentity with a wrong secret: %v", err)
	}
}

func TestTokenRefusals(t *testing.T) {
	c := start(t)
	for _, tt := range []struct {
		changed map[string]string
		status  int
		name    string
		code    float64
	}{
		{map[string]string{"client_secret": "wrong"}, 401, "invalid_client", 7000215},
		{map[string]string{"client_secret": ""}, 401, "invalid_client", 7000218},
		{map[string]string{"client_id": "00000000-0000-0000-0000-000000000001"}, 400, "unauthorized_client", 700016},
		{map[string]string{"client_id": ""}, 400, "invalid_request", 900144},
		{map[string]string{"grant_type": ""}, 400, "invalid_request", 900144},
		{map[string]string{"grant_type": "password"}, 400, "unsupported_grant_type", 70003},
		{map[string]string{"scope": ""}, 400, "invalid_request", 900144},
		{map[string]string{"scope": "openid"}, 400, "invalid_scope", 70011},
		{map[string]string{"scope": scope + " " + scope}, 400, "invalid_scope", 70011},
		{map[string]string{"scope": "https://graph.microsoft.com/.default"}, 400, "invalid_resource", 500011},
		{map[string]string{"scope": "https://api.partnercenter.microsoft.com/user_impersonation"}, 400, "invalid_scope", 1002012},
		{map[string]string{"grant_type": "refresh_token"}, 400, "invalid_grant", 70000},
		{map[string]string{"grant_type": "refresh_token", "refresh_token": c.token}, 400, "invalid_grant", 70000},
	} {
		got := c.grant(tt.changed)
		if got["status"] != tt.status || got["error"] != tt.name || !slices.Contains(got["error_codes"].([]any), any(tt.code)) {
			t.Errorf("%v: %v", tt.changed, got)
		}
	}
}

func TestTokenEndpointsPaths(t *testing.T) {
	c := start(t)
	for _, tt := range []struct {
		path   string
		status int
		code   float64
	}{
		{"/11111111-2222-3333-4444-555555555555/v2.0/.well-known/openid-configuration", 400, 90002},
		{"/common/oauth2/v2.0/token", 400, 90002},
		{"/" + c.TenantID + "/oauth2/v2.0/token", 405, 900561},
		{"/" + c.TenantID + "/oauth2/token", 404, 90009},
	} {
		resp, err := c.client.Get(c.AuthorityURL + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.members(resp); got["status"] != tt.status || got["error_codes"].([]any)[0] != tt.code {
			t.Errorf("GET %s: %v", tt.path, got)
		}
	}
}

func TestAppUserTokensOpenInvoices(t *testing.T) {
	c := start(t)
	first := c.grant(map[string]string{"grant_type": "refresh_token", "refresh_token": c.RefreshToken})
	second := c.grant(map[string]string{
		"grant_type":    "refresh_token",
		"refresh_token": first["refresh_token"].(string),
		"scope":         "openid offline_access https://api.partnercenter.microsoft.com/user_impersonation",
	})
	user := "Bearer " + second["access_token"].(string)
	for _, path := range []string{"/v1/invoices/G000910012", "/v1/invoices/OneTime-G000910012", "/v1/invoices/d0201312sb"} {
		if resp, body := c.get(path, "Authorization", user); resp.StatusCode != 200 || !strings.Contains(body, `"invoiceDetails"`) {
			t.Errorf("GET %s: %s %s", path, resp.Status, body)
		}
	}
	if resp, _ := c.get("/v1/invoices/G999999999", "Authorization", user); resp.StatusCode != 404 {
		t.Errorf("an invoice that is not there: %s", resp.Status)
	}
	resp, body := c.get("/v1/invoices/G000910012/documents/statement", "Authorization", user)
	if resp.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(body, "%PDF-1.4\n") || !strings.HasSuffix(body, "%%EOF\n") {
		t.Errorf("the statement: %v %.40q", resp.Header, body)
	}
}

func TestForeignTokens(t *testing.T) {
	c, other := start(t), start(t)
	for _, tt := range []struct {
		authorization string
		code          string
	}{
		{"Basic dTpw", "800001"},
		{"Bearer", "400"},
		{"Bearer " + other.token, "400"},
		{"Bearer " + c.RefreshToken, "400"},
		{"Bearer " + c.token + "=", "400"},
		{"Bearer " + strings.ToUpper(c.token), "400"},
		{"Bearer " + c.token[:len(c.token)-8], "400"},
	} {
		resp, body := c.get("/v1/customers", "Authorization", tt.authorization)
		if resp.StatusCode != 401 || resp.Header.Get("WWW-Authenticate") == "" || !strings.Contains(body, `"code":`+tt.code+",") {
			t.Errorf("%s: %s %s", tt.authorization, resp.Status, body)
		}
	}
	resp, err := c.client.Get(c.UpstreamURL + "/v1/customers")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("without a token: %s", resp.Status)
	}
}
