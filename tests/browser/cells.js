// What a reader cannot see whole of the tables: cells outside a box that clips them, text outside its cell, names without
// room, cells under a head of another priority, and rows whose profit, state or status no cell shows at this width.
() => {
  const LEAST_NAME = 95; // px, padding included
  const found = new Set();
  const shown = (element) => element.checkVisibility() && element.getClientRects().length > 0;
  const clips = (element) => getComputedStyle(element).overflowX !== "visible";
  const outside = (box, bounds) => box.left < bounds.left - 1 || box.right > bounds.right + 1;
  const says = (element) => `"${element.textContent.trim().replace(/\s+/g, " ").slice(0, 60)}"`;
  const priority = ({ className }) => className.match(/\bp[2-5]\b/)?.[0] ?? "p1";
  const words = (cell) => {
    const boxes = [], range = document.createRange(), walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      if (walk.currentNode.parentElement.closest(".vh")) continue; // for screen readers only
      range.selectNodeContents(walk.currentNode);
      boxes.push(...range.getClientRects());
    }
    return boxes;
  };
  const judge = (cell, head) => {
    const box = cell.getBoundingClientRect();
    const where = head ? `${says(cell)} under ${says(head)}` : says(cell);
    for (let around = cell.parentElement; around; around = around.parentElement) {
      if (around !== document.body && clips(around) && outside(box, around.getBoundingClientRect())) {
        found.add(`${where} sticks out of ${around.className || around.tagName}`);
      }
    }
    if (box.right > document.documentElement.clientWidth + 1) found.add(`${where} is beside the screen`);
    if (!cell.matches(".name") && words(cell).some((word) => outside(word, box))) found.add(`${where} does not fit its cell`);
    if (cell.matches(".name") && box.width < LEAST_NAME) found.add(`${where} has no room: ${Math.round(box.width)} px`);
  };
  for (const table of document.querySelectorAll("main table")) {
    const heads = [...(table.tHead?.rows[0].cells ?? [])];
    for (const row of [...table.rows].filter(shown)) {
      const head = (cell) => (row.cells.length === heads.length ? heads[cell.cellIndex] : undefined);
      for (const cell of row.cells) {
        if (head(cell) && priority(head(cell)) !== priority(cell)) found.add(`${says(cell)} has another priority than ${says(head(cell))}`);
        if (shown(cell)) judge(cell, head(cell));
      }
      for (const kind of [".pnl", ".state", ".chip:has(.dot)"]) {
        const all = [...row.querySelectorAll(kind)];
        if (all.length && !all.some(shown)) found.add(`${says(row)} shows no ${kind}`);
      }
    }
  }
  return [...found];
}
