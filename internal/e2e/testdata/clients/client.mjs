// Calls tools of the sandbox with a client of the TypeScript SDK: node client.mjs CLIENT URL KEY
// CLIENT is sdk (version 1), legacy, auto or pinned (version 2, by its choice of the protocol).
import assert from 'node:assert/strict';
import * as v1 from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as v2 from '@modelcontextprotocol/client';

const [kind, url, key] = process.argv.slice(2);
const modern = kind === 'auto' || kind === 'pinned';
const info = { name: 'e2e', version: '1' };

function newClient() {
  const mode = kind === 'pinned' ? { pin: '2026-07-28' } : kind;
  return kind === 'sdk' ? new v1.Client(info) : new v2.Client(info, { versionNegotiation: { mode } });
}

function newTransport(headers) {
  const Transport = kind === 'sdk' ? TransportV1 : v2.StreamableHTTPClientTransport;
  return new Transport(new URL(url), { requestInit: { headers } });
}

const client = newClient();
await client.connect(newTransport({ 'X-Api-Key': key }));
assert.equal(client.getServerVersion().name, 'partner-center-connector');
assert.deepEqual(client.getServerCapabilities(), { tools: {} });
assert.match(client.getInstructions(), /csp_list_customers/);
const version = kind === 'sdk' ? client.transport.protocolVersion : client.getNegotiatedProtocolVersion();
assert.equal(version, modern ? '2026-07-28' : '2025-11-25');

const { tools } = await client.listTools();
assert(tools.length >= 8);
for (const tool of tools) {
  assert.match(tool.name, /^csp_(get|list)_[a-z_]+$/);
  assert.equal(tool.inputSchema.type, 'object');
  assert.equal(tool.annotations.readOnlyHint, true);
}

// A list, by its cursor to the end.
const ids = new Set();
let calls = 0;
for (let cursor = ''; ; ) {
  const result = await client.callTool({ name: 'csp_list_invoices', arguments: { Size: 25, Cursor: cursor } });
  assert(!result.isError);
  const [summary, , , ...rows] = result.content[0].text.trimEnd().split('\n');
  rows.forEach((row) => ids.add(row.split(',')[0]));
  calls++;
  cursor = summary.match(/ Cursor: (\S+)$/)?.[1];
  if (!cursor) {
    assert.match(summary, /^\d+ invoices, no more follow\.$/);
    break;
  }
}
assert(calls >= 3 && ids.size > 50, `${ids.size} invoices in ${calls} calls`);

// An error of the action is a result.
const failed = await client.callTool({ name: 'csp_list_customers', arguments: { Size: 0 } });
assert.equal(failed.isError, true);
assert.match(failed.content[0].text, /^InvalidSize \(400\): .* requestId \S+$/);
assert.equal(failed._meta['partner-center-connector/error'].status, 400);

// An unknown tool is an error of the protocol.
await assert.rejects(client.callTool({ name: 'csp_delete_customer', arguments: {} }), { code: -32602 });

// A call can be canceled, and the next one works.
const silent = { name: 'csp_get_customer', arguments: { CustomerTenantID: '00000000-0000-0000-0000-000000000504' } };
const options = { signal: AbortSignal.timeout(100) };
const canceled = kind === 'sdk' ? client.callTool(silent, undefined, options) : client.callTool(silent, options);
await assert.rejects(canceled);
const file = await client.callTool({ name: 'csp_get_invoice_statement', arguments: { InvoiceID: 'D0201912SB' } });
assert.equal(file.content[1].resource.mimeType, 'application/pdf');
if (!modern) {
  await client.ping();
}
await client.close();

// Without a key, the client learns the status.
await assert.rejects(newClient().connect(newTransport({})), (err) => /401|Unauthorized/i.test(`${err.name} ${err}`));
console.log(`${kind}: version ${version}, ${tools.length} tools, ${ids.size} invoices in ${calls} calls`);
