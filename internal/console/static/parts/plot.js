// A plot, drawn by uPlot. The numbers are given in text beside it, so it is only a picture for those who
// see it.
import { changed } from "../store.js";

/**
 * LinePlot is the element line-plot. Its property plot has a label, and as uPlot takes them data, series and axes,
 * and the ranges of x and y. It redraws when plot is set, and when size or colors change.
 */
class LinePlot extends HTMLElement {
  #plot;
  #drawn;
  #resize = new ResizeObserver(() => this.#draw());
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #recolor = () => {
    this.#remove();
    this.#draw();
  };

  connectedCallback() {
    this.setAttribute("role", "img");
    this.#resize.observe(this);
    this.#dark.addEventListener("change", this.#recolor);
  }

  disconnectedCallback() {
    this.#resize.disconnect();
    this.#dark.removeEventListener("change", this.#recolor);
    this.#remove();
  }

  set plot(plot) {
    this.setAttribute("aria-label", plot.label);
    this.#drawn = plot;
    this.#draw();
  }

  #remove() {
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #draw() {
    const size = { width: this.clientWidth, height: this.clientHeight };
    const { uPlot } = globalThis; // which the page loads last
    if (!size.width || !this.#drawn || !uPlot) return;
    if (!this.#plot) {
      this.#plot = new uPlot({ ...size, ...this.#options() }, this.#drawn.data, this);
      return;
    }
    if (this.#plot.width !== size.width || this.#plot.height !== size.height) this.#plot.setSize(size);
    this.#plot.setData(this.#drawn.data);
  }

  #options() {
    const color = (name) => getComputedStyle(this).getPropertyValue(name).trim();
    const axis = {
      stroke: color("--pico-muted-color"),
      grid: { stroke: color("--pico-muted-border-color"), width: 1 },
    };
    return {
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => this.#drawn.ranges.x },
        y: { range: () => this.#drawn.ranges.y },
      },
      axes: this.#drawn.axes.map((one) => ({ ...axis, ...one })),
      series: this.#drawn.series.map((one) => ({
        ...one,
        stroke: color(one.color),
        fill: one.isFilled ? color("--plot-fill") : undefined,
        points: { show: Boolean(one.hasPoints), size: 6, fill: color(one.color) },
      })),
    };
  }
}

customElements.define("line-plot", LinePlot);

/** whileShown renders the page again and again while the user is on it, for plots that move. */
export function whileShown(isShown) {
  clearTimeout(whileShown.timer);
  whileShown.timer = setTimeout(() => isShown() && changed(), 500);
}
