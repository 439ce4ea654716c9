// What the browser asks and warns of in windows of its own is in the language of the screen, and says which row is meant.

import { say, store, whenMounted } from "./front_end.js";
import { sayWithNumber } from "./language.js";
import { wordsOf } from "./rows.js";

const ONE_ROW = /^Are you sure you want to delete (?:this row|row ([0-9a-f-]{36}))\?$/;
const THIS_ROW = "Are you sure you want to delete this row?";

function inWords(text) {
  const [isOneRow, id] = text.match(ONE_ROW) ?? [];
  if (!isOneRow) return sayWithNumber(text);
  const { rows, selectedRow } = store.state;
  const row = id ? rows.find((row) => row.id === id) : selectedRow;
  return row ? `${say(THIS_ROW)}\n\n${wordsOf(row).join(", ")}` : say(THIS_ROW);
}

whenMounted(() => {
  for (const ask of ["alert", "confirm"]) {
    const native = window[ask];
    window[ask] = (text) => native(inWords(text));
  }
});
