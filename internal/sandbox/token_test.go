package sandbox_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// azure returns a credential of the Azure SDK for the sandbox's app.
func (c *caller) azure(secret string) *azidentity.ClientSecretCredential {
	c.Helper()
	options := &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: c.AuthorityURL},
			Transport: c.client,
			Retry:     policy.RetryOptions{MaxRetries: -1},
		},
		DisableInstanceDiscovery: true,
	}
	credential, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, secret, options)
	if err != nil {
		c.Fatal(err)
	}
	return credential
}

func TestAzureSDK(t *testing.T) {
	c := start(t)
	options := policy.TokenRequestOptions{Scopes: []string{appOnlyScope}}
	t.Run("gets a token that Partner Center accepts", func(t *testing.T) {
		c := c.sub(t)
		token, err := c.azure(c.ClientSecret).GetToken(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		resp, body := c.get("/v1/customers?size=1", "Authorization", "Bearer "+token.Token)
		if resp.StatusCode != 200 {
			t.Errorf("%s %s", resp.Status, body)
		}
	})
	t.Run("reports the code of a wrong secret", func(t *testing.T) {
		_, err := c.sub(t).azure("wrong").GetToken(t.Context(), options)
		if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") {
			t.Error(err)
		}
	})
}

func TestTokenRequest(t *testing.T) {
	c := start(t)
	type fields map[string]string
	for _, tt := range []struct {
		name    string
		changed fields
		status  int
		error   string
		code    float64
	}{
		{"with a wrong secret", fields{"client_secret": "wrong"}, 401, "invalid_client", 7000215},
		{"without a secret", fields{"client_secret": ""}, 401, "invalid_client", 7000218},
		{"of an unknown app", fields{"client_id": unknownID}, 400, "unauthorized_client", 700016},
		{"without an app", fields{"client_id": ""}, 400, "invalid_request", 900144},
		{"without a grant type", fields{"grant_type": ""}, 400, "invalid_request", 900144},
		{"of an unknown grant type", fields{"grant_type": "password"}, 400, "unsupported_grant_type", 70003},
		{"without a scope", fields{"scope": ""}, 400, "invalid_request", 900144},
		{"with no scope of a resource", fields{"scope": "openid"}, 400, "invalid_scope", 70011},
		{"with two scopes", fields{"scope": appOnlyScope + " " + appOnlyScope}, 400, "invalid_scope", 70011},
		{"for another resource", fields{"scope": "https://graph.microsoft.com/.default"}, 400, "invalid_resource",
			500011},
		{"of an app for a user's scope", fields{"scope": userScope}, 400, "invalid_scope", 1002012},
		{"without a refresh token", fields{"grant_type": "refresh_token"}, 400, "invalid_grant", 70000},
		{"with an access token as refresh token",
			fields{"grant_type": "refresh_token", "refresh_token": c.token}, 400, "invalid_grant", 70000},
	} {
		t.Run(tt.name+" is rejected", func(t *testing.T) {
			got := c.sub(t).grant(tt.changed)
			codes, _ := got["error_codes"].([]any)
			if got["status"] != tt.status || got["error"] != tt.error || !slices.Contains(codes, any(tt.code)) {
				t.Errorf("%v, want %d %s %v", got, tt.status, tt.error, tt.code)
			}
		})
	}
}

const unknownID = "11111111-2222-3333-4444-555555555555"

func TestTokenEndpoint(t *testing.T) {
	c := start(t)
	for _, tt := range []struct {
		name, path string
		status     int
		code       float64
	}{
		{"does not know another tenant", "/" + unknownID + "/v2.0/.well-known/openid-configuration", 400, 90002},
		{"does not know common", "/common/oauth2/v2.0/token", 400, 90002},
		{"accepts POST only", "/" + c.TenantID + "/oauth2/v2.0/token", 405, 900561},
		{"has no version 1", "/" + c.TenantID + "/oauth2/token", 404, 90009},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := c.sub(t)
			resp, err := c.client.Get(c.AuthorityURL + tt.path)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.members(resp); got["status"] != tt.status || got["error_codes"].([]any)[0] != tt.code {
				t.Errorf("GET %s: %v", tt.path, got)
			}
		})
	}
}

func TestAppUserToken(t *testing.T) {
	c := start(t)
	first := c.grant(map[string]string{"grant_type": "refresh_token", "refresh_token": c.RefreshToken})
	second := c.grant(map[string]string{
		"grant_type":    "refresh_token",
		"refresh_token": first["refresh_token"].(string),
		"scope":         "openid offline_access " + userScope,
	})
	user := "Bearer " + second["access_token"].(string)
	for _, id := range []string{"G000910012", "OneTime-G000910012", "d0201312sb"} {
		t.Run("gets the invoice "+id, func(t *testing.T) {
			resp, body := c.sub(t).get("/v1/invoices/"+id, "Authorization", user)
			if resp.StatusCode != 200 || !strings.Contains(body, `"invoiceDetails"`) {
				t.Errorf("%s %s", resp.Status, body)
			}
		})
	}
	t.Run("does not get an unknown invoice", func(t *testing.T) {
		if resp, _ := c.sub(t).get("/v1/invoices/G999999999", "Authorization", user); resp.StatusCode != 404 {
			t.Errorf("%s, want 404", resp.Status)
		}
	})
	t.Run("gets an invoice's PDF", func(t *testing.T) {
		resp, body := c.sub(t).get("/v1/invoices/G000910012/documents/statement", "Authorization", user)
		whole := strings.HasPrefix(body, "%PDF-1.4\n") && strings.HasSuffix(body, "%%EOF\n")
		if resp.Header.Get("Content-Type") != "application/pdf" || !whole {
			t.Errorf("%v %.40q", resp.Header, body)
		}
	})
}

func TestInvalidToken(t *testing.T) {
	c, other := start(t), start(t)
	for _, tt := range []struct {
		name, authorization, code string
	}{
		{"of another scheme", "Basic dTpw", "800001"},
		{"that is empty", "Bearer", "400"},
		{"of another sandbox", "Bearer " + other.token, "400"},
		{"that is a refresh token", "Bearer " + c.RefreshToken, "400"},
		{"with padding", "Bearer " + c.token + "=", "400"},
		{"in upper case", "Bearer " + strings.ToUpper(c.token), "400"},
		{"that is cut", "Bearer " + c.token[:len(c.token)-8], "400"},
	} {
		t.Run(tt.name+" is rejected", func(t *testing.T) {
			resp, body := c.sub(t).get("/v1/customers", "Authorization", tt.authorization)
			challenge := resp.Header.Get("WWW-Authenticate")
			if resp.StatusCode != 401 || challenge == "" || !strings.Contains(body, `"code":`+tt.code+",") {
				t.Errorf("%s, challenge %q, %s", resp.Status, challenge, body)
			}
		})
	}
	t.Run("that is absent is rejected", func(t *testing.T) {
		c := c.sub(t)
		r := c.request(http.MethodGet, "/v1/customers")
		r.Header.Del("Authorization")
		if resp, _ := c.send(r); resp.StatusCode != 401 {
			t.Errorf("%s, want 401", resp.Status)
		}
	})
}
