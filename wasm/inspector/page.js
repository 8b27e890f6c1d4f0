// The fixed parts of the page, by their ids.

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
function part(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`);
  return element;
}

export const page = {
  open: part('open', HTMLButtonElement),
  paste: part('paste', HTMLButtonElement),
  sample: part('sample', HTMLButtonElement),
  fold: part('fold', HTMLButtonElement),
  export: part('export', HTMLButtonElement),
  cancel: part('cancel', HTMLButtonElement),
  name: part('name', HTMLElement),
  facts: part('facts', HTMLElement),
  status: part('status', HTMLElement),
  reading: part('reading', HTMLElement),
  progress: part('progress', HTMLProgressElement),
  list: part('list', HTMLElement),
  filter: part('filter', HTMLInputElement),
  filterForm: part('filter-form', HTMLFormElement),
  filterProblem: part('filter-problem', HTMLElement),
  statistics: part('statistics', HTMLButtonElement),
  charts: part('charts', HTMLElement),
  detail: part('detail', HTMLElement),
  detailTitle: part('detail-title', HTMLElement),
  detailLine: part('detail-line', HTMLElement),
  tree: part('tree', HTMLElement),
  bytes: part('bytes', HTMLElement),
  place: part('place', HTMLElement),
  file: part('file', HTMLInputElement),
  drop: part('drop', HTMLElement),
  hex: part('hex', HTMLDialogElement),
  hexText: part('hex-text', HTMLTextAreaElement),
  hexProblem: part('hex-problem', HTMLElement),
  hexRead: part('hex-read', HTMLButtonElement),
  hexClose: part('hex-close', HTMLButtonElement),
};
