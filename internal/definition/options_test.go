package definition

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestGenerateTakesOptions(t *testing.T) {
	for _, test := range []struct {
		name     string
		old, new string // edit of small
		options  Options
		want     string // part of the definition
	}{
		{"the spec's server is the default", "", "", Options{},
			`"host": "small.example",` + "\n" + `    "basePath": "/",`},
		{"a base path of the spec stays", "small.example", "small.example/base", Options{}, `"basePath": "/base"`},
		{"a host", "", "", Options{Host: "other.example"}, `"host": "other.example"`},
		{"a host with a port", "", "", Options{Host: "other.example:8443"}, `"host": "other.example:8443"`},
		{"an environment variable as host", "", "", Options{Host: `@environmentVariables("new_host")`},
			`"host": "@environmentVariables(\"new_host\")"`},
		{"a title", "", "", Options{Info: Info{Title: "Contoso (test) 2"}}, `"title": "Contoso (test) 2"`},
		{"a contact where the spec has none", "", "", Options{Info: Info{ContactEmail: "a@contoso.com"}},
			`"contact": {` + "\n" + `            "email": "a@contoso.com"` + "\n        }"},
		{"the other contact details stay", "  title: Small",
			"  title: Small\n  contact: {name: Contoso, url: https://contoso.com}",
			Options{Info: Info{ContactURL: "https://fabrikam.com"}},
			`"name": "Contoso",` + "\n" + `            "url": "https://fabrikam.com"`},
		{"a privacy policy where the spec has none", "", "",
			Options{Info: Info{PrivacyPolicy: "https://contoso.com/privacy"}},
			`"propertyName": "Privacy policy",` + "\n" + `            "propertyValue": "https://contoso.com/privacy"`},
		{"a website in place of the spec's", "security:\n  - key", "x-ms-connector-metadata:\n" +
			"  - {propertyName: Website, propertyValue: https://contoso.com}\n" +
			"  - {propertyName: Categories, propertyValue: Finance}\nsecurity:\n  - key",
			Options{Info: Info{Website: "https://fabrikam.com"}},
			`"propertyValue": "https://fabrikam.com"` + "\n        },\n        {\n" +
				`            "propertyName": "Categories"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.SignIn = "api-key"
			got, err := Generate(edited(t, test.old, test.new), test.options)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(got), test.want) {
				t.Errorf("no %s in\n%s", test.want, got)
			}
		})
	}
}

func TestGenerateRejectsOption(t *testing.T) {
	for _, test := range []struct {
		name    string
		options Options
		want    string
	}{
		{"no sign-in", Options{}, `sign-in ""`},
		{"two sign-ins", Options{SignIn: "entra,caller"}, `sign-in "entra,caller": want api-key, entra or caller`},
		{"no tenant", entra(func(o *OAuth) { o.Tenant = "" }), `tenant "": want the ID`},
		{"a tenant with a slash", entra(func(o *OAuth) { o.Tenant = "a/b" }), `tenant "a/b"`},
		{"no audience", entra(func(o *OAuth) { o.Resource = "" }),
			`audience "" with scope "access_as_user": want an Application ID URI`},
		{"an audience with a space", entra(func(o *OAuth) { o.Resource = "api://a b" }), `audience "api://a b"`},
		{"no scope", entra(func(o *OAuth) { o.Scope = "" }), `with scope ""`},
		{"an audience that is an expression of Azure",
			entra(func(o *OAuth) { o.Resource = "[parameters('clientSecret')]" }), `audience "[parameters`},
		{"an audience that is a variable",
			entra(func(o *OAuth) { o.Resource = `@environmentVariables("x")` }), `audience "@environment`},
		{"a scope that ends like an expression", entra(func(o *OAuth) { o.Scope = "a]" }), `with scope "a]"`},
		{"a scope with a quote", entra(func(o *OAuth) { o.Scope = `a"` }), `with scope "a\""`},
		{"a URL as host", Options{SignIn: "api-key", Host: "https://other.example"},
			`host "https://other.example": want a name`},
		{"a host with a path", Options{SignIn: "api-key", Host: "other.example/v1"}, `host "other.example/v1"`},
		{"a host with a space", Options{SignIn: "api-key", Host: "two words"}, `host "two words"`},
		{"a host with a named port", Options{SignIn: "api-key", Host: "other.example:port"},
			`host "other.example:port"`},
		{"a host with a user", Options{SignIn: "api-key", Host: "a@other.example"}, `host "a@other.example"`},
		{"a host with a query", Options{SignIn: "api-key", Host: "other.example?x"}, `host "other.example?x"`},
		{"a host with an empty part", Options{SignIn: "api-key", Host: "other..example"}, `host "other..example"`},
		{"a host with a line end", Options{SignIn: "api-key", Host: "other.example\n"}, `host "other.example\n"`},
		{"a host in another script", Options{SignIn: "api-key", Host: "münchen.example"}, `host "münchen.example"`},
		{"a host of two variables",
			Options{SignIn: "api-key", Host: `@environmentVariables("x")@environmentVariables("y")`}, `host "@env`},
		{"a host that is a parameter", Options{SignIn: "api-key", Host: "[parameters('x')]"}, `host "[parameters`},
		{"a host that is too long", Options{SignIn: "api-key", Host: strings.Repeat("a.", 127) + "abcdef"},
			`host "a.a.`},
		{"port 0", Options{SignIn: "api-key", Host: "other.example:0"}, `host "other.example:0"`},
		{"port 65536", Options{SignIn: "api-key", Host: "other.example:65536"}, `host "other.example:65536"`},
		{"a contact of two lines", about(Info{ContactName: "a\nb"}), `contact name "a\nb": want a line`},
		{"a contact of blanks", about(Info{ContactName: " "}), `contact name " "`},
		{"a contact with a control character", about(Info{ContactName: "a\x01b"}), `contact name "a\x01b"`},
		{"a contact that turns text around", about(Info{ContactName: "a\u202eb"}), `contact name "a\u202eb"`},
		{"a contact that is not UTF-8", about(Info{ContactName: "a\xff"}), `contact name "a\xff"`},
		{"a contact of 101 characters", about(Info{ContactName: strings.Repeat("é", 101)}), `contact name "éé`},
		{"a contact with an expression", about(Info{ContactName: `@environmentVariables("x")`}), `contact name "@env`},
		{"a URL with quotes", about(Info{Website: `https://contoso.com/"a"`}), `website "https://contoso.com/`},
		{"a URL with a blank", about(Info{ContactURL: "https://contoso.com/a "}), `contact URL "https://contoso`},
		{"a URL in another script", about(Info{PrivacyPolicy: "https://contoso.com/é"}), `privacy policy "https`},
		{"a URL of 2,001 characters", about(Info{Website: "https://contoso.com/" + strings.Repeat("a", 1981)}),
			`website`},
		{"a contact email with braces", about(Info{ContactEmail: "a{b}@contoso.com"}), `contact email "a{b}`},
		{"a contact email of one label", about(Info{ContactEmail: "a@contoso"}), `contact email "a@contoso"`},
		{"a contact email that turns text around", about(Info{ContactEmail: "a\u202e@contoso.com"}), `contact email`},
		{"a title of 31 characters", about(Info{Title: strings.Repeat("a", 31)}), `title "aaa`},
		{"a title of one character", about(Info{Title: "a"}), `title "a": want 2 to 30 characters`},
		{"a title that ends in a dot", about(Info{Title: "Contoso."}), `title "Contoso."`},
		{"a title of two lines", about(Info{Title: "Contoso\nPartner"}), `title "Contoso\nPartner"`},
		{"a title with an accent", about(Info{Title: "Contosó a"}), "title \"Contosó a\""},
		{"a contact URL without https", about(Info{ContactURL: "http://contoso.com"}),
			`contact URL "http://contoso.com": want an https URL`},
		{"a contact URL with a user", about(Info{ContactURL: "https://a@contoso.com"}),
			`contact URL "https://a@contoso.com"`},
		{"a website without a host", about(Info{Website: "https:///a"}), `website "https:///a"`},
		{"a privacy policy that is a host", about(Info{PrivacyPolicy: "contoso.com"}), `privacy policy "contoso.com"`},
		{"a contact email without a domain", about(Info{ContactEmail: "contoso"}),
			`contact email "contoso": want an address`},
		{"a contact email with a name", about(Info{ContactEmail: "A <a@contoso.com>"}),
			`contact email "A <a@contoso.com>"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Generate([]byte(small), test.options); err == nil ||
				!strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
	t.Run("names every wrong option", func(t *testing.T) {
		o := about(Info{Title: "!", ContactURL: "x", ContactEmail: "y"})
		o.Host, o.SignIn = "two words", "z"
		_, err := Generate([]byte(small), o)
		for _, want := range []string{"host", "title", "contact URL", "contact email", "sign-in"} {
			if err == nil || !strings.Contains("\n"+err.Error(), "\n"+want) {
				t.Errorf("no line about the %s in %v", want, err)
			}
		}
	})
}

// TestGenerateWritesASCII checks that a name in any language arrives whole, in a text that is read the
// same in every code page.
func TestGenerateWritesASCII(t *testing.T) {
	const name = "Müller & 株式会社 😀"
	got, err := Generate([]byte(small), about(Info{ContactName: name}))
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(got, func(b byte) bool { return b > '~' }); i >= 0 {
		t.Errorf("byte %d is %#x", i, got[i])
	}
	if contact := sub(parse(t, got).root, "info", "contact"); text(contact, "name") != name {
		t.Errorf("the contact is %q", text(contact, "name"))
	}
	if !strings.Contains(string(got), `M\u00fcller & \u682a\u5f0f\u4f1a\u793e \ud83d\ude00"`) {
		t.Errorf("no escapes in\n%s", got)
	}
}

// entra returns valid options for a sign-in with Entra ID, with one change.
func entra(change func(*OAuth)) Options {
	o := signIns["entra"]
	change(&o.OAuth)
	return o
}

func about(i Info) Options { return Options{SignIn: "api-key", Info: i} }

func TestGenerateSignsInWithEntraID(t *testing.T) {
	const want = `    "securityDefinitions": {
        "oauth2": {
            "type": "oauth2",
            "description": "An account that the operator of the service allows.",
            "flow": "accessCode",
            "authorizationUrl": "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/authorize",
            "tokenUrl": "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
            "scopes": {
                "api://0f8fad5b-d9cb-469f-a165-70867728950e/access_as_user": "Call the service as the signed-in user."
            }
        }
    },
    "security": [
        {
            "oauth2": [
                "api://0f8fad5b-d9cb-469f-a165-70867728950e/access_as_user"
            ]
        }
    ]
}
`
	got, err := Generate([]byte(small), signIns["entra"])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(got), want) {
		t.Errorf("got\n%s", got)
	}
}

// TestTextsFitTheSignIn looks for texts that belong to another way to sign in.
func TestTextsFitTheSignIn(t *testing.T) {
	key, appUser := regexp.MustCompile(`(?i)\bkeys?\b`), regexp.MustCompile(`App\+User`)
	for signIn, foreign := range map[string][]*regexp.Regexp{"api-key": nil, "entra": {key}, "caller": {key, appUser}} {
		t.Run(signIn, func(t *testing.T) {
			// a field of a record has that name
			text := strings.ReplaceAll(string(generated(t, signIn)), `"key": {`, "")
			for _, words := range []*regexp.Regexp{key, appUser} {
				found := words.FindStringIndex(text)
				switch {
				case slices.Contains(foreign, words) && found != nil:
					t.Errorf("%v: …%s…", words, text[max(0, found[0]-100):min(len(text), found[1]+100)])
				case !slices.Contains(foreign, words) && found == nil:
					t.Errorf("no text mentions %v", words)
				}
			}
		})
	}
}

func TestTextOfOneSignInReplacesTheCommonOne(t *testing.T) {
	spec := edited(t, "operationId: GetA", "operationId: GetA\n      summary: Get a\n      x-caller-summary: Get b")
	for signIn, want := range map[string]string{
		"api-key": `"summary": "Get a"`,
		"entra":   `"summary": "Get a"`,
		"caller":  `"summary": "Get b"`,
	} {
		t.Run(signIn, func(t *testing.T) {
			got, err := Generate(spec, signIns[signIn])
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(got), want) || strings.Contains(string(got), "x-caller") {
				t.Errorf("no %s in\n%s", want, got)
			}
		})
	}
}
