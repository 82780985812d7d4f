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
	"definition_audience": "For entra: Application ID URI of the service's own app registration. " +
		"Of a list separated by commas, the first that begins with api:// is used. Default: a placeholder.",

	"keys_add_name": "Name of the connection that the key stands for. Keys of one name share its limit.",
	"keys_add_file": "File to append the key's digest to. It is created if it does not exist.",
	"keys_remove_digest": "Remove only the key whose digest begins with these hex digits, " +
		"as keys list prints them.",
}
