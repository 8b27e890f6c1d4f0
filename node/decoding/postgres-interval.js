/** Intervals as the preset `node-postgres` has them: numbers under the names of units. */

const UNITS = { year: 'years', mon: 'months', day: 'days' };
const TIME = /([+-])?(\d+):(\d\d):(\d\d)(?:\.(\d+))?$/;

/** From the smallest, the order in which `toPostgres` writes them. */
const NAMES = /** @type {const} */ (['seconds', 'minutes', 'hours', 'days', 'months', 'years']);
const DATE_LETTERS = { years: 'Y', months: 'M', days: 'D' };
const TIME_LETTERS = { hours: 'H', minutes: 'M', seconds: 'S' };

/** Units that are zero are not there. */
export class PostgresInterval {
  /** @param {string} text as PostgreSQL writes it with `IntervalStyle = postgres` */
  constructor(text) {
    /** @type {Record<string, number>} */
    const fields = {};
    for (const [, number, unit] of text.matchAll(/([+-]?\d+) (year|mon|day)s?/g)) {
      fields[UNITS[/** @type {keyof typeof UNITS} */ (unit)]] = Number(number);
    }
    const time = TIME.exec(text);
    if (time !== null) {
      const [, sign, hours, minutes, seconds, fraction = ''] = time;
      const way = sign === '-' ? -1 : 1;
      fields['hours'] = way * Number(hours);
      fields['minutes'] = way * Number(minutes);
      fields['seconds'] = way * Number(seconds);
      fields['milliseconds'] = (way * Number(fraction.padEnd(6, '0'))) / 1000;
    }
    Object.assign(this, Object.fromEntries(Object.entries(fields).filter(([, value]) => value)));
  }

  /** Text that PostgreSQL reads as the same interval. */
  toPostgres() {
    const fields = fieldsOf(this);
    const names = NAMES.filter((name) => fields[name] !== undefined);
    if (fields['milliseconds'] && fields['seconds'] === undefined) names.push('seconds');
    const parts = names.map((name) => {
      const value = name === 'seconds' ? secondsText(fields, /\.?0+$/) : String(fields[name]);
      return `${value} ${name}`;
    });
    return parts.join(' ') || '0';
  }

  /** The interval by ISO 8601, all units of it. */
  toISO() {
    const fields = fieldsOf(this);
    const text = (/** @type {[string, string]} */ [name, letter]) => {
      const value = name === 'seconds' ? secondsText(fields, /0+$/) : String(fields[name] ?? 0);
      return `${value}${letter}`;
    };
    const [date, time] = [DATE_LETTERS, TIME_LETTERS].map((letters) =>
      Object.entries(letters).map(text).join(''),
    );
    return `P${date}T${time}`;
  }

  toISOString() {
    return this.toISO();
  }
}

/**
 * @param {object} interval
 * @returns {Record<string, number | undefined>}
 */
function fieldsOf(interval) {
  return /** @type {Record<string, number | undefined>} */ (interval);
}

/**
 * @param {Record<string, number | undefined>} fields
 * @param {RegExp} zeros what is to be removed behind a fraction
 * @returns {string}
 */
function secondsText({ seconds = 0, milliseconds }, zeros) {
  if (!milliseconds) return String(seconds);
  return (seconds + milliseconds / 1000).toFixed(6).replace(zeros, '');
}
