// What of a page is too small, too big, out of order or off the screen. `limits` are CSS px.
(limits) => {
  const said = new Set();
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && element.checkVisibility({ visibilityProperty: true });
  };
  const name = (element) => `${element.tagName.toLowerCase()} “${(element.innerText || element.id || element.name || "").trim().slice(0, 20)}”`;

  const wider = document.documentElement.scrollWidth - innerWidth;
  if (wider > 0) said.add(`scrolls ${wider} px sideways`);

  // A tick is as big as the label around it; a field's own label is not its target.
  const targets = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")].filter(shown);
  const boxes = targets.map((target) => (target.closest("label") || target).getBoundingClientRect());
  targets.forEach((target, i) => {
    if (boxes[i].height < limits.target - 0.5 || boxes[i].width < 44 - 0.5) {
      said.add(`${name(target)} is ${Math.round(boxes[i].width)}×${Math.round(boxes[i].height)}`);
    }
    if (target.tabIndex > 0) said.add(`${name(target)} has a tabindex of its own`);
    // The keyboard goes the way the eye goes: down, and along a line.
    if (i && boxes[i].bottom <= boxes[i - 1].top) said.add(`${name(target)} is above ${name(targets[i - 1])}, and after it`);
  });

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("noscript, script, option") || !shown(element)) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    if (size < limits.text || size > limits.most + 0.5) said.add(`${name(element)} is of ${size} px`);
    if (parseFloat(style.lineHeight) < size * 1.3 - 0.1) said.add(`${name(element)} has lines of ${style.lineHeight}`);
  }
  return [...said];
}
