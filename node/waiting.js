/** What a stream tells of while it is being opened: that its slot is in use, and that it waits for it. */

import { Events } from './events.js';

/** @typedef {import('./events.js').OnEvent} OnEvent */

export class Waiting {
  /** Whether the user's function has thrown, which ends the opening. */
  failed = false;
  /** What it has thrown. @type {unknown} */
  reason;
  /** For the native part: takes an event as JSON. @type {((json: string) => void) | undefined} */
  tell;

  /**
   * @param {{ slot: string, onEvent?: OnEvent | undefined }} settings
   * @param {() => void} cancel gives up the opening
   */
  constructor({ slot, onEvent }, cancel) {
    if (onEvent === undefined) return;
    const events = new Events(slot, onEvent, (error) => {
      this.failed = true;
      this.reason = error;
      cancel();
    });
    this.tell = (json) => events.tell(JSON.parse(json));
  }
}
