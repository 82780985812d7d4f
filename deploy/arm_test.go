package deploy_test

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"text/scanner"
)

// A template is the deployment template, with expressions where Azure evaluates them.
type template struct {
	LanguageVersion string `json:"languageVersion"`

	Parameters map[string]parameter      `json:"parameters"`
	Variables  map[string]any            `json:"variables"`
	Resources  map[string]map[string]any `json:"resources"`
	Outputs    map[string]map[string]any `json:"outputs"`
}

type parameter struct {
	Type          string            `json:"type"`
	DefaultValue  any               `json:"defaultValue"`
	AllowedValues []any             `json:"allowedValues"`
	Metadata      map[string]string `json:"metadata"`
}

func readTemplate() (template, error) {
	text, err := os.ReadFile(templateFile)
	if err != nil {
		return template{}, err
	}
	var t template
	return t, json.Unmarshal(text, &t)
}

// An evaluation evaluates a template with parameters. It knows the functions that the template uses,
// and panics for any other.
type evaluation struct {
	template
	given map[string]any
}

// resources returns the resources whose condition holds, with every expression evaluated.
func (e evaluation) resources() map[string]map[string]any {
	all := map[string]map[string]any{}
	for name, resource := range e.Resources {
		if condition, ok := resource["condition"]; !ok || e.value(condition).(bool) {
			all[name] = e.value(resource).(map[string]any)
		}
	}
	return all
}

// value returns v with every expression in it evaluated. Members and elements that are null are left
// out.
func (e evaluation) value(v any) any {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "[") {
			return (&expression{e, newScanner(v[1 : len(v)-1])}).whole()
		}
	case []any:
		var all []any
		for _, element := range v {
			all = append(all, e.value(element))
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for name, member := range v {
			if value := e.value(member); value != nil {
				all[fmt.Sprint(e.value(name))] = value
			}
		}
		return all
	}
	return v
}

// An expression is an expression that is being parsed and evaluated.
type expression struct {
	evaluation
	*scanner.Scanner
}

func newScanner(text string) *scanner.Scanner {
	s := new(scanner.Scanner)
	s.Init(strings.NewReader(text))
	s.Mode = scanner.ScanIdents | scanner.ScanInts
	return s
}

func (x *expression) whole() any {
	v := x.next()
	if x.Scan() != scanner.EOF {
		panic("text behind an expression: " + x.TokenText())
	}
	return v
}

// next evaluates a literal, or a call with the properties and elements that are taken of its result.
func (x *expression) next() any {
	switch x.Scan() {
	case '\'':
		var text strings.Builder
		for c := x.Next(); c != '\''; c = x.Next() {
			text.WriteRune(c)
		}
		return text.String()
	case scanner.Int:
		n, _ := strconv.ParseFloat(x.TokenText(), 64)
		return n
	}
	v := x.call(x.TokenText(), x.arguments())
	for {
		switch x.Peek() {
		case '.':
			x.Next()
			x.Scan()
			v = v.(map[string]any)[x.TokenText()]
		case '[':
			x.Next()
			switch index := x.next().(type) {
			case string:
				v = v.(map[string]any)[index]
			case float64:
				v = v.([]any)[int(index)]
			}
			x.Scan()
		default:
			return v
		}
	}
}

func (x *expression) arguments() []any {
	var all []any
	x.Scan() // the opening parenthesis
	for x.Peek() != ')' {
		all = append(all, x.next())
		if x.Peek() == ',' {
			x.Scan()
		}
	}
	x.Scan()
	return all
}

// call evaluates a function. What Azure knows after a deployment is made up.
func (x *expression) call(function string, a []any) any {
	switch function {
	case "parameters":
		if v, ok := x.given[a[0].(string)]; ok {
			return v
		}
		return x.value(x.Parameters[a[0].(string)].DefaultValue)
	case "variables":
		return x.value(x.Variables[a[0].(string)])
	case "if":
		if a[0].(bool) {
			return a[1]
		}
		return a[2]
	case "not":
		return !a[0].(bool)
	case "and":
		return a[0].(bool) && a[1].(bool)
	case "equals":
		return a[0] == a[1]
	case "greater":
		return a[0].(float64) > a[1].(float64)
	case "toLower":
		return strings.ToLower(a[0].(string))
	case "empty":
		return a[0] == ""
	case "contains":
		return strings.Contains(a[0].(string), a[1].(string))
	case "createObject":
		all := map[string]any{}
		for i := 0; i < len(a); i += 2 {
			all[a[i].(string)] = a[i+1]
		}
		return all
	case "null":
		return nil
	case "json": // the schemas know no fractions of a processor, but expressions
		return fmt.Sprintf("[json('%v')]", a...)
	case "concat":
		return fmt.Sprint(a...)
	case "format":
		text := a[0].(string)
		for i, v := range a[1:] {
			text = strings.ReplaceAll(text, fmt.Sprintf("{%d}", i), fmt.Sprint(v))
		}
		return text
	case "newGuid":
		return "0f8fad5b-d9cb-469f-a165-70867728950e"
	case "uniqueString":
		sum := sha256.Sum256([]byte(fmt.Sprint(a...)))
		return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:13])
	case "resourceId":
		return fmt.Sprintf("/subscriptions/s/resourceGroups/g/providers/%v/%v", a...)
	case "tenant":
		return map[string]any{"tenantId": tenantID}
	case "resourceGroup":
		return map[string]any{"id": "/subscriptions/s/resourceGroups/g", "location": groupLocation}
	case "environment":
		return map[string]any{
			"name":           "AzureCloud",
			"authentication": map[string]any{"loginEndpoint": "https://login.microsoftonline.com/"},
		}
	case "listKeys":
		x.mustExist(a[0].(string))
		return map[string]any{"keys": []any{map[string]any{"value": "storage-key"}}}
	case "reference":
		x.mustExist(a[0].(string))
		return maps.Clone(deployed[a[0].(string)])
	}
	panic("unknown function " + function)
}

// mustExist panics if the template has no resource of a symbolic name.
func (e evaluation) mustExist(symbol string) {
	if e.Resources[symbol] == nil {
		panic("there is no resource " + symbol)
	}
}

// groupLocation is the region of the resource group that is deployed to.
var groupLocation = "westeurope"

// deployed is what Azure knows about the resources, by their symbolic names.
var deployed = map[string]map[string]any{
	"environment": {"defaultDomain": "happysea.westeurope.azurecontainerapps.io"},
	"identity":    {"clientId": identityClientID, "principalId": identityPrincipalID},
	"app":         {"configuration": map[string]any{"ingress": map[string]any{"fqdn": appHost}}},
}

const (
	tenantID            = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	clientID            = "9a1b2c3d-1234-4f89-91d3-0305e82c3302"
	identityClientID    = "7e8f9a0b-3456-4f89-91d3-0305e82c3304"
	identityPrincipalID = "5d6e7f80-2345-4f89-91d3-0305e82c3303"
	appHost             = "connector.happysea.westeurope.azurecontainerapps.io"
)
