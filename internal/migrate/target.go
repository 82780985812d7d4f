package migrate

import (
	"fmt"
	"regexp"
	"strings"
)

// An ID names a connector in one environment, in one of two forms.
type ID struct {
	shared string // of Power Platform, such as shared_microsoftpartnercent
	custom string // of Azure, such as /subscriptions/…/customApis/NAME
}

// Retired is the ID of the retired connector.
const Retired = "shared_microsoftpartnercent"

// sharedPrefix begins the ID of a connector of Power Platform.
const sharedPrefix = "shared_"

// apisPath precedes the ID of a connector in most exports.
const apisPath = "/providers/microsoft.powerapps/apis/"

var (
	sharedID = regexp.MustCompile(`(?i)^shared_[A-Za-z0-9_-]{1,200}$`)
	customID = regexp.MustCompile(
		`(?i)^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/'"\s]{1,90}` +
			`/providers/Microsoft\.Web/customApis/[^/'"\s]{1,120}$`)
)

// ParseID parses the ID of a connector: shared_…, the same after /providers/Microsoft.PowerApps/apis/, or
// the resource ID of a custom connector of Logic Apps.
func ParseID(text string) (ID, error) {
	if customID.MatchString(text) {
		return ID{custom: text}, nil
	}
	_, shared := cutApisPath(text)
	if !sharedID.MatchString(shared) {
		return ID{}, fmt.Errorf(
			"%q is no ID of a connector: want shared_…, /providers/Microsoft.PowerApps/apis/shared_… "+
				"or /subscriptions/…/providers/Microsoft.Web/customApis/NAME",
			text,
		)
	}
	return ID{shared: sharedPrefix + shared[len(sharedPrefix):]}, nil
}

// cutApisPath splits an ID of Power Platform into its path as it is written, perhaps empty, and the rest.
func cutApisPath(text string) (path, id string) {
	if n := len(apisPath); (len(text) > n) && strings.EqualFold(text[:n], apisPath) {
		return text[:n], text[n:]
	}
	return "", text
}

// name returns the name of the connector: shared_… without this prefix, or the last part of a resource
// ID.
func (id ID) name() string {
	if id.shared != "" {
		return id.shared[len(sharedPrefix):]
	}
	return id.custom[strings.LastIndex(id.custom, "/")+1:]
}

// equal reports whether two IDs name the same connector.
func (id ID) equal(other ID) bool {
	return strings.EqualFold(id.shared, other.shared) && strings.EqualFold(id.custom, other.custom)
}

// is reports whether text is the ID as a whole, with or without the path before it.
func (id ID) is(text string) bool {
	_, bare := cutApisPath(text)
	return (id.shared != "") && strings.EqualFold(bare, id.shared)
}

// isName reports whether text is the name of the connector, as apiName has it in some exports, or the
// ID.
func (id ID) isName(text string) bool {
	return id.is(text) || ((id.shared != "") && strings.EqualFold(text, id.name()))
}

// replacement returns what to write instead of text, which is the old ID or name: the new one in the
// same form.
func (id ID) replacement(text string) string {
	path, bare := cutApisPath(text)
	if (len(bare) < len(sharedPrefix)) || !strings.EqualFold(bare[:len(sharedPrefix)], sharedPrefix) {
		return id.name()
	}
	return path + id.shared
}

// isResource reports whether a resource ID of Azure, or the end of one, is that of the connector. A part
// of the path that holds a placeholder is not compared.
func (id ID) isResource(path string) bool {
	want := "managedApis/" + id.name()
	if id.custom != "" {
		want = strings.TrimPrefix(id.custom, "/")
	}
	wanted, parts := strings.Split(want, "/"), strings.Split(strings.TrimPrefix(path, "/"), "/")
	n := min(len(wanted), len(parts))
	if n < 2 {
		return false
	}
	wanted, parts = wanted[len(wanted)-n:], parts[len(parts)-n:]
	for i := range wanted {
		if !strings.EqualFold(wanted[i], parts[i]) && (strings.Trim(parts[i], placeholder) != "") {
			return false
		}
	}
	return !strings.Contains(parts[len(parts)-1], placeholder)
}

// keySuffix is what designers append to the key of a second connection.
var keySuffix = regexp.MustCompile(`[-_]\d+$`)

// isUsualKey reports whether the key of a connection is one that designers choose for the connector.
func (id ID) isUsualKey(key string) bool { return id.isName(keySuffix.ReplaceAllString(key, "")) }

// mentions returns a function that reports whether a text names the connector among other words. The
// longer names of other connectors do not count.
func (id ID) mentions() func(string) bool {
	if id.shared == "" {
		return func(string) bool { return false }
	}
	pattern := regexp.MustCompile(`(?i)(^|[^A-Za-z0-9_-])` + regexp.QuoteMeta(id.shared) + `([^A-Za-z0-9_-]|$)`)
	return pattern.MatchString
}
