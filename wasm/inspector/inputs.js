// The ways in: file picker, drop, paste, hex.

import { page } from './page.js';
import { fileFromHex } from './source.js';

/** @param {(file: File) => void} open */
export function listenForFiles(open) {
  page.open.addEventListener('click', () => page.file.click());
  page.file.addEventListener('change', () => {
    const file = page.file.files?.[0];
    if (file) open(file);
    // The same file chosen again is to be read again.
    page.file.value = '';
  });
  listenForDrops(open);
  listenForHex(open);
  document.addEventListener('paste', (event) => paste(event, open));
}

/** @param {(file: File) => void} open */
function listenForDrops(open) {
  /** @param {DragEvent} event */
  const holdsFile = (event) => event.dataTransfer?.types.includes('Files') ?? false;
  document.addEventListener('dragover', (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    page.drop.hidden = false;
  });
  document.addEventListener('dragleave', (event) => {
    // Between two elements of the page there is no end of the drag.
    if (event.relatedTarget === null) page.drop.hidden = true;
  });
  document.addEventListener('drop', (event) => {
    page.drop.hidden = true;
    if (!holdsFile(event)) return;
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) open(file);
  });
}

/** @param {(file: File) => void} open */
function listenForHex(open) {
  const read = () => {
    const problem = readHex(page.hexText.value, open);
    page.hexProblem.textContent = problem;
    if (problem === null) page.hex.close();
    else page.hexText.focus();
  };
  page.paste.addEventListener('click', () => askForHex('', null));
  page.hexRead.addEventListener('click', read);
  page.hexClose.addEventListener('click', () => page.hex.close());
  page.hexText.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) read();
  });
}

/**
 * @param {string} text
 * @param {string | null} problem
 */
function askForHex(text, problem) {
  page.hexText.value = text;
  page.hexProblem.textContent = problem;
  page.hex.showModal();
  page.hexText.select();
}

/**
 * Opens hex, or says what is wrong with it.
 * @param {string} text
 * @param {(file: File) => void} open
 */
function readHex(text, open) {
  try {
    open(fileFromHex(text));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * @param {ClipboardEvent} event
 * @param {(file: File) => void} open
 */
function paste(event, open) {
  if (page.hex.open || !event.clipboardData) return;
  const file = event.clipboardData.files[0];
  if (file) return open(file);
  const text = event.clipboardData.getData('text');
  const problem = readHex(text, open);
  if (problem !== null) askForHex(text, problem);
}
