package registration

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/partner-center/connector/internal/definition"
)

// independentColor is the color of all independent publishers, who have no icon either:
// https://learn.microsoft.com/connectors/custom-connectors/certification-submission-ip.
const independentColor = "#da3b01"

// home is where the project's pages begin.
const home = "https://github.com/partner-center/connector"

// owner is the company whose service is read, in the words of the repository of public connectors.
const owner = "Microsoft"

// independent returns the folder for a pull request to the repository of public connectors. Such a
// connector serves every partner, so a connection names the host of its service.
func independent(b *Builder) ([]File, error) {
	parsed, err := summarize(b.own)
	if err != nil {
		return nil, err
	}
	p := b.properties(parsed)
	visible := true
	p.Properties.ConnectionParameters["host"] = connectionParameter{
		Type: "string",
		UIDefinition: &uiDefinition{
			DisplayName: "Host name of the service",
			Description: "The host of your organization's service, without https://, such as connector.contoso.com.",
			Tooltip:     "If you do not know it, " + b.whomToAsk(),
			Constraints: constraints{TabIndex: 1, ClearText: &visible, Required: "true"},
		},
	}
	p.Properties.Policies = append(p.Properties.Policies, policy{
		Template: "dynamichosturl",
		Title:    "Call the host that the connection names",
		Parameters: map[string]any{
			"x-ms-apimTemplateParameter.urlTemplate": "https://@connectionParameters('host')",
		},
	})
	p.Properties.IconBrandColor = independentColor
	p.Properties.Publisher = alphanumeric(parsed.Info.Contact.Name)
	if p.Properties.Publisher == "" {
		return nil, fmt.Errorf("contact name %q: want letters or digits, because it names the publisher",
			parsed.Info.Contact.Name)
	}
	p.Properties.StackOwner = owner
	properties, err := encode(p)
	if err != nil {
		return nil, err
	}
	readme, err := render("readme.md", map[string]any{
		"Info": parsed.Info, "Publisher": p.Properties.Publisher, "Operations": visibleOperations(parsed), "Home": home,
		"MCP":    b.identity == mcpIdentity,
		"APIKey": b.Definition.SignIn == definition.APIKey, "Caller": b.Definition.SignIn == definition.Caller,
	})
	if err != nil {
		return nil, err
	}
	return []File{
		{"apiDefinition.swagger.json", b.own},
		{"apiProperties.json", properties},
		{"readme.md", readme},
	}, nil
}

// alphanumeric returns a name without the characters that a publisher must not have.
func alphanumeric(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, " ")
}

// visibleOperations returns the operations that makers see, sorted by summary.
func visibleOperations(d summary) []operation {
	var visible []operation
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, o := range d.Paths[path] {
			if o.Visibility != "internal" {
				visible = append(visible, o)
			}
		}
	}
	slices.SortFunc(visible, func(a, b operation) int { return strings.Compare(a.Summary, b.Summary) })
	return visible
}
