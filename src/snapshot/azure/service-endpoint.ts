/** Services of service endpoints, by the service tag whose prefixes they reach. @source virtual-network-service-endpoints-overview */
const SERVICES: readonly (readonly [tag: string, service: string])[] = [
  ['Storage', 'Microsoft.Storage'],
  ['Sql', 'Microsoft.Sql'],
  ['AzureCosmosDB', 'Microsoft.AzureCosmosDB'],
  ['AzureKeyVault', 'Microsoft.KeyVault'],
  ['ServiceBus', 'Microsoft.ServiceBus'],
  ['EventHub', 'Microsoft.EventHub'],
  ['AppService', 'Microsoft.Web'],
  ['AzureContainerRegistry', 'Microsoft.ContainerRegistry'],
  ['AzureActiveDirectory', 'Microsoft.AzureActiveDirectory'],
  ['CognitiveServicesManagement', 'Microsoft.CognitiveServices'],
];

/** The service tag behind the service of an endpoint; a name that is not known stays what it is. */
export function serviceTagOf(service: string): string {
  return SERVICES.find(([, name]) => name === service)?.[0] ?? service;
}

/** The service that an endpoint for a service tag names. */
export function serviceOfTag(tag: string): string {
  return SERVICES.find(([name]) => name === tag)?.[1] ?? tag;
}
