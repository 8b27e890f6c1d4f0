/** Looks at a stream's slot now and then: the server may be about to give up what the stream needs. */

/**
 * @typedef {Record<string, any>} SlotInfo a row as `client.slots()` has it
 * @typedef {import('./events.js').Events} Events
 */

/** Below this part of all the log that a slot may hold back, what is left of it is little. */
const LITTLE = 0.2;

/**
 * What is wrong with a slot; null: nothing is.
 *
 * @param {SlotInfo | null} info null when there is no such slot
 * @returns {'missing' | 'lost' | 'unreserved' | 'low' | null}
 */
export function slotRisk(info) {
  if (info === null) return 'missing';
  if (info.lost !== null || info.walStatus === 'lost') return 'lost';
  if (info.walStatus === 'unreserved') return 'unreserved';
  if (info.safeWalSize === null) return null;
  const all = info.safeWalSize + (info.retainedBytes ?? 0);
  return info.safeWalSize < all * LITTLE ? 'low' : null;
}

/**
 * Starts to look; the answer stops it. An event comes whenever what is wrong has become something
 * else.
 *
 * @param {() => Promise<SlotInfo | null>} look
 * @param {number} interval in seconds
 * @param {Events} events
 * @returns {() => void}
 */
export function watchSlot(look, interval, events) {
  let stopped = false;
  /** @type {string | null} */
  let last = null;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const tell = (/** @type {string | null} */ risk, /** @type {{ type: string }} */ event) => {
    if (!stopped && risk !== null && risk !== last) events.tell(event);
    last = risk;
  };
  const turn = async () => {
    try {
      const info = await look();
      const risk = slotRisk(info);
      tell(risk, { type: 'slotWarning', .../** @type {object} */ ({ risk, info }) });
    } catch (error) {
      tell('unknown', { type: 'slotCheckFailed', .../** @type {object} */ ({ error }) });
    }
    if (stopped) return;
    timer = setTimeout(turn, interval * 1000);
    // To look at the slot is no reason to keep the process.
    timer.unref();
  };
  void turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
