// Package deploy has no code of its own. Its tests check what deploys the connector: the template and
// the scripts for Azure, the image, and the files for Docker Compose, systemd and Kubernetes. They
// hold each to the settings, the probes and the port of the service, and run what can be run without a
// cloud.
package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/e2e/schemas"
)

const templateFile = "azure/template.json"

// scenarios are the ways in which the template is deployed.
var scenarios = map[string]map[string]any{
	"sandbox":            {"sandbox": true},
	"sandbox, shared":    {"sandbox": true, "replicas": 2.0},
	"API keys":           {"clientId": clientID, "apiKeys": keyLine},
	"three replicas":     {"clientId": clientID, "apiKeys": keyLine, "replicas": 3.0},
	"own host":           {"clientId": clientID, "apiKeys": keyLine, "publicHost": "connector.contoso.com"},
	"accounts":           {"clientId": clientID, "signIn": "entra", "audience": "api://" + clientID},
	"keys and accounts":  {"clientId": clientID, "apiKeys": keyLine, "signIn": "api-key,entra", "audience": clientID},
	"callers' tokens":    {"signIn": "caller", "allowedClients": clientID},
	"keys and callers":   {"clientId": clientID, "apiKeys": keyLine, "signIn": "api-key,caller"},
	"share for the user": {"clientId": clientID, "apiKeys": keyLine, "appUser": "prepare"},
	"user":               {"clientId": clientID, "apiKeys": keyLine, "appUser": "on", "logs": "azure-monitor"},
}

// keyLine is a line of a keys file.
var keyLine = "flows " + strings.Repeat("0f", 32)

// TestTemplateSettings checks that the service accepts the settings that each way to deploy results
// in, with the files that it mounts.
func TestTemplateSettings(t *testing.T) {
	for name, parameters := range scenarios {
		t.Run(name, func(t *testing.T) {
			app := evaluated(t, parameters)["app"]
			environment := appEnvironment(t, app)
			files := mount(t, app, environment)
			settings, err := load(environment, files)
			if err != nil {
				t.Fatalf("%v\n%v", err, environment)
			}
			if settings.Sandbox != (parameters["sandbox"] == true) {
				t.Errorf("sandbox: %t", settings.Sandbox)
			}
			host, _ := parameters["publicHost"].(string)
			if host == "" {
				host = appHost
			}
			if settings.PublicURL != "https://"+host {
				t.Errorf("public URL %q", settings.PublicURL)
			}
			if shared := parameters["replicas"] != nil; (settings.Redis != nil) != shared {
				t.Errorf("Redis: %+v", settings.Redis)
			}
			callers := parameters["signIn"] == "caller"
			if !settings.Sandbox && ((settings.ManagedIdentity == "") != callers) {
				t.Errorf("managed identity %q", settings.ManagedIdentity)
			}
			grace, longest := number(t, app, "template", "terminationGracePeriodSeconds"), longestStop(settings)
			if grace < longest {
				t.Errorf("the container is killed after %v, before its calls have ended after %v", grace, longest)
			}
		})
	}
}

// longestStop returns the seconds from SIGTERM until the last call must have ended, and five more.
func longestStop(c config.Config) float64 {
	return (c.Drain + c.UpstreamTimeout + 5*time.Second).Seconds()
}

// evaluated returns the resources that a deployment with parameters makes.
func evaluated(t *testing.T, parameters map[string]any) map[string]map[string]any {
	t.Helper()
	read, err := readTemplate()
	if err != nil {
		t.Fatal(err)
	}
	return evaluation{read, parameters}.resources()
}

// appEnvironment returns the environment of the container. Each variable must be a setting.
func appEnvironment(t *testing.T, app map[string]any) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, variable := range list(t, container(t, app), "env") {
		v := variable.(map[string]any)
		all[v["name"].(string)] = v["value"].(string)
	}
	// New secrets alone would make no new instances.
	if all["SECRETS_HASH"] == "" {
		t.Error("no variable changes with the secrets")
	}
	delete(all, "SECRETS_HASH")
	for name := range all {
		expectSetting(t, name)
	}
	return all
}

// expectSetting fails the test if the service has no setting of this name.
func expectSetting(t *testing.T, variable string) {
	t.Helper()
	if !slices.ContainsFunc(config.Settings(), func(s config.Setting) bool { return s.Variable == variable }) {
		t.Errorf("%s is not a setting", variable)
	}
}

