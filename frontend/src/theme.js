// Light or dark: the system decides until the reader does; a cookie lets the server paint the first frame right.
const YEAR = 31_536_000;
const system = matchMedia("(prefers-color-scheme: dark)");

function current() {
  return document.documentElement.dataset.theme || (system.matches ? "dark" : "light");
}

function label(button) {
  const next = current() === "dark" ? "light" : "dark";
  button.setAttribute("aria-label", `Change to ${next} colours`);
  button.title = `Change to ${next} colours`;
}

export function start(changed) {
  const button = document.querySelector("[data-theme-toggle]");
  system.addEventListener("change", changed);
  if (!button) return;
  button.hidden = false;
  label(button);
  button.addEventListener("click", () => {
    const next = current() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    document.cookie = `lopan_theme=${next}; Path=/; Max-Age=${YEAR}; SameSite=Lax`;
    label(button);
    changed();
  });
}
