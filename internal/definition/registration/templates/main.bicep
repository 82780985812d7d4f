// Registers the connector for Logic Apps. The definition and the properties are in the files beside this one.
{{define "parameter"}}@description('{{.Metadata.description}}'){{end -}}
{{with .Parameters.Host}}{{template "parameter" .}}
param host string{{with .DefaultValue}} = '{{.}}'{{end}}{{end}}
{{with .Parameters.APIKey}}
@secure()
{{template "parameter" .}}
param apiKey string
{{end}}
{{- with .Parameters.ClientID}}
{{template "parameter" .}}
param clientId string{{with .DefaultValue}} = '{{.}}'{{end}}
{{end}}
{{- with .Parameters.ClientSecret}}
@secure()
{{template "parameter" .}}
param clientSecret string
{{end}}
{{with .Parameters.Name}}{{template "parameter" .}}
param name string = '{{.DefaultValue}}'{{end}}

{{with .Parameters.Location}}{{template "parameter" .}}{{end}}
param location string = resourceGroup().location

var definition = union(loadJsonContent('apiDefinition.swagger.json'), { host: host })
var properties = loadJsonContent('apiProperties.json').properties
{{- if not .APIKey}}
var app = { token: { oAuthSettings: { clientId: clientId, clientSecret: clientSecret } } }
{{- end}}

resource connector 'Microsoft.Web/customApis@2016-06-01' = {
  name: name
  location: location
  properties: {
    apiType: 'Rest'
    displayName: definition.info.title
    description: definition.info.description
    iconUri: 'data:image/png;base64,${loadFileAsBase64('icon.png')}'
    brandColor: properties.iconBrandColor
    capabilities: []
    backendService: {
      serviceUrl: 'https://${host}/'
    }
{{- if .APIKey}}
    connectionParameters: properties.connectionParameters
{{- else}}
    connectionParameters: union(properties.connectionParameters, app)
{{- end}}
    swagger: definition
  }
}

resource connection 'Microsoft.Web/connections@2016-06-01' = {
  name: '${name}-connection'
  location: location
  properties: {
    displayName: definition.info.title
    api: {
      id: connector.id
    }
{{- if .APIKey}}
    parameterValues: {
      api_key: apiKey
    }
{{- end}}
  }
}

output customApiId string = connector.id
output connectionId string = connection.id
