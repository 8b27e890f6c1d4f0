/**
 * The median of some figures, with the least and the most.
 *
 * @param {number[]} figures
 */
export function spread(figures) {
  const sorted = figures.toSorted((a, b) => a - b);
  const [least = NaN, most = NaN] = [sorted[0], sorted.at(-1)];
  return { median: sorted[sorted.length >> 1] ?? NaN, least, most };
}
