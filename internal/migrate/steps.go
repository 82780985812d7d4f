package migrate

import "github.com/partner-center/connector/internal/migrate/report"

// Steps that several kinds of exports share.
const (
	installConnector = "Install the new connector in the environment first, on its own (connector package), and " +
		"make a connection."
	licenses = "Custom connectors need premium licenses, and a data policy can put them into another group than the " +
		"connectors beside them: both hold for the new connector too."
	turnOn = "The import replaces each flow. Turn on those that it left off, and run each once."
)

// steps are what to do with an export, by kind, in order.
var steps = map[report.Kind][]string{
	report.LegacyPackage: {
		licenses, installConnector,
		"In Power Automate, choose My flows, Import, Import Package (Legacy) and upload the package. At the flow, choose " +
			"Create as new.",
		"At the connector, choose Select during import and the new connector; at its connection, do the same with a " +
			"connection of it.",
		"Turn off the old flow, turn on the new one, and run it once.",
	},
	report.Solution: {
		licenses, installConnector,
		"In Power Apps or Power Automate, choose Solutions, Import solution and upload the solution. The import asks " +
			"for a connection for each new connection reference.",
		turnOn,
	},
	report.SolutionSource: {
		licenses, installConnector,
		"Pack the folder (pac solution pack) and import the solution, or commit it and synchronize the environment. " +
			"The import asks for a connection for each new connection reference.",
		turnOn,
	},
	report.DeploymentSettings: {
		installConnector,
		"Put the ID of a connection of the new connector into each ConnectionId that is empty now.",
		"Import the migrated solution with these settings.",
	},
	report.LogicAppsTemplate: {
		"Deploy the custom connector first (connector package --form arm).",
		"Give the connection a name that no old connection has, and credentials of its own.",
		"Deploy the template and run each Logic App once.",
	},
	report.LogicAppsCodeView: {
		"Deploy the custom connector first (connector package --form arm) and make a connection of it.",
		"Put the ID and the name of the new connection beside the new id under $connections.",
		"Paste the result into the code view of the Logic App, save, and run it once.",
	},
	report.LogicAppsStandard: {
		"Deploy the custom connector first (connector package --form arm) and make a connection of it.",
		"Put the ID, the runtime URL and the authentication of the new connection into connections.json, and its " +
			"values into the app settings.",
		"Deploy the project and run each workflow once.",
	},
	report.Agent: {
		installConnector,
		"Apply the workspace to the agent, and set the connection of each tool that uses the connector.",
		"Test the agent, and publish it.",
	},
	report.CanvasApp: {licenses, installConnector},
	report.CodeApp:   {licenses, installConnector},
}

// byHand are steps for findings, in order.
var byHand = []struct {
	code report.Code
	step string
}{
	{
		report.NewConnection,
		"Give each connection or reference that the report names a connection of the new connector.",
	},
	{
		report.IndirectID,
		"Set the parameters and variables that the report names to the resource ID of the new connector.",
	},
	{
		report.RuntimeURL,
		"Open each flow with old actions (RuntimeUrl), save it, and add an action again if it does not save.",
	},
	{
		report.InvokerConnection,
		"Tell the people who start flows with their own connection to sign in to the new connector.",
	},
	{report.CanvasAppByHand, "Change the data sources of the canvas apps in Power Apps Studio."},
	{report.CodeAppByHand, "Generate the services of the code apps again (pac code add-data-source)."},
	{report.ManagedSolution, "Better migrate the unmanaged source of the managed solution."},
}

// goingBack is how to undo a migration, by kind.
var goingBack = map[report.Kind][]string{
	report.LegacyPackage:  {"To go back, turn the old flow on again and the new one off."},
	report.Solution:       {reimport},
	report.SolutionSource: {reimport},
	report.Agent:          {"To go back, apply the old workspace."},

	report.LogicAppsTemplate: {redeploy},
	report.LogicAppsStandard: {redeploy},
	report.LogicAppsCodeView: {"To go back, paste the old code."},
}

const (
	reimport = "To go back, import the old export: its connection references and their connections are still there."
	redeploy = "To go back, deploy the old version: its connection is still there if you gave the new one another name."
)
