package deploy_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jmespath/go-jmespath"
)

// An azure is the state of a fake subscription, kept in the file that AZURE names. It fails at
// commands and options that it does not know, so a script can use only those that are stated here.
type azure struct {
	Unregistered []string // resource providers
	Groups       map[string]*group
	Apps         map[string]map[string]credential // registrations by client ID: federated credentials by name
	Principals   []string                         // of these apps
}

type group struct {
	Location   string
	Tags       map[string]string
	Places     map[string]string // locations of resources
	Deployment map[string]any    // parameters by name, but the secure ones
	Outputs    map[string]any
	Secrets    map[string]map[string]string // by container app
	Domains    any                          // of the ingress

	Restrictions any      // of the ingress
	Storage      string   // name of the storage account; empty: none
	Files        []string // on its share
}

type credential struct {
	Name      string   `json:"name"`
	Issuer    string   `json:"issuer"`
	Subject   string   `json:"subject"`
	Audiences []string `json:"audiences"`
}

// az is the main function of a stand-in for Azure's command line.
func az() {
	command, options := parseAz(os.Args[1:])
	logCall("az " + strings.Join(os.Args[1:], " "))
	line := strings.Join(os.Args[1:], " ")
	if fails, text, _ := strings.Cut(os.Getenv("AZ_FAILS"), ": "); (fails != "") && strings.HasPrefix(line, fails) {
		fmt.Fprintln(os.Stderr, "ERROR: "+text)
		os.Exit(1)
	}
	if late := os.Getenv("AZ_LATE"); (late != "") && strings.HasPrefix(command, late) && (timesCalled(late) < 3) {
		fmt.Fprintln(os.Stderr, "ERROR: Resource does not exist or one of its queried objects is not present.")
		os.Exit(1)
	}
	state := new(azure)
	file := os.Getenv("AZURE")
	if text, err := os.ReadFile(file); err == nil {
		check(json.Unmarshal(text, state))
	}
	if err := checkOptions(command, options); err != nil {
		fmt.Fprintln(os.Stderr, "ERROR:", err)
		os.Exit(2)
	}
	result, err := state.run(command, options)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR:", err)
		os.Exit(1)
	}
	text, err := json.MarshalIndent(state, "", "  ")
	check(err)
	check(os.WriteFile(file, text, 0o600))
	print(result, options)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// logCall appends a line to the file that CALLS names.
