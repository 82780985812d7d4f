package registration

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/partner-center/connector/internal/definition"
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
	hostMember    = `"host": "`
	hostMark      = "host-of-the-service.invalid" // replaced by the parameter, once all texts are escaped
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
		"APIKey": b.Definition.SignIn == definition.APIKey, "Parameters": template.Parameters,
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
	swagger, err := b.withHost(hostMark)
	if err != nil {
		return armTemplate{}, err
	}
	swagger = bytes.Replace(escapeExpressions(swagger),
		[]byte(hostMember+hostMark), []byte(hostMember+hostParameter), 1)
	described := func(kind, text, standard string) armParameter {
		return armParameter{kind, standard, map[string]string{"description": text}}
	}
	parameters := armParameters{
		Host: described("string", hostDescription,
			b.Definition.Host),
		Name: described("string", nameDescription, b.azureName),
		Location: described("string", locationDescription,
			"[resourceGroup().location]"),
	}
	made := connection{DisplayName: d.Info.Title, API: map[string]string{"id": customAPIID}}
	var a app
	if b.Definition.SignIn == definition.APIKey {
		key := described("securestring", keyDescription, "")
		parameters.APIKey = &key
		made.ParameterValues = map[string]string{"api_key": "[parameters('apiKey')]"}
	} else {
		id := described("string", clientIDDescription, b.ClientID)
		secret := described("securestring", secretDescription, "")
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
				Properties: made,
			},
		},
		Outputs: map[string]armOutput{
			"customApiId":  {"string", customAPIID},
			"connectionId": {"string", connectionID},
		},
	}, nil
}

// jsonString matches a string of a JSON text, with the colon behind it if it is a key.
var jsonString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(?:\s*:)?`)

// escapeExpressions doubles the bracket at the beginning of every value of a JSON text that Azure would
// evaluate as an expression.
func escapeExpressions(text []byte) []byte {
	return jsonString.ReplaceAllFunc(text, func(value []byte) []byte {
		if bytes.HasPrefix(value, []byte(`"[`)) && bytes.HasSuffix(value, []byte(`]"`)) {
			return append([]byte(`"[`), value[1:]...)
		}
		return value
	})
}
