// What the life of a row lets its form change: the customer of a draft alone, the lines of a draft alone, and nothing of what
// has come to its end. The server says so with the schema and the row, and refuses the rest.

import { store } from "./front_end.js";

const columns = () => store.state.schema?.properties ?? {};
const valueOf = (name) => store.state.selectedRow?.[name];

// A row, or the one that it belongs to. It may perhaps be deleted.
export function hasEnded() {
  const isFinal = ([name, { extra }]) => extra.final?.includes(valueOf(name));
  return valueOf("closed") === true || Object.entries(columns()).some(isFinal);
}

export function isDeletable() {
  const isNow = ([name, { extra }]) => extra.deletable_while?.includes(valueOf(name)) !== false;
  return valueOf("closed") !== true && Object.entries(columns()).every(isNow);
}

const movesOf = (name) => columns()[name].extra.moves?.[valueOf(name)];

// For this column of a row that is there.
export function isOpen(name) {
  const isNow = ([column, values]) => valueOf(column) === undefined || values.includes(valueOf(column));
  const leadsOn = movesOf(name)?.length !== 0;
  return !hasEnded() && leadsOn && Object.entries(columns()[name].extra.open_while ?? {}).every(isNow);
}

// Where it is, and where whoever is logged in may lead it.
export function offerMoves({ name, options }) {
  const moves = movesOf(name);
  if (!moves) return;
  for (const option of options) {
    option.hidden = option.disabled = option.value !== valueOf(name) && !moves.includes(option.value);
  }
}
