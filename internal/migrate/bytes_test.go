package migrate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bytesFlow is a flow of a solution with what a JSON printer would change: a byte order mark, CRLF, tabs,
// escaped slashes and letters, blanks around colons and long numbers. Its parts are
// separated by | where the values change.
const bytesFlow = "\xef\xbb\xbf{\r\n" +
	"\t\"properties\" : {\r\n" +
	"\t\t\"connectionReferences\":{ \"shared_microsoftpartnercent\" : {\r\n" +
	"\t\t\t\"api\": { \"name\" :\t\"|shared_microsoftpartnercent|\"~ },\r\n" +
	"\t\t\t\"runtimeSource\": \"embedded\",\r\n" +
	"\t\t\t\"connection\" : {\"connectionReferenceLogicalName\":\"|cto_partnercenter|\"} } },\r\n" +
	"\t\t\"definition\": { \"contentVersion\":\"1.0.0.0\", \"actions\": {\r\n" +
	"\t\t\t\"K\\u00f6nnen\" : { \"type\": \"OpenApiConnection\", \"inputs\": { \"host\": {\r\n" +
	"\t\t\t\t\"apiId\" : \"|\\/providers\\/Microsoft.PowerApps\\/apis\\/shared_microsoft\\u0070artnercent|\",\r\n" +
	"\t\t\t\t\"operationId\": \"GetAllCustomers\", \"connectionName\": \"shared_microsoftpartnercent\" },\r\n" +
	"\t\t\t\t\"parameters\": { \"Size\": 1.00e2 } } },\r\n" +
	"\t\t\t\"Z\u00e4hler\": { \"type\":\"Compose\", \"inputs\": [ 12345678901234567890, -0.0, 1E+2, " +
	"\"https:\\/\\/contoso.example\\/\", \"\u00fc\\u00FC\", {}, [ ] ] }\r\n" +
	"\t\t} }\r\n" +
	"\t},\"schemaVersion\":\"1.0.0.0\"\r\n" +
	"}\r\n\r\n"

// bytesXML is the customizations.xml of the solution.
const bytesXML = "\xef\xbb\xbf<?xml version='1.0' encoding=\"utf-8\" ?>\r\n" +
	"<!-- shared_microsoftpartnercent, cto_partnercenter -->\r\n" +
	"<ImportExportXml  xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' >\r\n" +
	"\t<connectionreferences>\r\n" +
	"\t\t<connectionreference\r\n\t\t\tconnectionreferencelogicalname = '|cto_partnercenter|' >\r\n" +
	"\t\t\t<connectionreferencedisplayname>K&#246;ln &amp; &quot;B\"</connectionreferencedisplayname>\r\n" +
	"\t\t\t<connectorid>|/providers/Microsoft.PowerApps/apis/shared_microsoftpartnercent|</connectorid>~\r\n" +
	"\t\t\t<iscustomizable  >1</iscustomizable >\r\n" +
	"\t\t</connectionreference>\r\n" +
	"\t</connectionreferences>\r\n" +
	"\t<Empty/><Data><![CDATA[cto_partnercenter <]]></Data>\r\n" +
	"</ImportExportXml>"

// splitBytes returns a text before and after its changes: the parts between bars are replaced, and the
// insertion is put in the place of a tilde.
func splitBytes(text, insertion string, replacements ...string) (before, after string) {
	parts := strings.Split(text, "|")
	before = strings.ReplaceAll(strings.Join(parts, ""), "~", "")
	for i := 1; i < len(parts); i += 2 {
		parts[i] = replacements[i/2]
	}
	return before, strings.ReplaceAll(strings.Join(parts, ""), "~", insertion)
}

// TestBytesAreKept migrates a solution with spellings that a printer would change, and checks that all
// bytes but those of the changed values are the same.
func TestBytesAreKept(t *testing.T) {
	t.Parallel()
	flow, newFlow := splitBytes(bytesFlow, ", \"logicalName\" :\t\"contoso_csp\"", newShared, "cto_partnercenter_pcc",
		"/providers/Microsoft.PowerApps/apis/"+newShared)
	customizations, newCustomizations := splitBytes(bytesXML, "\r\n\t\t\t<customconnectorid>\r\n\t\t\t\t<connectorid>"+
		newGUID+"</connectorid>\r\n\t\t\t</customconnectorid>", "cto_partnercenter_pcc",
		"/providers/Microsoft.PowerApps/apis/"+newShared)
	const solution = "\xef\xbb\xbf<ImportExportXml><SolutionManifest><Managed>0</Managed></SolutionManifest>" +
		"</ImportExportXml>"
	input := []file{
		{`Workflows\Können-0D1E2F30-4152-4637-8849-5A6B7C8D9E0F.json`, flow}, {"solution.xml", solution},
		{"Other/empty.json", ""}, {"Other/picture", "\x00\x01shared_microsoftpartnercent"},
		{"customizations.xml", customizations},
	}
	want := []file{{input[0].name, newFlow}, input[1], input[2], input[3], {"customizations.xml", newCustomizations}}
	r, out := asZip.migrate(t, input, newOptions(t, newShared))
	if len(r.Edits) != 7 || !r.Written {
		t.Fatalf("%+v", r)
	}
	if diff := cmp.Diff(want, asZip.read(t, out), cmp.AllowUnexported(file{})); diff != "" {
		t.Error(diff)
	}
}
