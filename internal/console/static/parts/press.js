// Puts off changes of the page while a pointer is pressed. What moves between press and release of a button
// would not be clicked.

let isPressed = false;
const waiting = [];

/** afterPress calls a function at once, or after the click that the pressed pointer makes. */
export function afterPress(change) {
  if (isPressed) waiting.push(change);
  else change();
}

function release() {
  isPressed = false;
  setTimeout(() => waiting.splice(0).forEach((change) => change()));
}

addEventListener("pointerdown", () => (isPressed = true), true);
addEventListener("pointerup", release, true);
addEventListener("pointercancel", release, true);
