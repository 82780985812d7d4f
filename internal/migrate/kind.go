package migrate

import (
	"regexp"
	"strings"

	"github.com/partner-center/connector/internal/migrate/archive"
	"github.com/partner-center/connector/internal/migrate/report"
)

// kinds are the kinds of exports with the roles that make them, the first that fits.
var kinds = []struct {
	role role
	kind report.Kind
}{
	{packageManifest, report.LegacyPackage},
	{packageFlow, report.LegacyPackage},
	{packageApp, report.LegacyPackage},
	{standardConnections, report.LogicAppsStandard},
	{standardWorkflow, report.LogicAppsStandard},
	{azureTemplate, report.LogicAppsTemplate},
	{bicepFile, report.LogicAppsTemplate},
	{codeView, report.LogicAppsCodeView},
	{solutionFlow, report.SolutionSource},
	{settingsFile, report.DeploymentSettings},
	{codeApp, report.CodeApp},
	{appFile, report.CanvasApp},
}

var (
	solutionSource = regexp.MustCompile(`(?i)(^|/)(Other/Solution\.xml|solutions/[^/]+/solution\.yml)$`)
	agentFile      = regexp.MustCompile(`(?i)(\.mcs\.ya?ml|\.sync\.ya?ml)$`)
)

// findKind returns the kind of an export, from what is in it.
func (in *input) findKind() report.Kind {
	has := func(pattern *regexp.Regexp) bool {
		for file := range in.order {
			if pattern.MatchString(strings.ReplaceAll(file, `\`, "/")) {
				return true
			}
		}
		return false
	}
	_, isSolution := in.order["solution.xml"]
	switch {
	case isSolution && in.facts.roles[solutionManifest]:
		return report.Solution
	case has(solutionSource):
		return report.SolutionSource
	case in.facts.isApp:
		return report.CanvasApp
	case has(agentFile):
		return report.Agent
	}
	for _, k := range kinds {
		if in.facts.roles[k.role] {
			return k.kind
		}
	}
	switch {
	case in.facts.isAgent:
		return report.Agent
	case in.facts.roles[solutionXML], in.facts.roles[solutionManifest]:
		return report.SolutionSource
	}
	return report.Unknown
}

// wantsCustom reports whether exports of a kind name connectors by resource IDs of Azure.
func wantsCustom(k report.Kind) bool {
	return (k == report.LogicAppsTemplate) || (k == report.LogicAppsCodeView) || (k == report.LogicAppsStandard)
}

// wantsGUID reports whether exports of a kind need the Dataverse ID and name of the new connector.
func wantsGUID(k report.Kind) bool { return (k == report.Solution) || (k == report.SolutionSource) }

// onlyReported reports whether exports of a kind are never changed.
func onlyReported(k report.Kind) bool { return (k == report.CanvasApp) || (k == report.CodeApp) }

// isPlainApp reports whether an archive is an .msapp itself, or what is in one.
func isPlainApp(a *archive.Archive) bool { return roleOfZip(a) == appFile }
