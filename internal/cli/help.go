package cli

import "github.com/alecthomas/kong"

// helpTexts are the help texts that are too long for a struct tag. Tags refer to them as ${name}.
var helpTexts = kong.Vars{
	"consent_port": "Port of http://localhost that the browser is redirected to. Default: any free port.",

	"definition": "Print the OpenAPI 2.0 definition that makers import as a custom connector.",
	"definition_host": "Host name, perhaps with a port, under which the platform reaches the service. " +
		"Default: the host of --public-url, or else a placeholder.",
	"definition_sign_in": "How callers sign in: api-key, entra or caller. " +
		"A service may accept several ways, a definition has one.",
	"definition_cloud": "For entra and caller: Microsoft cloud: global, usgov or china.",
	"definition_tenant_id": "For entra and caller: the tenant whose accounts sign in. " +
		"An app registered for one tenant needs that tenant's ID.",
	"definition_mcp": "Print the definition of the MCP connector for Copilot Studio. " +
		"With --sign-in entra the audience PUBLIC_URL/mcp is preferred.",
	"definition_website": "URL of a web site about the connector; https.",
	"definition_audience": "For entra: Application ID URI of the service's own app registration. " +
		"Of a list separated by commas, the first that begins with api:// is used. Default: a placeholder.",

	"package":      "Write what registers the connector: a solution, files for pac or paconn, Azure templates.",
	"package_form": "paconn, pac, independent-publisher, solution, arm, or all, which makes a folder for each.",
	"package_mcp": "Also register the MCP connector for Copilot Studio: in a second folder with the suffix -mcp, or " +
		"in the same solution. A title of yours gets MCP appended for it.",
	"package_out": "Folder to write into. It must not exist, or be empty.",
	"package_client_id": "For entra and caller: client ID of the app registration with which makers sign in. " +
		"Default: a placeholder, or asked for at import.",
	"package_icon":        "PNG file with an icon, a square of 100 to 230 pixels. Default: the project's.",
	"package_brand_color": "Background color of the icon, such as #0a5f63. Default: the color of the icon's border.",
	"package_unpacked":    "Write the solution as a folder instead of a zip.",
	"package_zip":         "Pack each of the other forms into a zip too.",

	"migrate": "Move exported flows, apps, Logic Apps and agents from the retired connector to this one.",
	"migrate_to": "ID of the new connector: shared_… from the address of its page in Power Automate, or for Logic " +
		"Apps /subscriptions/…/customApis/NAME.",
	"migrate_connector": "For solutions: the solution zip of connector package, which has the GUID and the name " +
		"below.",
	"migrate_from":       "ID of the old connector.",
	"migrate_guid":       "For solutions: GUID of the new connector in Dataverse.",
	"migrate_name":       "For solutions: name of the new connector in Dataverse, such as pcc_partnercenter.",
	"migrate_references": "Connection references: new, under new names, or keep.",
	"migrate_out": "File or folder to write, which must not exist; with several inputs a folder. " +
		"Default: print the report and write nothing.",
	"migrate_input": "Export to migrate: a zip, a folder or a file.",

	"keys_add_name": "Name of the connection that the key stands for. Keys of one name share its limit.",
	"keys_add_file": "File to append the key's digest to. It is created if it does not exist.",
	"keys_remove_digest": "Remove only the key whose digest begins with these hex digits, " +
		"as keys list prints them.",
}
