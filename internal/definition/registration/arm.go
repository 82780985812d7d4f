package registration

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// armParameter is a parameter of an Azure template.
type armParameter struct {
	Type         string            `json:"type"`
	DefaultValue string            `json:"defaultValue,omitempty"`
	Metadata     map[string]string `json:"metadata"`
}

// armParameters has a template's parameters in the order in which the portal shows them.
type armParameters struct {
	Host         armParameter  `json:"host"`
	APIKey       *armParameter `json:"apiKey,omitempty"`
	ClientID     *armParameter `json:"clientId,omitempty"`
	ClientSecret *armParameter `json:"clientSecret,omitempty"`
	Name         armParameter  `json:"name"`
	Location     armParameter  `json:"location"`
}

// armTemplate is an Azure template with a connector for Logic Apps and a connection of it:
// https://learn.microsoft.com/azure/templates/microsoft.web/customapis.
type armTemplate struct {
	Schema         string               `json:"$schema"`
	ContentVersion string               `json:"contentVersion"`
	Parameters     armParameters        `json:"parameters"`
	Resources      []armResource        `json:"resources"`
	Outputs        map[string]armOutput `json:"outputs"`
}

type armResource struct {
	Type       string   `json:"type"`
	APIVersion string   `json:"apiVersion"`
	Name       string   `json:"name"`
	Location   string   `json:"location"`
	DependsOn  []string `json:"dependsOn,omitempty"`
	Properties any      `json:"properties"`
}

type armOutput struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type customAPI struct {
	APIType              string                         `json:"apiType"`
	DisplayName          string                         `json:"displayName"`
	Description          string                         `json:"description"`
	IconURI              string                         `json:"iconUri"`
	BrandColor           string                         `json:"brandColor"`
	Capabilities         []string                       `json:"capabilities"`
	BackendService       map[string]string              `json:"backendService"`
	ConnectionParameters map[string]connectionParameter `json:"connectionParameters"`
	Swagger              json.RawMessage                `json:"swagger"`
}

type connection struct {
	DisplayName     string            `json:"displayName"`
	API             map[string]string `json:"api"`
	ParameterValues map[string]string `json:"parameterValues,omitempty"`
}

const (
	hostParameter = "[parameters('host')]"
	customAPIID   = "[resourceId('Microsoft.Web/customApis', parameters('name'))]"
	connectionID  = "[resourceId('Microsoft.Web/connections', concat(parameters('name'), '-connection'))]"
	serviceURL    = "[concat('https://', parameters('host'), '/')]"
)

// arm returns a template, and the same in Bicep, which reads the definition and the properties from
// the files beside it.
func arm(b *Builder) ([]File, error) {
	parsed, err := summarize(b.own)
	if err != nil {
		return nil, err
	}
	template, err := b.armTemplate(parsed)
	if err != nil {
		return nil, err
	}
	asJSON, err := encode(template)
	if err != nil {
		return nil, err
	}
	properties, err := encode(b.properties(parsed))
	if err != nil {
		return nil, err
	}
	bicep, err := render("main.bicep", map[string]any{
		"APIKey": b.Definition.SignIn == "api-key", "Host": b.Definition.Host, "ClientID": b.ClientID,
	})
	if err != nil {
		return nil, err
	}
	return []File{
		{"apiDefinition.swagger.json", b.own},
		{"apiProperties.json", properties},
		{"azuredeploy.json", asJSON},
		{"icon.png", b.Icon},
		{"main.bicep", bicep},
	}, nil
}

// armTemplate returns the template for a definition.
func (b *Builder) armTemplate(d summary) (armTemplate, error) {
	swagger, err := b.withHost(hostParameter)
	if err != nil {
		return armTemplate{}, err
	}
	swagger, err = escapeExpressions(swagger)
	if err != nil {
		return armTemplate{}, err
	}
	described := func(kind, text, standard string) armParameter {
		return armParameter{kind, standard, map[string]string{"description": text}}
	}
	parameters := armParameters{
		Host: described("string", "Host name of the service, without https://, such as connector.contoso.com.",
			b.Definition.Host),
		Name: described("string", "Name of the connector in Azure.", "partner-center"),
		Location: described("string", "Region of the Logic Apps that use the connector.",
			"[resourceGroup().location]"),
	}
	link := connection{DisplayName: d.Info.Title, API: map[string]string{"id": customAPIID}}
	var a app
	if b.Definition.SignIn == "api-key" {
		key := described("securestring", "API key of the connection, as connector keys add prints it.", "")
		parameters.APIKey = &key
		link.ParameterValues = map[string]string{"api_key": "[parameters('apiKey')]"}
	} else {
		id := described("string", clientIDDescription, b.ClientID)
		secret := described("securestring", "Secret of that app registration.", "")
		parameters.ClientID, parameters.ClientSecret = &id, &secret
		a = app{"[parameters('clientId')]", "[parameters('clientSecret')]", b.resource(), anyTenant}
	}
	return armTemplate{
		Schema:         "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
		ContentVersion: "1.0.0.0",
		Parameters:     parameters,
		Resources: []armResource{
			{
				Type: "Microsoft.Web/customApis", APIVersion: "2016-06-01",
				Name: "[parameters('name')]", Location: "[parameters('location')]",
				Properties: customAPI{
					APIType:              "Rest",
					DisplayName:          d.Info.Title,
					Description:          d.Info.Description,
					IconURI:              "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Icon),
					BrandColor:           strings.ToLower(b.BrandColor),
					Capabilities:         []string{},
					BackendService:       map[string]string{"serviceUrl": serviceURL},
					ConnectionParameters: b.connectionParameters(a),
					Swagger:              swagger,
				},
			},
			{
				Type: "Microsoft.Web/connections", APIVersion: "2016-06-01",
				Name: "[concat(parameters('name'), '-connection')]", Location: "[parameters('location')]",
				DependsOn:  []string{customAPIID},
				Properties: link,
			},
		},
		Outputs: map[string]armOutput{
			"customApiId":  {"string", customAPIID},
			"connectionId": {"string", connectionID},
		},
	}, nil
}

// escapeExpressions doubles the bracket at the beginning of every text of a definition that Azure
// would evaluate as an expression, except the host.
func escapeExpressions(definition []byte) ([]byte, error) {
	lines := strings.SplitAfter(string(definition), "\n")
	for i, line := range lines {
		start, end := strings.Index(line, `"[`), strings.LastIndex(line, `]"`)
		if start >= 0 && end > start && !strings.Contains(line, hostParameter) {
			lines[i] = line[:start+1] + "[" + line[start+1:]
		}
	}
	return []byte(strings.Join(lines, "")), nil
}
