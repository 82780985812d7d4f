package migrate

import (
	"fmt"
	"path"
	"strings"

	"github.com/partner-center/connector/internal/migrate/report"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// keptReference is the text of the finding for a connection reference that keeps its name.
const keptReference = "the reference keeps its name and with it the connection of the old connector: give it a " +
	"connection of the new one by hand"

// logicalName is the attribute of an XML element that is a connection reference.
const logicalName = "connectionreferencelogicalname"

// editXML edits an XML file of a solution.
func (e *editor) editXML() {
	root := e.document.xml.Root
	if managed := root.Child("SolutionManifest").Child("Managed"); (managed != nil) && (managed.Text == "1") {
		e.add(report.Finding{Code: report.ManagedSolution, Level: report.Warning,
			Text: "this is a managed solution, so an import overwrites the publisher's version"})
	}
	root.Walk(func(element *splice.Element) bool {
		switch element.Name {
		case "connectionreference":
			e.editReferenceElement(element)
			return false
		case "CanvasApp":
			e.readAppElement(element)
		}
		e.editAttributes(element)
		return true
	})
}

// editReferenceElement edits the definition of a connection reference.
func (e *editor) editReferenceElement(element *splice.Element) {
	name, connector := element.Attr(logicalName), element.Child("connectorid")
	if (name == nil) || (connector == nil) {
		return
	}
	if !e.From.is(connector.Text) {
		e.other(connector.Text)
		return
	}
	doc, at := e.document.xml, place(element, name)
	if !e.hasShared() || (e.GUID == "") {
		e.leave(at + "/connectorid")
		return
	}
	if now, ok := e.renamed(name.Value); ok {
		e.record(at+"/@"+logicalName, name.Value, now)
		doc.SetAttr(element, logicalName, now)
	} else {
		e.add(report.Finding{Code: report.NewConnection, Level: report.Manual, At: at,
			Text: keptReference})
	}
	now := e.To.replacement(connector.Text)
	e.record(at+"/connectorid", connector.Text, now)
	doc.SetText(connector, now)
	e.setCustomConnector(element, connector, at+"/customconnectorid/connectorid")
}

// setCustomConnector sets the Dataverse ID of the connector of a reference.
func (e *editor) setCustomConnector(element, connector *splice.Element, at string) {
	doc := e.document.xml
	outer := element.Child("customconnectorid")
	switch custom := outer.Child("connectorid"); {
	case outer == nil:
		doc.InsertAfter(connector, "customconnectorid", "connectorid", e.GUID)
		e.record(at, nil, e.GUID)
	case (custom == nil) || (len(custom.Children) > 0):
		doc.SetChild(outer, "connectorid", e.GUID)
		e.record(at, nil, e.GUID)
	case !strings.EqualFold(custom.Text, e.GUID):
		e.record(at, custom.Text, e.GUID)
		doc.SetText(custom, e.GUID)
	}
}

// editAttributes edits attributes and texts that are the name of a connection reference as a whole.
func (e *editor) editAttributes(element *splice.Element) {
	for i := range element.Attrs {
		a := &element.Attrs[i]
		if now, ok := e.renamed(a.Value); ok {
			e.record(place(element, a)+"/@"+a.Name, a.Value, now)
			e.document.xml.SetAttr(element, a.Name, now)
		}
	}
	if now, ok := e.renamed(element.Text); ok && (len(element.Children) == 0) {
		e.record("//"+element.Name, element.Text, now)
		e.document.xml.SetText(element, now)
	}
}

// readAppElement reports a canvas app that uses the old connector and whose .msapp is not in the export.
func (e *editor) readAppElement(element *splice.Element) {
	references, document := element.Child("ConnectionReferences"), element.Child("DocumentUri")
	if (references == nil) || !e.From.mentions()(references.Text) {
		return
	}
	if (document != nil) && e.input.hasFile(document.Text) {
		return // is read itself
	}
	e.add(report.Finding{Code: report.CanvasAppByHand, Level: report.Manual, Text: changeApp("of the old connector")})
}

// hasFile reports whether an input has a file with the name at the end of a path.
func (in *input) hasFile(file string) bool {
	for name := range in.order {
		if path.Base(slashed(name)) == path.Base(file) {
			return true
		}
	}
	return false
}

// place returns where an element is, by one of its attributes.
func place(element *splice.Element, a *splice.Attr) string {
	return fmt.Sprintf("//%s[@%s='%s']", element.Name, a.Name, a.Value)
}
