// The page with what the settings of an agent's host need.
import { html } from "../lib/lit-html/lit-html.js";
import { base } from "../docs.js";
import { state } from "../store.js";
import { codeBlock, copyButton } from "../parts/copy.js";
import { hostWarning } from "../parts/host.js";

/** agentsPage shows the address of the tools and a snippet for each host. */
export function agentsPage() {
  const { service } = state;
  if (!service.tools) {
    return html`
      <h1 tabindex="-1">Agents</h1>
      <p>This service offers no tools to agents. <code>CONNECTOR_MCP=true</code> switches them on, unless every caller
        brings a token for Partner Center. ${more}</p>`;
  }
  const address = `${service.baseUrl}/mcp`;
  const isKey = service.signIn.includes("api-key");
  return html`
    <h1 tabindex="-1">Agents</h1>
    <p>Agents read the same data as ${service.tools} tools of the Model Context Protocol (MCP). ${more}</p>
    ${hostWarning()}
    <dl class="facts">
      <dt>Address</dt><dd><code>${address}</code> ${copyButton(address, "the address")}</dd>
      <dt>Transport</dt><dd>Streamable HTTP</dd>
      <dt>Sign-in</dt>
      <dd>${isKey ? html`Header <code>X-Api-Key</code> with an API key` : "Microsoft Entra ID (OAuth)"}
        ${isKey && service.signIn.includes("entra") ? ", or Microsoft Entra ID (OAuth)" : ""}</dd>
    </dl>
    ${snippets(address, isKey).map(
      ({ host, where, text }) => html`
      <h2>${host}</h2><p>${where}</p>${codeBlock(text, `the settings of ${host}`)}`,
    )}`;
}

const more = html`<a href="${base}agents.md" target="_blank" rel="noreferrer">Agents in the documentation</a>
  has other hosts and ways to sign in.`;

/** snippets returns what goes into the settings of each host. No snippet has a key. */
function snippets(address, isKey) {
  const server = (key) => ({ type: "http", url: address, ...(isKey ? { headers: { "X-Api-Key": key } } : {}) });
  const ask = [
    {
      type: "promptString",
      id: "partner-center-key",
      description: "API key of the Partner Center connector",
      password: true,
    },
  ];
  const vsCode = {
    ...(isKey ? { inputs: ask } : {}),
    servers: { partnerCenter: server("${input:partner-center-key}") },
  };
  const all = [
    {
      host: "Copilot Studio",
      where:
        "Tools, Add a tool, New tool, Model Context Protocol. Enter this address" +
        (isKey ? ", and choose API key, Header, X-Api-Key." : ", and choose OAuth 2.0, Manual."),
      text: address,
    },
    { host: "VS Code", where: ".vscode/mcp.json, in the folder of your project", text: json(vsCode) },
    {
      host: "GitHub Copilot CLI",
      where: "~/.copilot/mcp-config.json",
      text: json({ mcpServers: { partnerCenter: { ...server("${PARTNER_CENTER_KEY}"), tools: ["*"] } } }),
    },
    {
      host: "Claude Code",
      where: "In a terminal in which PARTNER_CENTER_KEY has the key",
      text:
        `claude mcp add --transport http partnerCenter ${address}` +
        (isKey ? " --header 'X-Api-Key: ${PARTNER_CENTER_KEY}'" : ""),
    },
  ];
  if (isKey) {
    all.push({
      host: "Claude Desktop",
      where: "Settings, Developer, Edit Config. The file has the key: keep it to yourself.",
      text: json({
        mcpServers: {
          partnerCenter: {
            command: "npx",
            args: ["-y", "mcp-remote", address, "--header", "X-Api-Key:${PARTNER_CENTER_KEY}"],
            env: { PARTNER_CENTER_KEY: "YOUR-KEY" },
          },
        },
      }),
    });
  }
  return all;
}

const json = (value) => JSON.stringify(value, null, 2);
