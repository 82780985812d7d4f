// Registers the connector for Logic Apps. The definition and the properties are in the files beside this one.
@description('Host name of the service, without https://, such as connector.contoso.com.')
param host string = 'connector.contoso.com'

@secure()
@description('API key of the connection, as connector keys add prints it.')
param apiKey string

@description('Name of the connector in Azure.')
param name string = 'partner-center-mcp'

@description('Region of the Logic Apps that use the connector.')
param location string = resourceGroup().location

var definition = union(loadJsonContent('apiDefinition.swagger.json'), { host: host })
var properties = loadJsonContent('apiProperties.json').properties

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
    connectionParameters: properties.connectionParameters
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
    parameterValues: {
      api_key: apiKey
    }
  }
}

output customApiId string = connector.id
output connectionId string = connection.id
