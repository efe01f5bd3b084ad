import "htmx.org";
import "htmx-ext-sse";
import uPlot from "uplot";

window.uPlot = uPlot;
