package migrate

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"github.com/partner-center/connector/internal/migrate/archive"
	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// A document is a file that was read and parsed. One of json, xml, yaml, bicep and nested is set.
type document struct {
	file   string
	alone  bool // the file is the whole export, so its name does not matter
	role   role
	json   *splice.JSON
	xml    *splice.XML
	yaml   *splice.YAML
	bicep  []byte
	edited []byte // the new text of bicep; nil: unchanged
	nested *archive.Archive

	connections int      // of an Azure template: connections of the old connector that it makes
	entries     []string // of an Azure template: pointers of entries of $connections with the old connector
}

// A role is what a document is in an export. Documents without one are left alone.
type role int

const (
	noRole              role = iota
	packageManifest          // manifest.json of a legacy package
	packageFlow              // flow of a legacy package
	packageApp               // canvas app of a legacy package, beside its .msapp
	solutionFlow             // flow of a solution
	solutionXML              // any XML file of a solution
	solutionManifest         // solution.xml
	settingsFile             // deployment settings
	azureTemplate            // Azure Resource Manager template
	bicepFile                // the same in Bicep
	codeView                 // a Logic App as its code view shows it
	standardConnections      // connections.json of a Logic App (Standard)
	standardParameters       // parameters.json of it
	standardWorkflow         // workflow.json of it
	yamlFile                 // of an agent, or of a solution in a repository
	appFile                  // .msapp
	codeApp                  // power.config.json
)

// essential matches the main files of exports, which must be well formed.
var essential = regexp.MustCompile(`(?i)(^|[/\\])(manifest\.json|definition\.json|workflow\.json|connections\.json|` +
	`customizations\.xml|solution\.xml|(workflows|modernflows)[/\\][^/\\]+\.json|[^/\\]+\.msapp|[^/\\]+\.mcs\.ya?ml)$`)

// read reads and parses a file of an input. A file that is none of the known formats is nil, and also
// one that is damaged, which is a finding if it matters.
func (m *migration) read(in *input, file string) *document {
	content, err := in.archive.Read(file)
	if (err != nil) && !essential.MatchString(file) {
		in.report.Add(report.Finding{Code: report.NotFollowed, Level: report.Note, File: file,
			Text: "this file could not be read, and is in the output as it is: " + err.Error()})
		return nil
	}
	if err != nil {
		in.refuse(file, err)
		return nil
	}
	d := &document{file: file, alone: in.archive.Form() == archive.File}
	if err = d.parse(content); errors.As(err, new(*archive.HostileError)) {
		in.refuse(file, err)
		return nil
	} else if err != nil {
		if m.matters(in, file, content) {
			in.report.Add(report.Finding{Code: report.NotJSON, Level: report.Error, File: file, Text: err.Error()})
		}
		return nil
	}
	if d.role = d.findRole(); d.role == noRole {
		d.close()
		if essential.MatchString(file) && !isObjectOf(d) && !bytes.HasPrefix(content, gitPointer) {
			in.report.Add(report.Finding{Code: report.NotJSON, Level: report.Error, File: file,
				Text: "this file is empty, not in UTF-8, or not what its name says"})
		}
		return nil
	}
	return d
}

// isObjectOf reports whether a document without a role is at least a JSON object, as files of other
// programs with the same names are.
func isObjectOf(d *document) bool { return (d.json != nil) && isObject(d.json.Root) }

// errNotText is the error for a file in UTF-16.
var errNotText = errors.New("text in UTF-16: save it in UTF-8")

// isUTF16 reports whether content begins with a byte order mark of UTF-16.
func isUTF16(content []byte) bool {
	return bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff"))
}

// matters reports whether a file that cannot be parsed might name the old connector.
func (m *migration) matters(in *input, file string, content []byte) bool {
	plain := bytes.ToLower(bytes.ReplaceAll(content, []byte{0}, nil)) // of UTF-16 too
	return essential.MatchString(file) || (in.archive.Form() == archive.File) ||
		bytes.Contains(plain, []byte(strings.ToLower(m.From.name())))
}

var (
	gitPointer    = []byte("version https://git-lfs") // in place of a large file in a repository
	byteOrderMark = []byte("\xef\xbb\xbf")
	zipSignature  = []byte("PK\x03\x04")
)

// yamlName matches the names of YAML files in archives. Those of agents in solutions have no extension.
var yamlName = regexp.MustCompile(`(\.ya?ml|(^|[/\\])[^./\\]+)$`)

