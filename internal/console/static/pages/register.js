// The page with the files that register the connector.
import { html } from "../lib/lit-html/lit-html.js";
import { base } from "../docs.js";
import { state } from "../store.js";
import { copyButton } from "../parts/copy.js";
import { hostWarning } from "../parts/host.js";

const ways = {
  "api-key": "API key",
  entra: "Microsoft Entra ID",
  caller: "The maker's own token for Partner Center",
};

// Forms of packages, those that most need first.
const forms = {
  solution: ["Solution", "Power Automate, Power Apps and Copilot Studio"],
  arm: ["Azure template", "Logic Apps, in ARM and Bicep"],
  pac: ["Files for pac", "the Power Platform command line"],
  paconn: ["Files for paconn", "the command line of custom connectors"],
  "independent-publisher": ["Folder for the public list", "a pull request to Microsoft's list of connectors"],
};

/** registerPage lists the downloads for each way to sign in. */
export function registerPage() {
  const { service } = state;
  return html`
    <h1 tabindex="-1">Register</h1>
    <p>These files register this service as a custom connector. They are made for its host and its sign-in, and have no
      secret. <a href="${base}power-platform.md" target="_blank" rel="noreferrer">Power Platform and Logic Apps in the
      documentation</a> shows each step.</p>
    <p>Host: <code>${new URL(service.baseUrl).host}</code></p>
    ${hostWarning()}
    <p><strong>Actions</strong> is the connector for flows and apps. <strong>Actions and agents</strong> has the
      connector with the tools for agents too.</p>
    ${service.signIn.map((way) =>
      wayView(
        way,
        service.downloads.filter((download) => download.signIn === way),
      ),
    )}
    <h2>Your own name and icon</h2>
    <p>These files have the name, contact and icon of the project. <code>connector package --help</code> shows how to
      have your own.</p>`;
}

function wayView(way, downloads) {
  const definitions = downloads.filter(({ form }) => !form);
  const known = Object.keys(forms);
  const others = downloads.map(({ form }) => form).filter((form) => form && !known.includes(form));
  return html`
    <h2>Sign-in: ${ways[way] ?? way}</h2>
    <div class="scroll">
      <table class="stacked">
        <thead><tr>
          <th scope="col">File</th><th scope="col">For</th><th scope="col">Download</th><th scope="col">Then</th>
        </tr></thead>
        <tbody>
          ${[...known, ...new Set(others)].map((form) =>
            formView(
              form,
              downloads.filter((one) => one.form === form),
            ),
          )}
          <tr>
            <th scope="row">Definition</th><td>import by hand (OpenAPI 2.0)</td>
            <td>${links(definitions, "the definition")}</td>
            <td>import it under Custom connectors, New custom connector, Import an OpenAPI file</td>
          </tr>
        </tbody>
      </table>
    </div>`;
}

function formView(form, downloads) {
  const [name, use] = forms[form] ?? [form, ""];
  return html`
    <tr>
      <th scope="row">${name}</th><td>${use}</td>
      <td>${links(downloads, name)}</td>
      <td>${steps(downloads[0]?.next ?? "")}</td>
    </tr>`;
}

const links = (downloads, name) =>
  downloads.map(
    ({ path, mcp, form }) => html`
  <a href=${path} download role="button" class="small ${mcp ? "outline" : ""}"
    aria-label="Download ${name}, ${label(mcp, form)}">${label(mcp, form)}</a>`,
  );

const label = (mcp, form) => (!mcp ? "Actions" : form ? "Actions and agents" : "Agents");

// A next step that has a command gets a button that copies the command.
function steps(text) {
  const command = text.match(/(?:paconn create|pac connector|az) [^,]+$|az [^,]+/)?.[0];
  return command ? html`${text} ${copyButton(command, "the command")}` : text;
}
