package definition

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi3"
)

// metadataKey is the platform's extension for a list of named properties, such as the privacy
// policy.
const metadataKey = "x-ms-connector-metadata"

// titleForm follows the platform's rules for titles: at most 30 characters, ending with a letter or
// a digit.
var titleForm = regexp.MustCompile(`^[A-Za-z0-9][ -~]{0,28}[A-Za-z0-9]$`)

// fixInfo replaces the title, contact and metadata of the spec with the operator's.
func fixInfo(doc2 *openapi2.T, _ *openapi3.T, o Options) error {
	if err := o.Info.validate(); err != nil {
		return err
	}
	replace(&doc2.Info.Title, o.Info.Title)
	contact := openapi3.Contact{}
	if doc2.Info.Contact != nil {
		contact = *doc2.Info.Contact
	}
	replace(&contact.Name, o.Info.ContactName)
	replace(&contact.URL, o.Info.ContactURL)
	replace(&contact.Email, o.Info.ContactEmail)
	if contact.Name != "" || contact.URL != "" || contact.Email != "" {
		doc2.Info.Contact = &contact
	}
	setMetadata(doc2, "Website", o.Info.Website)
	setMetadata(doc2, "Privacy policy", o.Info.PrivacyPolicy)
	return nil
}

// validate returns an error that joins one error per invalid field.
func (i Info) validate() error {
	var wrong []error
	if i.Title != "" && !titleForm.MatchString(i.Title) {
		wrong = append(wrong,
			fmt.Errorf("title %q: want 2 to 30 characters of ASCII, the first and the last a letter or a digit",
				i.Title))
	}
	for _, field := range []struct{ name, url string }{
		{"contact URL", i.ContactURL}, {"website", i.Website}, {"privacy policy", i.PrivacyPolicy},
	} {
		if field.url != "" && !isHTTPS(field.url) {
			wrong = append(wrong,
				fmt.Errorf("%s %q: want an https URL, such as https://contoso.com/privacy", field.name, field.url))
		}
	}
	if i.ContactName != "" && !isName(i.ContactName) {
		wrong = append(wrong, fmt.Errorf("contact name %q: want a line of at most %d characters, such as Contoso IT",
			i.ContactName, maxName))
	}
	if i.ContactEmail != "" && !isEmail(i.ContactEmail) {
		wrong = append(wrong,
			fmt.Errorf("contact email %q: want an address, such as support@contoso.com", i.ContactEmail))
	}
	return errors.Join(wrong...)
}

// replace sets *text unless by is empty.
func replace(text *string, by string) {
	if by != "" {
		*text = by
	}
}

// setMetadata sets a property in the platform's metadata. An empty value keeps the property as it
// is.
func setMetadata(doc *openapi2.T, name, value string) {
	if value == "" {
		return
	}
	properties, _ := doc.Extensions[metadataKey].([]any)
	for _, p := range properties {
		if property, ok := p.(map[string]any); ok && property["propertyName"] == name {
			property["propertyValue"] = value
			return
		}
	}
	if doc.Extensions == nil {
		doc.Extensions = map[string]any{}
	}
	doc.Extensions[metadataKey] = append(properties, map[string]any{"propertyName": name, "propertyValue": value})
}

var (
	// uriForm matches the characters of a URI: https://www.rfc-editor.org/rfc/rfc3986#section-2.
	uriForm = regexp.MustCompile(`^[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+$`)
	// emailForm matches the addresses that the platform's schema accepts, without quotes and comments.
	emailForm = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
)

// Lengths of an operator's texts, in characters.
const (
	maxName  = 100
	maxURL   = 2000
	maxEmail = 254 // https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3
)

// isHTTPS reports whether s is an https URL with a host and without credentials.
func isHTTPS(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxURL && uriForm.MatchString(s) &&
		u.Scheme == "https" && u.Hostname() != "" && u.User == nil
}

// isEmail reports whether s is a bare email address, without a display name.
func isEmail(s string) bool {
	address, err := mail.ParseAddress(s)
	return err == nil && len(s) <= maxEmail && address.Address == s && emailForm.MatchString(s)
}

// isName reports whether s is one line of printable text that the platform shows as it is. It rejects
// the platform's expressions, which would be replaced by their values.
func isName(s string) bool {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	return utf8.ValidString(s) && strings.TrimSpace(s) == s && utf8.RuneCountInString(s) <= maxName &&
		!strings.ContainsFunc(s, unprintable) && !strings.Contains(s, "@environmentVariables(")
}
