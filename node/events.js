/** Events of a stream: what happens to its connection and its slot while a loop sees only changes. */

/**
 * @typedef {{ type: string, slot: string | null, [fact: string]: unknown }} StreamEvent
 * @typedef {(event: StreamEvent) => void} OnEvent
 */

/** Hands events to the user's function until the stream has ended. */
export class Events {
  #slot;
  #onEvent;
  #fail;
  #connected = true;

  /**
   * @param {string | null} slot
   * @param {OnEvent} onEvent
   * @param {(error: unknown) => void} fail ends the stream: the user's function has thrown
   */
  constructor(slot, onEvent, fail) {
    this.#slot = slot;
    this.#onEvent = onEvent;
    this.#fail = fail;
  }

  /** @param {{ type: string, [fact: string]: unknown }} event */
  tell({ type, ...facts }) {
    try {
      this.#onEvent({ type, slot: this.#slot, ...facts });
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * @param {{ nextEvent: () => Promise<string | null> }} raw events as JSON; null at the end
   * @param {(text: string) => void} onNotice what `status()` keeps of notices
   */
  async pump(raw, onNotice) {
    for (;;) {
      const json = await raw.nextEvent();
      if (json === null) return;
      const { text, ...event } = JSON.parse(json);
      if (event.type === 'notice') onNotice(text);
      this.#pass(event);
    }
  }

  /**
   * The native part tells of a break and of each failed try in the same way.
   *
   * @param {any} event
   */
  #pass(event) {
    if (event.type !== 'disconnected') {
      this.#connected = event.type === 'resumed' || this.#connected;
      this.tell(event);
      return;
    }
    const { error, tries, delay } = event;
    if (this.#connected) this.tell({ type: 'disconnected', error });
    this.#connected = false;
    this.tell({ type: 'reconnecting', error, tries, delay });
  }
}
