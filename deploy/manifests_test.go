//go:build linux

package deploy_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// TestCompose loads the file as Docker Compose does, and checks what the services may do.
func TestCompose(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{"compose.yaml"}, cli.WithEnv([]string{
		"CONNECTOR_HOST=connector.contoso.com", "CONNECTOR_TENANT_ID=" + tenantID, "CONNECTOR_CLIENT_ID=" + clientID,
	}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range project.Services {
		rights := fmt.Sprint(s.ReadOnly, s.CapDrop, s.SecurityOpt)
		if rights != "true [ALL] [no-new-privileges:true]" {
			t.Errorf("%s may do more than it needs", name)
		}
		if (len(s.Ports) > 0) != (name == "caddy") {
			t.Errorf("%s has the ports %v", name, s.Ports)
		}
	}
	connector := project.Services["connector"]
	environment := map[string]string{}
	for name, value := range connector.Environment {
		environment[name] = *value
		expectSetting(t, name)
	}
	files := t.TempDir()
	os.Mkdir(filepath.Join(files, "secrets"), 0o700)
	write(t, filepath.Join(files, "secrets", "keys"), keyLine)
	write(t, filepath.Join(files, "secrets", "client-secret"), "secret")
	settings, err := load(environment, files)
	if err != nil {
		t.Fatal(err)
	}
	if grace := connector.StopGracePeriod; (grace == nil) || (types.Duration.String(*grace) != "1m0s") ||
		(longestStop(settings) > 60) {
		t.Errorf("the service gets %v to stop", grace)
	}
	if test := strings.Join(connector.HealthCheck.Test, " "); test != "CMD /connector health" {
		t.Errorf("health check %q", test)
	}
	command := strings.Join(project.Services["valkey"].Command, " ")
	if !strings.Contains(command, "--maxmemory-policy noeviction") {
		t.Errorf("the Valkey runs %q", command)
	}
}

// manifests are the objects of kubernetes.yaml, by kind and name.
type manifests map[string]any

// kinds are empty objects of the kinds that kubernetes.yaml may have.
var kinds = map[string]func() any{
	"v1 Namespace":                       func() any { return new(corev1.Namespace) },
	"v1 ServiceAccount":                  func() any { return new(corev1.ServiceAccount) },
	"v1 ConfigMap":                       func() any { return new(corev1.ConfigMap) },
	"v1 Service":                         func() any { return new(corev1.Service) },
	"apps/v1 Deployment":                 func() any { return new(appsv1.Deployment) },
	"policy/v1 PodDisruptionBudget":      func() any { return new(policyv1.PodDisruptionBudget) },
	"networking.k8s.io/v1 Ingress":       func() any { return new(networkingv1.Ingress) },
	"networking.k8s.io/v1 NetworkPolicy": func() any { return new(networkingv1.NetworkPolicy) },
}

// decodeManifests decodes kubernetes.yaml into the types of the API. A member that they do not have is an
// error.
func decodeManifests(t *testing.T) manifests {
	t.Helper()
	text, err := os.ReadFile("kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := manifests{}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var meta struct {
			metav1.TypeMeta
			metav1.ObjectMeta `json:"metadata"`
		}
		if err := yaml.Unmarshal(document, &meta); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		make, ok := kinds[meta.APIVersion+" "+meta.Kind]
		if !ok {
			t.Fatalf("unknown kind %s %s", meta.APIVersion, meta.Kind)
		}
		object := make()
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			t.Errorf("%s %s: %v", meta.Kind, meta.Name, err)
		}
		if (meta.Kind != "Namespace") && (meta.Namespace != "partner-center-connector") {
			t.Errorf("%s %s is in the namespace %q", meta.Kind, meta.Name, meta.Namespace)
		}
		all[meta.Kind+" "+meta.Name] = object
	}
	return all
}

