package registration

import (
	"cmp"
	"strings"

	"github.com/partner-center/connector/internal/definition"
)

// properties is the file apiProperties.json, as paconn and pac read it:
// https://learn.microsoft.com/connectors/custom-connectors/paconn-cli.
type properties struct {
	Properties apiProperties `json:"properties"`
}

type apiProperties struct {
	ConnectionParameters map[string]connectionParameter `json:"connectionParameters"`
	IconBrandColor       string                         `json:"iconBrandColor"`
	Capabilities         []string                       `json:"capabilities"`
	Policies             []policy                       `json:"policyTemplateInstances"`
	Publisher            string                         `json:"publisher,omitempty"`
	StackOwner           string                         `json:"stackOwner,omitempty"`
}

// A connectionParameter is something that a maker enters when creating a connection, or a sign-in.
type connectionParameter struct {
	Type         string            `json:"type"`
	OAuth        *oAuthSettings    `json:"oAuthSettings,omitempty"`
	Metadata     map[string]string `json:"metadata,omitempty"`
	UIDefinition *uiDefinition     `json:"uiDefinition,omitempty"`
}

type uiDefinition struct {
	DisplayName string      `json:"displayName"`
	Description string      `json:"description"`
	Tooltip     string      `json:"tooltip,omitempty"`
	Constraints constraints `json:"constraints"`
}

// constraints has truth values as strings where the platform rejects anything else.
type constraints struct {
	TabIndex  int    `json:"tabIndex,omitempty"`
	ClearText *bool  `json:"clearText,omitempty"`
	Required  string `json:"required"`
	Hidden    string `json:"hidden,omitempty"`
}

type oAuthSettings struct {
	IdentityProvider string            `json:"identityProvider"`
	ClientID         string            `json:"clientId,omitempty"`
	ClientSecret     string            `json:"clientSecret,omitempty"` // an expression, never a secret
	Scopes           []string          `json:"scopes"`
	RedirectMode     string            `json:"redirectMode"`
	RedirectURL      string            `json:"redirectUrl"`
	Properties       oAuthProperties   `json:"properties"`
	CustomParameters map[string]custom `json:"customParameters"`
}

type oAuthProperties struct {
	IsFirstParty string `json:"IsFirstParty"`
	Resource     string `json:"AzureActiveDirectoryResourceId"`
	OnBehalfOf   bool   `json:"IsOnbehalfofLoginSupported"`
}

type custom struct {
	Value string `json:"value"`
}

// A policy changes calls on their way through the platform's gateway.
type policy struct {
	Template   string         `json:"templateId"`
	Title      string         `json:"title"`
	Parameters map[string]any `json:"parameters"`
}

// help is where a maker or an administrator finds out what to enter.
const help = "https://github.com/partner-center/connector/blob/main/docs/power-platform.md"

// tenantDescription is fixed by the platform's schema, spelling included.
const tenantDescription = "The tenant ID of for the Azure Active Directory application"

// An app is the connector's own app registration, as values or as expressions.
type app struct{ clientID, clientSecret, resource, tenant string }

// connectionParameters returns what a connection asks for. The app is ignored for API keys.
func (b *Builder) connectionParameters(a app) map[string]connectionParameter {
	if b.Definition.SignIn == definition.APIKey {
		masked := false
		return map[string]connectionParameter{"api_key": {
			Type: "securestring",
			UIDefinition: &uiDefinition{
				DisplayName: "API key",
				Description: "The key that the operator of the service made for you or your team.",
				Tooltip:     "Paste the key. If you have none, " + b.whomToAsk(),
				Constraints: constraints{TabIndex: 2, ClearText: &masked, Required: "true"},
			},
		}}
	}
	return map[string]connectionParameter{
		"token": {Type: "oauthSetting", OAuth: &oAuthSettings{
			IdentityProvider: "aad",
			ClientID:         a.clientID,
			ClientSecret:     a.clientSecret,
			Scopes:           []string{},
			RedirectMode:     "GlobalPerConnector",
			RedirectURL:      "https://global.consent.azure-apim.net/redirect",
			Properties:       oAuthProperties{IsFirstParty: "False", Resource: a.resource},
			CustomParameters: map[string]custom{
				"loginUri":              {b.Definition.OAuth.Authority},
				"tenantId":              {a.tenant},
				"resourceUri":           {a.resource},
				"enableOnbehalfOfLogin": {"false"},
			},
		}},
		"token:TenantId": {
			Type:     "string",
			Metadata: map[string]string{"sourceType": "AzureActiveDirectoryTenant"},
			UIDefinition: &uiDefinition{
				DisplayName: "Tenant",
				Description: tenantDescription,
				Constraints: constraints{Required: "false", Hidden: "true"},
			},
		},
	}
}