// parse parses content in the format that it seems to have. It does nothing for any other.
func (d *document) parse(content []byte) (err error) {
	start := bytes.TrimSpace(bytes.TrimPrefix(content, byteOrderMark))
	name := strings.ToLower(d.file)
	switch {
	case bytes.HasPrefix(content, zipSignature):
		d.nested, err = archive.OpenBytes(d.file, content)
	case len(start) == 0:
	case isUTF16(start):
		err = errNotText
	case bytes.IndexByte(start, 0) >= 0:
	case strings.HasSuffix(name, ".bicep"):
		d.bicep = content
	case (start[0] == '{') || (start[0] == '['):
		d.json, err = splice.ParseJSON(content)
	case start[0] == '<':
		d.xml, err = splice.ParseXML(content)
	case strings.HasSuffix(name, ".json"):
		d.json, err = splice.ParseJSON(content) // fails
	case strings.HasSuffix(name, ".xml"):
		d.xml, err = splice.ParseXML(content) // fails
	case yamlName.MatchString(name) || d.alone:
		d.yaml, err = splice.ParseYAML(content)
	}
	return err
}

func (d *document) close() {
	if d.nested != nil {
		d.nested.Close()
	}
}

// changed returns the new content of a document, or nil if nothing was changed.
func (d *document) changed() []byte {
	switch {
	case (d.json != nil) && d.json.Changed():
		return d.json.Bytes()
	case (d.xml != nil) && d.xml.Changed():
		return d.xml.Bytes()
	case (d.yaml != nil) && d.yaml.Changed():
		return d.yaml.Bytes()
	}
	return d.edited
}

// findRole returns the role of a document.
func (d *document) findRole() role {
	switch {
	case d.json != nil:
		return roleOfJSON(d.json.Root)
	case d.xml != nil:
		if d.xml.Root.Child("SolutionManifest") != nil {
			return solutionManifest
		}
		return solutionXML
	case d.yaml != nil:
		return yamlFile
	case d.bicep != nil:
		return bicepFile
	case d.nested != nil:
		return roleOfZip(d.nested)
	}
	return noRole
}

// roleOfJSON returns the role of a JSON document, by the members that only it has.
func roleOfJSON(root *splice.Value) role {
	switch {
	case isObject(root.Get("resources")) && (root.Get("schema") != nil):
		return packageManifest
	case isObject(root.Get("appDefinitionTemplate")):
		return packageApp
	case isLogicApp(root):
		return codeView
	case isDefinition(root.Get("properties", "definition")):
		if hasSolutionReferences(root) {
			return solutionFlow
		}
		return packageFlow
	case (root.Get("ConnectionReferences") != nil) && (root.Get("ConnectionReferences").Kind == splice.Array):
		return settingsFile
	case (root.Get("resources") != nil) && strings.Contains(root.Get("$schema").Str(), "eploymentTemplate"):
		return azureTemplate
	case isObject(root.Get("managedApiConnections")), isObject(root.Get("serviceProviderConnections")):
		return standardConnections
	case isDefinition(root.Get("definition")) && (root.Get("parameters", "$connections") != nil), isDefinition(root):
		return codeView
	case isDefinition(root.Get("definition")):
		return standardWorkflow
	case (root.Get("connectionReferences") != nil) && (root.Get("appId") != nil):
		return codeApp
	case hasTypedValues(root):
		return standardParameters
	}
	return noRole
}

// isDefinition reports whether v is a workflow definition.
func isDefinition(v *splice.Value) bool {
	return isObject(v) && (isObject(v.Get("actions")) || isObject(v.Get("triggers")))
}

// isLogicApp reports whether root is a Logic App (Consumption) as Azure's API returns it.
func isLogicApp(root *splice.Value) bool {
	return strings.EqualFold(root.Get("type").Str(), "Microsoft.Logic/workflows") &&
		isDefinition(root.Get("properties", "definition"))
}

// hasSolutionReferences reports whether a flow names its connectors as flows of solutions do.
func hasSolutionReferences(root *splice.Value) bool {
	references := root.Get("properties", "connectionReferences")
	if references == nil {
		return root.Get("schemaVersion") != nil
	}
	for _, m := range references.Members {
		if m.Value.Get("api") != nil {
			return true
		}
	}
	return root.Get("schemaVersion") != nil
}

// hasTypedValues reports whether every member of root is a parameter with a type and a value.
func hasTypedValues(root *splice.Value) bool {
	for _, m := range root.Members {
		if (m.Value.Get("type") == nil) || (m.Value.Get("value") == nil) {
			return false
		}
	}
	return len(root.Members) > 0
}

// roleOfZip returns the role of a zip in an archive.
func roleOfZip(nested *archive.Archive) role {
	for _, e := range nested.Entries() {
		switch slashed(e.Name) {
		case "Properties.json", "References/DataSources.json":
			return appFile
		}
	}
	return noRole
}
