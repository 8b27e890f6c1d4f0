/** The names of resource managers and of their kinds of records: core is asked once for each. */

export class Names {
  #binding;
  /** @type {Map<number, string>} */
  #managers = new Map();
  /** @type {Map<number, string | null>} */
  #types = new Map();

  /** @param {import('./binding.js').WalBinding} binding */
  constructor(binding) {
    this.#binding = binding;
  }

  /** @param {number} id */
  manager(id) {
    let name = this.#managers.get(id);
    if (name === undefined) this.#managers.set(id, (name = this.#binding.rmgrName(id)));
    return name;
  }

  /**
   * What a version calls a kind of record; null: it knows no such kind.
   *
   * @param {number} id
   * @param {number} info
   * @param {number} version
   */
  type(id, info, version) {
    const key = (version * 256 + id) * 256 + info;
    let name = this.#types.get(key);
    if (name === undefined) {
      name = this.#binding.recordType(id, info, version) ?? null;
      this.#types.set(key, name);
    }
    return name;
  }
}
