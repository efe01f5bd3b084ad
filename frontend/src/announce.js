// Speaks to screen readers, politely and seldom: a change of status counts, a change of a digit does not.
const QUIET = 8_000;
let waiting = [];
let timer;

export function announce(sentence) {
  waiting.push(sentence);
  timer ??= setTimeout(speak, 250);
}

function speak() {
  const place = document.getElementById("announcer");
  if (place) place.textContent = waiting.join(". ");
  waiting = [];
  timer = setTimeout(() => {
    timer = undefined;
    if (waiting.length) speak();
  }, QUIET);
}
