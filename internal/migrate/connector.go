package migrate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/partner-center/connector/internal/migrate/archive"
	"github.com/partner-center/connector/internal/migrate/splice"
)

// ReadConnector returns the Dataverse connectorid and name of the connector in a solution. Of several
// connectors, it is the one with the preferred name.
func ReadConnector(path, preferred string) (guid, name string, err error) {
	solution, err := archive.Open(path)
	if err != nil {
		return "", "", err
	}
	defer solution.Close()
	content, err := solution.Read("customizations.xml")
	if err != nil {
		return "", "", fmt.Errorf("%s is no solution: want the zip that connector package makes, such as "+
			"PartnerCenterConnector.zip", path)
	}
	doc, err := splice.ParseXML(content)
	if err != nil {
		return "", "", fmt.Errorf("%s: customizations.xml: %w", path, err)
	}
	found := 0
	doc.Root.Walk(func(e *splice.Element) bool {
		id, named := e.Child("connectorid"), e.Child("name")
		if (e.Name != "Connector") || (id == nil) || (named == nil) {
			return true
		}
		if found++; (found == 1) || (named.Text == preferred) {
			guid, name = strings.ToLower(strings.Trim(id.Text, "{}")), named.Text
		}
		return true
	})
	switch {
	case found == 0:
		return "", "", errors.New(path + " has no custom connector: want the solution that connector package makes")
	case (found > 1) && (name != preferred):
		return "", "", fmt.Errorf("%s has %d custom connectors: set --connector-guid and --connector-name", path, found)
	}
	return guid, name, nil
}
