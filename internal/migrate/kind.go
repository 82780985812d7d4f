package migrate

import (
	"regexp"

	"github.com/partner-center/connector/internal/migrate/archive"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// kinds are the kinds of exports by a role that one of their files has. The first that fits counts.
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
			if pattern.MatchString(slashed(file)) {
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

// isPlainApp reports whether an archive is an .msapp itself, or what is in one.
func isPlainApp(a *archive.Archive) bool {
	if roleOfZip(a) != appFile {
		return false
	}
	content, err := a.Read("Properties.json")
	if err != nil {
		return true // of another spelling
	}
	doc, err := splice.ParseJSON(content)
	return (err != nil) || (doc.Root.Get("LocalConnectionReferences") != nil) || (doc.Root.Get("DocumentType") != nil)
}