// mount writes the secrets that the container sees as files, and returns the folder. A secret must
// not be empty, which Azure rejects.
func mount(t *testing.T, app map[string]any, environment map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	values := map[string]string{}
	for _, secret := range list(t, app, "properties", "configuration", "secrets") {
		s := secret.(map[string]any)
		values[s["name"].(string)] = s["value"].(string)
		if s["value"] == "" {
			t.Errorf("the secret %v is empty", s["name"])
		}
	}
	paths := map[string]string{}
	for _, m := range list(t, container(t, app), "volumeMounts") {
		paths[m.(map[string]any)["volumeName"].(string)] = m.(map[string]any)["mountPath"].(string)
	}
	for _, v := range list(t, app, "properties", "template", "volumes") {
		volume := v.(map[string]any)
		under := filepath.Join(folder, paths[volume["name"].(string)])
		os.MkdirAll(under, 0o700)
		secrets, _ := volume["secrets"].([]any)
		for _, s := range secrets {
			file := s.(map[string]any)
			write(t, filepath.Join(under, file["path"].(string)), values[file["secretRef"].(string)])
		}
	}
	if file := environment["CONNECTOR_REFRESH_TOKEN_FILE"]; file != "" {
		write(t, filepath.Join(folder, file), "refresh-token") // which the administrator stores
	}
	return folder
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// load returns the settings of an environment whose files are below a folder.
func load(environment map[string]string, folder string) (config.Config, error) {
	getenv := func(name string) string {
		if value := environment[name]; strings.HasPrefix(value, "/") {
			return filepath.Join(folder, value)
		}
		return environment[name]
	}
	flags := new(config.Flags)
	parser, err := config.NewParser(flags, getenv)
	if err != nil {
		return config.Config{}, err
	}
	if _, err := parser.Parse(nil); err != nil {
		return config.Config{}, err
	}
	return config.Load(*flags, getenv)
}

// TestTemplateProbes checks that the container is probed where the service answers.
func TestTemplateProbes(t *testing.T) {
	app := evaluated(t, scenarios["API keys"])["app"]
	port := number(t, app, "configuration", "ingress", "targetPort")
	if listen := appEnvironment(t, app)["CONNECTOR_LISTEN"]; listen != fmt.Sprintf("0.0.0.0:%v", port) {
		t.Errorf("it listens on %s, and calls go to port %v", listen, port)
	}
	paths := map[string]string{}
	for _, p := range list(t, container(t, app), "probes") {
		probe := p.(map[string]any)
		get := probe["httpGet"].(map[string]any)
		paths[probe["type"].(string)] = get["path"].(string)
		if get["port"] != port {
			t.Errorf("probe of port %v", get["port"])
		}
		if probe["failureThreshold"].(float64) > 10 {
			t.Error("Container Apps allow a failureThreshold of 10 at most")
		}
	}
	want := map[string]string{"Startup": "/healthz", "Liveness": "/healthz", "Readiness": "/readyz"}
	if fmt.Sprint(paths) != fmt.Sprint(want) {
		t.Errorf("probes %v, want %v", paths, want)
	}
}

// TestTemplateOrder checks that each resource waits for those that it needs. Azure finds out by itself
// about reference and listKeys, but not about names.
func TestTemplateOrder(t *testing.T) {
	read, err := readTemplate()
	if err != nil {
		t.Fatal(err)
	}
	if read.LanguageVersion != "2.0" {
		t.Errorf("symbolic names need the language version 2.0, not %q", read.LanguageVersion)
	}
	for symbol, needs := range map[string][]string{
		"app":            {"environment", "identity", "mountableShare", "store"},
		"store":          {"environment"},
		"mountableShare": {"environment", "fileShare"},
		"fileShare":      {"fileService"},
		"fileService":    {"storage"},
	} {
		waits := fmt.Sprint(read.Resources[symbol]["dependsOn"])
		for _, need := range needs {
			if !strings.Contains(waits, need) || (read.Resources[need] == nil) {
				t.Errorf("%s waits for %s, and needs %s", symbol, waits, need)
			}
		}
	}
	for symbol, resource := range read.Resources {
		waits, _ := resource["dependsOn"].([]any)
		for _, other := range waits {
			if read.Resources[other.(string)] == nil {
				t.Errorf("%s waits for %s, which does not exist", symbol, other)
			}
		}
	}
}

// TestTemplateOutputs checks what an administrator enters elsewhere.
func TestTemplateOutputs(t *testing.T) {
	read, err := readTemplate()
	if err != nil {
		t.Fatal(err)
	}
	e := evaluation{read, scenarios["user"]}
	got := map[string]any{}
	for name, output := range read.Outputs {
		got[name] = e.value(output["value"])
	}
	want := map[string]any{
		"url":            "https://" + appHost,
		"issuer":         "https://login.microsoftonline.com/" + tenantID + "/v2.0",
		"subject":        identityPrincipalID,
		"tokenAudience":  "api://AzureADTokenExchange",
		"storageAccount": evaluated(t, scenarios["user"])["storage"]["name"],
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("outputs %v, want %v", got, want)
	}
}

// TestTemplateStore checks that several instances find their Valkey, which counts as the limit needs.
func TestTemplateStore(t *testing.T) {
	all := evaluated(t, scenarios["three replicas"])
	app, store := all["app"], all["store"]
	secrets := map[string]string{}
	for _, resource := range []map[string]any{app, store} {
		for _, s := range list(t, resource, "properties", "configuration", "secrets") {
			secrets[s.(map[string]any)["name"].(string)] = s.(map[string]any)["value"].(string)
		}
	}
	want := fmt.Sprintf("redis://:%s@%s:%v", secrets["password"], store["name"],
		number(t, store, "configuration", "ingress", "exposedPort"))
	if secrets["redis-url"] != want {
		t.Errorf("the instances connect to %s, want %s", secrets["redis-url"], want)
	}
	c := container(t, store)
	if env := fmt.Sprint(c["env"]); !strings.Contains(env, "map[name:PASSWORD secretRef:password]") ||
		!strings.Contains(env, "SECRETS_HASH") {
		t.Errorf("the Valkey has the environment %s", env)
	}
	keys := evaluated(t, map[string]any{"replicas": 3.0, "apiKeys": "others " + strings.Repeat("0e", 32)})
	if fmt.Sprint(container(t, keys["store"])["env"]) != fmt.Sprint(c["env"]) {
		t.Error("another API key restarts the Valkey")
	}
	for _, argument := range []string{`--requirepass "$PASSWORD"`, "--maxmemory-policy noeviction"} {
		if !strings.Contains(fmt.Sprint(c["args"]), argument) {
			t.Errorf("the Valkey runs without %s", argument)
		}
	}
	if number(t, store, "configuration", "ingress", "targetPort") != 6379 {
		t.Error("the Valkey listens on 6379")
	}
	if member(store, []string{"properties", "configuration", "ingress", "external"}) != false {
		t.Error("others can reach the Valkey")
	}
}

// TestTemplateShare checks that the refresh token's folder is the share that is made for it.
func TestTemplateShare(t *testing.T) {
	all := evaluated(t, scenarios["user"])
	made := all["mountableShare"]
	file := member(made, []string{"properties", "azureFile"}).(map[string]any)
	name := all["fileShare"]["name"].(string)
	if want := fmt.Sprintf("%v/default/%v", file["accountName"], file["shareName"]); name != want {
		t.Errorf("the share is %s, mounted is %s", name, want)
	}
	for _, v := range list(t, all["app"], "properties", "template", "volumes") {
		volume := v.(map[string]any)
		if volume["storageType"] == "AzureFile" &&
			(made["name"] != fmt.Sprintf("%v/%v", all["environment"]["name"], volume["storageName"])) {
			t.Errorf("the volume is %v, the storage %v", volume["storageName"], made["name"])
		}
	}
}

// TestTemplateUsesItsParts checks that every parameter and variable is used, exists and is described,
// and that nothing secret is an output.
func TestTemplateUsesItsParts(t *testing.T) {
	text, err := os.ReadFile(templateFile)
	if err != nil {
		t.Fatal(err)
	}
	read, err := readTemplate()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	uses := regexp.MustCompile(`(parameters|variables)\('(\w+)'\)`)
	for _, use := range uses.FindAllStringSubmatch(string(text), -1) {
		used[use[1]+" "+use[2]] = true
		_, isParameter := read.Parameters[use[2]]
		_, isVariable := read.Variables[use[2]]
		if !(isParameter && (use[1] == "parameters")) && !(isVariable && (use[1] == "variables")) {
			t.Errorf("%s does not exist", use[0])
		}
	}
	for name, p := range read.Parameters {
		if !used["parameters "+name] || (p.Metadata["description"] == "") {
			t.Errorf("the parameter %s is not used, or not described", name)
		}
		outputs, _ := json.Marshal(read.Outputs)
		if strings.HasPrefix(p.Type, "secure") && strings.Contains(string(outputs), "'"+name+"'") {
			t.Errorf("the secret %s is an output", name)
		}
	}
	for name := range read.Variables {
		if !used["variables "+name] {
			t.Errorf("the variable %s is not used", name)
		}
	}
	for _, secret := range []string{"listKeys", "Secret", "Password", "apiKeys"} {
		for name, output := range read.Outputs {
			if strings.Contains(output["value"].(string), secret) {
				t.Errorf("the output %s has a secret", name)
			}
		}
	}
}

// TestTemplateSchemas validates each resource of each scenario against Azure's schemas, in copies whose
// objects accept no properties but those that they list.
func TestTemplateSchemas(t *testing.T) {
	for name, parameters := range scenarios {
		for symbol, resource := range evaluated(t, parameters) {
			schema := schemas.Azure(t, resource["type"].(string), resource["apiVersion"].(string))
			delete(resource, "condition")
			delete(resource, "dependsOn")
			if err := schema.Validate(resource); err != nil {
				t.Errorf("%s, %s: %v", name, symbol, err)
			}
		}
	}
}

// container returns the container of an app.
func container(t *testing.T, app map[string]any) map[string]any {
	t.Helper()
	return list(t, app, "properties", "template", "containers")[0].(map[string]any)
}

// list returns a list in an object.
func list(t *testing.T, object map[string]any, path ...string) []any {
	t.Helper()
	all, ok := member(object, path).([]any)
	if !ok {
		t.Fatalf("there is no list %v", path)
	}
	return all
}

// number returns a number among the properties of a resource.
func number(t *testing.T, resource map[string]any, path ...string) float64 {
	t.Helper()
	n, ok := member(resource, append([]string{"properties"}, path...)).(float64)
	if !ok {
		t.Fatalf("there is no number %v", path)
	}
	return n
}

func member(v any, path []string) any {
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	return v
}
