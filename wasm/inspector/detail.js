// A record of a log, taken apart: the tree of its fields beside its bytes, each leading to the other.

import { visible } from './marks.js';

const BYTES_A_LINE = 16;
/** Bytes that are shown at once; the line below says where more are. */
const SHOWN_BYTES = 4096;
/** Nodes that are drawn; a list that is longer says how long it is. */
const SHOWN_CHILDREN = 200;

/**
 * @typedef {import('../wal/record.js').FieldNode} FieldNode
 * @typedef {import('./wal-recording.js').Detail} Detail
 *
 * @typedef {object} Parts
 * @property {HTMLElement} pane
 * @property {HTMLElement} title
 * @property {HTMLElement} line
 * @property {HTMLElement} tree
 * @property {HTMLElement} hex
 * @property {HTMLElement} place
 */

/** A field in the tree. @typedef {{ node: FieldNode, path: string, element: HTMLElement }} Shown */

export class DetailPane {
  #parts;
  /** @type {Detail | null} */
  #detail = null;
  /** @type {Shown[]} */
  #shown = [];
  /** @type {Shown | null} */
  #selected = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    parts.tree.addEventListener('click', (event) => this.#clickTree(event));
    parts.hex.addEventListener('click', (event) => this.#clickHex(event));
    parts.hex.addEventListener('mouseover', (event) => this.#hover(event));
  }

  hide() {
    this.#parts.pane.hidden = true;
    this.#detail = null;
    this.#shown = [];
    this.#selected = null;
    this.#parts.tree.replaceChildren();
    this.#parts.hex.replaceChildren();
  }

  /** @param {Detail} detail */
  show(detail) {
    const { pane, title, line, tree } = this.#parts;
    this.#detail = detail;
    this.#selected = null;
    this.#shown = [];
    title.textContent = detail.title;
    line.textContent = visible(detail.line);
    const children = detail.tree.children ?? [];
    tree.replaceChildren(this.#group(children, ''));
    this.#drawHex();
    pane.hidden = false;
  }

  /**
   * @param {FieldNode[]} nodes
   * @param {string} path
   */
  #group(nodes, path) {
    const list = document.createElement('ul');
    for (const [number, node] of nodes.slice(0, SHOWN_CHILDREN).entries()) {
      list.append(this.#item(node, `${path}${node.name ?? number}`));
    }
    if (nodes.length > SHOWN_CHILDREN) {
      const more = document.createElement('li');
      more.textContent = `… and ${nodes.length - SHOWN_CHILDREN} more`;
      list.append(more);
    }
    return list;
  }

  /**
   * @param {FieldNode} node
   * @param {string} path
   */
  #item(node, path) {
    const item = document.createElement('li');
    const field = document.createElement('button');
    field.type = 'button';
    field.dataset['field'] = String(this.#shown.length);
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = node.name ?? path.slice(path.lastIndexOf('.') + 1);
    const value = document.createElement('span');
    value.className = 'value';
    value.textContent = valueText(node);
    field.append(name, value);
    item.append(field);
    this.#shown.push({ node, path, element: field });
    if (node.children && node.children.length > 0) {
      item.append(this.#group(node.children, `${path}.`));
    }
    return item;
  }

  /** Draws the bytes; those of the selected field are marked. */
  #drawHex() {
    if (this.#detail === null) return;
    const { bytes } = this.#detail;
    const { start, end } = this.#selected?.node ?? { start: 0, end: 0 };
    const first = this.#firstByte(start, bytes.length);
    const last = Math.min(first + SHOWN_BYTES, bytes.length);
    const lines = [];
    for (let at = first; at < last; at += BYTES_A_LINE) {
      lines.push(hexLine(bytes, at, Math.min(at + BYTES_A_LINE, last), start, end));
    }
    if (first > 0 || last < bytes.length) {
      const more = document.createElement('div');
      more.textContent = `bytes ${first} to ${last} of ${bytes.length}: choose a field to see others`;
      lines.push(more);
    }
    this.#parts.hex.replaceChildren(...lines);
  }

  /**
   * The bytes begin where they must for the selected field to be among them.
   * @param {number} start
   * @param {number} length
   */
  #firstByte(start, length) {
    if (length <= SHOWN_BYTES || start < SHOWN_BYTES / 2) return 0;
    const first = Math.min(start, length - SHOWN_BYTES / 2);
    return first - (first % BYTES_A_LINE);
  }

  /** @param {MouseEvent} event */
  #clickTree(event) {
    const target = /** @type {Element} */ (event.target).closest('[data-field]');
    const number = Number(target instanceof HTMLElement ? target.dataset['field'] : NaN);
    const shown = this.#shown[number];
    if (shown) this.#select(shown, 'hex');
  }

  /** @param {MouseEvent} event */
  #clickHex(event) {
    const shown = this.#fieldAt(event);
    if (shown) this.#select(shown, 'tree');
  }

  /** @param {MouseEvent} event */
  #hover(event) {
    const shown = this.#fieldAt(event);
    if (shown) this.#tell(shown);
  }

  /**
   * The innermost field that has the byte under the pointer.
   * @param {MouseEvent} event
   * @returns {Shown | null}
   */
  #fieldAt(event) {
    const target = /** @type {Element} */ (event.target).closest('[data-byte]');
    if (!(target instanceof HTMLElement)) return null;
    const byte = Number(target.dataset['byte']);
    let found = null;
    for (const shown of this.#shown) {
      if (shown.node.start <= byte && byte < shown.node.end) found = shown;
    }
    return found;
  }

  /**
   * @param {Shown} shown
   * @param {'tree' | 'hex'} other the half that is brought to it
   */
  #select(shown, other) {
    this.#selected?.element.removeAttribute('aria-current');
    this.#selected = shown;
    shown.element.setAttribute('aria-current', 'true');
    this.#drawHex();
    this.#tell(shown);
    if (other === 'tree') shown.element.scrollIntoView({ block: 'nearest' });
    else this.#parts.hex.querySelector('mark')?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Shown} shown */
  #tell({ node: { start, end }, path }) {
    this.#parts.place.textContent = `${path}: ${end - start} bytes at ${start}`;
  }
}

/** @param {FieldNode} node */
function valueText({ value, children, start, end }) {
  if (value === undefined) return children ? '' : `${end - start} bytes`;
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'object' ? JSON.stringify(value) : visible(String(value));
}

/**
 * @param {Uint8Array} bytes
 * @param {number} from
 * @param {number} to
 * @param {number} start of what is marked
 * @param {number} end
 */
function hexLine(bytes, from, to, start, end) {
  const line = document.createElement('div');
  const offset = document.createElement('span');
  offset.className = 'offset';
  offset.textContent = from.toString(16).padStart(6, '0');
  line.append(offset);
  for (let at = from; at < to; at += 1) {
    const byte = document.createElement(start <= at && at < end ? 'mark' : 'span');
    byte.dataset['byte'] = String(at);
    byte.textContent = (bytes[at] ?? 0).toString(16).padStart(2, '0');
    line.append(byte);
  }
  return line;
}
