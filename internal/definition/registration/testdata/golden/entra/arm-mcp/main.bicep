// Registers the connector for Logic Apps. The definition and the properties are in the files beside this one.
@description('Host name of the service, without https://, such as connector.contoso.com.')
param host string = 'connector.contoso.com'

@description('Application (client) ID of the app registration with which makers sign in.')
param clientId string = '9a1b2c3d-1234-4f89-91d3-0305e82c3302'

@secure()
@description('Secret of that app registration.')
param clientSecret string

@description('Name of the connector in Azure.')
param name string = 'partner-center-mcp'

@description('Region of the Logic Apps that use the connector.')
param location string = resourceGroup().location

var definition = union(loadJsonContent('apiDefinition.swagger.json'), { host: host })
var properties = loadJsonContent('apiProperties.json').properties
var app = { token: { oAuthSettings: { clientId: clientId, clientSecret: clientSecret } } }

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
    connectionParameters: union(properties.connectionParameters, app)
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
  }
}

output customApiId string = connector.id
output connectionId string = connection.id