func logCall(line string) {
	f, err := os.OpenFile(os.Getenv("CALLS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	check(err)
	defer f.Close()
	fmt.Fprintln(f, line)
}

// timesCalled returns how often a command has been called, this time included.
func timesCalled(command string) int {
	text, err := os.ReadFile(os.Getenv("CALLS"))
	check(err)
	return strings.Count(string(text), "az "+command)
}

// parseAz divides a command line into its words and its options.
func parseAz(args []string) (command string, options map[string]string) {
	var words []string
	options = map[string]string{}
	for i := 0; i < len(args); i++ {
		switch name, isOption := strings.CutPrefix(args[i], "--"); {
		case !isOption:
			words = append(words, args[i])
		case (i+1 == len(args)) || strings.HasPrefix(args[i+1], "--"):
			options[name] = "true"
		default:
			i++
			options[name] = args[i]
		}
	}
	return strings.Join(words, " "), options
}

// print prints a result as az does with --query and --output.
func print(result any, options map[string]string) {
	text, err := json.Marshal(result)
	check(err)
	var value any
	check(json.Unmarshal(text, &value))
	if query := options["query"]; query != "" {
		value, err = jmespath.Search(query, value)
		check(err)
	}
	switch options["output"] {
	case "none":
	case "json", "":
		if value == nil {
			return
		}
		text, err := json.MarshalIndent(value, "", "  ")
		check(err)
		fmt.Println(string(text))
	case "tsv":
		printLines(os.Stdout, value)
	default:
		panic("unknown output " + options["output"])
	}
}

func printLines(w io.Writer, value any) {
	switch value := value.(type) {
	case nil:
	case []any:
		for _, v := range value {
			if v == nil {
				v = "None"
			}
			if row, ok := v.([]any); ok {
				v = strings.TrimSuffix(strings.ReplaceAll(fmt.Sprintln(row...), " ", "\t"), "\n")
			}
			printLines(w, v)
		}
	case map[string]any:
		panic("an object has no one line")
	default:
		fmt.Fprintln(w, value)
	}
}

type object = map[string]any

// azOptions are the options that the scripts may give to each command, besides those of every command.
var azOptions = map[string]string{
	"account show":                       "",
	"ad app delete":                      "id",
	"ad app federated-credential create": "id parameters",
	"ad app federated-credential list":   "id",
	"ad app show":                        "id",
	"ad sp create":                       "id",
	"ad sp show":                         "id",
	"cloud show":                         "",
	"deployment group create":            "resource-group name template-file parameters",
	"deployment group show":              "resource-group name",
	"group create":                       "name location tags",
	"group delete":                       "name yes",
	"group exists":                       "name",
	"group show":                         "name",
	"identity create":                    "resource-group name location",
	"identity show":                      "resource-group name",
	"provider register":                  "namespace wait",
	"provider show":                      "namespace",
	"resource delete":                    "ids",
	"resource list":                      "resource-group resource-type",
	"resource show":                      "ids api-version",
	"rest":                               "method url body",
	"storage account list":               "resource-group",
	"storage file exists":                "account-name share-name path",
	"tag update":                         "resource-id operation tags",
}

// checkOptions returns an error if a command has an option that it does not take.
func checkOptions(command string, o map[string]string) error {
	allowed := append(strings.Fields(azOptions[command]), "query", "output", "only-show-errors")
	for name := range o {
		if !slices.Contains(allowed, name) {
			return fmt.Errorf("unrecognized arguments: --%s", name)
		}
	}
	return nil
}

const subscriptionID = "0f8fad5b-d9cb-469f-a165-70867728950e"

// run executes a command.
func (a *azure) run(command string, o map[string]string) (any, error) {
	g := a.Groups[o["resource-group"]]
	if (o["resource-group"] != "") && (g == nil) {
		return nil, errors.New("(ResourceGroupNotFound) Resource group could not be found.")
	}
	switch command {
	case "account show":
		return object{"id": subscriptionID, "name": "Contoso production", "tenantId": tenantID,
			"tenantDefaultDomain": "contoso.onmicrosoft.com"}, nil
	case "cloud show":
		return object{"name": "AzureCloud", "endpoints": object{
			"resourceManager":          "https://management.azure.com/",
			"microsoftGraphResourceId": "https://graph.microsoft.com/",
		}}, nil
	case "provider show":
		if strings.Contains(fmt.Sprint(a.Unregistered), o["namespace"]) {
			return object{"registrationState": "NotRegistered"}, nil
		}
		return object{"registrationState": "Registered"}, nil
	case "provider register":
		a.Unregistered = without(a.Unregistered, o["namespace"])
		return nil, nil
	case "resource list":
		apps := []object{}
		for name := range g.Secrets {
			apps = append(apps, object{"name": name})
		}
		return apps, nil
	case "resource show":
		return a.show(o)
	case "resource delete":
		return nil, a.remove(o["ids"])
	case "identity create":
		return nil, g.place("identity "+o["name"], cmp.Or(o["location"], g.Location))
	case "identity show":
		return object{"principalId": identityPrincipalID}, nil
	case "deployment group create":
		return object{"properties": object{"outputs": g.Outputs}}, g.deploy(o)
	case "deployment group show":
		if g.Deployment == nil {
			return nil, errors.New("(DeploymentNotFound) Deployment could not be found.")
		}
		return object{"properties": object{"parameters": g.Deployment, "outputs": g.Outputs}}, nil
	case "rest":
		if o["url"] == "https://graph.microsoft.com/v1.0/applications" {
			return a.register(o)
		}
		return a.rest(o)
	case "storage account list":
		if g.Storage == "" {
			return []object{}, nil
		}
		return []object{{"name": g.Storage}}, nil
	case "storage file exists":
		for _, g := range a.Groups {
			if g.Storage == o["account-name"] {
				return object{"exists": strings.Contains(fmt.Sprint(g.Files), o["path"])}, nil
			}
		}
		return nil, errors.New("no such account")
	}
	if kind, _, _ := strings.Cut(command, " "); kind == "ad" {
		return a.directory(command, o)
	}
	return a.group(command, o)
}

// group executes a command on resource groups.
func (a *azure) group(command string, o map[string]string) (any, error) {
	g := a.Groups[o["name"]]
	switch command {
	case "group exists":
		return g != nil, nil
	case "group create":
		key, value, _ := strings.Cut(o["tags"], "=")
		if a.Groups == nil {
			a.Groups = map[string]*group{}
		}
		a.Groups[o["name"]] = &group{Location: o["location"], Tags: map[string]string{key: value}}
		return nil, nil
	case "group show":
		if g == nil {
			return nil, errors.New("(ResourceGroupNotFound) Resource group could not be found.")
		}
		return object{"location": g.Location, "tags": g.Tags}, nil
	case "group delete":
		delete(a.Groups, o["name"])
		return nil, nil
	case "tag update":
		key, value, _ := strings.Cut(o["tags"], "=")
		a.Groups[filepath.Base(o["resource-id"])].Tags[key] = value
		if o["operation"] != "merge" {
			panic("other tags are lost")
		}
		return nil, nil
	}
	return nil, fmt.Errorf("'%s' is misspelled or not recognized by the system", command)
}

// directory executes a command on app registrations.
func (a *azure) directory(command string, o map[string]string) (any, error) {
	credentials, known := a.Apps[o["id"]]
	if (o["id"] != "") && !known {
		return nil, errors.New("Resource '" + o["id"] + "' does not exist")
	}
	switch command {
	case "ad app show":
		return object{"appId": o["id"]}, nil
	case "ad app delete":
		delete(a.Apps, o["id"])
		a.Principals = without(a.Principals, o["id"])
		return nil, nil
	case "ad sp create":
		a.Principals = append(a.Principals, o["id"])
		return nil, nil
	case "ad sp show":
		if !strings.Contains(fmt.Sprint(a.Principals), o["id"]) {
			return nil, errors.New("Resource '" + o["id"] + "' does not exist")
		}
		return object{"id": "principal"}, nil
	case "ad app federated-credential list":
		all := []credential{}
		for _, c := range credentials {
			all = append(all, c)
		}
		return all, nil
	case "ad app federated-credential create":
		var c credential
		text, err := os.ReadFile(strings.TrimPrefix(o["parameters"], "@"))
		check(err)
		check(json.Unmarshal(text, &c))
		if _, exists := credentials[c.Name]; exists {
			return nil, errors.New("FederatedIdentityCredential with name " + c.Name + " already exists.")
		}
		credentials[c.Name] = c
		return nil, nil
	}
	return nil, fmt.Errorf("'%s' is misspelled or not recognized by the system", command)
}

// deploy deploys the template.
func (g *group) deploy(o map[string]string) error {
	text, err := os.ReadFile(strings.TrimPrefix(o["parameters"], "@"))
	check(err)
	if info, err := os.Stat(strings.TrimPrefix(o["parameters"], "@")); (err == nil) && (info.Mode().Perm() != 0o600) {
		panic("others can read the secrets")
	}
	var file struct {
		Parameters map[string]struct{ Value any }
	}
	check(json.Unmarshal(text, &file))
	var t template
	text, err = os.ReadFile(o["template-file"])
	check(err)
	check(json.Unmarshal(text, &t))
	g.Deployment = object{}
	given := map[string]any{}
	for name, p := range file.Parameters {
		known, ok := t.Parameters[name]
		if !ok {
			return fmt.Errorf("(InvalidTemplate) the template has no parameter %s", name)
		}
		if given[name] = p.Value; !strings.HasPrefix(known.Type, "secure") {
			g.Deployment[name] = object{"value": p.Value}
		}
	}
	e := evaluation{t, given}
	for name, p := range t.Parameters { // Azure records defaults too
		if _, ok := given[name]; !ok && !strings.HasPrefix(p.Type, "secure") {
			g.Deployment[name] = object{"value": e.value(p.DefaultValue)}
		}
	}
	groupLocation = g.Location
	if g.Secrets == nil {
		g.Secrets = map[string]map[string]string{}
	}
	g.Domains, g.Restrictions = given["customDomains"], given["ipSecurityRestrictions"]
	for _, r := range e.resources() {
		if location, ok := r["location"].(string); ok {
			if err := g.place(fmt.Sprint(r["type"], " ", r["name"]), location); err != nil {
				return err
			}
		}
		switch r["type"] {
		case "Microsoft.Storage/storageAccounts":
			g.Storage = r["name"].(string)
		case "Microsoft.App/containerApps":
			secrets := map[string]string{}
			for _, s := range member(r, []string{"properties", "configuration", "secrets"}).([]any) {
				secrets[s.(object)["name"].(string)] = s.(object)["value"].(string)
			}
			g.Secrets[r["name"].(string)] = secrets
		}
	}
	g.Outputs = object{}
	for name, output := range t.Outputs {
		g.Outputs[name] = object{"value": e.value(output["value"])}
	}
	return nil
}

// place records where a resource is. Azure does not move it.
func (g *group) place(resource, location string) error {
	if g.Places == nil {
		g.Places = map[string]string{}
	}
	resource = strings.Replace(resource, "Microsoft.ManagedIdentity/userAssignedIdentities", "identity", 1)
	if was := g.Places[resource]; (was != "") && (was != location) {
		return fmt.Errorf("(InvalidResourceLocation) The resource already exists in location '%s'", was)
	}
	g.Places[resource] = location
	return nil
}

// remove deletes a container app.
func (a *azure) remove(id string) error {
	parts := strings.Split(id, "/")
	g := a.Groups[parts[4]]
	if g.Secrets[parts[8]] == nil {
		return errors.New("(ResourceNotFound) no such app")
	}
	delete(g.Secrets, parts[8])
	delete(g.Places, "Microsoft.App/containerApps "+parts[8])
	return nil
}

// register registers an app.
func (a *azure) register(o map[string]string) (any, error) {
	var app struct{ DisplayName, SignInAudience string }
	text, err := os.ReadFile(strings.TrimPrefix(o["body"], "@"))
	if err == nil {
		err = json.Unmarshal(text, &app)
	}
	if (err != nil) || (app.DisplayName == "") || (app.SignInAudience != "AzureADMyOrg") || (o["method"] != "post") {
		return nil, fmt.Errorf("(BadRequest) %v %s", err, text)
	}
	if a.Apps == nil {
		a.Apps = map[string]map[string]credential{}
	}
	a.Apps[clientID] = map[string]credential{}
	return object{"appId": clientID}, nil
}

// show returns a container app.
func (a *azure) show(o map[string]string) (any, error) {
	parts := strings.Split(o["ids"], "/")
	want := "/subscriptions/" + subscriptionID + "/resourceGroups/%s/providers/Microsoft.App/containerApps/%s"
	if (len(parts) != 9) || (o["ids"] != fmt.Sprintf(want, parts[4], parts[8])) || (o["api-version"] != "2026-01-01") {
		return nil, fmt.Errorf("no such resource: %v", o)
	}
	g := a.Groups[parts[4]]
	ready := "connector--0000002"
	if os.Getenv("NOT_READY") == "revision" {
		ready = "connector--0000001"
	}
	return object{"properties": object{
		"configuration": object{"ingress": object{
			"customDomains": g.Domains, "ipSecurityRestrictions": g.Restrictions,
		}},
		"latestRevisionName":      "connector--0000002",
		"latestReadyRevisionName": ready,
	}}, nil
}

// rest answers a call that lists the secrets of a container app.
func (a *azure) rest(o map[string]string) (any, error) {
	parts := strings.Split(strings.TrimPrefix(o["url"], "https://management.azure.com/subscriptions/"), "/")
	want := subscriptionID + "/resourceGroups/%s/providers/Microsoft.App/containerApps/%s/" +
		"listSecrets?api-version=2026-01-01"
	known := (len(parts) == 8) && (strings.Join(parts, "/") == fmt.Sprintf(want, parts[2], parts[6]))
	if !known || (o["method"] != "post") {
		return nil, fmt.Errorf("no such call: %v", o)
	}
	all := []object{}
	for name, value := range a.Groups[parts[2]].Secrets[parts[6]] {
		all = append(all, object{"name": name, "value": value})
	}
	return object{"value": all}, nil
}

func without(all []string, one string) []string {
	var rest []string
	for _, s := range all {
		if s != one {
			rest = append(rest, s)
		}
	}
	return rest
}
