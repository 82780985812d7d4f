// A word about a host that only this computer or this network knows.
import { html, nothing } from "../lib/lit-html/lit-html.js";
import { state } from "../store.js";

/** hostWarning warns if the service does not know its public address. */
export function hostWarning() {
  if (state.service.public) return nothing;
  return html`
    <p class="warning" role="note">
      <strong>The platform probably cannot reach this host.</strong> It is the one in the address of this page. Once an
      administrator has set <code>CONNECTOR_PUBLIC_URL</code> where the service runs, its public host stands here.
    </p>`;
}
