//go:build linux

package deploy_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/config"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

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
			expectService(t, s, all["Deployment "+s.Name].(*appsv1.Deployment).Spec.Template)
		}
	}
	if level := all["Namespace partner-center-connector"].(*corev1.Namespace).
		Labels["pod-security.kubernetes.io/enforce"]; level != "restricted" {
		t.Errorf("the namespace enforces the level %q", level)
	}
	pod := all["Deployment connector"].(*appsv1.Deployment).Spec.Template
	account, _ := all["ServiceAccount "+pod.Spec.ServiceAccountName].(*corev1.ServiceAccount)
	if (account == nil) || (account.Annotations["azure.workload.identity/client-id"] != "<CLIENT_ID>") ||
		(pod.Labels["azure.workload.identity/use"] != "true") {
		t.Errorf("the pod of %+v gets no token", account)
	}
	budget := all["PodDisruptionBudget connector"].(*policyv1.PodDisruptionBudget)
	if !selects(budget.Spec.Selector.MatchLabels, pod.Labels) {
		t.Error("the disruption budget selects no pod")
	}
	backend := all["Ingress connector"].(*networkingv1.Ingress).Spec.Rules[0].HTTP.Paths[0].Backend.Service
	if (backend.Name != "connector") || (backend.Port.Name != "http") {
		t.Errorf("the ingress leads to %+v", backend)
	}
	settings := podSettings(t, all["ConfigMap "+pod.Spec.Containers[0].EnvFrom[0].ConfigMapRef.Name], pod.Spec)
	if grace := float64(*pod.Spec.TerminationGracePeriodSeconds); grace < longestStop(settings) {
		t.Errorf("the pod is killed after %v, before its calls have ended after %v", grace, longestStop(settings))
	}
	expectProbes(t, pod.Spec.Containers[0], settings.Listen)
	expectStore(t, all, settings.Redis.Address)
}

// podSettings returns the settings of the container, with the files that it sees: those of the secret
// that the documentation makes, and the token of workload identity.
func podSettings(t *testing.T, object any, pod corev1.PodSpec) config.Config {
	t.Helper()
	files := t.TempDir()
	put := func(folder, name, text string) {
		os.MkdirAll(filepath.Join(files, folder), 0o700)
		write(t, filepath.Join(files, folder, name), text)
	}
	put("/var/run/secrets/azure/tokens", "azure-identity-token", "token")
	secrets := map[string]string{}
	for _, v := range pod.Volumes {
		if v.Secret != nil {
			secrets[v.Name] = v.Secret.SecretName
		}
	}
	for _, m := range pod.Containers[0].VolumeMounts {
		if secrets[m.Name] == "connector" {
			put(m.MountPath, "keys", keyLine)
			put(m.MountPath, "link-secret", strings.Repeat("0f", 32))
		}
	}
	environment := map[string]string{}
	for name, value := range object.(*corev1.ConfigMap).Data {
		expectSetting(t, name)
		environment[name] = strings.NewReplacer(
			"<HOST>", "connector.contoso.com", "<TENANT_ID>", tenantID, "<CLIENT_ID>", clientID).Replace(value)
	}
	settings, err := load(environment, files)
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

// expectService checks that a service leads to a port of the pod.
func expectService(t *testing.T, s *corev1.Service, pod corev1.PodTemplateSpec) {
	t.Helper()
	if !selects(s.Spec.Selector, pod.Labels) {
		t.Errorf("the service %s selects no pod", s.Name)
	}
	for _, port := range s.Spec.Ports {
		if !slices.ContainsFunc(pod.Spec.Containers[0].Ports, func(p corev1.ContainerPort) bool {
			return p.Name == port.TargetPort.String()
		}) {
			t.Errorf("the service %s leads to the port %s, which the pod has not", s.Name, port.TargetPort.String())
		}
	}
}

// expectStore checks that the connector, and nothing else, reaches the Valkey, and that it evicts
// nothing.
func expectStore(t *testing.T, all manifests, address string) {
	t.Helper()
	service := all["Service valkey"].(*corev1.Service)
	if want := fmt.Sprintf("%s:%d", service.Name, service.Spec.Ports[0].Port); address != want {
		t.Errorf("the limit is in %s, the Valkey at %s", address, want)
	}
	pod := all["Deployment valkey"].(*appsv1.Deployment).Spec.Template
	if arguments := strings.Join(pod.Spec.Containers[0].Args, " "); !strings.Contains(arguments,
		"--maxmemory-policy noeviction") {
		t.Errorf("the Valkey runs %s", arguments)
	}
	policy := all["NetworkPolicy valkey"].(*networkingv1.NetworkPolicy).Spec
	from := policy.Ingress[0].From
	connector := all["Deployment connector"].(*appsv1.Deployment).Spec.Template.Labels
	if !selects(policy.PodSelector.MatchLabels, pod.Labels) || (len(policy.Ingress) != 1) || (len(from) != 1) ||
		(from[0].PodSelector == nil) || !selects(from[0].PodSelector.MatchLabels, connector) ||
		(policy.Ingress[0].Ports[0].Port.String() != pod.Spec.Containers[0].Ports[0].Name) {
		t.Errorf("network policy %+v", policy)
	}
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