// app returns the app registration of the options.
func (b *Builder) app() app {
	return app{clientID: cmp.Or(b.ClientID, NoClientID), resource: b.resource(), tenant: anyTenant}
}

// resource returns what the connector requests tokens for. An app that requests one for itself has to
// name itself by its client ID, or Entra ID answers AADSTS90009:
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
func (b *Builder) resource() string {
	if b.toItself {
		return b.ClientID
	}
	return b.Definition.OAuth.Resource
}

// whomToAsk returns who has keys and host names, for the help of an input.
func (b *Builder) whomToAsk() string {
	about := b.Definition.Info
	if about.ContactName == "" || about.ContactURL == "" {
		return "ask the operator of the service. See " + help
	}
	return "ask " + about.ContactName + ": " + about.ContactURL + ". More: " + help
}

// policies returns the policies of the operations.
func policies(d summary) []policy {
	all := []policy{}
	paged := d.operations(func(o operation) bool { return o.Pageable != nil })
	if len(paged) > 0 {
		all = append(all, linkPolicy(paged))
	}
	if polled := d.triggers(); len(polled) > 0 {
		all = append(all, triggerPolicies(polled)...)
	}
	return all
}

// linkPolicy returns the policy that lets the platform follow the links to next pages. Without it the
// gateway calls such a link without the connection's credential:
// https://github.com/microsoft/PowerPlatformConnectors/issues/2959.
func linkPolicy(operations []string) policy {
	return policy{
		Template: "updatenextlink",
		Title:    "Follow links to next pages with the connection's credential",
		Parameters: map[string]any{
			"x-ms-apimTemplate-operationName":                 operations,
			"x-ms-apimTemplateParameter.nextLinkPropertyName": "nextLink",
		},
	}
}

// triggerPolicies returns the policies of polling triggers. One lets the platform make the answers to its
// poller, and keep the cursor between two polls:
// https://learn.microsoft.com/connectors/custom-connectors/create-polling-trigger. The other tells the
// service so.
func triggerPolicies(operations []string) []policy {
	return []policy{
		{
			Template: "setheader",
			Title:    "Tell the service that the platform polls",
			Parameters: map[string]any{
				"x-ms-apimTemplate-operationName":         operations,
				"x-ms-apimTemplate-policySection":         "Request",
				"x-ms-apimTemplateParameter.name":         "X-Connector-Trigger",
				"x-ms-apimTemplateParameter.value":        "policy",
				"x-ms-apimTemplateParameter.existsAction": "override",
			},
		},
		{
			Template: "pollingtrigger",
			Title:    "Keep the cursor between two polls",
			Parameters: map[string]any{
				"x-ms-apimTemplate-operationName":            operations,
				"x-ms-apimTemplateParameter.triggerConfig":   map[string]string{"Since": "@{triggerBody().cursor}"},
				"x-ms-apimTemplateParameter.triggerDataPath": "@triggerBody().value",
			},
		},
	}
}

// capabilities returns what a connector has.
func capabilities(d summary) []string {
	if len(d.triggers()) > 0 {
		return []string{"actions", "triggers"}
	}
	return []string{"actions"}
}

// properties returns the properties for registering the connector oneself.
func (b *Builder) properties(d summary) properties {
	return properties{apiProperties{
		ConnectionParameters: b.connectionParameters(b.app()),
		IconBrandColor:       strings.ToLower(b.BrandColor),
		Capabilities:         capabilities(d),
		Policies:             policies(d),
	}}
}
