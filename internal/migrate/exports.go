package migrate

import "github.com/partner-center/connector/internal/migrate/report"

// An export is what is known about a kind of exports.
type export struct {
	custom  bool     // it names connectors by resource IDs of Azure
	guid    bool     // it needs the Dataverse ID and name of the new connector
	fixed   bool     // it is reported and never changed
	prepare []string // what to do before it is imported or deployed
	apply   []string // how to import or deploy it
	keep    string   // the last step instead of the first of apply if the references keep their names
	back    string   // how to undo it
}

// Steps that several kinds of exports share.
const (
	licenses = "Custom connectors need premium licenses, and a data policy can put them into another group than " +
		"the connectors beside them: check both for the new connector."
	installConnector = "Install the new connector in the environment, on its own (connector package), save it once, " +
		"share it with all makers and users of the flows, and create a connection."
	deployConnector = "Deploy the new connector (connector package --form arm) and create a connection."
	runsInProgress  = "Keep the old export, and wait until no run of the old flows is in progress. Do not delete " +
		"the old connection before all of them have ended."
	askForConnections = "The import asks for a connection for each new connection reference."
	turnOn            = "The import replaces each flow. Turn on those that it left off, and run each once."
	reimport          = "To go back, import the old export: its references and their connections are still " +
		"there."
	redeploy = "To go back, deploy the old version: its connection is still there if the new one has its " +
		"own name."
	testAgent = "Set the connection of each tool of the agents, test the agents, and publish them."
)

// exports are all kinds of exports.
var exports = map[report.Kind]export{
	report.LegacyPackage: {
		prepare: []string{licenses, installConnector, runsInProgress},
		apply: []string{
			"In Power Automate, choose My flows, Import, Import Package (Legacy) and upload the package. At the " +
				"flow, choose Create as new. At the connector, choose Select during import and the new connector; " +
				"at its connection, do the same with a connection of it.",
			"Turn off the old flow, turn on the new one, and run it once.",
		},
		back: "To go back, turn the new flow off and the old one on.",
	},
	report.Solution: {
		guid:    true,
		prepare: []string{licenses, installConnector, runsInProgress},
		apply: []string{
			"In Power Apps or Power Automate, choose Solutions, Import solution and upload the solution. " +
				askForConnections,
			turnOn,
		},
		keep: "In Power Apps or Power Automate, choose Solutions, Import solution and upload the solution.",
		back: reimport,
	},
	report.SolutionSource: {
		guid:    true,
		prepare: []string{licenses, installConnector, runsInProgress},
		apply: []string{
			"Pack the folder (pac solution pack) and import the solution, or commit it and synchronize the " +
				"environment. " + askForConnections,
			turnOn,
		},
		keep: "Pack the folder (pac solution pack) and import the solution, or commit it and synchronize the " +
			"environment.",
		back: reimport,
	},
	report.DeploymentSettings: {
		prepare: []string{installConnector,
			"Migrate the solution of these settings in the same run, so that both have the same new names."},
		apply: []string{
			"Enter the ID of a connection of the new connector into each ConnectionId that is empty now, and import " +
				"the migrated solution with these settings.",
		},
	},
	report.LogicAppsTemplate: {
		custom: true,
		prepare: []string{deployConnector,
			"Give the connection in the template a name that no old connection has, and credentials of its own."},
		apply: []string{"Deploy the template and run each Logic App once."},
		back:  redeploy,
	},
	report.LogicAppsCodeView: {
		custom: true,
		prepare: []string{deployConnector,
			"Put the ID and the name of the new connection beside the new id under $connections."},
		apply: []string{"Paste the result into the code view of the Logic App, save, and run it once."},
		back:  "To go back, paste the old code.",
	},
	report.LogicAppsStandard: {
		custom: true,
		prepare: []string{deployConnector,
			"Put the ID, the runtime URL and the authentication of the new connection into connections.json, and its " +
				"values into the app settings."},
		apply: []string{"Deploy the project and run each workflow once."},
		back:  redeploy,
	},
	report.Agent: {
		prepare: []string{licenses, installConnector},
		apply:   []string{"Apply the workspace to the agent.", testAgent},
		back:    "To go back, apply the old workspace.",
	},
	report.CanvasApp: {fixed: true},
	report.CodeApp:   {fixed: true},
	report.Unknown:   {fixed: true},
}

// byHand are steps for findings, in order.
var byHand = []struct {
	code report.Code
	step string
}{
	{report.NewConnection,
		"Give each connection or reference that the report names (NewConnection) a connection of the new connector."},
	{report.IndirectID,
		"Set the parameters and variables that the report names (IndirectId) to the resource ID of the new connector."},
	{report.RuntimeURL,
		"Open each flow with old actions (RuntimeUrl) and save it. If that fails, add the action again."},
	{report.InvokerConnection,
		"Tell the people who run flows with their own connection to create one of the new connector."},
	{report.CanvasAppByHand, "Change the data sources of the canvas apps in Power Apps Studio, and check their " +
		"formulas: their arguments and fields were not checked."},
	{report.CodeAppByHand, "Generate the services of the code apps again (pac code add-data-source)."},
	{report.ManagedSolution, "Migrate the unmanaged source instead, if you have it: an update of the publisher can " +
		"undo the import."},
}
