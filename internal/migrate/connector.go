package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
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
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("%q is not a solution: want the zip that connector package writes, such as "+
			"PartnerCenterConnector.zip", path)
	}
	if err != nil {
		return "", "", err
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
			guid, name = id.Text, named.Text
		}
		return true
	})
	switch {
	case found == 0:
		return "", "", errors.New(path + " has no custom connector: want the solution that connector package makes")
	case (found > 1) && (name != preferred):
		return "", "", fmt.Errorf("%s has %d custom connectors: set --connector-guid and --connector-name", path, found)
	}
	return CheckConnector(guid, name)
}

var (
	validGUID = regexp.MustCompile(`^\{?([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?$`)
	validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)
)

// CheckConnector returns a Dataverse connectorid without braces and in lower case, and a name. Either may
// be empty. An error joins what is wrong.
func CheckConnector(guid, name string) (id, sameName string, err error) {
	match := validGUID.FindStringSubmatch(guid)
	var wrong []error
	switch {
	case match != nil:
		id = strings.ToLower(match[1])
	case guid != "":
		wrong = append(wrong, fmt.Errorf("%q is not the GUID of a connector", guid))
	}
	if (name != "") && !validName.MatchString(name) {
		wrong = append(wrong, fmt.Errorf("%q is not the name of a connector, such as pcc_partnercenter", name))
	}
	return id, name, errors.Join(wrong...)
}