// TestKubernetes checks that the manifests are valid, fit each other and the service, and keep the
// restricted Pod Security Standard.
func TestKubernetes(t *testing.T) {
	all := decodeManifests(t)
	for name, object := range all {
		if d, ok := object.(*appsv1.Deployment); ok {
			expectRestricted(t, name, d.Spec.Template.Spec)
			if !selects(d.Spec.Selector.MatchLabels, d.Spec.Template.Labels) {
				t.Errorf("%s does not select its own pods", name)
			}
		}
		if s, ok := object.(*corev1.Service); ok {
			d := all["Deployment "+s.Name].(*appsv1.Deployment)
			if !selects(s.Spec.Selector, d.Spec.Template.Labels) {
				t.Errorf("%s selects no pod", name)
			}
		}
	}
	d := all["Deployment connector"].(*appsv1.Deployment)
	pod := d.Spec.Template
	if pod.Labels["azure.workload.identity/use"] != "true" {
		t.Error("the pod gets no token")
	}
	budget := all["PodDisruptionBudget connector"].(*policyv1.PodDisruptionBudget)
	if !selects(budget.Spec.Selector.MatchLabels, pod.Labels) {
		t.Error("the disruption budget selects no pod")
	}
	environment := all["ConfigMap connector"].(*corev1.ConfigMap).Data
	files := t.TempDir()
	for _, folder := range []string{"secrets", "var/run/secrets/azure/tokens"} {
		os.MkdirAll(filepath.Join(files, folder), 0o700)
	}
	write(t, filepath.Join(files, "secrets/keys"), keyLine)
	write(t, filepath.Join(files, "secrets/link-secret"), strings.Repeat("0f", 32))
	write(t, filepath.Join(files, environment["CONNECTOR_FEDERATED_TOKEN_FILE"]), "token")
	filled := map[string]string{}
	for name, value := range environment {
		expectSetting(t, name)
		filled[name] = strings.NewReplacer(
			"<HOST>", "connector.contoso.com", "<TENANT_ID>", tenantID, "<CLIENT_ID>", clientID).Replace(value)
	}
	settings, err := load(filled, files)
	if err != nil {
		t.Fatal(err)
	}
	if grace := float64(*pod.Spec.TerminationGracePeriodSeconds); grace < longestStop(settings) {
		t.Errorf("the pod is killed after %v, before its calls have ended after %v", grace, longestStop(settings))
	}
	expectProbes(t, pod.Spec.Containers[0], settings.Listen)
}

func selects(selector, labels map[string]string) bool {
	for name, value := range selector {
		if labels[name] != value {
			return false
		}
	}
	return len(selector) > 0
}

// expectProbes checks that the container is probed where the service answers.
func expectProbes(t *testing.T, c corev1.Container, listen string) {
	t.Helper()
	port := fmt.Sprintf(":%d", c.Ports[0].ContainerPort)
	if (c.Ports[0].Name != "http") || !strings.HasSuffix(listen, port) {
		t.Errorf("it listens on %s, and the port is %+v", listen, c.Ports[0])
	}
	for path, probe := range map[string]*corev1.Probe{
		"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe,
	} {
		if (probe == nil) || (probe.HTTPGet.Path != path) || (probe.HTTPGet.Port.String() != "http") {
			t.Errorf("probe %+v, want one of %s", probe, path)
		}
	}
}

// expectRestricted checks what the restricted Pod Security Standard demands, and a read-only root.
func expectRestricted(t *testing.T, name string, pod corev1.PodSpec) {
	t.Helper()
	s := pod.SecurityContext
	if (s == nil) || (s.RunAsNonRoot == nil) || !*s.RunAsNonRoot || (s.RunAsUser == nil) || (*s.RunAsUser == 0) ||
		(s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault) {
		t.Errorf("%s: %+v", name, s)
	}
	for _, c := range pod.Containers {
		s := c.SecurityContext
		if (s == nil) || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem ||
			(fmt.Sprint(s.Capabilities.Drop) != "[ALL]") || (len(s.Capabilities.Add) > 0) {
			t.Errorf("%s: %+v", name, s)
		}
		if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s: resources %+v", name, c.Resources)
		}
	}
	if (pod.AutomountServiceAccountToken == nil) || *pod.AutomountServiceAccountToken {
		t.Errorf("%s can talk to the cluster", name)
	}
	if (pod.EnableServiceLinks == nil) || *pod.EnableServiceLinks {
		t.Errorf("%s gets variables of services, which begin with CONNECTOR_", name)
	}
}

// TestUnit checks the unit as systemd reads it, and how much of the system the service can reach.
func TestUnit(t *testing.T) {
	const file = "systemd/connector.service"
	text := string(read(t, file))
	for _, setting := range regexp.MustCompile(`CONNECTOR_\w+`).FindAllString(text, -1) {
		expectSetting(t, setting)
	}
	needs(t, "systemd-analyze")
	// verify looks for the program, which is not installed here.
	unit := filepath.Join(t.TempDir(), "connector.service")
	write(t, unit, strings.Replace(text, "/usr/local/bin/connector", "/bin/true", 1))
	verify := exec.Command("systemd-analyze", "verify", "--man=no", unit)
	if says, err := verify.CombinedOutput(); (err != nil) || (len(says) > 0) {
		t.Errorf("%v: %s", err, says)
	}
	const most = "20" // of 100; a unit without any protection has 96
	output(t, exec.Command("systemd-analyze", "security", "--offline=true", "--threshold="+most, unit))
}
