// The ways in: file picker, drop, paste, hex.

import { page } from './page.js';
import { fileFromHex } from './source.js';

/** @typedef {(files: File[]) => void} Open */

/** @param {Open} open */
export function listenForFiles(open) {
  page.open.addEventListener('click', () => page.file.click());
  page.file.addEventListener('change', () => {
    const files = [...(page.file.files ?? [])];
    if (files.length > 0) open(files);
    // The same file chosen again is to be read again.
    page.file.value = '';
  });
  listenForDrops(open);
  listenForHex(open);
  document.addEventListener('paste', (event) => paste(event, open));
}

/** @param {Open} open */
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
    if (event.dataTransfer) void openDropped(event.dataTransfer, open);
  });
}

/**
 * Files, and those in folders.
 * @param {DataTransfer} transfer
 * @param {Open} open
 */
async function openDropped(transfer, open) {
  // Both lists are empty after this turn.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...transfer.files];
  const folders = entries.filter((entry) => entry?.isDirectory);
  if (folders.length === 0) {
    if (plain.length > 0) open(plain);
    return;
  }
  const files = [];
  for (const folder of folders) {
    files.push(...(await filesIn(/** @type {FileSystemDirectoryEntry} */ (folder))));
  }
  if (files.length > 0) open(files);
}

/**
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<File[]>}
 */
async function filesIn(folder) {
  const reader = folder.createReader();
  const files = [];
  for (;;) {
    // A folder's entries come in parts, the last of which is empty.
    /** @type {FileSystemEntry[]} */
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return files;
    for (const entry of entries.filter(({ isFile }) => isFile)) {
      /** @type {File} */
      const file = await new Promise((resolve, reject) =>
        /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject),
      );
      files.push(file);
    }
  }
}

/** @param {Open} open */
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
 * @param {Open} open
 */
function readHex(text, open) {
  try {
    open([fileFromHex(text)]);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * @param {ClipboardEvent} event
 * @param {Open} open
 */
function paste(event, open) {
  if (page.hex.open || !event.clipboardData) return;
  const files = [...event.clipboardData.files];
  if (files.length > 0) return open(files);
  const text = event.clipboardData.getData('text');
  const problem = readHex(text, open);
  if (problem !== null) askForHex(text, problem);
}
