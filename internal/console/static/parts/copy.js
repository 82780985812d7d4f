// Copying to the clipboard.
import { html } from "../lib/lit-html/lit-html.js";
import { notify } from "../store.js";

/** copy puts a text into the clipboard and says so. */
export async function copy(text, what = text) {
  try {
    await navigator.clipboard.writeText(text);
    notify(`Copied ${what}`);
  } catch {
    notify(copyOldWay(text) ? `Copied ${what}` : "This browser does not let the page copy. Select the text instead.");
  }
}

// Pages that are neither https nor on this computer have no navigator.clipboard.
function copyOldWay(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "off-screen";
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return isDone;
}

/** copyButton returns a button that copies a text. what names the text for screen readers. */
export const copyButton = (text, what, label = "Copy") => html`
  <button type="button" class="outline small" aria-label="${label} ${what}" @click=${() => copy(text, what)}>
    ${label}
  </button>`;

/** codeBlock returns a text of several lines with a button that copies it. */
export const codeBlock = (text, what) => html`
  <div class="code-block">
    ${copyButton(text, what)}
    <pre tabindex="0" aria-label=${what}><code>${text}</code></pre>
  </div>`;
